"""Phrases that an organisation has declared harmless (waldur-chat-api section 7.5)."""

from __future__ import annotations

import re
from collections.abc import Collection

# How much of the text the phrase must be.
SHARE = 0.8


def is_allowed(text: str, phrases: Collection[str]) -> bool:
    """One phrase occurs as whole words and is more than SHARE of the text."""
    return any(
        SHARE * len(text) < len(phrase) <= len(text)
        and re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text, re.IGNORECASE)
        for phrase in phrases
    )
