# Django on SQLite: apps of its own and installed ones, a squash, two leaves.
python_packages django 'django==5.2.19'
project django
"$bin/django-admin" startproject site_ . >/dev/null
"$bin/python" manage.py startapp blog
sed -i "s/^INSTALLED_APPS = \[/INSTALLED_APPS = [\n    'blog',/; s/db.sqlite3/app.db/" site_/settings.py
step() { "$bin/python" manage.py makemigrations blog --empty -n "$1" >/dev/null; }
step users
step posts
expect "django: nothing applied" "$directory" pending pending
"$bin/python" manage.py migrate blog 0001 >/dev/null
expect "django: one applied" "$directory" applied pending
"$bin/python" manage.py showmigrations blog | agrees django "[X] 0001_users" "[ ] 0002_posts"
"$bin/python" manage.py migrate >/dev/null
expect "django: all applied, installed apps beside" "$directory" applied applied
"$bin/python" manage.py squashmigrations blog 0002 --noinput >/dev/null 2>&1
expect "django: a squash of what is applied" "$directory" applied applied applied
"$bin/python" manage.py showmigrations blog | agrees "django: the squash" "2 squashed migrations"
"$bin/python" manage.py migrate blog zero >/dev/null
expect "django: a squash in place of what is not" "$directory" superseded superseded pending
"$bin/python" manage.py migrate blog >/dev/null
expect "django: the squash applied" "$directory" applied applied applied
