"""What holds for the code as a whole and no linter knows."""

from __future__ import annotations

import ast
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Column, DateTime

import chatapp
from chatapp.db import Base, UtcDateTime

PACKAGE = Path(chatapp.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
TIMES = [
    column
    for table in Base.metadata.sorted_tables
    for column in table.columns
    if isinstance(getattr(column.type, "impl_instance", column.type), DateTime)
]


@pytest.mark.parametrize("column", TIMES, ids=str)
def test_every_time_is_stored_in_utc_and_comes_back_aware(column: Column[datetime]) -> None:
    assert isinstance(column.type, UtcDateTime)


def test_there_are_times() -> None:
    assert len(TIMES) > 10


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_application_code_is_the_same_under_threads_and_greenlets(path: Path) -> None:
    imported = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
    }
    assert not imported & {"gevent", "greenlet", "asyncio", "concurrent", "multiprocessing"}
