# How a tool is measured; sourced by `run`. A tool's script ends by calling
# `compare_all` or another, which here measure instead of comparing.

renewed=0

# once NAME WHAT COMMAND...: nothing is installed here; a tool that is not there is left out.
once() {
    [ "$(cat "$cache/$1/.installed" 2>/dev/null)" = "$2" ] || leave_out "$2 is not installed"
}

debian_packages() {
    local package
    debian=("$@")
    for package in "$@"; do
        dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            leave_out "$package is not installed"
    done
}

# leave_out WHY: ends the tool's shell.
leave_out() {
    echo "$tool is left out: $1" >&2
    exit 0
}

compare_all() {
    local row
    for row in "${rows[@]}"; do
        if [ "$row" = size ]; then
            size
            continue
        fi
        for kind in "${databases_wanted[@]}"; do
            [[ " $kinds " != *" $kind "* ]] || "row_$row"
        done
    done
    # What else its script compares is of no use here.
    exit 0
}

compare_progress() { compare_all; }
compare_revisions() { compare_all; }

row_nothing() {
    begin nothing
    write_migrations
    apply_all
    choose_ours
    contest "nothing to do" $((rounds * 4)) same
}

row_pending() {
    begin pending
    write_migrations
    apply_all
    choose_ours
    # Only where Shipgate executes them itself.
    [ "${ours[1]}" = migrate ] || return 0
    contest "$migrations pending" "$rounds" fresh
}

row_crowd() {
    local figures=()
    crowd_of alone
    crowd_of gated
    echo "| $tool | $kind | $(IFS='|' && sed 's/|/ | /g' <<<"${figures[*]}") |" >>"$work/crowds"
}

# crowd_of alone|gated: the tool's command so often at once in a new database. To `figures` it adds how many ended with
# an error, how often the tool was started, in what state that left the database, and milliseconds.
crowd_of() {
    local process failed=0 began ended processes=() settings=() behind=() state=applied
    begin "crowd-$1"
    write_migrations
    words_of_up
    # What is set for the command is set behind the gate, which sets the database's URL.
    while [[ ${original[0]} =~ ^[A-Za-z_][A-Za-z_0-9]*= ]]; do
        settings+=("${original[0]}")
        original=("${original[@]:1}")
    done
    [ "$1" = alone ] || behind=("$shipgate" gate --url "$url" --project . --)
    printf '#!/bin/sh\necho start >>"%s/starts"\nexec "$@"\n' "$PWD" >counted
    chmod +x counted
    began=$(date +%s%N)
    for ((process = 0; process < crowd; process++)); do
        "${behind[@]}" "$PWD/counted" env "${settings[@]}" "${original[@]}" >"$work/crowd.$process" 2>&1 &
        processes+=($!)
    done
    for process in "${!processes[@]}"; do
        wait "${processes[$process]}" || {
            failed=$((failed + 1))
            cp "$work/crowd.$process" "$work/last-failure"
        }
    done
    ended=$(date +%s%N)
    "$shipgate" status --exit-code --url "$url" . >"$work/words" 2>&1 || state=$(tail -n 1 "$work/words")
    [ "$1" = alone ] || [ "$failed" = 0 ] || tail -n 5 "$work/last-failure" >&2
    figures+=("$failed" "$(wc -l <starts)" "$state" "$(((ended - began) / 1000000))")
}

# size: megabytes of the tool's packages and of the runtime below them, beside the one program.
size() {
    local packages=0 runtime=0 program
    if [ -n "${jars:-}" ]; then
        # A class path: directories, and the jars in them.
        mapfile -d : -t jars <<<"${jars//\/\*/}"
        packages=$(kilobytes ${modules:+"$modules"} "${jars[@]%$'\n'}")
        runtime=$(kilobytes "$(java -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java.home = //p')")
    elif [ -n "${modules:-}" ]; then
        packages=$(kilobytes "$modules")
        runtime=$(kilobytes "$(readlink -f "$(type -P node)")")
    elif [ -x "${bin:-}/python" ]; then
        packages=$(kilobytes "$("$bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')")
        runtime=$(kilobytes --exclude=site-packages "$("$bin/python" -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')")
    elif [ -n "${bin:-}" ]; then
        packages=$(kilobytes "$bin")
    else
        case ${debian[0]} in
        ruby-*) runtime=$(debian_kilobytes ruby) ;;
        php-*) runtime=$(debian_kilobytes php-cli) ;;
        esac
        packages=$(($(debian_kilobytes "${debian[@]}") - runtime))
    fi
    program=$(kilobytes "$shipgate")
    awk -v tool="$tool" -v packages="$packages" -v runtime="$runtime" -v ours="$program" 'BEGIN {
        printf "| size | %s | | | | %.0f, of which %.0f runtime | | | %.1f | | |\n", tool, (packages + runtime) / 1024, runtime / 1024, ours / 1024
    }'
}

# debian_kilobytes PACKAGE...: with all they depend on, but for what every Debian has.
debian_kilobytes() {
    apt-cache depends --recurse --installed --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances "$@" |
        grep '^[a-z]' | sort -u |
        # Names that other packages provide are none of its own.
        { xargs dpkg-query --show --showformat='${Installed-Size} ${Priority} ${Status}\n' 2>/dev/null || true; } |
        awk '/ installed$/ && $2 != "required" { sum += $1 } END { print sum }'
}

