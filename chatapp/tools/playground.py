"""What the guards would make of a text, wherever texts pass them: nothing is kept, logged, counted or sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from chatapp import guards
from chatapp.core import allowlist, prompt_choice, prompts, screening
from chatapp.core.marks import Mark, marks
from chatapp.db import now
from chatapp.errors import Invalid
from chatapp.guards import GuardFailed, Verdict
from chatapp.guards.shield import Shield
from chatapp.models import Thread, User
from chatapp.tools import guarding

PIECE = 4_000  # characters that a model says at once


class Place(StrEnum):
    """Where the text would be."""

    QUESTION = "question"
    TOOL_RESULT = "tool_result"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Trial:
    """`asked` is what the model would see, None: nothing of it; `kept` what would be stored and shown.

    `verdict` is None for what could not be checked; `told` is what the author would be told. `is_quarantined`: a result
    that reads like instructions, after which tools that change something ask first.
    """

    verdict: Verdict | None
    marks: Sequence[Mark]
    asked: str | None
    kept: str
    told: str = ""
    is_quarantined: bool = False

    @property
    def is_refused(self) -> bool:
        return self.asked is None


def try_out(actor: User, text: str, place: str) -> Trial:
    """Raises Invalid, for a text that is longer than what the guards look at as well."""
    if not text.strip():
        raise Invalid("Paste a text first.", "text")
    if len(text) > guards.LONGEST:
        raise Invalid(f"At most {guards.LONGEST:,} characters.", "text")
    if place not in list(Place):
        raise Invalid("Choose where the text would be.", "place")
    allowlist.keep_fresh()
    try:
        verdict = guards.check(text, allowlist.phrases())
    except GuardFailed:
        return Trial(None, (), None, screening.UNCHECKED)
    found = marks(text, verdict.injection.categories)
    match Place(place):
        case Place.QUESTION:
            screened = screening.applied(text, verdict)
            return Trial(verdict, found, screened.asked, screened.text, screened.warning)
        case Place.TOOL_RESULT:
            is_masked = verdict.pii.action in guarding.MASKED
            kept = screening.applied(text, verdict).text if is_masked else text
            return Trial(verdict, found, kept, kept, is_quarantined=verdict.injection.severity not in guarding.HARMLESS)
        case Place.ANSWER:
            thread = Thread()  # a new one, in which the active prompt speaks
            shown = _said(text, prompts.assemble(actor, thread, now(), "UTC", prompt_choice.in_force(thread)))
            return Trial(verdict, found, shown, shown)


def _said(text: str, prompt: str) -> str:
    """What is shown of an answer, in a conversation that contained nothing of it."""
    shield = Shield(lambda: (), prompt)
    pieces = [shield.feed(text[at : at + PIECE]) for at in range(0, len(text), PIECE)]
    return "".join([*pieces, shield.flush()])
