# Diesel's command line.
# It is linked with the servers' own libraries.
debian_packages libpq-dev default-libmysqlclient-dev
cargo_program diesel diesel_cli 2.3.14 sqlite-bundled,postgres,mysql

prepare() {
    printf '[package]\nname = "shop"\nversion = "0.1.0"\n\n[dependencies]\ndiesel = "2.3"\n' >Cargo.toml
    printf '[migrations_directory]\ndir = "migrations"\n' >diesel.toml
    mkdir -p migrations
}

path() {
    echo "migrations/$1_$2/up.sql"
}

write() {
    mkdir -p "migrations/$1_$2"
    printf '%s;\n' "${@:3}" >"$(path "$1" "$2")"
}

diesel() {
    local its=$url
    [ "$kind" != sqlite ] || its=app.db
    DATABASE_URL=$its "$bin/diesel" "$@"
}

up() {
    diesel migration run
}

listed() {
    diesel migration list | sed -n 's/.*\[X\].*/applied/p; s/.*\[ \].*/pending/p'
}

after_failure() {
    echo applied pending pending
}

rows() {
    sql "SELECT version FROM __diesel_schema_migrations ORDER BY version"
}

native=migrations
compare_all
