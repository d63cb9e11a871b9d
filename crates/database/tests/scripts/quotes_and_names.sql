CREATE TABLE "a;b" ([c;d] TEXT, `e;f` TEXT, "g""h" TEXT);;
INSERT INTO [a;b] VALUES (';', ''';''', '--'), ('/*', '*/', '
;
');
;
CREATE TABLE [select] ("create" INTEGER, [trigger] INTEGER, `begin` INTEGER, "end" INTEGER);
INSERT INTO "select" SELECT 1, 2, 3, 4;
CREATE TABLE x (a DEFAULT x'00ff', b DEFAULT -1, c DEFAULT (- /* ; */ - 1));
INSERT INTO x (a) VALUES (X'3b3b');
