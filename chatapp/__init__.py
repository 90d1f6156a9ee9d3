"""chatapp: a chat assistant that an organisation hosts itself."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from chatapp import cli, config, extensions, logs, web
from chatapp.config import Settings
from chatapp.db import engine_options, prepare
from chatapp.stream import start_up
from chatapp.version import __version__

__all__ = ["__version__", "create_app"]


def create_app(settings: Settings | None = None) -> Flask:
    """The application, ready to serve. Raises BadSetting when the environment is wrong."""
    settings = settings or config.load()
    config.use(settings)
    logs.configure(settings)
    Path(settings.instance_path).mkdir(parents=True, exist_ok=True)
    app = Flask(__name__, instance_path=str(Path(settings.instance_path).resolve()), static_folder=None)
    app.config.from_mapping(
        SECRET_KEY=settings.signing_key(),
        SQLALCHEMY_DATABASE_URI=settings.database,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings),
    )
    extensions.db.init_app(app)
    with app.app_context():
        prepare(extensions.db.engine, settings)
    extensions.Migrations(app)
    extensions.login.init_app(app)
    extensions.htmx.init_app(app)
    web.register(app)
    cli.register(app)
    start_up.init_app(app)
    return app
