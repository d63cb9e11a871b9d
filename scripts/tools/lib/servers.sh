# Databases for the comparisons: SQLite files, and a PostgreSQL and a MariaDB
# server that are started when first wanted and end with the run.

postgres_port='' mariadb_port=''

# as USER COMMAND...: as this user if we are root, whom the servers refuse.
as() {
    local user=$1
    shift
    if [ "$(id -u)" = 0 ]; then
        runuser -u "$user" -- "$@"
    else
        "$@"
    fi
}

# server_directory NAME USER: an empty directory that the server's user owns.
server_directory() {
    mkdir -p "$work/$1"
    chmod 755 "$work"
    [ "$(id -u)" != 0 ] || chown "$2" "$work/$1"
}

# free_port: one below those the kernel gives to outgoing connections.
free_port() {
    python3 - <<'PY'
import random, socket
while True:
    port = random.randrange(20000, 32000)
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            continue
    print(port)
    break
PY
}

# until_ready WHAT COMMAND...: waits up to half a minute for COMMAND to succeed.
until_ready() {
    local what=$1 left=300
    shift
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ $left -gt 0 ] || fail "$what does not start: $(tail -n 5 "$work/$what.log")"
        sleep 0.1
    done
}

start_postgres() {
    local programs
    debian_packages postgresql
    programs=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
    server_directory postgres postgres
    as postgres "$programs/initdb" -N -A trust -U postgres -D "$work/postgres" --locale=C.UTF-8 >"$work/postgres.log"
    postgres_port=$(free_port)
    as postgres "$programs/postgres" -D "$work/postgres" -p "$postgres_port" -k "$work/postgres" \
        -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200 >>"$work/postgres.log" 2>&1 &
    until_ready postgres psql -X -h 127.0.0.1 -p "$postgres_port" -U postgres -c 'SELECT 1'
}

start_mariadb() {
    debian_packages mariadb-server
    server_directory mariadb mysql
    as mysql mariadb-install-db --no-defaults --datadir="$work/mariadb" --auth-root-authentication-method=normal \
        --skip-test-db --innodb-log-file-size=8M >"$work/mariadb.log"
    mariadb_port=$(free_port)
    as mysql /usr/sbin/mariadbd --no-defaults --datadir="$work/mariadb" --socket="$work/mariadb/socket" \
        --bind-address=127.0.0.1 --port="$mariadb_port" --innodb-flush-method=nosync --innodb-flush-log-at-trx-commit=0 \
        --character-set-server=utf8mb4 --pid-file="$work/mariadb/pid" >>"$work/mariadb.log" 2>&1 &
    until_ready mariadb mariadb --no-defaults -u root -S "$work/mariadb/socket" -e 'SELECT 1'
    mariadb --no-defaults -u root -S "$work/mariadb/socket" \
        -e "CREATE USER shop@'%' IDENTIFIED BY 'shop'; GRANT ALL ON *.* TO shop@'%' WITH GRANT OPTION"
}

# end_servers: by the process ids they wrote; INT ends PostgreSQL without waiting for clients.
end_servers() {
    [ ! -f "$work/postgres/postmaster.pid" ] || kill -INT "$(head -n 1 "$work/postgres/postmaster.pid")" || true
    [ ! -f "$work/mariadb/pid" ] || kill -TERM "$(cat "$work/mariadb/pid")" || true
    wait
}

# new_database NAME: an empty database of $kind; sets $name, $port and $url.
new_database() {
    name=${1//[^a-z0-9]/_}
    case $kind in
    sqlite)
        port=
        url=sqlite://$PWD/app.db
        ;;
    postgres)
        [ -n "$postgres_port" ] || fail "PostgreSQL was not started"
        port=$postgres_port
        url=postgres://postgres@127.0.0.1:$port/$name
        psql -X -q -h 127.0.0.1 -p "$port" -U postgres -c "CREATE DATABASE $name"
        ;;
    mariadb)
        [ -n "$mariadb_port" ] || fail "MariaDB was not started"
        port=$mariadb_port
        url=mysql://shop:shop@127.0.0.1:$port/$name
        mariadb --no-defaults -u root -S "$work/mariadb/socket" -e "CREATE DATABASE $name"
        ;;
    *) fail "no kind of database is called $kind" ;;
    esac
}

# sql STATEMENTS: runs them in the current database and prints what they return, columns by |.
sql() {
    case $kind in
    sqlite) sqlite3 -bail app.db "$1" ;;
    postgres) psql -X -q -A -t -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$port" -U postgres -d "$name" -c "$1" ;;
    mariadb) mariadb --no-defaults -N -B -u root -S "$work/mariadb/socket" "$name" -e "$1" | tr '\t' '|' ;;
    esac
}
