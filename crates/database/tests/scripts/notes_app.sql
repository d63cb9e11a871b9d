-- Tables, an index, a view and a trigger, as an app has them.
CREATE TABLE notes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  title TEXT NOT NULL DEFAULT 'untitled; really',
  body TEXT NOT NULL DEFAULT '',
  created_at TEXT NOT NULL DEFAULT (datetime('2026-01-01'))
);

CREATE INDEX notes_by_title ON notes (title COLLATE NOCASE); -- for the search

CREATE TABLE changes (note_id INTEGER, what TEXT, title TEXT);

CREATE VIEW titles AS
  SELECT title /* ; not the end */ FROM notes;

CREATE TRIGGER notes_changed AFTER UPDATE OF title ON notes
FOR EACH ROW WHEN old.title <> new.title
BEGIN
  INSERT INTO changes
    SELECT new.id, CASE WHEN new.title = '' THEN 'emptied' ELSE 'renamed' END, new.title;
  -- END; of nothing
  DELETE FROM changes WHERE what = 'END;';
END;

INSERT INTO notes (title, body) VALUES
  ('first', 'it''s; a "note"'),
  ('second', X'3B') ;
UPDATE notes SET title = 'renamed' WHERE id = 1;
UPDATE notes SET title = '' WHERE id = 2
