# dbmate.
node_packages dbmate dbmate@2.36.0

prepare() {
    ln -s "$modules" node_modules
    echo '{"devDependencies":{"dbmate":"2.36.0"}}' >package.json
    mkdir -p db/migrations
}

path() {
    echo "db/migrations/$1_$2.sql"
}

write() {
    local file
    file=$(path "$1" "$2")
    shift 2
    {
        echo "-- migrate:up"
        printf '%s;\n' "$@"
        echo "-- migrate:down"
    } >"$file"
}

dbmate() {
    local its=$url
    case $kind in
    sqlite) its=sqlite:app.db ;;
    postgres) its=$url?sslmode=disable ;;
    esac
    DATABASE_URL=$its node_modules/.bin/dbmate --no-dump-schema "$@"
}

up() {
    dbmate up
}

listed() {
    dbmate status | sed -n 's/^\[X\].*/applied/p; s/^\[ \].*/pending/p'
}

after_failure() {
    echo applied pending pending
}

rows() {
    sql "SELECT version FROM schema_migrations ORDER BY version"
}

native=db/migrations
compare_all
