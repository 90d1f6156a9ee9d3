"""People and conversations to look at."""

from __future__ import annotations

from collections.abc import Iterator


def fill() -> Iterator[str]:
    """Create the demo data; yields lines that tell what was made."""
    yield "Nothing to fill."
