COPY public.t (a, b) FROM stdin;
1	it's; -- no comment
2	\N
3	a\.b
\\.	x
\.

COPY t FROM STDIN WITH (FORMAT csv, HEADER); -- a comment
a,b
"x;
y",2
\.
COPY t FROM STDIN;
\.
COPY t TO STDOUT;
COPY (SELECT * FROM stdin) TO '/tmp/x';
COPY t FROM '/tmp/stdin';
SELECT 1;
