"""Settings for one test, and the commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskCliRunner

from chatapp import config
from chatapp.config import Settings
from tests.conftest import FAST, running


@pytest.fixture
def use_settings() -> Iterator[Callable[[Settings], None]]:
    before = config.current()
    yield config.use
    config.use(before)


@pytest.fixture
def commands(tmp_path: Path) -> Iterator[FlaskCliRunner]:
    with running(replace(Settings(), instance_path=str(tmp_path), **FAST)) as app:
        yield app.test_cli_runner()
