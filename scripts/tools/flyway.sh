# Flyway's library, with a main class of its commands.
maven_jars flyway org.flywaydb:flyway-core:13.12.0 org.flywaydb:flyway-database-postgresql:13.12.0 org.flywaydb:flyway-mysql:13.12.0 \
    org.postgresql:postgresql:42.7.7 org.mariadb.jdbc:mariadb-java-client:3.5.6 org.xerial:sqlite-jdbc:3.50.3.0
java_main flyway "$here/scripts/tools/lib/Migrate.java"

prepare() {
    echo 'flyway.locations=filesystem:sql' >flyway.conf
    mkdir -p sql
}

path() {
    echo "sql/V$1__$2.sql"
}

write() {
    printf '%s;\n' "${@:3}" >"$(path "$1" "$2")"
}

flyway() {
    local its user=
    case $kind in
    sqlite) its=jdbc:sqlite:app.db ;;
    postgres) its=jdbc:postgresql://127.0.0.1:$port/$name user=postgres ;;
    mariadb) its=jdbc:mariadb://127.0.0.1:$port/$name user=shop ;;
    esac
    java -XX:TieredStopAtLevel=1 -cp "$jars" Migrate "$1" "$its" "$user" "$user" sql
}

up() {
    flyway migrate
}

listed() {
    flyway info | sort -n | sed -n 's/^[0-9]* //; s/^SUCCESS EDITED/edited/p; s/^SUCCESS$/applied/p; s/^PENDING.*/pending/p; s/^FAILED.*/failed/p; s/^MISSING.*/missing-file/p; s/^IGNORED.*/out-of-order/p'
}

original_view() {
    echo "$*"
}

after_failure() {
    case $kind in
    mariadb) echo applied failed pending ;;
    *) echo applied pending pending ;;
    esac
}

rows() {
    sql "SELECT installed_rank, version, description, type, script, checksum, success FROM flyway_schema_history ORDER BY installed_rank"
}

native=sql nothing='executed 0' together=waits edited=edited missing=refuses late=refuses
compare_all
