# Drizzle before 1.0: a journal; an entry that is older than the latest row never runs.
node_packages drizzle drizzle-kit@0.31.11 drizzle-orm@0.45.4 @libsql/client@0.15 pg@8 mysql2@3
# shellcheck source=scripts/tools/lib/drizzle.sh
. "$here/scripts/tools/lib/drizzle.sh"

prepare() {
    drizzle_config 0.45.4
    mkdir -p drizzle/meta
    echo '{"version":"7","dialect":"any","entries":[]}' >drizzle/meta/_journal.json
}

path() {
    echo "drizzle/$1_$2.sql"
}

write() {
    statements "${@:3}" >"$(path "$1" "$2")"
    python3 - "$1" "$1_$2" <<'PY'
import json, sys
from datetime import datetime, timezone
version, tag = sys.argv[1:]
when = int(datetime.strptime(version, "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc).timestamp() * 1000)
journal = json.load(open("drizzle/meta/_journal.json"))
journal["entries"].append({"version": "7", "when": when, "tag": tag, "breakpoints": True})
journal["entries"].sort(key=lambda entry: entry["when"])
for number, entry in enumerate(journal["entries"]):
    entry["idx"] = number
json.dump(journal, open("drizzle/meta/_journal.json", "w"))
PY
}

rows() {
    case $kind in
    postgres) sql "SELECT id, hash, created_at FROM drizzle.__drizzle_migrations ORDER BY created_at" ;;
    *) sql "SELECT id, hash, created_at FROM __drizzle_migrations ORDER BY created_at" ;;
    esac
}

native=drizzle edited=edited missing=refuses deleted='applied missing-file applied' late=skips late_state=unreachable
compare_all

kind=postgres options=", migrations: { table: 'done', schema: 'audit' }"
begin schema
compare_elsewhere "another table in another schema"
