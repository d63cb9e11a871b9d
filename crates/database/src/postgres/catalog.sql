SELECT 'table' AS kind, n.nspname || '.' || c.relname AS name,
       n.nspname || '.' || c.relname AS belongs_to, 'TABLE' AS definition
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
ORDER BY 1, 2
