# Flask-Migrate.
python_packages flask-migrate flask-migrate==4.1.0 flask-sqlalchemy 'psycopg[binary]==3.3.9' pymysql

prepare() {
    echo 'Flask-Migrate==4.1.0' >requirements.txt
    cat >app.py <<PY
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "$(sqlalchemy_url)"
db = SQLAlchemy(app)
Migrate(app, db)
PY
    "$bin/flask" db init >/dev/null 2>&1
    before=None
}

path() {
    echo "migrations/versions/$1_$2.py"
}

write() {
    write_revision "$@"
}

up() {
    "$bin/flask" db upgrade
}

listed() {
    local current
    current=$("$bin/flask" db current 2>/dev/null | cut -d' ' -f1) || return
    revisions_listed "$current" <<<"$("$bin/flask" db history 2>/dev/null | sed 's/ (.*//; s/,.*//' | awk '{ print $3 }' | tac)"
}

# shellcheck source=scripts/tools/lib/revisions.sh
. "$here/scripts/tools/lib/revisions.sh"
late=refuses
compare_revisions
