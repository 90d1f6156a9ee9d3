from __future__ import annotations

import pytest
from flask import Flask

from tests.people import People
from tests.tools.worlds import World, furnish


@pytest.fixture
def world(app: Flask, people: People) -> World:
    return furnish(people)
