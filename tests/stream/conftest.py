"""A second process, which costs too much to start for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stream.process import Process


@pytest.fixture(scope="session")
def spare() -> Iterator[Process]:
    """Not a worker of any installation until it is told to `open` one."""
    with Process() as process:
        yield process
