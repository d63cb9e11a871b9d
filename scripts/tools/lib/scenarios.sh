# What happens to every tool, on every database it supports.
#
# A tool's script defines
#   kinds                          the databases it is compared on
#   prepare                        writes the project's configuration
#   write VERSION NAME STATEMENT... writes a migration
#   path VERSION NAME              the file that holds it
#   up                             the original applies what is pending
#   listed                         the states, as the original's own command tells them
#   after_failure                  the states of three migrations, the second of which fails half-way
#   rows                           the history without its times, where Shipgate writes it too
# and says by variables what it does about files that changed:
#   comment        what begins a comment
#   edited         the state of an edited file: applied where there is no checksum
#   missing        up: it goes on although a file is gone; refuses
#   deleted        the states of three migrations without the second one's file; refused: Shipgate says so
#   late           up: it applies an older file; refuses; skips
#   late_state     what Shipgate calls that file
#   flags          further flags of `shipgate status`
#   native         the directory that `shipgate migrate apply` is given; empty: it cannot
#   nothing        words of the original when nothing is to be done; empty: it has none
#   together       the original beside Shipgate at work: waits, by a lock that both take; or its words when it will not
#                  run then; empty: it has no lock

defaults() {
    detected=$tool kinds='sqlite postgres mariadb'
    comment=-- edited=applied missing=up late=up late_state=out-of-order deleted='applied missing-file applied' native='' nothing='' together=''
    flags=()
    unset -f prepare write path up listed after_failure rows 2>/dev/null || true
}

first=20261101100000 late_version=20261101100050 second=20261101100100 third=20261101100200

table() {
    echo "CREATE TABLE $1 (id integer)"
}

compare_progress() {
    begin progress
    write $first users "$(table users)"
    expect "nothing applied" pending
    applies "the first"
    expect "the first applied" applied
    write $second posts "$(table posts)" "INSERT INTO posts VALUES (1)"
    expect "one applied, one pending" applied pending
    applies "the second"
    expect "all applied" applied applied
    applies "nothing pending"
    expect "applied twice" applied applied
}

compare_failure() {
    begin failure
    write $first users "$(table users)"
    write $second broken "$(table half)" "INSERT INTO nowhere VALUES (1)"
    write $third posts "$(table posts)"
    case $(after_failure) in
    *pending*) refuses "a migration that fails half-way" ;;
    *) applies "a migration that fails half-way, unnoticed" ;;
    esac
    # shellcheck disable=SC2046
    expect "a migration that failed half-way" $(after_failure)
}

compare_files() {
    local file aside=$work/aside
    begin files
    write $first users "$(table users)"
    write $second posts "$(table posts)"
    write $third likes "$(table likes)"
    applies "three"
    file=$(path $first users)
    cp "$file" "$aside"
    echo "$comment edited" >>"$file"
    expect "an edited file" "$edited" applied applied
    cp "$aside" "$file"

    take_away $second posts
    if [ "$deleted" = refused ]; then
        ! "$shipgate" status --url "$url" . >"$work/words" 2>&1 || fail "$tool, $kind: a deleted file: $(cat "$work/words")"
        warns "$(path $second posts)"
    else
        # shellcheck disable=SC2086
        expect "a deleted file" $deleted
    fi
    if [ "$missing" = refuses ]; then refuses "a deleted file"; else applies "a deleted file"; fi
    bring_back

    write $late_version late "$(table late)"
    expect "a file that came late" applied "$late_state" applied applied
    case $late in
    up)
        applies "a file that came late"
        expect "a file that came late, applied" applied applied applied applied
        ;;
    refuses)
        refuses "a file that came late"
        expect "a file that came late, refused" applied "$late_state" applied applied
        ;;
    skips)
        applies "a file that came late"
        expect "a file that came late, skipped" applied "$late_state" applied applied
        ;;
    esac
}

# take_away VERSION NAME, bring_back: the file, or the directory that holds nothing else.
take_away() {
    taken=$(path "$1" "$2")
    case $(basename "$taken") in
    up.sql | migration.sql) taken=$(dirname "$taken") ;;
    esac
    mv "$taken" "$work/taken"
}

bring_back() {
    mv "$work/taken" "$taken"
}

# gate: `shipgate gate` around the original; each start of that is a line in `starts`.
gate() {
    {
        declare -p kind name port url cache work
        declare -p bin modules jars 2>/dev/null || true
        declare -f
        echo 'echo start >>starts'
        echo up
    } >up.sh
    "$shipgate" gate --url "$url" --project . -- bash -euo pipefail up.sh
}

compare_gate() {
    local one two
    begin gate
    write $first users "$(table users)"
    write $second posts "$(table posts)"
    gate >"$work/one.log" 2>&1 &
    one=$!
    gate >"$work/two.log" 2>&1 &
    two=$!
    wait $one || fail "$tool, $kind: two gates at once: $(tail -n 30 "$work/one.log")"
    wait $two || fail "$tool, $kind: two gates at once: $(tail -n 30 "$work/two.log")"
    [ "$(wc -l <starts)" = 1 ] || fail "$tool, $kind: two gates at once: the original ran $(wc -l <starts) times: $(tail -n 30 "$work/one.log" "$work/two.log")"
    expect "two gates at once, the original ran once" applied applied
    applies "after two gates"
    expect "the original after two gates" applied applied
    gate >"$work/one.log" 2>&1 || fail "$tool, $kind: a gate after the original: $(tail -n 30 "$work/one.log")"
    [ "$(wc -l <starts)" = 1 ] || fail "$tool, $kind: a gate after the original: it ran again: $(tail -n 30 "$work/one.log")"
    holds "$tool, $kind: after the original a gate has nothing to do"
    [[ $(after_failure) == *pending* ]] || return 0
    write $third broken "$(table half)" "INSERT INTO nowhere VALUES (1)"
    ! gate >"$work/one.log" 2>&1 || fail "$tool, $kind: a gate with a migration that fails: $(tail -n 30 "$work/one.log")"
    holds "$tool, $kind: a gate with a migration that fails ends with an error"
}

