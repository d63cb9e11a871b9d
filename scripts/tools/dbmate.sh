# dbmate on SQLite.
node_packages dbmate dbmate@2.36.0
project dbmate
ln -s "$modules" node_modules
echo '{"devDependencies":{"dbmate":"2.36.0"}}' >package.json
mkdir -p db/migrations
for name in 20261101100000_users 20261101100100_posts; do
    printf -- '-- migrate:up\nCREATE TABLE t%s (id integer);\n\n-- migrate:down\nDROP TABLE t%s;\n' "${name:8:6}" "${name:8:6}" >db/migrations/$name.sql
done
export DATABASE_URL=sqlite:app.db
expect "dbmate: nothing applied" "$directory" pending pending
npx dbmate --no-dump-schema up >/dev/null
expect "dbmate: all applied" "$directory" applied applied
rm db/migrations/20261101100000_users.sql
expect "dbmate: a missing file" "$directory" missing-file applied
printf -- '-- migrate:up\nSELECT 1;\n-- migrate:down\n' >db/migrations/20261101100050_late.sql
expect "dbmate: a late file" "$directory" missing-file out-of-order applied
npx dbmate status | agrees dbmate "[ ] 20261101100050_late.sql" "Pending: 1"
unset DATABASE_URL
