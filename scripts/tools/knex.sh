# Knex on SQLite: applied, pending, missing, out of order, a killed run's lock.
node_packages knex knex@3.3.0 better-sqlite3@12
project knex
ln -s "$modules" node_modules
echo '{"dependencies":{"knex":"3.3.0"}}' >package.json
cat >knexfile.js <<'JS'
module.exports = {
  client: 'better-sqlite3', useNullAsDefault: true, connection: { filename: 'app.db' },
  migrations: { directory: './steps' },
};
JS
mkdir steps
for name in 20261101100000_users 20261101100100_posts; do
    cat >steps/$name.js <<JS
exports.up = function (knex) { return knex.schema.createTable('t${name:8:6}', (t) => { t.increments(); }); };
exports.down = function (knex) { return knex.schema.dropTable('t${name:8:6}'); };
JS
done
expect "knex: nothing applied" "$directory" pending pending
npx knex migrate:up >/dev/null
expect "knex: one applied" "$directory" applied pending
npx knex migrate:list | agrees knex "Found 1 Completed" "Found 1 Pending"
npx knex migrate:latest >/dev/null
sed 's/t10/tx/g' steps/20261101100000_users.js >steps/20261101100050_late.js
expect "knex: a late file" "$directory" applied out-of-order applied
npx knex migrate:latest | agrees "knex applies it all the same" "Batch 3 run: 1 migrations"
rm steps/20261101100050_late.js
expect "knex: a missing file" "$directory" applied missing-file applied
(npx knex migrate:latest 2>&1 || true) | agrees knex "migration directory is corrupt" 20261101100050_late.js
