# Refinery's command line, with migrations in SQL. It has no status.
cargo_program refinery refinery_cli 0.10.0 mysql,postgresql,sqlite-bundled

prepare() {
    printf '[package]\nname = "shop"\nversion = "0.1.0"\n\n[dependencies]\nrefinery = "0.10"\n' >Cargo.toml
    mkdir -p migrations
    case $kind in
    sqlite)
        printf '[main]\ndb_type = "Sqlite"\ndb_path = "%s/app.db"\n' "$PWD"
        sqlite3 app.db 'VACUUM'
        ;;
    postgres) printf '[main]\ndb_type = "Postgres"\ndb_host = "127.0.0.1"\ndb_port = "%s"\ndb_user = "postgres"\ndb_pass = "postgres"\ndb_name = "%s"\n' "$port" "$name" ;;
    mariadb) printf '[main]\ndb_type = "Mysql"\ndb_host = "127.0.0.1"\ndb_port = "%s"\ndb_user = "shop"\ndb_pass = "shop"\ndb_name = "%s"\n' "$port" "$name" ;;
    esac >refinery.toml
}

# Its versions are 32 bits.
path() {
    echo "migrations/V${1:8:6}__$2.sql"
}

write() {
    printf '%s;\n' "${@:3}" >"$(path "$1" "$2")"
}

up() {
    "$bin/refinery" migrate -c refinery.toml -p migrations -d -m
}

# On MariaDB it sees what became of a file's first statement alone.
after_failure() {
    case $kind in
    mariadb) echo applied applied applied ;;
    *) echo applied pending pending ;;
    esac
}

rows() {
    sql "SELECT version, name, checksum FROM refinery_schema_history ORDER BY version"
}

native=migrations nothing='no migrations to apply'
edited=edited missing=refuses late=refuses
compare_all
