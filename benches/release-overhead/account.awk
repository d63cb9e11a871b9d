# Adds up the times of releases from their journals, one JSON object a line.

function text(name,    found) {
    if (!match($0, "\"" name "\":\"[^\"]*\"")) return ""
    found = substr($0, RSTART, RLENGTH)
    sub("\"" name "\":\"", "", found)
    return substr(found, 1, length(found) - 1)
}

# Milliseconds since midnight, and a day more after it.
function clock(    at, parts, now) {
    at = text("at")
    sub(/^.*T/, "", at); sub(/Z$/, "", at)
    split(at, parts, ":")
    now = 1000 * (3600 * parts[1] + 60 * parts[2] + parts[3])
    return now < opened ? now + 86400000 : now
}

function spent(what, time) {
    if (!(what in times)) { names[++count] = what; times[what] = 0 }
    times[what]++
    values[what, times[what]] = time
}

function median(what,    n, i, j, swap, list) {
    n = times[what]
    for (i = 1; i <= n; i++) list[i] = values[what, i]
    for (i = 2; i <= n; i++)
        for (j = i; j > 1 && list[j - 1] > list[j]; j--) { swap = list[j]; list[j] = list[j - 1]; list[j - 1] = swap }
    return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function row(what, note) { printf "%-34s %8.1f  %s\n", what, median(what), note }

/^wall / { wall = $2; next }
!/"type":"entry"/ { next }
/"type":"opened"/ { opened = 0; opened = last = clock(); excluded = 0; moves = 0; next }
{
    now = clock()
}
/"type":"started"/ { spent_between += now - last; began = now; last = now; next }
/"note":"plan"/ {
    # The moves in order; each is begun and made by its number.
    moves = 0
    rest = $0
    while (match(rest, /"move":"[a-z-]*"/)) {
        move[moves++] = substr(rest, RSTART + 8, RLENGTH - 9)
        rest = substr(rest, RSTART + RLENGTH)
    }
    last = now
    spent("promote: plan", now - began)
    next
}
/"note":"begun"/ { spent_between += now - last; in_move = now; next }
/"note":"made"/ {
    match($0, /"note":\{"at":[0-9]+/)
    name = move[substr($0, RSTART + 13, RLENGTH - 13) + 0]
    time = now - in_move
    if (name ~ /^(start|await-healthy|settle)$/) excluded += time
    spent("promote: " name, time)
    last = now
    next
}
/"type":"finished"/ {
    step = text("step")
    if (step == "build") excluded += now - began
    if (step == "promote") spent("promote: commit", now - last)
    else spent(step, now - began)
    last = now
    next
}
/"type":"closed"/ {
    spent_between += now - last
    spent("journal between steps and moves", spent_between)
    spent_between = 0
    spent("all steps", now - opened - excluded)
    spent("app and build", excluded)
    spent("process, outside the journal", wall - (now - opened))
    spent("deploy, as a user waits", wall)
}
END {
    printf "%d releases, nothing pending; medians in ms\n\n", releases
    for (i = 1; i <= count; i++) {
        note = ""
        if (names[i] ~ /^(build|promote: (start|await-healthy|settle))$/) note = "(the app's own)"
        if (names[i] == "all steps") { print ""; note = "<- the overhead" }
        row(names[i], note)
    }
}
