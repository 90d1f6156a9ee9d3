from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from chatapp.oidc import directory
from tests.oidc.running import SECRET, Provider
from tests.web.pages.visitor import Visitor


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    provider = Provider()
    yield provider.start()
    provider.stop()


@pytest.fixture
def provider(running: Provider) -> Iterator[Provider]:
    """One that nobody has asked anything yet."""
    directory._directories.clear()
    running.wish()
    yield running
    directory._directories.clear()


@pytest.fixture
def make_site(make_app: Callable[..., Flask], provider: Provider) -> Callable[..., Callable[[], Visitor]]:
    """Makes a site with settings of its own; what is returned opens browsers on it."""

    def make(**settings: Any) -> Callable[[], Visitor]:
        named = {"oidc_issuer": provider.issuer, "oidc_client_id": "chat", "oidc_client_secret": SECRET}
        app = make_app(**(named | settings))
        return lambda: Visitor(app, app.response_class, use_cookies=True)

    return make
