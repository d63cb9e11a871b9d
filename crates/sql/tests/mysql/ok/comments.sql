# of the file

-- first
# second
SELECT 1; # of the first
SELECT 2 --	; tab
 + 3 /* ; ' */ /* /* */;
/*!40101 SET NAMES utf8 */;
/*!50003 SELECT ';' /* inner ; */ ; SELECT 2 */;
SELECT /*+ MAX_EXECUTION_TIME(1000) ; */ 4;
/*M! SELECT 5; */ SELECT 6;
SELECT 7;
--
