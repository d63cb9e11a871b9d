-- One of nearly everything that pg_dump writes down.
CREATE EXTENSION hstore;
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
CREATE SCHEMA "od;d ""schema";
CREATE SCHEMA audit
    CREATE TABLE seen (at timestamptz DEFAULT '2026-01-02', what text)
    CREATE VIEW recent AS SELECT * FROM seen WHERE at > '2026-01-01';

CREATE TYPE mood AS ENUM ('sad', 'it''s; ok', 'happy -- not a comment', '/* nor this');
CREATE TYPE pair AS (x integer, y text);
CREATE TYPE span AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE DOMAIN email AS text COLLATE "C" CHECK (VALUE ~ E'^[^@;]+@[^@\\s]+$') DEFAULT 'a@b';
CREATE SEQUENCE tickets START 7 INCREMENT BY 3 CACHE 5;

CREATE FUNCTION twice(integer) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1 * 2; -- ; ''';
CREATE FUNCTION thrice(n integer) RETURNS integer LANGUAGE sql IMMUTABLE RETURN n * 3;
CREATE FUNCTION both_of(n integer) RETURNS SETOF integer LANGUAGE sql
BEGIN ATOMIC
    SELECT CASE WHEN n > 0 THEN twice(n) ELSE CASE n WHEN 0 THEN 1 END END;
    SELECT thrice(n);
END;
CREATE FUNCTION nested() RETURNS text LANGUAGE plpgsql AS $outer$
DECLARE
    "begin" text := $inner$ ; $outer $ $x$ $inner$;
BEGIN
    /* ; /* nested ; */ ' */
    IF length("begin") > 3 THEN
        EXECUTE $do$ SELECT ';' $do$ INTO "begin";
    END IF;
    RETURN "begin" || E'\';' || U&'\003b';
END
$outer$;
CREATE FUNCTION "né ;"(a text, VARIADIC b text[] DEFAULT '{";"}') RETURNS text LANGUAGE plpgsql AS $né$ BEGIN RETURN a || b[1]; END $né$;
CREATE FUNCTION lower_of(text) RETURNS text LANGUAGE internal IMMUTABLE STRICT AS 'lower';
CREATE FUNCTION hash_of(text) RETURNS integer LANGUAGE c IMMUTABLE STRICT AS '$libdir/hstore', 'hstore_hash';
CREATE PROCEDURE refill(n integer) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1..n LOOP
        INSERT INTO audit.seen (what) VALUES ('refill; ' || i);
        COMMIT;
    END LOOP;
END;
$$;
CREATE AGGREGATE joined(text) (SFUNC = textcat, STYPE = text, INITCOND = ';');
CREATE OPERATOR <@-> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4pl);
CREATE CAST (integer AS mood) WITH INOUT AS ASSIGNMENT;
CREATE COLLATION german (provider = libc, locale = 'C');
CREATE TEXT SEARCH CONFIGURATION plain (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION plain ALTER MAPPING FOR word WITH simple;

CREATE TABLE "od;d ""schema"."ta;ble" (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket integer DEFAULT nextval('tickets') NOT NULL,
    word text NOT NULL CHECK (word <> ';' AND word !~ '[\\;]'),
    long text GENERATED ALWAYS AS (word || ';' || lower_of(word)) STORED,
    feeling mood DEFAULT 'it''s; ok',
    pairs pair[],
    kept hstore,
    at tstzrange,
    raw bytea,
    mail email,
    "semi;colon" jsonb DEFAULT '{"a": ";"}',
    CONSTRAINT "one; only" EXCLUDE USING gist (at WITH &&)
);
COMMENT ON TABLE "od;d ""schema"."ta;ble" IS E'It''s; a \\ table\n-- with; lines';
COMMENT ON COLUMN "od;d ""schema"."ta;ble"."semi;colon" IS $$;$$;
CREATE INDEX "by ; word" ON "od;d ""schema"."ta;ble" (lower(word) text_pattern_ops) INCLUDE (id) WHERE word <> ';';
CREATE STATISTICS together (dependencies) ON ticket, word FROM "od;d ""schema"."ta;ble";

CREATE TABLE events (at date NOT NULL, region text NOT NULL, body text) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (region);
CREATE TABLE events_2025_eu PARTITION OF events_2025 FOR VALUES IN ('eu;', 'ch');
CREATE TABLE events_2025_rest PARTITION OF events_2025 DEFAULT;
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO (MAXVALUE) PARTITION BY HASH (body);
CREATE TABLE events_2026_0 PARTITION OF events_2026 FOR VALUES WITH (modulus 2, remainder 0);
CREATE TABLE events_2026_1 PARTITION OF events_2026 FOR VALUES WITH (modulus 2, remainder 1);
CREATE INDEX ON events (region, at);
CREATE TABLE base (id integer PRIMARY KEY, note text);
CREATE TABLE derived (extra text DEFAULT ';') INHERITS (base);
ALTER TABLE derived ADD CONSTRAINT up FOREIGN KEY (id) REFERENCES base DEFERRABLE INITIALLY DEFERRED NOT VALID;
CREATE UNLOGGED TABLE scratch (n integer) WITH (fillfactor = 70);

CREATE VIEW words AS SELECT word, length(word) AS "le;ngth" FROM "od;d ""schema"."ta;ble" WITH LOCAL CHECK OPTION;
CREATE MATERIALIZED VIEW counted AS SELECT region, count(*) FROM events GROUP BY 1 WITH NO DATA;
CREATE UNIQUE INDEX ON counted (region);
CREATE RECURSIVE VIEW numbers (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < 10;
CREATE RULE "no; deletes" AS ON DELETE TO base DO INSTEAD (INSERT INTO audit.seen (what) VALUES ('delete; ' || old.note); SELECT 1; NOTIFY base);
CREATE FUNCTION note_it() RETURNS trigger LANGUAGE plpgsql AS $_$BEGIN INSERT INTO audit.seen (what) VALUES (TG_OP || ';'); RETURN NULL; END;$_$;
CREATE TRIGGER "no;te" AFTER INSERT OR UPDATE OF note ON base FOR EACH ROW WHEN (new.note <> ';') EXECUTE FUNCTION note_it();
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON derived DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_it();
ALTER TABLE base DISABLE TRIGGER "no;te";
ALTER TABLE base ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON base USING (note <> ';') WITH CHECK (EXISTS (SELECT 1 FROM scratch));
CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''; %'', tg_tag; END';
CREATE FOREIGN DATA WRAPPER nothing OPTIONS (debug 'true;');
CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing OPTIONS (host ';');
CREATE USER MAPPING FOR postgres SERVER nowhere OPTIONS (password 'a;''b');
CREATE FOREIGN TABLE far (id integer OPTIONS (name 'a;')) SERVER nowhere;
GRANT SELECT (id), UPDATE ON base TO PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA audit GRANT SELECT ON TABLES TO PUBLIC;
CREATE EVENT TRIGGER told ON ddl_command_end WHEN TAG IN ('DROP TABLE', 'CREATE RULE') EXECUTE FUNCTION on_ddl();
ALTER EVENT TRIGGER told DISABLE;

BEGIN;
INSERT INTO "od;d ""schema"."ta;ble" (word, pairs, kept, raw, mail)
    SELECT 'w' || n || chr(8364) || E'\t''"', ARRAY[(n, E'\\;\n')::pair], 'a=>";"', '\xdeadbeef', n || '@example'
    FROM generate_series(1, 3000) AS n;
INSERT INTO events SELECT '2025-06-01'::date + n % 400, (ARRAY['eu;', 'ch', E'\\.'])[n % 3 + 1],
    CASE n % 5 WHEN 0 THEN NULL WHEN 1 THEN E'\\.\n;' WHEN 2 THEN E'\r\n\\N' ELSE repeat('; ''', n % 50) END
    FROM generate_series(1, 3000) AS n;
COMMIT;
COPY base (id, note) FROM STDIN;
1	one;
2	\N
3	'it''s -- here
4	\\. $$ /*
\.
COPY scratch FROM STDIN WITH (FORMAT csv);
5
6
\.
COPY derived (id) FROM stdin;
\.
REFRESH MATERIALIZED VIEW counted;
SELECT lo_from_bytea(4711, '\x3b27');
DO $$ BEGIN PERFORM nested(); CALL refill(2); END $$;
SELECT count(*) FROM audit.seen; SELECT setval('tickets', 9000)
