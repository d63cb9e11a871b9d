# Flask-Migrate on SQLite.
python_packages flask-migrate flask-migrate==4.1.0 flask-sqlalchemy
project flask-migrate
echo 'Flask-Migrate==4.1.0' >requirements.txt
cat >app.py <<'PY'
import os
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///" + os.path.abspath("app.db")
db = SQLAlchemy(app)
Migrate(app, db)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
PY
export PATH=$bin:$PATH
flask db init >/dev/null 2>&1
flask db migrate -m users >/dev/null 2>&1
expect "flask-migrate: nothing applied" "$directory" pending
flask db upgrade >/dev/null 2>&1
flask db revision -m more >/dev/null 2>&1
expect "flask-migrate: one applied" "$directory" applied pending
