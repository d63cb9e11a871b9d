# Alembic: order by the graph, several heads, a merge, an unknown row.
python_packages alembic alembic==1.20.1 'psycopg[binary]==3.3.9' pymysql

prepare() {
    "$bin/alembic" init alembic >/dev/null
    sed -i "s|^sqlalchemy.url.*|sqlalchemy.url = $(sqlalchemy_url)|" alembic.ini
    before=None
}

path() {
    echo "alembic/versions/$1_$2.py"
}

write() {
    write_revision "$@"
}

up() {
    "$bin/alembic" upgrade heads
}

listed() {
    local current
    current=$("$bin/alembic" current 2>/dev/null | cut -d' ' -f1) || return
    revisions_listed "$current" <<<"$("$bin/alembic" history | sed 's/ (.*//; s/,.*//' | awk '{ print $3 }' | tac)"
}

# shellcheck source=scripts/tools/lib/revisions.sh
. "$here/scripts/tools/lib/revisions.sh"
compare_revisions

for kind in $kinds; do
    begin graph
    revision() { "$bin/alembic" revision "$@" >/dev/null; }
    unset -f listed
    revision -m users --rev-id aaaa1
    revision -m posts --rev-id 1bbbb
    "$bin/alembic" upgrade aaaa1 2>/dev/null
    expect "one of two" applied pending
    revision -m side --rev-id cccc1 --head aaaa1 --splice
    "$bin/alembic" upgrade heads 2>/dev/null
    expect "both heads applied" applied applied applied
    "$bin/alembic" merge heads -m merge --rev-id dddd1 >/dev/null
    expect "a merge" applied applied applied pending
    "$bin/alembic" upgrade head 2>/dev/null
    expect "the merge applied" applied applied applied applied
    rm alembic/versions/dddd1_merge.py
    expect "an unknown row" not-checkable not-checkable not-checkable missing-file
    refuses "an unknown row"
    says "Can't locate revision identified by 'dddd1'"
done

kind=postgres
begin schema
sql 'CREATE SCHEMA audit'
sed -i 's/connection=connection,/connection=connection, version_table="done", version_table_schema="audit",/' alembic/env.py
compare_elsewhere "another table in another schema"
