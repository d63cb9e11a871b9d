# Drizzle, before and since 1.0: the same configuration.

options=

drizzle_config() {
    ln -s "$modules" node_modules
    echo "{\"dependencies\":{\"drizzle-orm\":\"$1\"}}" >package.json
    local dialect its
    case $kind in
    sqlite) dialect=sqlite its=file:app.db ;;
    postgres) dialect=postgresql its=$url ;;
    mariadb) dialect=mysql its=$url ;;
    esac
    cat >drizzle.config.ts <<TS
import { defineConfig } from 'drizzle-kit';
export default defineConfig({ dialect: '$dialect', out: './drizzle', schema: './schema.ts', dbCredentials: { url: '$its' }$options });
TS
    mkdir -p drizzle
}

up() {
    node_modules/.bin/drizzle-kit migrate
}

# statements STATEMENT...: with the mark between each two.
statements() {
    printf '%s;' "$1"
    shift
    [ $# = 0 ] || printf '\n--> statement-breakpoint\n%s;' "$@"
    echo
}

# PostgreSQL and SQLite undo the whole run; MariaDB commits with each table.
after_failure() {
    case $kind in
    mariadb) echo applied pending pending ;;
    *) echo pending pending pending ;;
    esac
}
