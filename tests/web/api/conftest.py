from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from bench.messages_server import MessagesServer
from tests.people import People
from tests.web.api.client import Client


@pytest.fixture
def ana(app: Flask, people: People) -> Client:
    return Client(app, people.ana)


@pytest.fixture
def ben(app: Flask, people: People) -> Client:
    return Client(app, people.ben)


@pytest.fixture
def sue(app: Flask, people: People) -> Client:
    return Client(app, people.sue)


@pytest.fixture
def stan(app: Flask, people: People) -> Client:
    return Client(app, people.stan)


@pytest.fixture
def anonymous(app: Flask) -> Client:
    return Client(app)


@pytest.fixture
def model() -> Iterator[MessagesServer]:
    """The model service that answers in tests which take `claude`."""
    with MessagesServer() as server:
        yield server


@pytest.fixture
def make_claude(make_app: Callable[..., Flask], model: MessagesServer) -> Callable[..., Flask]:
    """Makes applications whose model is the local Messages server."""
    service = {
        "provider": "anthropic",
        "anthropic_api_key": "sk-ant-tests",
        "anthropic_base_url": model.url,
        "anthropic_model": "claude-local",
    }
    return lambda **changes: make_app(**(service | changes))
