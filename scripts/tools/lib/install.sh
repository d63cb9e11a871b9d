# Installing originals into $cache, each once for each set of versions.
#
# Every function takes the name of a directory below the cache first. What was
# installed is written beside it, so that another version is installed anew.

# install_tools TOOL...: what their scripts install, the ready-made before what has to be compiled here; `failed` has
# those for which that did not go.
install_tools() {
    local tool ready=() compiled=()
    for tool in "$@"; do
        if grep -qE '^(cargo|go)_program ' "$here/scripts/tools/$tool.sh"; then compiled+=("$tool"); else ready+=("$tool"); fi
    done
    for tool in "${ready[@]}" "${compiled[@]}"; do
        # What comes before a script's first function; one without installs nothing.
        # shellcheck source=/dev/null
        (. <(sed '/^[a-z_]*() {/,$d' "$here/scripts/tools/$tool.sh")) &
        wait $! || failed+=("$tool")
    done
}

# once NAME WHAT COMMAND...: runs COMMAND in an empty $cache/NAME, unless WHAT is there already; another run that is
# at it is waited for.
once() {
    local name=$1 what=$2 began=$SECONDS
    shift 2
    ! is_installed "$name" "$what" || return 0
    {
        flock 9
        ! is_installed "$name" "$what" || return 0
        echo "install $what"
        rm -rf "${cache:?}/$name"
        mkdir -p "$cache/$name"
        (cd "$cache/$name" && "$@") >"$cache/$name.log" 2>&1 9>&- || {
            tail -n 30 "$cache/$name.log" >&2
            fail "cannot install $what"
        }
        rm -f "$cache/$name.log"
        echo "$what" >"$cache/$name/.installed"
        echo "     $name: installed in $((SECONDS - began)) s"
    } 9>"$cache/$name.lock"
}

# is_installed NAME WHAT
is_installed() {
    [ "$(cat "$cache/$1/.installed" 2>/dev/null)" = "$2" ]
}

# node_packages NAME PACKAGE...: npm packages; $modules is their node_modules.
node_packages() {
    local name=$1
    shift
    once "$name" "npm: $*" install_node_packages "$@"
    modules=$cache/$name/node_modules
}

install_node_packages() {
    echo '{"private":true}' >package.json
    npm install --no-audit --no-fund --loglevel=error "$@"
}

# python_packages NAME PACKAGE...: PyPI packages; $bin has their programs.
python_packages() {
    local name=$1
    shift
    once "$name" "PyPI: $*" install_python_packages "$@"
    bin=$cache/$name/bin
}

install_python_packages() {
    python3 -m venv . && bin/pip --quiet install "$@"
}

# cargo_program NAME CRATE VERSION FEATURES: a program of a crate, compiled; $bin has it.
cargo_program() {
    local name=$1
    once "$name" "cargo: $2 $3 $4" install_cargo_program "$2" "$3" "$4"
    bin=$cache/$name/bin
}

install_cargo_program() {
    local code=0
    CARGO_TARGET_DIR=$PWD/.build cargo install --quiet --locked --root . \
        --version "$2" --no-default-features --features "$3" "$1" || code=1
    rm -rf .build
    return $code
}

# go_program NAME PACKAGE@VERSION TAGS: a Go program, compiled; $bin has it.
go_program() {
    local name=$1
    once "$name" "Go: $2 $3" install_go_program "$2" "$3"
    bin=$cache/$name/bin
}

install_go_program() {
    GOBIN=$PWD/bin GOFLAGS=-trimpath go install -tags "$2" "$1"
}

# maven_jars NAME GROUP:ARTIFACT:VERSION...: jars with all they need; $jars is a class path.
maven_jars() {
    local name=$1
    shift
    once "$name" "Maven: $*" install_maven_jars "$@"
    jars=$cache/$name/jars/*
}

install_maven_jars() {
    local coordinates group artifact version
    {
        echo '<project><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version><dependencies>'
        for coordinates in "$@"; do
            IFS=: read -r group artifact version <<<"$coordinates"
            echo "<dependency><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version></dependency>"
        done
        echo '</dependencies></project>'
    } >pom.xml
    mvn --batch-mode --quiet dependency:copy-dependencies -DoutputDirectory=jars
}

# java_main NAME FILE: compiles a Java file against the jars of NAME, beside them.
java_main() {
    local name=$1 class
    class=$(basename "$2" .java)
    if [ ! "$cache/$name/classes/$class.class" -nt "$2" ]; then
        javac -cp "$jars" -d "$cache/$name/classes" "$2" || fail "javac $2"
    fi
    jars=$cache/$name/classes:$jars
}

# debian_packages PACKAGE...: Debian's, which belong to the machine and not to the cache.
debian_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] && return
    [ "$(id -u)" = 0 ] || fail "not installed: ${missing[*]}; run as root: apt-get install ${missing[*]}"
    local began=$SECONDS
    echo "install Debian: ${missing[*]}"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } \
        >"$work/apt.log" 2>&1 || fail "apt-get install ${missing[*]}: $(tail -n 5 "$work/apt.log")"
    echo "     ${missing[*]}: installed in $((SECONDS - began)) s"
}
