"""The text of a document before a model may read it: what `screening` is for questions.

It is looked at passage by passage. A passage that attacks the model is withheld, and the rest of the document is read
all the same: it is what its reader asked about. Personal data is masked where the policy masks it in questions; what
the policy only warns of stays, since to work with it is why people send documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from time import sleep

import structlog

from chatapp import guards
from chatapp.core import allowlist
from chatapp.guards import GuardFailed, Injection, Verdict
from chatapp.guards.pii import mask
from chatapp.guards.values import SEVERITIES
from chatapp.values import Action, Severity

logger = structlog.get_logger(__name__)

PASSAGE = 2_000  # characters
OVERLAP = 300  # so that an attack across the border of two passages is seen
WITHHELD = "\n[A passage was withheld here: it reads like instructions to the assistant.]\n"
UNCHECKED = "\n[A passage was withheld here: it could not be checked.]\n"
BORDER = re.compile(r"\n|(?<=[.!?]) |(?<=,)| ")
MASKING = (Action.REDACT, Action.BLOCK)


@dataclass(frozen=True, slots=True)
class Document:
    """`text` may be stored and shown to a model; `verdict` is the worst that was found."""

    text: str
    withheld: int = 0
    is_masked: bool = False
    verdict: Verdict = Verdict()


def screen(text: str) -> Document:
    """Takes about a second for a million characters, during which others get their turns."""
    pieces: list[str] = []
    withheld, is_masked, worst, before = 0, False, Verdict(), ""
    for passage in _passages(text):
        sleep(0)
        verdict = _judged(before + passage)
        worst = _worse(worst, verdict)
        if verdict is None or verdict.injection.action is Action.BLOCK:
            withheld += 1
            pieces.append(UNCHECKED if verdict is None else WITHHELD)
        else:
            masked = _masked(before, passage, verdict)
            is_masked = is_masked or masked != passage
            pieces.append(masked)
        before = passage[-OVERLAP:]
    return Document("".join(pieces), withheld, is_masked, worst)


def _judged(text: str) -> Verdict | None:
    """None for what could not be checked."""
    try:
        return guards.check(text, allowlist.phrases())
    except GuardFailed as failure:
        logger.error("guard.failed", error=str(failure))
        return None


def _masked(before: str, passage: str, verdict: Verdict) -> str:
    if verdict.pii.action not in MASKING:
        return passage
    text, border = before + passage, len(before)
    here = [replace(span, start=max(span.start, border)) for span in verdict.pii.spans if span.end > border]
    return mask(text, here)[border:]


def _worse(one: Verdict, other: Verdict | None) -> Verdict:
    if other is None:
        return Verdict(Injection(1.0, Severity.CRITICAL, Action.BLOCK), one.pii)
    return Verdict(
        max(one.injection, other.injection, key=lambda found: SEVERITIES.index(found.severity)),
        max(one.pii, other.pii, key=lambda found: SEVERITIES.index(found.severity)),
    )


def _passages(text: str) -> Iterator[str]:
    """Cut where lines, sentences or words end, if they do."""
    at = 0
    while len(text) - at > PASSAGE:
        borders = [found.end() for found in BORDER.finditer(text, at + PASSAGE // 2, at + PASSAGE)]
        lines = [end for end in borders if text[end - 1] == "\n"]
        end = (lines or borders or [at + PASSAGE])[-1]
        yield text[at:end]
        at = end
    if at < len(text):
        yield text[at:]
