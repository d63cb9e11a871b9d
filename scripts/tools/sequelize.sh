# Sequelize on SQLite; the original shows a missing file as up.
node_packages sequelize sequelize@6 sequelize-cli@6.6.5 sqlite3@5.1.7
project sequelize
ln -s "$modules" node_modules
echo '{"devDependencies":{"sequelize-cli":"6.6.5"}}' >package.json
mkdir migrations config
echo '{"development":{"dialect":"sqlite","storage":"app.db"}}' >config/config.json
for name in 20261101100000-users 20261101100100-posts; do
    cat >migrations/$name.js <<JS
module.exports = {
  async up(queryInterface, Sequelize) { await queryInterface.createTable('t${name:8:6}', { id: { type: Sequelize.INTEGER, primaryKey: true } }); },
  async down(queryInterface) { await queryInterface.dropTable('t${name:8:6}'); },
};
JS
done
expect "sequelize: nothing applied" "$directory" pending pending
npx sequelize-cli db:migrate --to 20261101100000-users.js >/dev/null
expect "sequelize: one applied" "$directory" applied pending
npx sequelize-cli db:migrate:status 2>/dev/null | agrees sequelize "up 20261101100000-users.js" "down 20261101100100-posts.js"
npx sequelize-cli db:migrate >/dev/null
rm migrations/20261101100000-users.js
expect "sequelize: a missing file" "$directory" missing-file applied
