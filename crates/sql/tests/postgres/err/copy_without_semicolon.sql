COPY t FROM stdin
