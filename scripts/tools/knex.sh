# Knex. libsql carries SQLite compiled, and answers to better-sqlite3's calls.
node_packages knex knex@3.3.0 pg@8 mysql2@3 better-sqlite3@npm:libsql@0.5

prepare() {
    ln -s "$modules" node_modules
    echo '{"dependencies":{"knex":"3.3.0"}}' >package.json
    local client connection
    case $kind in
    sqlite) client=better-sqlite3 connection="{ filename: 'app.db' }" ;;
    postgres) client=pg connection="'$url'" ;;
    mariadb) client=mysql2 connection="'$url'" ;;
    esac
    cat >knexfile.js <<JS
module.exports = {
  client: '$client', useNullAsDefault: true, connection: $connection,
  migrations: { directory: './steps' },
};
JS
    mkdir -p steps
}

path() {
    echo "steps/$1_$2.js"
}

write() {
    local file
    file=$(path "$1" "$2")
    shift 2
    {
        echo "exports.up = async function (knex) {"
        printf '  await knex.raw(`%s`);\n' "$@"
        echo "};"
        echo "exports.down = async function (knex) {};"
    } >"$file"
}

up() {
    node_modules/.bin/knex migrate:latest
}

listed() {
    node_modules/.bin/knex migrate:list |
        awk '/Completed/ { s = "applied" } /Pending|No Completed/ { s = "pending" } /^[0-9]+_/ { print $1, s }' |
        sort | cut -d' ' -f2
}

original_view() {
    case $* in
    *missing-file*) echo refused ;;
    *) echo "${*//out-of-order/pending}" ;;
    esac
}

# PostgreSQL and SQLite undo the whole run; MariaDB commits with each table.
after_failure() {
    case $kind in
    mariadb) echo applied pending pending ;;
    *) echo pending pending pending ;;
    esac
}

comment=// missing=refuses
compare_all

kind=postgres
begin lock
write $first users "$(table users)"
applies "the first"
sql 'UPDATE knex_migrations_lock SET is_locked = 1'
expect "a killed run's lock" applied
warns "the lock row is set"
refuses "a killed run's lock"
says "Migration table is already locked"

begin schema
sql 'CREATE SCHEMA audit'
cat >knexfile.js <<JS
module.exports = {
  development: { client: 'pg', connection: '$url', migrations: { directory: './none' } },
  production: { client: 'pg', connection: '$url', migrations: { directory: './steps', tableName: 'done', schemaName: 'audit' } },
  test: { client: 'pg', connection: '$url', searchPath: ['audit'], migrations: { directory: './steps' } },
};
JS
export NODE_ENV=production
compare_elsewhere "the production section's table and schema"
rm steps/*
sql 'DROP TABLE users'
export NODE_ENV=test
compare_elsewhere "the test section's search path"
unset NODE_ENV

begin crowd
write $first users "$(table users)"
applies "the first"
sql "INSERT INTO knex_migrations (name, batch, migration_time)
     SELECT (19000101000000 + n) || '_old.js', 1, now() FROM generate_series(1, 100000) n"
crowd "100,000 rows without a file" 100001 missing-file 100000
