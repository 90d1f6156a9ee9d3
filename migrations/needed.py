"""Whether the database may have to be migrated: exit status 0 when it may, 1 when it surely need not.

`flask db upgrade` takes a second to find that out, because it is the whole application; a server that is started again has
nothing to migrate. Only SQLite is looked into: a database of several machines is migrated by hand anyway.
"""

import importlib.util
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

HERE = Path(__file__).resolve().parent


def settings():
    """Of chatapp.config alone, without the application."""
    spec = importlib.util.spec_from_file_location("chatapp_settings", HERE.parent / "chatapp" / "config.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.load()


def is_current(path, newest):
    """Whether the SQLite database at `path` is there and of the revision `newest`."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(newest,)]
    except sqlite3.Error:
        return False


def main():
    found = settings()
    newest = max(file.name for file in (HERE / "versions").glob("[0-9]*.py")).partition("_")[0]
    return int(found.uses_sqlite and is_current(found.database.removeprefix("sqlite:///"), newest))


if __name__ == "__main__":
    sys.exit(main())
