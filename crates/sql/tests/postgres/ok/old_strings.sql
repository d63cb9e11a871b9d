SET standard_conforming_strings = off;
SELECT 'it\'s;', b'\';
RESET ALL;
SELECT '\';
