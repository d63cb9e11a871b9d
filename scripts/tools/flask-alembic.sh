# Flask-Alembic on SQLite.
python_packages flask-alembic flask-alembic==3.3.0 flask-sqlalchemy
project flask-alembic
echo 'flask-alembic==3.3.0' >requirements.txt
mkdir shop
cat >shop/__init__.py <<'PY'
import os
from flask import Flask
from flask_alembic import Alembic
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///" + os.path.abspath("app.db")
db = SQLAlchemy(app)
alembic = Alembic(app)
PY
export PATH=$bin:$PATH
flask --app shop db revision users >/dev/null 2>&1
expect "flask-alembic: nothing applied" "$directory" pending
flask --app shop db upgrade >/dev/null 2>&1
expect "flask-alembic: applied" "$directory" applied
