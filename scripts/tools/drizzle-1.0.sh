# Drizzle since 1.0: folders, told apart by their names.
node_packages drizzle-1.0 drizzle-kit@1.0.0-rc.5 drizzle-orm@1.0.0-rc.5 @libsql/client@0.15 pg@8 mysql2@3
# shellcheck source=scripts/tools/lib/drizzle.sh
. "$here/scripts/tools/lib/drizzle.sh"

prepare() {
    drizzle_config 1.0.0-rc.5
}

path() {
    echo "drizzle/$1_$2/migration.sql"
}

write() {
    mkdir -p "drizzle/$1_$2"
    statements "${@:3}" >"$(path "$1" "$2")"
    echo '{}' >"drizzle/$1_$2/snapshot.json"
}

rows() {
    case $kind in
    postgres) sql "SELECT id, hash, created_at, name FROM drizzle.__drizzle_migrations ORDER BY created_at" ;;
    *) sql "SELECT id, hash, created_at, name FROM __drizzle_migrations ORDER BY created_at" ;;
    esac
}

detected=drizzle edited=edited
compare_all
