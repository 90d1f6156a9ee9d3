from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.marketplace import cloud as clouds
from tests.people import People
from tests.web.pages.visitor import Visitor

Enter = Callable[[str], Visitor]


@pytest.fixture
def cloud(app: Flask, people: People) -> clouds.Cloud:
    return clouds.build(people)


@pytest.fixture
def enter(app: Flask, people: People) -> Enter:
    """Opens the browser of the person of that name."""

    def sign_in(name: str) -> Visitor:
        browser = Visitor(app, app.response_class, use_cookies=True)
        browser.sign_in(getattr(people, name))
        return browser

    return sign_in
