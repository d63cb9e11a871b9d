# Prisma Migrate 6 by its engine in JavaScript, as the native one is no package of a registry.
node_packages prisma prisma@6.19.0 @prisma/client@6.19.0 @prisma/adapter-libsql@6.19.0 @prisma/adapter-pg@6.19.0 @prisma/adapter-mariadb@6.19.0
# `migrate resolve` asks the native one whether the database can be reached. It can.
printf '#!/bin/sh\n' >"$cache/prisma/no-engine"
chmod +x "$cache/prisma/no-engine"
export PRISMA_SCHEMA_ENGINE_BINARY=$cache/prisma/no-engine PRISMA_QUERY_ENGINE_LIBRARY=$cache/prisma/no-engine
export PRISMA_HIDE_UPDATE_MESSAGE=1 CHECKPOINT_DISABLE=1

prepare() {
    ln -s "$modules" node_modules
    echo '{"devDependencies":{"prisma":"6.19.0"}}' >package.json
    mkdir -p prisma/migrations
    local provider import adapter
    case $kind in
    sqlite)
        provider=sqlite
        import="import { PrismaLibSQL } from '@prisma/adapter-libsql'"
        adapter="new PrismaLibSQL({ url: 'file:$PWD/app.db' })"
        ;;
    postgres)
        provider=postgresql
        import="import { PrismaPg } from '@prisma/adapter-pg'"
        adapter="new PrismaPg({ connectionString: '$url', idleTimeoutMillis: 10 })"
        ;;
    mariadb)
        provider=mysql
        import="import { PrismaMariaDb } from '@prisma/adapter-mariadb'"
        adapter="new PrismaMariaDb({ host: '127.0.0.1', port: $port, user: 'shop', password: 'shop', database: '$name' })"
        ;;
    esac
    printf 'provider = "%s"\n' $provider >prisma/migrations/migration_lock.toml
    printf 'datasource db {\n  provider = "%s"\n  url      = env("DATABASE_URL")\n}\n' $provider >prisma/schema.prisma
    cat >prisma.config.ts <<TS
import Result from 'pg/lib/result.js'
$import

// Its adapter knows no type \`name\`, which is text.
const addFields = Result.prototype.addFields
Result.prototype.addFields = function (fields) {
  for (const field of fields) if (field.dataTypeID === 19) field.dataTypeID = 25
  return addFields.call(this, fields)
}

export default {
  experimental: { adapter: true },
  engine: 'js',
  schema: 'prisma/schema.prisma',
  async adapter() { return $adapter },
}
TS
}

path() {
    echo "prisma/migrations/$1_$2/migration.sql"
}

write() {
    mkdir -p "prisma/migrations/$1_$2"
    printf '%s;\n' "${@:3}" >"$(path "$1" "$2")"
}

prisma() {
    local its=$url
    [ "$kind" != sqlite ] || its=file:$PWD/app.db
    DATABASE_URL=$its node_modules/.bin/prisma "$@"
}

up() {
    prisma migrate deploy
}

after_failure() {
    echo applied failed pending
}

rows() {
    sql "SELECT migration_name, checksum, applied_steps_count, logs IS NULL, finished_at IS NULL, rolled_back_at IS NULL FROM _prisma_migrations ORDER BY started_at, migration_name"
}

# Its engine in JavaScript ends with `unreachable` on MariaDB.
kinds='sqlite postgres'
native=prisma/migrations nothing='No pending migrations to apply' together=waits
edited=edited
compare_all

resolve() {
    prisma migrate resolve "$@" >"$work/original.log" 2>&1 || fail "$tool, $kind: resolve $*: $(tail -n 20 "$work/original.log")"
}

for kind in $kinds; do
    begin resolve
    write $first users "$(table users)"
    write $second broken "INSERT INTO nowhere VALUES (1)"
    refuses "a failing migration"
    expect "a failed migration" applied failed
    warns "P3009" "resolve"
    resolve --rolled-back ${second}_broken
    expect "a failed migration, marked rolled back" applied pending
    refuses "it fails again"
    resolve --applied ${second}_broken
    expect "a failed migration, marked applied" applied applied
done

# Models in several schemas: the history stays in the connection's.
kind=postgres
begin schemas
printf 'datasource db {\n  provider = "postgresql"\n  url      = env("DATABASE_URL")\n  schemas  = ["audit", "public"]\n}\n\nmodel Likes {\n  id Int @id\n\n  @@schema("audit")\n}\n' >prisma/schema.prisma
write $third likes "CREATE SCHEMA audit" "CREATE TABLE audit.likes (id integer PRIMARY KEY)"
expect "models in several schemas: nothing applied" pending
applies "models in several schemas"
expect "models in several schemas" applied
