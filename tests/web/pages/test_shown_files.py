"""Files as they are told of."""

from __future__ import annotations

import pytest

from chatapp.core import artifacts
from chatapp.web.pages import shown_files


@pytest.mark.parametrize(
    ("size", "words"),
    [(1, "1 byte"), (1023, "1023 bytes"), (1024, "1.0 kB"), (15_000, "15 kB"), (artifacts.LARGEST_FILE, "25 MB")],
)
def test_sizes_are_told_in_words(size: int, words: str) -> None:
    assert shown_files.size_of(size) == words
