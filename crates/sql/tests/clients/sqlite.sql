-- One of nearly everything that sqlite3 dumps.
PRAGMA foreign_keys = OFF;
BEGIN TRANSACTION;
CREATE TABLE "ta;b""le" (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  [wo;rd] TEXT NOT NULL DEFAULT 'it''s; so' CHECK ([wo;rd] <> ';'), -- a; comment
  `semi;colon` TEXT COLLATE NOCASE, /* ; */
  raw BLOB,
  long TEXT GENERATED ALWAYS AS ([wo;rd] || ';') VIRTUAL
);
CREATE TABLE strict_one (id INT PRIMARY KEY, body ANY) STRICT, WITHOUT ROWID;
CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES "ta;b""le" (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED);
CREATE UNIQUE INDEX "by;word" ON "ta;b""le" (lower([wo;rd]) DESC, id) WHERE [wo;rd] <> ';';
CREATE VIEW "vi;ew" ("a;", b) AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10)
  SELECT i, CASE WHEN i > 5 THEN ';' END FROM n;
CREATE TABLE trigger_log (begin_at TEXT, "end" TEXT);
CREATE TRIGGER "on;insert" AFTER INSERT ON child WHEN new.parent IS NOT NULL BEGIN
  INSERT INTO trigger_log VALUES (CASE new.parent WHEN 1 THEN 'END;' ELSE CASE WHEN 1 THEN ';' END END, 'x'); -- END;
  UPDATE "ta;b""le" SET [wo;rd] = [wo;rd] || ';' WHERE id = new.parent;
  SELECT RAISE(IGNORE) WHERE new.id < 0;
END;
CREATE TRIGGER through INSTEAD OF INSERT ON "vi;ew" FOR EACH ROW BEGIN
  DELETE FROM trigger_log WHERE "end" = 'none;';
END;
CREATE TEMP TRIGGER gone AFTER DELETE ON child BEGIN SELECT 1; SELECT 2; END;
COMMIT;
CREATE VIRTUAL TABLE found USING fts5(title, body, tokenize = "unicode61 tokenchars ';'");
CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
  INSERT INTO "ta;b""le" ([wo;rd], `semi;colon`, raw) SELECT 'w' || i || '; ''é', char(10, 13, 39, 59, 45, 45, 32, i), CAST(x'273b' || i AS BLOB) FROM n;
INSERT INTO child VALUES (1, 1), (2, NULL), (3, 5);
INSERT INTO found VALUES ('a;', 'it''s'), ('b', 'END;');
INSERT INTO boxes VALUES (1, 0, 1), (2, -1.5, 3);
INSERT INTO strict_one VALUES (1, ';'), (2, x'00'), (3, 2.5), (4, NULL);
SAVEPOINT "sa;ve"; INSERT INTO child VALUES (9, NULL); ROLLBACK TO "sa;ve"; RELEASE "sa;ve";
EXPLAIN QUERY PLAN SELECT * FROM child; PRAGMA user_version = 7; SELECT count(*) FROM child -- and the end
