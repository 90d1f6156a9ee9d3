from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask


@pytest.fixture(autouse=True)
def app_context() -> Iterator[None]:
    """The templates are all of the application that rendering needs."""
    with Flask("chatapp").app_context():
        yield
