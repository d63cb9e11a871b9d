# TypeORM on SQLite.
node_packages typeorm typeorm@1.1.1 better-sqlite3@12
project typeorm
ln -s "$modules" node_modules
echo '{"dependencies":{"typeorm":"1.1.1"}}' >package.json
mkdir migrations
cat >data-source.js <<'JS'
const { DataSource } = require('typeorm');
module.exports = { source: new DataSource({ type: 'better-sqlite3', database: 'app.db', migrations: ['migrations/*.js'] }) };
JS
write() {
    cat >"migrations/$2-$1.js" <<JS
module.exports = class $1$2 {
  name = '$1$2';
  async up(q) { await q.query('CREATE TABLE t$1 (id integer)'); }
  async down(q) { await q.query('DROP TABLE t$1'); }
};
JS
}
write Users 1795170151000
expect "typeorm: nothing applied" "$directory" pending
npx typeorm migration:run -d data-source.js >/dev/null
write Posts 1795170152000
expect "typeorm: one applied" "$directory" applied pending
npx typeorm migration:show -d data-source.js | agrees typeorm "[X] 1 Users1795170151000" "[ ] Posts1795170152000"
