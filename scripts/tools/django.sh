# Django: apps of its own and installed ones, a squash.
python_packages django django==5.2.19 'psycopg[binary]==3.3.9' pymysql

prepare() {
    "$bin/django-admin" startproject site_ . >/dev/null
    "$bin/python" manage.py startapp blog
    local engine
    case $kind in
    sqlite) engine="'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'app.db'" ;;
    postgres) engine="'ENGINE': 'django.db.backends.postgresql', 'NAME': '$name', 'USER': 'postgres', 'HOST': '127.0.0.1', 'PORT': '$port'" ;;
    mariadb) engine="'ENGINE': 'django.db.backends.mysql', 'NAME': '$name', 'USER': 'shop', 'PASSWORD': 'shop', 'HOST': '127.0.0.1', 'PORT': '$port'" ;;
    esac
    sed -i "s/^INSTALLED_APPS = \[/INSTALLED_APPS = [\n    'blog',/" site_/settings.py
    {
        echo "import pymysql"
        echo "pymysql.version_info = (2, 2, 1, 'final', 0)"
        echo "pymysql.install_as_MySQLdb()"
        echo "DATABASES = {'default': {$engine}}"
        echo "DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'"
    } >>site_/settings.py
    before=
}

# Its names are in order by their dependencies.
path() {
    echo "blog/migrations/${1:8:6}_$2.py"
}

write() {
    local file
    file=$(path "$1" "$2")
    {
        echo "from django.db import migrations"
        echo "class Migration(migrations.Migration):"
        echo "    dependencies = [$before]"
        echo "    operations = ["
        printf '        migrations.RunSQL("%s", migrations.RunSQL.noop),\n' "${@:3}"
        echo "    ]"
    } >"$file"
    before="('blog', '${1:8:6}_$2')"
}

up() {
    "$bin/python" manage.py migrate
}

listed() {
    "$bin/python" manage.py showmigrations blog | sed -n 's/^ *\[X\].*/applied/p; s/^ *\[ \].*/pending/p; s/^ *\[-\].*/applied/p'
}

after_failure() {
    echo applied pending pending
}

# Its files name those they come after.
compare_order() {
    local file
    begin files
    write $first users "$(table users)"
    write $second posts "$(table posts)"
    write $third likes "$(table likes)"
    applies "three"
    echo "# edited" >>"$(path $first users)"
    expect "an edited file" applied applied applied

    take_away $third likes
    expect "the last file deleted" applied applied missing-file
    applies "the last file deleted"
    bring_back

    take_away $second posts
    ! "$shipgate" status --url "$url" . >"$work/words" 2>&1 || fail "$tool, $kind: a deleted file: $(cat "$work/words")"
    warns "$(path $third likes)" "blog.${second:8:6}_posts, which no file holds"
    refuses "a deleted file"
    holds "$tool, $kind: a deleted file is refused by both"
    bring_back

    before="('blog', '${first:8:6}_users')"
    write $late_version late "$(table late)"
    expect "a file that came late, beside the others" applied pending applied applied
    warns "several leaves"
    refuses "a file that came late, beside the others"
    sed -i "s/${first:8:6}_users/${late_version:8:6}_late/" "$(path $second posts)"
    expect "a file that came late, between the others" applied out-of-order applied applied
    refuses "a file that came late, between the others"
    says InconsistentMigrationHistory
}

for kind in $kinds; do
    compare_progress
    compare_failure
    compare_order
    compare_gate
    begin squash
    write $first users "$(table users)"
    write $second posts "$(table posts)"
    applies "two"
    "$bin/python" manage.py squashmigrations blog ${second:8:6} --noinput >/dev/null 2>&1
    sees=applied expect "a squash of what is applied" applied applied applied
    "$bin/python" manage.py migrate blog zero >/dev/null
    sql 'DROP TABLE users; DROP TABLE posts'
    sees=pending expect "a squash in place of what is not" superseded superseded pending
    applies "a squash"
    sees=applied expect "the squash applied" applied applied applied
done
