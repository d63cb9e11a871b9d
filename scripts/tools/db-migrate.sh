# db-migrate on SQLite.
node_packages db-migrate db-migrate@0.11.14 db-migrate-sqlite3@1.0.2
project db-migrate
ln -s "$modules" node_modules
echo '{"dependencies":{"db-migrate":"0.11.14"}}' >package.json
echo '{"dev":{"driver":"sqlite3","filename":"app.db"}}' >database.json
mkdir migrations
for name in 20261101100000-users 20261101100100-posts; do
    cat >migrations/$name.js <<JS
exports.setup = function (options) { options.dbmigrate; };
exports.up = function (db) { return db.createTable('t${name:8:6}', { id: 'int' }); };
exports.down = function (db) { return db.dropTable('t${name:8:6}'); };
exports._meta = { version: 1 };
JS
done
expect "db-migrate: nothing applied" "$directory" pending pending
npx db-migrate up -c 1 >/dev/null
expect "db-migrate: one applied" "$directory" applied pending
npx db-migrate check 2>&1 | agrees db-migrate 20261101100100-posts
npx db-migrate up >/dev/null
expect "db-migrate: all applied" "$directory" applied applied
