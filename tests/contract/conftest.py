from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.site import Site, opened


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with opened(tmp_path_factory.mktemp("instance")) as found:
        yield found
