PRAGMA foreign_keys = off;
CREATE TABLE t (a TEXT DEFAULT ';', [b;] INT);
CREATE TRIGGER r AFTER INSERT ON t BEGIN
  UPDATE t SET a = CASE WHEN new.b THEN ';' END;
  SELECT 'END;';
END;
SELECT $a::b(;), :c, @d, "e;""f", `g;` FROM t; VACUUM
