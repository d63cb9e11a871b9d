# goose, with migrations in SQL.
go_program goose github.com/pressly/goose/v3/cmd/goose@v3.29.0 'no_clickhouse no_mssql no_vertica no_ydb no_libsql no_spanner no_turso no_starrocks no_duckdb'

prepare() {
    printf 'module shop\n\nrequire github.com/pressly/goose/v3 v3.29.0\n' >go.mod
    mkdir -p migrations
}

path() {
    echo "migrations/$1_$2.sql"
}

write() {
    {
        echo "-- +goose Up"
        printf '%s;\n' "${@:3}"
        echo "-- +goose Down"
    } >"$(path "$1" "$2")"
}

goose() {
    case $kind in
    sqlite) "$bin/goose" -dir migrations sqlite3 app.db "$@" ;;
    postgres) "$bin/goose" -dir migrations postgres "$url?sslmode=disable" "$@" ;;
    mariadb) "$bin/goose" -dir migrations mysql "shop:shop@tcp(127.0.0.1:$port)/$name?parseTime=true" "$@" ;;
    esac
}

up() {
    goose up
}

listed() {
    goose status 2>&1 | sed -n 's/.*Pending  *-- .*/pending/p; s/.*20[0-9][0-9]  *-- .*/applied/p'
}

after_failure() {
    echo applied pending pending
}

rows() {
    sql "SELECT id, version_id, is_applied FROM goose_db_version ORDER BY id"
}

native=migrations nothing='no migrations to run'
late=refuses
compare_all
