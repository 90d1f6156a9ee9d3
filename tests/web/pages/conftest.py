from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.people import People
from tests.web.pages.visitor import Visitor


@pytest.fixture
def visit(app: Flask) -> Callable[[], Visitor]:
    """Opens a browser that nobody has signed in with."""

    def open_browser() -> Visitor:
        return Visitor(app, app.response_class, use_cookies=True)

    return open_browser


@pytest.fixture
def anybody(visit: Callable[[], Visitor]) -> Visitor:
    """The browser of somebody who has not signed in."""
    return visit()


@pytest.fixture
def ana(visit: Callable[[], Visitor], people: People) -> Visitor:
    browser = visit()
    browser.sign_in(people.ana)
    return browser


@pytest.fixture
def ben(visit: Callable[[], Visitor], people: People) -> Visitor:
    browser = visit()
    browser.sign_in(people.ben)
    return browser
