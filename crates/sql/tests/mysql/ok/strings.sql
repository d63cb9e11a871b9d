SELECT 'a\';''b;', "c\";""d;", `e``;\`, _utf8mb4'f;\'', N'g;', x'3B', b'1';
SELECT 1--2; SELECT \N, @'v;', @x := 1;
SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES';
SELECT 'a\', "b\";
SET sql_mode = DEFAULT;
SELECT 'a\'', "b\"";
/*!50503 SET NAMES utf8mb4 */;
