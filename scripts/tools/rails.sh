# Rails 6.1 from Debian.
debian_packages ruby-railties ruby-activerecord ruby-pg ruby-sqlite3 ruby-mysql2

prepare() {
    mkdir -p bin config db/migrate
    echo "gem 'rails', '~> 6.1'" >Gemfile
    cat >bin/rails <<'RB'
#!/usr/bin/env ruby
APP_PATH = File.expand_path("../config/application", __dir__)
require "rails/commands"
RB
    chmod +x bin/rails
    cat >config/application.rb <<RB
require "rails"
require "active_record/railtie"
module Shop
  class Application < Rails::Application
    config.load_defaults 6.1
    config.eager_load = false
    config.secret_key_base = "none"
    config.active_record.dump_schema_after_migration = false
    $options
  end
end
RB
    printf 'require_relative "application"\nRails.application.initialize!\n' >config/environment.rb
    printf 'require_relative "config/application"\nRails.application.load_tasks\n' >Rakefile
    case $kind in
    sqlite) printf 'development:\n  adapter: sqlite3\n  database: %s/app.db\n' "$PWD" ;;
    postgres) printf 'development:\n  adapter: postgresql\n  host: 127.0.0.1\n  port: %s\n  username: postgres\n  database: %s\n' "$port" "$name" ;;
    mariadb) printf 'development:\n  adapter: mysql2\n  host: 127.0.0.1\n  port: %s\n  username: shop\n  password: shop\n  database: %s\n' "$port" "$name" ;;
    esac >config/database.yml
}
options=

path() {
    echo "db/migrate/$1_$2.rb"
}

write() {
    {
        echo "class ${2^} < ActiveRecord::Migration[6.1]"
        echo "  def up"
        printf '    execute "%s"\n' "${@:3}"
        echo "  end"
        echo "  def down; end"
        echo "end"
    } >"$(path "$1" "$2")"
}

up() {
    bin/rails db:migrate
}

listed() {
    bin/rails db:migrate:status >"$work/rails.log" 2>&1 || {
        grep -qF 'Schema migrations table does not exist yet' "$work/rails.log" || return
        ls db/migrate | sed 's/.*/pending/'
        return
    }
    sed -n 's/^ *up .*NO FILE.*/missing-file/p; t; s/^ *up .*/applied/p; s/^ *down .*/pending/p' "$work/rails.log"
}

original_view() {
    echo "$*" | sed 's/out-of-order/pending/g; s/failed/pending/g'
}

after_failure() {
    echo applied pending pending
}

comment='#'
compare_all

kind=postgres
options='config.active_record.table_name_prefix = "shop_"; config.active_record.schema_migrations_table_name = "steps"'
begin prefix
compare_elsewhere "another table with a prefix"

options=
begin crowd
write $first users "$(table users)"
applies "the first"
sql "INSERT INTO schema_migrations SELECT (19000101000000 + n)::text FROM generate_series(1, 100000) n"
crowd "100,000 rows without a file" 100001 missing-file 100000
