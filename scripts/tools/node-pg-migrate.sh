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

# It tells what it would run, unless it would not run.
listed() {
    local said file
    said=$(DATABASE_URL=$url node_modules/.bin/node-pg-migrate up --dry-run) || return
    for file in migrations/*.sql; do
        if grep -qF "### MIGRATION $(basename "$file" .sql) (UP) ###" <<<"$said"; then echo pending; else echo applied; fi
    done
}

original_view() {
    case $* in
    *missing-file* | *out-of-order*) echo refused ;;
    *) echo "$*" ;;
    esac
}

after_failure() {
    echo pending pending pending
}

rows() {
    sql "SELECT id, name FROM pgmigrations ORDER BY id"
}

native=migrations nothing='No migrations to run' together='Another migration is already running'
kinds=postgres late=refuses missing=refuses
compare_all
