"""Instances only; `create_app` attaches them."""

from flask_login import LoginManager
from flask_migrate import Migrate
from htmx_flask import Htmx

from chatapp.db import db

migrate = Migrate()
login = LoginManager()
htmx = Htmx()

__all__ = ["db", "htmx", "login", "migrate"]
