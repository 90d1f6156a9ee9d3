from __future__ import annotations

import pytest
from flask import Flask

from chatapp.models import User
from tests.marketplace import cloud as clouds
from tests.people import People, _person


@pytest.fixture
def cloud(app: Flask, people: People) -> clouds.Cloud:
    return clouds.build(people)


@pytest.fixture
def stranger(cloud: clouds.Cloud) -> User:
    """Somebody who is a member of nothing."""
    return _person("eve", "Eve Else").user
