# umzug on its own, with its history in a table and in a file.
node_packages node-sqlite3 sequelize@6 sequelize-cli@6.6.5 umzug@3.8.3 db-migrate@0.11.14 db-migrate-pg@1.5.2 db-migrate-mysql@3.0.0 db-migrate-sqlite3@1.0.2 sqlite3@5.1.7 pg@8 mysql2@3

prepare() {
    ln -s "$modules" node_modules
    echo '{"dependencies":{"umzug":"3.8.3","sequelize":"6"}}' >package.json
    mkdir -p migrations
    local its=$url
    [ "$kind" != sqlite ] || its=sqlite:app.db
    cat >migrate.js <<JS
const { JSONStorage, SequelizeStorage, Umzug } = require('umzug');
const { Sequelize } = require('sequelize');
const sequelize = new Sequelize('$its', { logging: false });
new Umzug({
  migrations: { glob: 'migrations/*.js' },
  context: sequelize.getQueryInterface(),
  storage: $storage,
}).runAsCLI();
JS
}
storage='new SequelizeStorage({ sequelize })'

path() {
    echo "migrations/$1-$2.js"
}

write() {
    {
        echo "module.exports = { async up({ name, context: queryInterface }) {"
        printf '  await queryInterface.sequelize.query(`%s`);\n' "${@:3}"
        echo "}, async down() {} };"
    } >"$(path "$1" "$2")"
}

up() {
    node migrate.js up
}

listed() {
    {
        node migrate.js executed --json | python3 -c 'import json,sys; [print(m["name"], "applied") for m in json.load(sys.stdin)]'
        node migrate.js pending --json | python3 -c 'import json,sys; [print(m["name"], "pending") for m in json.load(sys.stdin)]'
    } | sort | cut -d' ' -f2
}

after_failure() {
    echo applied pending pending
}

detected=sequelize comment=//
compare_all

kind=sqlite storage="new JSONStorage({ path: 'umzug.json' })"
begin file
compare_elsewhere "a history in a file"
