# db-migrate.
node_packages node-sqlite3 sequelize@6 sequelize-cli@6.6.5 umzug@3.8.3 db-migrate@0.11.14 db-migrate-pg@1.5.2 db-migrate-mysql@3.0.0 db-migrate-sqlite3@1.0.2 sqlite3@5.1.7 pg@8 mysql2@3

prepare() {
    ln -s "$modules" node_modules
    echo '{"dependencies":{"db-migrate":"0.11.14"}}' >package.json
    mkdir -p migrations
    case $kind in
    sqlite) echo '{"dev":{"driver":"sqlite3","filename":"app.db"}}' ;;
    postgres) echo "{\"dev\":{\"driver\":\"pg\",\"host\":\"127.0.0.1\",\"port\":$port,\"user\":\"postgres\",\"database\":\"$name\"}}" ;;
    mariadb) echo "{\"dev\":{\"driver\":\"mysql\",\"host\":\"127.0.0.1\",\"port\":$port,\"user\":\"shop\",\"password\":\"shop\",\"database\":\"$name\",\"multipleStatements\":true}}" ;;
    esac >database.json
}

path() {
    echo "migrations/$1-$2.js"
}

write() {
    local file
    file=$(path "$1" "$2")
    shift 2
    {
        echo "exports.setup = function (options) { options.dbmigrate; };"
        echo "exports.up = async function (db) {"
        printf '  await db.runSql(`%s`);\n' "$@"
        echo "};"
        echo "exports.down = async function (db) {};"
        echo "exports._meta = { version: 1 };"
    } >"$file"
}

up() {
    node_modules/.bin/db-migrate up ${section:+-e $section}
}

# It tells what it would run.
listed() {
    local said file
    said=$(node_modules/.bin/db-migrate check ${section:+-e $section}) || return
    for file in migrations/*.js; do
        if grep -qF "'$(basename "$file" .js)'" <<<"$said"; then echo pending; else echo applied; fi
    done
}

after_failure() {
    echo applied pending pending
}

section=
comment=//
compare_all

# Migrations in SQL: the program that `db-migrate create --sql-file` makes, and a file beside it.
rows() {
    sql "SELECT id, name FROM migrations ORDER BY id"
}

write() {
    local made stem=$1-$2
    mkdir -p "$work/made"
    [ -e "$work/made/database.json" ] || cp database.json "$work/made"
    if [ ! -d "$work/made/migrations" ]; then
        (cd "$work/made" && ln -sfn "$modules" node_modules && node_modules/.bin/db-migrate create step --sql-file >/dev/null)
    fi
    made=$(basename "$work"/made/migrations/*-step.js .js)
    mkdir -p migrations/sqls
    sed "s/$made/$stem/g" "$work/made/migrations/$made.js" >"migrations/$stem.js"
    printf '%s;\n' "${@:3}" >"migrations/sqls/$stem-up.sql"
    echo 'SELECT 1;' >"migrations/sqls/$stem-down.sql"
}

native=migrations nothing='No migrations to run'
for kind in $kinds; do
    compare_native
done

kind=postgres
begin section
sql 'CREATE SCHEMA audit'
python3 - <<'PY'
import json
config = json.load(open("database.json"))
config["production"] = {**config["dev"], "schema": "audit"}
json.dump(config, open("database.json", "w"))
PY
section=production flags=(--env production)
compare_elsewhere "the production section's schema"
