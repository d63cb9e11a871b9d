# Laravel 8 from Debian, which carries the framework without an application.
debian_packages php-laravel-framework php-cli php-sqlite3 php-pgsql php-mysql

prepare() {
    mkdir -p bootstrap/cache config database/migrations storage/framework/cache storage/logs
    echo '{"require":{"laravel/framework":"^8.0"}}' >composer.json
    cat >artisan <<'PHP'
#!/usr/bin/env php
<?php
require 'Illuminate/autoload.php';
$app = new Illuminate\Foundation\Application(__DIR__);
$app->singleton(Illuminate\Contracts\Console\Kernel::class, Illuminate\Foundation\Console\Kernel::class);
$app->singleton(Illuminate\Contracts\Debug\ExceptionHandler::class, Illuminate\Foundation\Exceptions\Handler::class);
exit($app->make(Illuminate\Contracts\Console\Kernel::class)->handle(
    new Symfony\Component\Console\Input\ArgvInput,
    new Symfony\Component\Console\Output\ConsoleOutput
));
PHP
    cat >config/app.php <<'PHP'
<?php
return [
    'name' => 'shop', 'env' => 'production', 'debug' => true, 'timezone' => 'UTC', 'locale' => 'en',
    'key' => 'base64:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=', 'cipher' => 'AES-256-CBC',
    'providers' => [
        Illuminate\Cache\CacheServiceProvider::class,
        Illuminate\Database\DatabaseServiceProvider::class,
        Illuminate\Encryption\EncryptionServiceProvider::class,
        Illuminate\Filesystem\FilesystemServiceProvider::class,
        Illuminate\Foundation\Providers\ConsoleSupportServiceProvider::class,
        Illuminate\Queue\QueueServiceProvider::class,
        Illuminate\View\ViewServiceProvider::class,
    ],
    'aliases' => [],
];
PHP
    echo "<?php return ['default' => 'file', 'stores' => ['file' => ['driver' => 'file', 'path' => storage_path('framework/cache')]]];" >config/cache.php
    echo "<?php return ['paths' => [], 'compiled' => storage_path('framework')];" >config/view.php
    echo "<?php return ['default' => 'sync', 'connections' => ['sync' => ['driver' => 'sync']], 'failed' => ['driver' => 'null']];" >config/queue.php
    echo "<?php return ['default' => 'errorlog', 'channels' => ['errorlog' => ['driver' => 'errorlog', 'level' => 'emergency']]];" >config/logging.php
    local connection
    case $kind in
    sqlite)
        connection="'driver' => 'sqlite', 'database' => '$PWD/app.db'"
        sqlite3 app.db VACUUM
        ;;
    postgres) connection="'driver' => 'pgsql', 'host' => '127.0.0.1', 'port' => $port, 'database' => '$name', 'username' => 'postgres', 'password' => '', 'charset' => 'utf8', 'schema' => 'public'" ;;
    mariadb) connection="'driver' => 'mysql', 'host' => '127.0.0.1', 'port' => $port, 'database' => '$name', 'username' => 'shop', 'password' => 'shop', 'charset' => 'utf8mb4', 'collation' => 'utf8mb4_unicode_ci'" ;;
    esac
    echo "<?php return ['default' => 'shop', 'connections' => ['shop' => [$connection, 'prefix' => '$prefix']], 'migrations' => 'migrations'];" >config/database.php
}
prefix=

path() {
    echo "database/migrations/${1:0:4}_${1:4:2}_${1:6:2}_${1:8:6}_$2.php"
}

write() {
    {
        echo "<?php"
        echo "use Illuminate\\Support\\Facades\\DB;"
        echo "class ${2^} extends Illuminate\\Database\\Migrations\\Migration {"
        echo "    public function up() {"
        printf "        DB::statement('%s');\n" "${@:3}"
        echo "    }"
        echo "    public function down() {}"
        echo "}"
    } >"$(path "$1" "$2")"
}

up() {
    php artisan migrate --force
}

listed() {
    local said
    said=$(php artisan migrate:status 2>&1) || grep -qF 'Migration table not found' <<<"$said" || return
    if grep -qF 'Migration table not found' <<<"$said"; then
        sed 's/.*/pending/' <<<"$(ls database/migrations)"
    else
        sed -n 's/^| Yes .*/applied/p; s/^| No .*/pending/p' <<<"$said"
    fi
}

after_failure() {
    echo applied pending pending
}

comment=//
compare_all

kind=postgres prefix=shop_
begin prefix
compare_elsewhere "a table prefix"
