# node-pg-migrate, with migrations in SQL.
node_packages node-pg-migrate node-pg-migrate@9.0.0 pg@8

prepare() {
    ln -s "$modules" node_modules
    echo '{"dependencies":{"node-pg-migrate":"9.0.0"}}' >package.json
    mkdir -p migrations
}

path() {
    echo "migrations/$1_$2.sql"
}

write() {
    local file
    file=$(path "$1" "$2")
    shift 2
    {
        echo "-- Up Migration"
        printf '%s;\n' "$@"
        echo "-- Down Migration"
    } >"$file"
}

up() {
    DATABASE_URL=$url node_modules/.bin/node-pg-migrate up
}

after_failure() {
    echo pending pending pending
}

rows() {
    sql "SELECT id, name FROM pgmigrations ORDER BY id"
}

native=migrations nothing='No migrations to run'
kinds=postgres late=refuses missing=refuses
compare_all
