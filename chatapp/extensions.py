"""Instances only; `create_app` attaches them."""

from typing import Any

from flask import Flask, Response, request
from flask_login import LoginManager
from htmx_flask import Htmx

from chatapp.db import db


class Migrations:
    """Stands for Flask-Migrate until a command asks it for something: no server needs Alembic."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        app.extensions["migrate"] = self

    def __getattr__(self, name: str) -> Any:
        from flask_migrate import Migrate

        Migrate(self._app, db)  # takes this one's place, and that of the command
        return getattr(self._app.extensions["migrate"], name)


class Login(LoginManager):  # type: ignore[misc]
    """Who asks is whom the request loader finds. Sessions and cookies of flask-login's own are not looked for."""

    def _load_user(self) -> None:
        self._update_request_context_with_user(self._request_callback(request))

    def _update_remember_cookie(self, response: Response) -> Response:
        return response


login = Login()
htmx = Htmx()

__all__ = ["Migrations", "db", "htmx", "login"]
