--
-- PostgreSQL database dump
--

\restrict dGhlIGtleQ

-- Dumped from database version 15.14

SET statement_timeout = 0;
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);

--
-- Name: t; Type: TABLE
--

CREATE TABLE public.t (
    id integer NOT NULL,
    note text DEFAULT ';'::text
);

COPY public.t (id, note) FROM stdin;
1	one
\.

\unrestrict dGhlIGtleQ

