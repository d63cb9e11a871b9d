# Drizzle since 1.0: folders, told apart by their names.
node_packages drizzle-1.0 drizzle-kit@1.0.0-rc.5 drizzle-orm@1.0.0-rc.5 @libsql/client@0.15 pg@8 mysql2@3
# shellcheck source=scripts/tools/lib/drizzle.sh
. "$here/scripts/tools/lib/drizzle.sh"

prepare() {
    drizzle_config 1.0.0-rc.5
    before=00000000-0000-0000-0000-000000000000
    # On PostgreSQL each snapshot is made of the one before it, which must be there and come before.
    case $kind in postgres) missing=refuses late=refuses ;; *) missing=up late=up ;; esac
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

# table_before_1_0: as 0.x left it behind, with a row for the first migration.
table_before_1_0() {
    local hash table=__drizzle_migrations
    case $kind in
    sqlite) sql "CREATE TABLE $table (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)" ;;
    postgres)
        table=drizzle.$table
        sql "CREATE SCHEMA drizzle"
        sql "CREATE TABLE $table (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint)"
        ;;
    mariadb) sql "CREATE TABLE $table (id serial primary key, hash text not null, created_at bigint)" ;;
    esac
    hash=$(sha256sum "$(path $first users)" | cut -d ' ' -f 1)
    sql "INSERT INTO $table (hash, created_at) VALUES ('$hash', 1793527200123)"
    sql "$(table users)"
}

for kind in $kinds; do
    for program in up ours; do
        begin "older-table-$program"
        write $first users "$(table users)"
        write $second posts "$(table posts)"
        table_before_1_0
        $program >"$work/original.log" 2>&1 || fail "$tool, $kind: the table of 0.x: $(cat "$work/original.log" "$work/ours.log")"
        expect "the table of 0.x is given names by $program" applied applied
        [ "$program" = ours ] || theirs=$(rows)
    done
    [ "$(rows)" = "$theirs" ] || fail "$tool, $kind: Shipgate made the table of 0.x $(rows), the original $theirs"
    applies "the table that Shipgate gave names"
    [ "$(rows)" = "$theirs" ] || fail "$tool, $kind: the original changed what Shipgate made of the table of 0.x to $(rows)"
    holds "$tool, $kind: the table of 0.x is the same by both"
done

kind=postgres options=", migrations: { table: 'done', schema: 'audit' }"
begin schema
compare_elsewhere "another table in another schema"
