# SQLx's command line.
cargo_program sqlx sqlx-cli 0.9.0 postgres,mysql,sqlite,sqlx-toml

prepare() {
    printf '[package]\nname = "shop"\nversion = "0.1.0"\n\n[dependencies]\nsqlx = "0.9"\n' >Cargo.toml
    mkdir -p migrations
    [ "$kind" != sqlite ] || sqlx database create
}

path() {
    echo "migrations/$1_$2.sql"
}

write() {
    printf '%s;\n' "${@:3}" >"$(path "$1" "$2")"
}

sqlx() {
    DATABASE_URL=$url "$bin/sqlx" "$@"
}

up() {
    sqlx migrate run
}

listed() {
    sqlx migrate info | sed -n 's|^[0-9]*/installed (different checksum).*|edited|p; s|^[0-9]*/installed .*|applied|p; s|^[0-9]*/pending.*|pending|p'
}

# It shows a migration that failed half-way as installed.
original_view() {
    echo "$*" | sed 's/missing-file//; s/out-of-order/pending/g; s/failed/applied/g' | xargs
}

after_failure() {
    case $kind in
    mariadb) echo applied failed pending ;;
    *) echo applied pending pending ;;
    esac
}

rows() {
    case $kind in
    postgres) sql "SELECT version, description, success, encode(checksum, 'hex'), execution_time > 0 FROM _sqlx_migrations ORDER BY version" ;;
    *) sql "SELECT version, description, success, hex(checksum), execution_time > 0 FROM _sqlx_migrations ORDER BY version" ;;
    esac
}

native=migrations
edited=edited missing=refuses
compare_all

kind=postgres
begin schema
printf '[migrate]\ntable-name = "audit.done"\ncreate-schemas = ["audit"]\n' >sqlx.toml
compare_elsewhere "another table in another schema"

begin crowd
write $first users "$(table users)"
applies "the first"
sql "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
     SELECT 19000101000000 + n, 'old', true, '\x00', 1 FROM generate_series(1, 100000) n"
crowd "100,000 rows without a file" 100001 missing-file 100000
