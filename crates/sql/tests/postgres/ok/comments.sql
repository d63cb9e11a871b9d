-- of the file

-- first
/* nested /* ; */ ' */
SELECT 1; -- of the first
-- second
SELECT /* ; /* */ ' */ 2 -- ;
  + 3;
SELECT 4 - -5 /-- ;
2;
-- last, without a line end
-- no line end