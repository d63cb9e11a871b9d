# TypeORM; libsql carries SQLite compiled, and answers to better-sqlite3's calls.
node_packages typeorm typeorm@1.1.1 pg@8 mysql2@3 libsql@0.5

prepare() {
    ln -s "$modules" node_modules
    echo '{"dependencies":{"typeorm":"1.1.1"}}' >package.json
    mkdir -p migrations
    local source
    case $kind in
    sqlite) source="type: 'better-sqlite3', driver: require('libsql'), database: 'app.db'" ;;
    postgres) source="type: 'postgres', url: '$url'$options" ;;
    mariadb) source="type: 'mysql', url: '$url'" ;;
    esac
    cat >data-source.js <<JS
const { DataSource } = require('typeorm');
module.exports = { source: new DataSource({ $source, migrations: ['migrations/*.js'] }) };
JS
}

# Its times are milliseconds: 13 digits.
path() {
    echo "migrations/${1:0:13}-$2.js"
}

write() {
    local file class=$2${1:0:13}
    file=$(path "$1" "$2")
    shift 2
    {
        echo "module.exports = class $class {"
        echo "  name = '$class';"
        echo "  async up(runner) {"
        printf '    await runner.query(`%s`);\n' "$@"
        echo "  }"
        echo "  async down(runner) {}"
        echo "};"
    } >"$file"
}

up() {
    node_modules/.bin/typeorm migration:run -d data-source.js
}

listed() {
    node_modules/.bin/typeorm migration:show -d data-source.js |
        sed -n 's/.*\[X\].*[a-z]\([0-9]\{13\}\).*/\1 applied/p; s/.*\[ \].*[a-z]\([0-9]\{13\}\).*/\1 pending/p' |
        sort | cut -d' ' -f2
}

after_failure() {
    case $kind in
    mariadb) echo applied pending pending ;;
    *) echo pending pending pending ;;
    esac
}

options=
comment=//
compare_all

kind=postgres options=", schema: 'audit', migrationsTableName: 'done'"
begin schema
sql 'CREATE SCHEMA audit'
compare_elsewhere "another table in another schema"
