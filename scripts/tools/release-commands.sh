# The commands by which platforms run migration tools, each as the release command of a
# real deploy, exactly as it is written there, with the original behind it.

# project_file COMMAND: a project with one machine that only waits, released by COMMAND. The
# servers' databases are not backed up, so the steps that need it are left out.
project_file() {
    local include variables
    # As git, a build keeps files, and so no empty directory.
    find . -type d -empty -not -path './node_modules/*' -exec touch {}/.gitkeep \;
    include=$(ls -A | grep -vxE 'app\.db.*|shipgate\.toml|\.shipgate' | sed 's/.*/"&"/' | paste -sd,)
    variables=$(env | sed -n 's/^\(\(PRISMA\|CHECKPOINT\|FLASK\|SHOP\)_[A-Z_]*\)=\(.*\)/\1 = "\3"/p')
    cat >shipgate.toml <<TOML
app = "shop"

[build]
include = [$include]

[processes]
worker = "sleep 3600"

[env]
$variables
$environment

[database]
url = "$url"

[deploy]
release_command = "$1"

[release]
steps = ["check", "build", "migrate", "verify", "promote"]
settle = "100ms"

[runtime]
listen = "127.0.0.1:$door"
TOML
}

# deploy: as a user whose PATH has the tool.
deploy() {
    PATH=${bin:+$bin:}$PATH "$shipgate" deploy >"$work/deploy.log" 2>&1
}

# told WORD...: the last deploy said each of these.
told() {
    local word
    for word in "$@"; do
        grep -qF -- "$word" "$work/deploy.log" || fail "$what: the deploy does not say \`$word\`: $(cat "$work/deploy.log")"
    done
}

# released TOOL COMMAND: two deploys with COMMAND, and one whose migration fails.
released() {
    local tool=$1 command=$2 detected=$1 environment=${environment:-} door what bin=
    # What comes before its comparisons are a tool's definitions.
    # shellcheck source=/dev/null
    . <(sed '/^compare_\|^for kind/,$d' "$here/scripts/tools/$tool.sh")
    for kind in ${on:-${kinds/sqlite/}}; do
        what="$tool, $kind: \`$command\`"
        door=$(free_port)
        begin "release-${command//[^a-z]/}"
        write $first users "$(table users)"
        ${more:-:}
        project_file "$command"
        deploy || fail "$what: $(cat "$work/deploy.log")"
        told "1 pending migration, no version yet" "1 migration; \`$command\` completed" "history at version" "release 1 in"
        expect "released by \`$command\`" applied
        write $second posts "$(table posts)" "INSERT INTO posts VALUES (1)"
        deploy || fail "$what: $(cat "$work/deploy.log")"
        told "1 pending migration, at version" "release 2 in"
        expect "released again by \`$command\`" applied applied
        # Some originals do not notice every failure.
        if [[ $(after_failure) == *pending* ]]; then
            write $third broken "$(table half)" "INSERT INTO nowhere VALUES (1)"
            ! deploy || fail "$what: a migration that fails is released: $(cat "$work/deploy.log")"
            "$shipgate" release list >"$work/list.log" 2>&1
            grep -q '^2 \*' "$work/list.log" || fail "$what: release 2 does not serve: $(cat "$work/list.log")"
            holds "$what: a migration that fails is not released, and release 2 serves"
        fi
        "$shipgate" stop >/dev/null 2>&1
    done
}

(released knex 'knex migrate:latest')
(released prisma 'npx prisma migrate deploy')
(released db-migrate 'db-migrate up')
(released sequelize 'npx sequelize-cli db:migrate')
# Rails takes `mysql://` in DATABASE_URL for an adapter of that name.
(on=postgres released rails 'bin/rails db:migrate')
(
    debian_packages ruby-rails ruby-bundler
    # Of the gems that Debian installed.
    bundled() {
        echo "gem 'pg'" >>Gemfile
        bundle install --local --quiet >"$work/bundle.log" 2>&1 || fail "bundle install: $(cat "$work/bundle.log")"
    }
    more=bundled on=postgres released rails 'bundle exec rails db:migrate'
)
(released alembic 'alembic upgrade head')
(released flask-migrate 'flask db upgrade')
(released django 'python manage.py migrate')
(
    # In production it asks, and nobody answers.
    local_only() { sed -i "s/'env' => 'production'/'env' => 'local'/" config/app.php; }
    more=local_only
    released laravel 'php artisan migrate'
)
(released laravel 'php artisan migrate --force')
(released sqlx 'sqlx migrate run')
(released refinery 'refinery migrate')
(released diesel 'diesel migration run')
(
    script() {
        cat >drizzle-migrate.js <<'JS'
const url = process.env.DATABASE_URL;
const folder = { migrationsFolder: 'drizzle' };
(async () => {
  if (url.startsWith('mysql')) {
    const connection = await require('mysql2/promise').createConnection(url);
    const { drizzle } = require('drizzle-orm/mysql2');
    await require('drizzle-orm/mysql2/migrator').migrate(drizzle(connection), folder);
    await connection.end();
  } else {
    const client = new (require('pg').Client)({ connectionString: url });
    await client.connect();
    const { drizzle } = require('drizzle-orm/node-postgres');
    await require('drizzle-orm/node-postgres/migrator').migrate(drizzle(client), folder);
    await client.end();
  }
})();
JS
    }
    more=script
    released drizzle 'node ./drizzle-migrate.js'
)
