# Drizzle before 1.0 on SQLite: an older entry never runs, an edit is not noticed.
node_packages drizzle drizzle-kit@0.31.11 drizzle-orm@0.45.4 @libsql/client
project drizzle
ln -s "$modules" node_modules
echo '{"dependencies":{"drizzle-orm":"0.45.4"}}' >package.json
cat >drizzle.config.ts <<'TS'
import { defineConfig } from 'drizzle-kit';
export default defineConfig({ dialect: 'sqlite', out: './drizzle', schema: './schema.ts', dbCredentials: { url: 'app.db' } });
TS
cat >schema.ts <<'TS'
import { integer, sqliteTable } from 'drizzle-orm/sqlite-core';
export const users = sqliteTable('users', { id: integer().primaryKey() });
TS
npx drizzle-kit generate >/dev/null
expect "drizzle: nothing applied" "$directory" pending
npx drizzle-kit migrate >/dev/null
expect "drizzle: the generated file applied" "$directory" applied
first=$(basename drizzle/*.sql .sql)
cp drizzle/meta/_journal.json journal.json
python3 - "$first" <<'PY'
import json, sys
journal = json.load(open("drizzle/meta/_journal.json"))
when = journal["entries"][0]["when"]
journal["entries"].append({"idx": 1, "version": "6", "when": when - 1000, "tag": "0001_older", "breakpoints": True})
json.dump(journal, open("drizzle/meta/_journal.json", "w"))
open("drizzle/0001_older.sql", "w").write("CREATE TABLE older (id integer);\n")
PY
expect "drizzle: an older entry" "$directory" applied unreachable
npx drizzle-kit migrate >/dev/null
expect "drizzle: an older entry never runs" "$directory" applied unreachable
echo "-- edited" >>"drizzle/$first.sql"
npx drizzle-kit migrate >/dev/null
expect "drizzle: an edit that drizzle does not notice" "$directory" edited unreachable
