"""The receipt of a cancelled turn in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from chatapp.core.timelines import Receipt
from chatapp.models import Turn
from chatapp.web.render.durations import duration

REASONS = {
    "stop": "Somebody clicked Stop",
    "interrupt": "Another question took its place",
    "deletion": "The conversation was deleted",
}


def lines(receipt: Receipt, turn: Turn) -> Sequence[tuple[str, str]]:
    """What was when, and what it came to: labels and texts."""
    return [
        ("Why", REASONS.get(receipt.why, "Not known.")),
        ("Request received", _moment(receipt.asked, receipt.asked_by) if receipt.asked else "Not known."),
        ("Answer ended", _moment(receipt.ended) + _after(receipt.asked, receipt.ended)),
        ("Connection to the model closed", _closed(receipt)),
        ("Delivered to readers", _delivered(receipt)),
        ("Billed", _billed(turn)),
        ("Written in the last call until then", _received(receipt)),
    ]


def process(worker: str) -> str:
    """Which process it was, in words; empty when nobody knows."""
    if not worker:
        return ""
    place, number, _ = worker.rsplit("|", 2)
    return f"process {number} on {place.partition(':')[0]}"


def _closed(receipt: Receipt) -> str:
    if receipt.closed:
        return _moment(receipt.closed, receipt.closed_by) + _after(receipt.asked, receipt.closed)
    if receipt.is_reported:
        return "None was open."
    return "Not reported: the process that wrote the answer has not told yet, or it is gone."


def _delivered(receipt: Receipt) -> str:
    told = f"{receipt.delivered:,} characters, about {receipt.delivered_tokens:,} tokens (estimated)"
    return told if receipt.kept == receipt.delivered else f"{told}; {receipt.kept:,} characters are kept"


def _billed(turn: Turn) -> str:
    if turn.input_tokens is None:
        return "Nothing: the model had reported no tokens."
    return f"{turn.input_tokens:,} tokens in, {turn.output_tokens or 0:,} out ({_how(turn.usage_exact)})"


def _received(receipt: Receipt) -> str:
    if receipt.received is None:
        return "Not known."
    return f"{receipt.received['output']:,} tokens ({_how(receipt.received['exact'])})"


def _how(is_exact: bool) -> str:
    return "exact" if is_exact else "estimated"


def _moment(moment: int, worker: str = "") -> str:
    """In UTC, as logs have it."""
    told = f"{datetime.fromtimestamp(moment / 1_000, UTC):%H:%M:%S.%f}"[:-3] + " UTC"
    return f"{told} by {process(worker)}" if worker else told


def _after(asked: int | None, moment: int) -> str:
    return f", {duration(max(0, moment - asked))} after the request" if asked else ""
