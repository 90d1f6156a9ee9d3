"""What goes wrong is in the log; what people said is not."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog
from flask import Flask
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from chatapp.db import release, session
from chatapp.models import User

SECRET = "correct horse battery"


def logged(capsys: pytest.CaptureFixture[str]) -> str:
    structlog.get_logger("writes where the test looks").exception("it.failed")
    return capsys.readouterr().out


def test_a_row_that_cannot_be_stored_is_not_told(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    with app.app_context():
        try:
            session.execute(insert(User).values(username=SECRET, full_name=SECRET, email=SECRET, created=None))
        except IntegrityError as error:
            told = logged(capsys)
            assert SECRET not in str(error).partition("DETAIL")[0]
        release()
    assert SECRET not in told
    assert "IntegrityError" in told and "null" in told.lower(), "what the database says is told"
    assert "test_logs.py" in told


def test_what_an_exception_quotes_is_not_told(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        try:
            int(SECRET)
        except ValueError as error:
            raise RuntimeError(SECRET) from error
    except RuntimeError:
        told = logged(capsys)
    assert SECRET not in told
    assert told.index("builtins.ValueError") < told.index("builtins.RuntimeError")


def test_what_the_system_says_is_told(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        Path("/nowhere/at/all").read_text()
    except OSError:
        told = logged(capsys)
    assert "No such file or directory: '/nowhere/at/all'" in told


def test_what_is_wrong_with_a_statement_is_told(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    with app.app_context():
        try:
            session.execute(text("SELECT * FROM nothing_there"))
        except DBAPIError:
            told = logged(capsys)
        release()
    assert "nothing_there" in told
