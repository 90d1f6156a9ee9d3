"""Personal data as it stands in a text, whatever is hidden between its characters."""

from __future__ import annotations

from chatapp.guards import pii
from chatapp.guards.normalise import Normalised, normalise
from chatapp.guards.pii import Span


def personal_data(text: str | Normalised) -> tuple[Span, ...]:
    """All of it, in code points of the original."""
    normalised = normalise(text) if isinstance(text, str) else text
    return tuple(_in_original(span, normalised) for span in pii.find(normalised.text))


def _in_original(span: Span, normalised: Normalised) -> Span:
    start, end = normalised.original_span(span.start, span.end)
    return Span(start, end, span.category)
