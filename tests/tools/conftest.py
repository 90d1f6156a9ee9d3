"""The cloud that the marketplace's tools work on, as its own tests have it."""

from __future__ import annotations

import pytest

from tests.marketplace import cloud as clouds
from tests.marketplace.cloud import Cloud
from tests.people import People
from tests.tools.worlds import World, furnish


@pytest.fixture
def cloud(people: People) -> Cloud:
    return clouds.build(people)


@pytest.fixture
def world(people: People) -> World:
    return furnish(people)
