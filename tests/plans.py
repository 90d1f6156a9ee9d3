"""How a database would answer what the product asks, were its tables large.

What a planner does with the few rows of a test says nothing: any index is as good as another, and none is best of all.
SQLite without statistics takes tables to be large, and PostgreSQL takes tables to be larger that it has never counted:
so it forgets what it has counted while it plans, and reading a whole table is made to look expensive.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import event, text

from chatapp.db import db, session

OURS = "(SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)"
FORGET_SIZES = text(f"UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE relkind IN ('r', 'i') AND oid IN {OURS}")
FORGET_VALUES = text(f"DELETE FROM pg_statistic WHERE starelid IN {OURS}")

Query = tuple[str, Any]


def queries(look: Callable[[], object], about: str = "") -> list[Query]:
    """The reading statements that `look` runs and that contain `about`, with their parameters."""
    seen: list[Query] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: Any) -> None:
        if statement.startswith(("SELECT", "WITH")) and about in statement:
            seen.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        look()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return seen


def plan(statement: str, parameters: Any = (), *without: str) -> list[str]:
    """The lines of the plan of a statement; PostgreSQL does it without the ways named, `enable_sort` for example."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    with connection.begin_nested() as forgetting:
        connection.execute(FORGET_SIZES)
        connection.execute(FORGET_VALUES)
        for way in ("enable_seqscan", *without):
            connection.execute(text(f"SET LOCAL {way} = off"))
        lines = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)]
        forgetting.rollback()
    return lines


def plans(look: Callable[[], object], about: str = "") -> list[str]:
    """The lines of the plans of all that `look` reads about something."""
    return [line for query in queries(look, about) for line in plan(*query)]
