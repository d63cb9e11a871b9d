# golang-migrate: one version and a mark.
go_program golang-migrate github.com/golang-migrate/migrate/v4/cmd/migrate@v4.20.1 'postgres sqlite3 mysql'

prepare() {
    printf 'module shop\n\nrequire github.com/golang-migrate/migrate/v4 v4.20.1\n' >go.mod
    mkdir -p migrations
}

path() {
    echo "migrations/$1_$2.up.sql"
}

write() {
    printf '%s;\n' "${@:3}" >"$(path "$1" "$2")"
    echo "SELECT 1;" >"migrations/$1_$2.down.sql"
}

migrate() {
    local its
    case $kind in
    sqlite) its=sqlite3://app.db ;;
    postgres) its=$url?sslmode=disable ;;
    mariadb) its="mysql://shop:shop@tcp(127.0.0.1:$port)/$name?multiStatements=true" ;;
    esac
    "$bin/migrate" -path migrations -database "$its" "$@"
}

up() {
    migrate up
}

# It tells one version, and whether that is dirty.
listed() {
    local said file number
    said=$(migrate version 2>&1) || grep -qF 'no migration' <<<"$said" || return
    for file in migrations/*.up.sql; do
        number=$(basename "$file" | cut -d_ -f1)
        case $said in
        "$number") echo applied ;;
        "$number (dirty)") echo failed ;;
        [0-9]*) if [ "$number" -lt "${said%% *}" ]; then echo applied; else echo pending; fi ;;
        *) echo pending ;;
        esac
    done
}

original_view() {
    echo "$*"
}

after_failure() {
    echo applied failed pending
}

rows() {
    sql "SELECT version, dirty FROM schema_migrations"
}

native=migrations nothing='no change' together=waits
# What is below the version counts as applied, files that came late or went too.
late=skips late_state=applied deleted='applied applied'
compare_all

for kind in $kinds; do
    begin dirty
    write $first users "$(table users)"
    write $second broken "INSERT INTO nowhere VALUES (1)"
    refuses "a failing migration"
    expect "a dirty version" applied failed
    warns "force"
    refuses "a dirty version"
    says "Dirty database version $second"
    migrate force $first
    expect "forced back" applied pending
done