# kilobytes [OPTION...] PATH...: without what Python keeps compiled.
kilobytes() {
    du -skc --exclude=__pycache__ "$@" | sed -n 's/[[:space:]]*total$//p'
}

write_migrations() {
    local number
    for ((number = 0; number < migrations; number++)); do
        write $((20261101000000 + number / 60 * 100 + number % 60)) "t$number" "$(table "t$number")"
    done
}

apply_all() {
    up >"$work/original.log" 2>&1 || fail "$tool, $kind: $(tail -n 5 "$work/original.log")"
    words_of_up
}

# words_of_up: the one command that `up` runs, as `original`, with what it sets before it; a function of several
# commands is run by a shell.
words_of_up() {
    local commands=0 simple
    # In this mode a command whose trap fails is not run. What only decides is let through, and so are calls of the
    # script's own functions.
    set +e
    shopt -s extdebug
    set -T
    trap '
        case $BASH_COMMAND in
        trap* | local\ * | case\ * | [[]*) true ;;
        *)
            declare -F "${BASH_COMMAND%% *}" &>/dev/null || [[ $BASH_COMMAND =~ ^([a-z_]+=[^[:space:]]*[[:space:]]*)+$ ]] || {
                commands=$((commands + 1))
                # Where its words go is no matter here.
                simple=$(sed "s| [0-9&]*> */dev/null||g; s| 2>&1||g" <<<"$BASH_COMMAND")
                [[ $simple == *[\|\&\;\<\>]* ]] && commands=2 || eval "original=($simple)"
                false
            }
            ;;
        esac' DEBUG
    up
    trap - DEBUG
    set +T
    shopt -u extdebug
    set -e
    [ "$commands" = 1 ] || {
        export bin url name port kind modules jars directory
        original=(bash -c "$(declare -f); up")
    }
}

# choose_ours: Shipgate's command, as `ours`: it has to agree that nothing is left to do. Where it applies the tool's
# migrations itself it says which history it keeps.
choose_ours() {
    ours=("$shipgate" migrate apply --url "$url")
    ! { "${ours[@]}" >"$work/ours.log" 2>&1 && grep -qF ', history ' "$work/ours.log"; } || return 0
    ours=("$shipgate" status --exit-code --url "$url" .)
    "${ours[@]}" >"$work/ours.log" 2>&1 || fail "$tool, $kind: Shipgate does not agree: $(tail -n 5 "$work/ours.log")"
}

# metered WORD...: `wall CPU memory` of a command; words like NAME=VALUE before it are set for it.
metered() (
    while [[ $1 =~ ^[A-Za-z_][A-Za-z_0-9]*= ]]; do
        export "${1?}"
        shift
    done
    exec "$programs/migrate-bench" meter "$@"
)

# contest WORK ROUNDS DATABASE: the original and Shipgate in turns; on the `same` database, or each time a `fresh` one.
contest() {
    local what=$1 count=$2 round
    : >"$work/original" >"$work/ours"
    for ((round = 0; round < count; round++)); do
        [ "$3" = same ] || renew
        metered "${original[@]}" >>"$work/original" 2>"$work/words" || fail "$tool, $kind: $(tail -n 5 "$work/words")"
        [ "$3" = same ] || renew
        metered "${ours[@]}" >>"$work/ours" 2>"$work/words" || fail "$tool, $kind: $(tail -n 5 "$work/words")"
    done
    line "$what"
}

# renew: a new project with a new database.
renew() {
    cd "$work"
    rm -rf "$directory"
    renewed=$((renewed + 1))
    begin "pending$renewed"
    write_migrations
    words_of_up
    ours=("$shipgate" migrate apply --url "$url")
}

median() {
    cut -d' ' -f"$2" "$1" | sort -g | awk '{ all[NR] = $1 } END { print (all[int((NR + 1) / 2)] + all[int(NR / 2) + 1]) / 2 }'
}

head_of_table() {
    echo "| work | tool | database | ms | CPU ms | MB | Shipgate: ms | CPU ms | MB | times less CPU | by |"
    echo "|---|---|---|---|---|---|---|---|---|---|---|"
}

# table_of_crowds: if there were any.
table_of_crowds() {
    [ -s "$work/crowds" ] || return 0
    echo
    echo "| $crowd at once | database | alone: failed | tool started | left behind | ms | behind the gate: failed | tool started | left behind | ms |"
    echo "|---|---|---|---|---|---|---|---|---|---|"
    cat "$work/crowds"
}

line() {
    local figures=() file column
    for file in original ours; do
        for column in 1 2 3; do
            figures+=("$(median "$work/$file" $column)")
        done
    done
    awk -v what="$1" -v tool="$tool" -v kind="$kind" -v by="${ours[*]:1:2}" -v figures="${figures[*]}" 'BEGIN {
        split(figures, f, " ")
        printf "| %s | %s | %s | %.1f | %.1f | %.1f | %.1f | %.1f | %.1f | %.1f | %s |\n",
            what, tool, kind, f[1], f[2], f[3] / 1024, f[4], f[5], f[6] / 1024, f[2] / f[5], by
    }'
}
