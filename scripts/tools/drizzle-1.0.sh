# Drizzle since 1.0: folders, told apart by their names.
node_packages drizzle-1.0 drizzle-kit@1.0.0-rc.5 drizzle-orm@1.0.0-rc.5 @libsql/client@0.15 pg@8 mysql2@3
# shellcheck source=scripts/tools/lib/drizzle.sh
. "$here/scripts/tools/lib/drizzle.sh"

prepare() {
    drizzle_config 1.0.0-rc.5
    before=00000000-0000-0000-0000-000000000000
}

path() {
    echo "drizzle/$1_$2/migration.sql"
}

write() {
    mkdir -p "drizzle/$1_$2"
    statements "${@:3}" >"$(path "$1" "$2")"
    local its
    case $kind in
    sqlite) its='"version":"7","dialect":"sqlite","ddl":[],"renames":[]' ;;
    mariadb) its='"version":"6","dialect":"mysql","ddl":[],"renames":[]' ;;
    postgres)
        its='"version":"9","dialect":"postgres","footprints":[]'
        case $before in
        *-000000000000) its+=',"type":"base","ddl":[]' ;;
        *) its+=',"type":"diff","deltas":[]' ;;
        esac
        ;;
    esac
    printf '{%s,"id":"00000000-0000-0000-0000-%s","prevIds":["%s"]}' "$its" "${1:2}" "$before" >"drizzle/$1_$2/snapshot.json"
    before=00000000-0000-0000-0000-${1:2}
}

rows() {
    case $kind in
    postgres) sql "SELECT id, hash, created_at, name FROM drizzle.__drizzle_migrations ORDER BY created_at" ;;
    *) sql "SELECT id, hash, created_at, name FROM __drizzle_migrations ORDER BY created_at" ;;
    esac
}

# A row without folder is told after the others.
deleted='applied applied missing-file'
native=drizzle detected=drizzle edited=edited
compare_all

kind=postgres options=", migrations: { table: 'done', schema: 'audit' }"
begin schema
compare_elsewhere "another table in another schema"
