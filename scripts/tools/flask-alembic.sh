# Flask-Alembic: revisions directly in the package's migrations/.
python_packages flask-alembic flask-alembic==3.3.0 flask-sqlalchemy 'psycopg[binary]==3.3.9' pymysql

prepare() {
    echo 'flask-alembic==3.3.0' >requirements.txt
    mkdir -p shop/migrations
    cat >shop/__init__.py <<PY
from flask import Flask
from flask_alembic import Alembic
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "$(sqlalchemy_url)"
db = SQLAlchemy(app)
alembic = Alembic(app)
PY
    before=None
}

path() {
    echo "shop/migrations/$1_$2.py"
}

write() {
    write_revision "$@"
}

up() {
    "$bin/flask" --app shop db upgrade
}

listed() {
    local current
    current=$("$bin/flask" --app shop db current 2>/dev/null | sed 's/.*-> //; s/[ ,].*//') || return
    revisions_listed "$current" <<<"$("$bin/flask" --app shop db log 2>/dev/null | sed 's/ (.*//; s/,.*//' | awk '{ print $3 }' | tac)"
}

# shellcheck source=scripts/tools/lib/revisions.sh
. "$here/scripts/tools/lib/revisions.sh"
compare_revisions