# ours: Shipgate applies the tool's migrations itself.
ours() {
    "$shipgate" migrate apply --url "$url" --dir "file://$native" >"$work/ours.log" 2>&1
}

compare_native() {
    local theirs
    [ -n "$native" ] || return 0
    begin theirs-first
    write $first users "$(table users)"
    write $second posts "$(table posts)" "INSERT INTO posts VALUES (1)"
    applies "two"
    theirs=$(rows)
    ours || fail "$tool, $kind: after the original: $(cat "$work/ours.log")"
    [ "$(rows)" = "$theirs" ] || fail "$tool, $kind: after the original Shipgate changed the history to $(rows)"
    holds "$tool, $kind: after the original Shipgate has nothing to do"
    write $third likes "$(table likes)"
    ours || fail "$tool, $kind: Shipgate goes on: $(cat "$work/ours.log")"
    expect "Shipgate goes on where the original stopped" applied applied applied
    applies "after Shipgate"
    says_nothing

    begin ours-first
    write $first users "$(table users)"
    write $second posts "$(table posts)" "INSERT INTO posts VALUES (1)"
    ours || fail "$tool, $kind: Shipgate first: $(cat "$work/ours.log")"
    expect "Shipgate first" applied applied
    [ "$(rows)" = "$theirs" ] || fail "$tool, $kind: Shipgate's rows are
$(rows)
the original's
$theirs"
    holds "$tool, $kind: Shipgate's rows are the original's"
    applies "after Shipgate"
    says_nothing
    [ "$(rows)" = "$theirs" ] || fail "$tool, $kind: the original changed Shipgate's rows to $(rows)"
    holds "$tool, $kind: after Shipgate the original has nothing to do"
    write $third likes "$(table likes)"
    applies "goes on after Shipgate"
    expect "the original goes on where Shipgate stopped" applied applied applied
}

# compare_together: one of the two comes while the other is at work.
compare_together() {
    [ -n "$native" ] || return 0
    # MariaDB commits definitions: what two leave behind there that know nothing of each other cannot be foreseen.
    [ "$kind" != mariadb ] || [ -n "$together" ] || return 0
    meet up ours
    meet ours up
}

# meet ONE OTHER: OTHER is started while ONE executes a statement; then both once more.
meet() {
    local what="$tool, $kind: $2 while $1 is at work" one
    begin "$2-meets-$1"
    write $first users "$(table users)"
    write $second posts "$(table posts)" "$(slowly)" "INSERT INTO posts VALUES (1)"
    "$1" >"$work/one.log" 2>&1 &
    one=$!
    until at_work || ! kill -0 $one 2>/dev/null; do sleep 0.05; done
    if ! "$2" >"$work/other.log" 2>&1; then
        case $kind,$together in
        sqlite,* | *,) ;;
        *,waits) fail "$what: $(cat "$work/other.log" "$work/ours.log")" ;;
        *) [ "$2" = up ] && grep -qF -- "$together" "$work/other.log" || fail "$what: $(cat "$work/other.log" "$work/ours.log")" ;;
        esac
    fi
    # One that took no lock may have been disturbed.
    wait $one || [ "$kind" = sqlite ] || [ -z "$together" ] || fail "$what: $(cat "$work/one.log" "$work/ours.log")"
    ours || fail "$what: Shipgate afterwards: $(cat "$work/ours.log")"
    applies "$2 while $1 was at work"
    says_nothing
    [ "$(sql 'SELECT count(*), max(id) FROM posts')" = '1|1' ] || fail "$what: it was executed otherwise than once: $(sql 'SELECT * FROM posts')"
    expect "$2 while $1 is at work" applied applied
}

# slowly: a statement on the table posts that takes a while and does nothing.
slowly() {
    case $kind in
    sqlite) echo 'INSERT INTO posts WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT i FROM n WHERE i < 0' ;;
    postgres) echo 'SELECT pg_sleep(3)' ;;
    mariadb) echo 'DO SLEEP(3)' ;;
    esac
}

# at_work: somebody executes that statement.
at_work() {
    case $kind in
    sqlite) ! sqlite3 app.db 'BEGIN IMMEDIATE; ROLLBACK' 2>/dev/null ;;
    postgres) [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE datname = '$name' AND pid <> pg_backend_pid() AND query LIKE '%pg_sleep(_)%'")" = 1 ] ;;
    mariadb) [ "$(sql "SELECT count(*) FROM information_schema.processlist WHERE db = '$name' AND info LIKE '%SLEEP(_)'")" = 1 ] ;;
    esac
}

says_nothing() {
    [ -z "$nothing" ] || says "$nothing"
}

# compare_elsewhere WHAT: the history is where the tool's configuration says.
compare_elsewhere() {
    write $first users "$(table users)"
    expect "$1: nothing applied" pending
    applies "$1"
    write $second posts "$(table posts)"
    expect "$1: one applied" applied pending
}

compare_all() {
    for kind in $kinds; do
        compare_progress
        compare_failure
        compare_files
        compare_gate
        compare_native
        compare_together
    done
}
