from __future__ import annotations

import pytest
from flask import Flask

from tests.people import People
from tests.web.api_v1.client import Client


@pytest.fixture
def ana(app: Flask, people: People) -> Client:
    return Client(app, people.ana)


@pytest.fixture
def ben(app: Flask, people: People) -> Client:
    return Client(app, people.ben)


@pytest.fixture
def thread(ana: Client) -> str:
    """An empty thread of Ana."""
    return ana.new_thread()
