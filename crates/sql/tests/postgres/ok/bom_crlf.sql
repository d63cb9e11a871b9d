SELECT 1;

-- c
SELECT
'x
;';
COPY t FROM stdin;
1	a
\.
SELECT 2