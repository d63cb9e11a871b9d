CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC
  SELECT 1;
  SELECT CASE WHEN a > 1 THEN CASE a WHEN 2 THEN 3 END ELSE 4 END AS end;
  SELECT t.end, "END" FROM t;
END;
create or replace procedure p(begin int)
begin atomic
  insert into t values (1);
  insert into t select 2;
end;
CREATE FUNCTION g() RETURNS int RETURN 1;
BEGIN; SELECT 1; END;
CREATE FUNCTION begin() RETURNS int AS 'SELECT 1;' LANGUAGE sql;
