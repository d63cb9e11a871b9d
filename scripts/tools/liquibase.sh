# Liquibase, with changelogs in formatted SQL.
node_packages liquibase liquibase@4.28.1
maven_jars jdbc org.postgresql:postgresql:42.7.7 org.mariadb.jdbc:mariadb-java-client:3.5.6 org.xerial:sqlite-jdbc:3.50.3.0 org.slf4j:slf4j-api:1.7.36
# Its own driver for SQLite wants what it does not carry.
cp -u "$cache"/jdbc/jars/slf4j-api-*.jar "$modules/liquibase/dist/liquibase/lib/"

prepare() {
    mkdir -p db/changelog/steps
    cat >db/changelog/db.changelog-master.yaml <<'YAML'
databaseChangeLog:
  - includeAll:
      path: steps
      relativeToChangelogFile: true
YAML
    {
        echo 'changelogFile=db/changelog/db.changelog-master.yaml'
        case $kind in
        sqlite) echo 'url=jdbc:sqlite:app.db' ;;
        postgres) printf 'url=jdbc:postgresql://127.0.0.1:%s/%s\nusername=postgres\npassword=\n' "$port" "$name" ;;
        mariadb) printf 'url=jdbc:mariadb://127.0.0.1:%s/%s\nusername=shop\npassword=shop\n' "$port" "$name" ;;
        esac
    } >liquibase.properties
}

path() {
    echo "db/changelog/steps/$1_$2.sql"
}

write() {
    {
        echo "--liquibase formatted sql"
        echo "--changeset shop:$2"
        printf '%s;\n' "${@:3}"
    } >"$(path "$1" "$2")"
}

liquibase() {
    JAVA_OPTS=-XX:TieredStopAtLevel=1 "$modules/liquibase/dist/liquibase/liquibase" \
        --defaults-file=liquibase.properties --classpath="$(printf '%s\n' $jars | paste -sd:)" --show-banner=false "$@"
}

up() {
    liquibase update
}

rows() {
    sql "SELECT ORDEREXECUTED, ID, AUTHOR, FILENAME, EXECTYPE, MD5SUM, DESCRIPTION, COMMENTS, TAG, CONTEXTS, LABELS FROM DATABASECHANGELOG ORDER BY ORDEREXECUTED"
}

# Of an edited changeset it says nothing but that.
original_view() {
    case $* in
    *edited*) echo refused ;;
    *) echo "$*" | sed 's/missing-file//; s/out-of-order/pending/g; s/failed/pending/g' | xargs ;;
    esac
}

# Its status tells what is pending.
listed() {
    local pending file
    pending=$(liquibase status --verbose) || return
    for file in db/changelog/steps/*.sql; do
        if grep -qF "$file" <<<"$pending"; then echo pending; else echo applied; fi
    done
}

after_failure() {
    case $kind in
    *) echo applied pending pending ;;
    esac
}

# A row without file is told after the others.
deleted='applied applied missing-file'
edited=edited comment=';' native=db/changelog together=waits nothing='Database is up to date'
for kind in $kinds; do
    compare_progress
    compare_failure
    compare_native
    compare_together
done

kind=postgres
compare_files
compare_gate

# Changesets of many forms: Shipgate's checksums and rows against those Liquibase wrote.
many_forms() {
    cat >db/changelog/steps/1.sql <<'SQL'
--liquibase formatted sql

--changeset shop:plain
CREATE TABLE plain (
    id   integer NOT NULL,
	name text DEFAULT 'a;b'
);
--rollback DROP TABLE plain;

--changeset shop:several
CREATE TABLE one (id integer);
CREATE TABLE two (id integer);

--changeset shop:unended
CREATE TABLE unended (id integer)

--changeset shop:whole splitStatements:false
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS $$ SELECT 1; $$;

--changeset shop:delimiter endDelimiter:/
CREATE TABLE three (id integer)
/
CREATE TABLE four (id integer)
/

--changeset shop:commented
-- a comment
CREATE TABLE commented (id integer); -- and another
/* and a third */

--changeset shop:changes runOnChange:true context:"a or b" labels:"X, y"
--comment: changes now and then
CREATE OR REPLACE VIEW changes AS SELECT 1 AS one;

--changeset shop:elsewhere dbms:mysql,mariadb
CREATE TABLE elsewhere (id integer) ENGINE=InnoDB;

--property name:type value:int dbms:mariadb
--property name:type value:bigint dbms:postgresql
--property name:column value:${type}
--changeset shop:parameters
CREATE TABLE parameters (id ${type}, other ${ column });

--changeset shop:lines
CREATE TABLE lines (id integer)
go
CREATE TABLE more_lines (id integer)
/
--ignoreLines:start
this is not executed;
--ignoreLines:end
CREATE TABLE last_lines (id integer);
/* liquibase rollback
DROP TABLE lines;
*/
SQL
    printf -- '--liquibase formatted sql\r\n--changeset shop:windows\r\nCREATE TABLE windows (\r\n  id integer\r\n);\r\n' >db/changelog/steps/2.sql
}

begin checksums
many_forms
unset -f listed
forms='applied applied applied applied applied applied applied superseded applied applied applied'
applies "changesets of many forms"
# shellcheck disable=SC2086
expect "checksums of changesets of many forms" $forms
for change in plain several unended; do
    cp db/changelog/steps/1.sql "$work/aside"
    sed -i "s/CREATE TABLE ${change/several/two} (/CREATE TABLE ${change/several/two}  (/" db/changelog/steps/1.sql
    # shellcheck disable=SC2086
    expect "blanks in $change do not count" $forms
    sed -i "s/CREATE TABLE ${change/several/two}  (/CREATE TABLE ${change/several/two}_ (/" db/changelog/steps/1.sql
    [ "$(shipgate_status 'print(*[m["id"] for m in found if m["state"] == "edited"])' | grep -c "$change")" = 1 ] ||
        fail "liquibase: an edit of $change is not seen"
    holds "liquibase, postgres: an edit of $change is seen"
    cp "$work/aside" db/changelog/steps/1.sql
done

# The same changesets applied by Shipgate, and then by the original; a changed one by each of them.
theirs=$(rows)
begin checksums-ours
many_forms
ours || fail "liquibase: changesets of many forms: $(cat "$work/ours.log")"
[ "$(rows)" = "$theirs" ] || fail "liquibase: Shipgate's rows are
$(rows)
the original's
$theirs"
holds "liquibase, postgres: Shipgate's rows of changesets of many forms are the original's"
applies "changesets of many forms after Shipgate"
says_nothing
sed -i 's/SELECT 1 AS one;/SELECT 2 AS one;/' db/changelog/steps/1.sql
ours || fail "liquibase: a changed changeset: $(cat "$work/ours.log")"
theirs=$(rows)
[[ $theirs == *RERAN* ]] || fail "liquibase: a changed changeset was not run again: $theirs"
applies "a changed changeset after Shipgate"
says_nothing
[ "$(rows)" = "$theirs" ] || fail "liquibase: the original changed Shipgate's rows to $(rows)"
holds "liquibase, postgres: a changed changeset is run again by Shipgate, and not by the original after it"
sed -i 's/SELECT 2 AS one;/SELECT 3 AS one;/' db/changelog/steps/1.sql
applies "a changed changeset"
theirs=$(rows)
ours || fail "liquibase: after a changed changeset: $(cat "$work/ours.log")"
[ "$(rows)" = "$theirs" ] || fail "liquibase: Shipgate changed the original's rows to $(rows)"
holds "liquibase, postgres: a changed changeset is run again by the original, and not by Shipgate after it"
