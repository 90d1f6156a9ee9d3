"""Applications on real databases: every test that takes `app` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import contextlib
import gc
import shutil
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask_migrate import upgrade
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import event
from werkzeug.routing import Rule

from chatapp import config, create_app
from chatapp.config import Settings
from chatapp.db import Base, db
from tests import people as folk
from tests import servers

LONGEST = ("tests/contract/", "tests/browser/", "tests/bench/", "tests/stream/test_processes", "tests/automations/")
MIGRATIONS = str(servers.ROOT / "migrations")
FAST = {"offline_pace": 0.0, "offline_tick": 0.02, "title_wait": 5.0, "attachment_wait": 0.2, "demo_cloud_pace": 0.0}
FAST |= {"secret_key": "tests", "log_level": "ERROR"}

# A machine with other things to do is slow at times, which says nothing about what is tested.
hypothesis_settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("patient")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Thousands of tests stay in memory until the end: the garbage collector need not look through them ever again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first: none of them is what all others wait for at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))  # keeps the order of the others


@pytest.fixture(scope="session", autouse=True)
def routes_compiled_once() -> Iterator[None]:
    """Werkzeug parses each route of each application and compiles two functions for it: most of the time of making one.

    They depend on nothing but the route, and there are thousands of applications.
    """
    compile_rule, compiled = Rule.compile, {}

    def compile_once(self: Rule) -> None:
        key = (self.rule, self.subdomain, self.host, str(self.defaults), self.merge_slashes)
        if key not in compiled:
            compile_rule(self)
            compiled[key] = {name: vars(self)[name] for name in ("_parts", "_trace", "_converters", "arguments")}
            compiled[key] |= {"_build": self._build.__func__, "_build_unknown": self._build_unknown.__func__}
        vars(self).update(compiled[key])
        self._build = self._build.__get__(self)
        self._build_unknown = self._build_unknown.__get__(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "compile", compile_once)
        yield


class CompiledTemplates(BytecodeCache):
    """Of all applications of this run, in memory."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key, bucket.checksum] = bucket.code


@pytest.fixture(scope="session", autouse=True)
def templates_compiled_once() -> Iterator[None]:
    """Every application would compile its templates anew: half of the time of a test that looks at a page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {**Flask.jinja_options, "bytecode_cache": CompiledTemplates()})
        yield


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    with running(config.load({"INSTANCE_PATH": str(folder), "SECRET_KEY": "x"})):
        upgrade(MIGRATIONS)
    return folder / "chatapp.db"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL cluster that only the tests of this run use."""
    with servers.postgres() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_postgres(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = str(tmp_path_factory.mktemp("pg"))
    with running(config.load({"DATABASE_URL": postgres_url, "INSTANCE_PATH": folder, "SECRET_KEY": "x"})):
        upgrade(MIGRATIONS)
    return postgres_url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty, migrated database."""
    if request.param == "sqlite":
        path = tmp_path / "chatapp.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        return f"sqlite:///{path}"
    return str(request.getfixturevalue("migrated_postgres"))


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables, of this test alone."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/chatapp.db"
    server = request.getfixturevalue("postgres_url")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS bare WITH (FORCE)")
        connection.execute("CREATE DATABASE bare")
    return f"{server.rpartition('/')[0]}/bare"


@pytest.fixture
def make_app(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """Makes the application with settings other than the defaults of the tests."""
    with contextlib.ExitStack() as stack:

        def make(**changes: Any) -> Flask:
            settings = replace(Settings(), database_url=database_url, instance_path=str(tmp_path), **(FAST | changes))
            app = stack.enter_context(running(settings))
            _empty()
            return app

        yield make


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """The application with the offline model, inside an application context."""
    return make_app()


@pytest.fixture
def people(app: Flask) -> folk.People:
    return folk.settle()


@contextlib.contextmanager
def running(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _without_durability)
        try:
            yield app
        finally:
            app.extensions["runner"].close()
            db.session.remove()
            db.engine.dispose()


def _without_durability(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def _empty() -> None:
    if db.engine.dialect.name == "postgresql":
        # A truncation makes new files for every table: eighty times as long. Without the checks any order will do.
        tables = [f"DELETE FROM {table.name}" for table in Base.metadata.sorted_tables]
        with db.engine.begin() as connection:
            connection.exec_driver_sql("; ".join(["SET LOCAL session_replication_role = replica", *tables]))
