# Alembic on SQLite: order by the graph, several heads, a merge, an unknown row.
python_packages alembic alembic==1.20.1
project alembic
PATH=$bin:$PATH alembic init alembic >/dev/null
sed -i 's|^sqlalchemy.url.*|sqlalchemy.url = sqlite:///app.db|' alembic.ini
revision() { PATH=$bin:$PATH alembic revision "$@" >/dev/null; }
revision -m users --rev-id aaaa1
revision -m posts --rev-id 1bbbb
expect "alembic: nothing applied" "$directory" pending pending
"$bin/alembic" upgrade aaaa1 2>/dev/null
expect "alembic: one applied" "$directory" applied pending
"$bin/alembic" current 2>/dev/null | agrees alembic aaaa1
revision -m side --rev-id cccc1 --head aaaa1 --splice
"$bin/alembic" heads | agrees "alembic: two heads" 1bbbb cccc1
"$bin/alembic" upgrade heads 2>/dev/null
expect "alembic: both heads applied" "$directory" applied applied applied
PATH=$bin:$PATH alembic merge heads -m merge --rev-id dddd1 >/dev/null
expect "alembic: a merge" "$directory" applied applied applied pending
"$bin/alembic" upgrade head 2>/dev/null
expect "alembic: the merge applied" "$directory" applied applied applied applied
rm alembic/versions/dddd1_merge.py
expect "alembic: an unknown row" "$directory" not-checkable not-checkable not-checkable missing-file
("$bin/alembic" current 2>&1 || true) | agrees alembic "Can't locate revision identified by 'dddd1'"
