# Sequelize's command line; its status shows a row without file as up.
node_packages node-sqlite3 sequelize@6 sequelize-cli@6.6.5 umzug@3.8.3 db-migrate@0.11.14 db-migrate-pg@1.5.2 db-migrate-mysql@3.0.0 db-migrate-sqlite3@1.0.2 sqlite3@5.1.7 pg@8 mysql2@3

prepare() {
    ln -s "$modules" node_modules
    echo '{"devDependencies":{"sequelize-cli":"6.6.5"}}' >package.json
    mkdir -p migrations config
    case $kind in
    sqlite) echo '{"development":{"dialect":"sqlite","storage":"app.db"}}' ;;
    postgres) echo "{\"development\":{\"dialect\":\"postgres\",\"host\":\"127.0.0.1\",\"port\":$port,\"username\":\"postgres\",\"database\":\"$name\"}}" ;;
    mariadb) echo "{\"development\":{\"dialect\":\"mysql\",\"host\":\"127.0.0.1\",\"port\":$port,\"username\":\"shop\",\"password\":\"shop\",\"database\":\"$name\"}}" ;;
    esac >config/config.json
}

path() {
    echo "migrations/$1-$2.js"
}

write() {
    local file
    file=$(path "$1" "$2")
    shift 2
    {
        echo "module.exports = { async up(queryInterface, Sequelize) {"
        printf '  await queryInterface.sequelize.query(`%s`);\n' "$@"
        echo "}, async down(queryInterface) {} };"
    } >"$file"
}

up() {
    node_modules/.bin/sequelize-cli db:migrate
}

listed() {
    node_modules/.bin/sequelize-cli db:migrate:status |
        sed -n 's/^up \([0-9]\)/applied \1/p; s/^down \([0-9]\)/pending \1/p' | sort -k 2 | cut -d' ' -f1
}

original_view() {
    echo "$*" | sed 's/missing-file/applied/g; s/out-of-order/pending/g; s/failed/pending/g'
}

after_failure() {
    echo applied pending pending
}

comment=//
compare_all

kind=postgres
begin section
sql 'CREATE SCHEMA audit'
python3 - <<'PY'
import json
config = json.load(open("config/config.json"))
config["production"] = {**config["development"], "migrationStorageTableName": "done", "migrationStorageTableSchema": "audit"}
json.dump(config, open("config/config.json", "w"))
PY
export NODE_ENV=production
compare_elsewhere "the production section's table and schema"
