# Holding Shipgate against the original: what every comparison is made of.

# fail WORDS...: ends the run with what is known.
fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# holds WHAT: counts a comparison.
holds() {
    echo "$1" >>"$work/passed"
    echo "ok   $1"
}

# begin CASE: an empty project directory with an empty database of $kind, as the tool's `prepare` wants it.
begin() {
    case=$1
    directory=$work/$tool-$kind-$case
    mkdir -p "$directory"
    cd "$directory"
    new_database "$tool-$case"
    prepare
}

# shipgate_status FILTER [ARGUMENT]: what FILTER, a Python program, makes of `shipgate status --json` as `found`.
shipgate_status() {
    "$shipgate" status --json --url "$url" "${flags[@]}" . 2>"$work/words" | python3 -c "
import json, sys
status = json.load(sys.stdin)['migrations']
if status['tool'] != '$detected':
    sys.exit('detected ' + status['tool'])
found = status['migrations']
$1" "${@:2}" 2>>"$work/words" || fail "$tool, $kind, $case: $(cat "$work/words")"
}

# original_view STATES...: what the original's own status says if these are the states, or
# `refused` if it fails then; a tool whose status sees more or less has its own.
original_view() {
    local state seen=()
    for state in "$@"; do
        case $state in
        applied | edited) seen+=(applied) ;;
        missing-file) ;;
        *) seen+=(pending) ;;
        esac
    done
    echo "${seen[*]}"
}

# expect WHAT STATES...: these are the states, and the original's own status agrees; where it sees
# something else than its usual view, $sees says what.
expect() {
    local what="$tool, $kind: $1" found said wanted
    shift
    found=$(shipgate_status 'print(*[m["state"] for m in found])')
    [ "$found" = "$*" ] || fail "$what: states are \`$found\`, expected \`$*\`"
    if declare -F listed >/dev/null; then
        said=$(listed 2>"$work/original.log" | xargs) || said=refused
        wanted=${sees:-$(original_view "$@")}
        [ "$said" = "$wanted" ] || fail "$what: the original says \`$said\` ($(tail -n 20 "$work/original.log")), Shipgate \`$found\`"
        holds "$what: the original says so too"
    else
        holds "$what"
    fi
}

# applies WHAT: the original applies everything.
applies() {
    up >"$work/original.log" 2>&1 || fail "$tool, $kind: $1: the original fails: $(tail -n 20 "$work/original.log")"
}

# refuses WHAT: the original ends with an error.
refuses() {
    ! up >"$work/original.log" 2>&1 || fail "$tool, $kind: $1: the original succeeds: $(tail -n 20 "$work/original.log")"
}

# warns WORD...: the last `shipgate status` said each of these.
warns() {
    local word
    for word in "$@"; do
        grep -qF -- "$word" "$work/words" || fail "$tool, $kind, $case: Shipgate does not say \`$word\`: $(cat "$work/words")"
    done
}

# crowd WHAT TOTAL STATE COUNT: so many migrations, and so many of them in this state.
crowd() {
    local found
    found=$(shipgate_status 'print(len(found), sum(m["state"] == sys.argv[1] for m in found))' "$3")
    [ "$found" = "$2 $4" ] || fail "$tool, $kind: $1: $found in all and $3, expected $2 $4"
    holds "$tool, $kind: $1"
}

# says WORD...: the original's last words hold each of these.
says() {
    local word
    for word in "$@"; do
        grep -qF -- "$word" "$work/original.log" || fail "$tool, $kind: the original does not say \`$word\`: $(cat "$work/original.log")"
    done
}
