CREATE TABLE t (id int PRIMARY KEY, note text DEFAULT 'it''s; "x"', j jsonb, "odd;name" text);
CREATE TABLE p (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql AS $f$ BEGIN IF a > 1 THEN RETURN 1; END IF; RETURN CASE WHEN a = 0 THEN 2 ELSE 3 END; END; $f$;
CREATE FUNCTION g(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC
  SELECT 1; SELECT CASE WHEN a > 1 THEN CASE a WHEN 2 THEN 3 END ELSE 4 END AS "end"; END;
CREATE PROCEDURE ins() LANGUAGE sql BEGIN ATOMIC INSERT INTO t(id) VALUES (100); INSERT INTO t(id) VALUES (101); END;
CREATE TABLE log (x text);
CREATE RULE r AS ON UPDATE TO t DO ALSO (INSERT INTO log VALUES ('a;)'); INSERT INTO log VALUES ('b'););
CREATE FUNCTION tr() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note := ''x;''; RETURN NEW; END;';
CREATE TRIGGER tg BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tr();
COPY t (id, note, j) FROM stdin;
1	it's; -- no	{"a": ";"}
2	\N	\N
3	back\\slash	[1]
\.
INSERT INTO t VALUES (4, E'a\';b\\', '{}', $$x;$$), (5, 'plain\', '{}', $q$y;$q$);
UPDATE t SET note = E'first\';'
  'second' WHERE id = 4;
CREATE VIEW v AS SELECT t.id, ';' AS semi FROM t; COMMENT ON VIEW v IS 'a; -- b';
CREATE DOMAIN d AS int CHECK (VALUE > 0); CREATE TYPE e AS ENUM ('a;', 'b');
CREATE FUNCTION f2() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$;
/* nested /* ; */ */ CALL ins(); DO $$ BEGIN PERFORM 1; END $$;
SET standard_conforming_strings = off; SET escape_string_warning = off;
INSERT INTO log VALUES ('it\'s;'); SET standard_conforming_strings = on;
BEGIN; INSERT INTO log VALUES ('tx'); SAVEPOINT s; INSERT INTO log VALUES ('gone'); ROLLBACK TO s; COMMIT;
INSERT INTO log SELECT 'row ; ' || i FROM generate_series(1, 2000) i
