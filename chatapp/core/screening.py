"""A text before it reaches a model: what may be kept of it, what the model gets, what its author is told (waldur 7.2).

Everything that goes to a model passes `screen` first: questions, arguments and results of tools, texts of attachments.
Call it outside of transactions: it needs no database, and nobody should wait for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import structlog

from chatapp import guards, metrics
from chatapp.core import allowlist
from chatapp.core import audit as trail
from chatapp.guards import GuardFailed, Injection, Verdict
from chatapp.guards.pii import Span, mask
from chatapp.guards.values import SEVERITIES
from chatapp.models import Message, Thread
from chatapp.values import Action, Json, Severity

logger = structlog.get_logger(__name__)

BLOCKED = "[This message was blocked because it contains sensitive credentials.]"
UNCHECKED = "[This message could not be checked and was withheld.]"
WITHHELD_TITLE = "Withheld message"
# Names no attack: the category of a text that nobody could check, so that later turns leave it out too.
UNCHECKABLE = "guard_failure"
MASKING = (Action.WARN, Action.REDACT, Action.BLOCK)
SERIOUS = (Severity.HIGH, Severity.CRITICAL)
CODES = {
    Action.WARN: "personal_data",
    Action.REDACT: "personal_data_redacted",
    Action.BLOCK: "credentials_blocked",
}
WORDS = {
    Action.WARN: "Your message contains personal data ({kinds}). Be careful what you share.",
    Action.REDACT: "Personal data was redacted from your message ({kinds}).",
    Action.BLOCK: "Your message was blocked because it contains sensitive credentials ({kinds}).",
}


@dataclass(frozen=True, slots=True)
class Screened:
    """`text` may be stored, searched, shown and named after; `asked` is what a model may get, None: nothing of it.

    `withheld` are the originals of what is masked in `text`: an answer must not say them again. `warning` is empty when
    its author need not be told anything.
    """

    text: str
    asked: str | None
    verdict: Verdict = Verdict()
    warning: str = ""
    withheld: tuple[str, ...] = ()

    @property
    def is_refused(self) -> bool:
        return self.asked is None

    @property
    def subject(self) -> str:
        """What a conversation that begins with it can be named after."""
        return WITHHELD_TITLE if self.text in (BLOCKED, UNCHECKED) else self.text

    @property
    def settings(self) -> Json:
        """What the turn's settings tell of it (turns-api 2.3.1); nothing of a clean text."""
        verdict = self.verdict
        if not verdict.is_flagged:
            return {}
        return {"inputGuard": {"flagged": True, "action": str(verdict.action), "severity": str(verdict.severity)}}

    @property
    def event(self) -> Json | None:
        """The notice to its author, as the turn's event."""
        if not self.warning:
            return None
        return {"type": "data-warning", "data": {"code": CODES[self.verdict.pii.action], "message": self.warning}}


def screen(text: str) -> Screened:
    """The text after both guards. A guard that fails refuses it, and nothing of it is kept."""
    try:
        verdict = guards.check(text, allowlist.phrases()) if text else Verdict()
    except GuardFailed as failure:
        logger.error("guard.failed", error=str(failure))
        metrics.verdicts.labels("failed").inc()
        return Screened(UNCHECKED, None, Verdict(Injection(1.0, Severity.CRITICAL, Action.BLOCK, (UNCHECKABLE,))))
    metrics.verdicts.labels(str(verdict.action)).inc()
    return applied(text, verdict)


def applied(text: str, verdict: Verdict) -> Screened:
    """What follows from a verdict on the text."""
    spans, action = verdict.pii.spans, verdict.pii.action
    if action not in MASKING:
        return Screened(text, None if verdict.action is Action.BLOCK else text, verdict)
    stored = BLOCKED if action is Action.BLOCK else mask(text, spans)
    asked = {Action.BLOCK: None, Action.REDACT: stored}.get(verdict.action, text)
    withheld = tuple(dict.fromkeys(text[span.start : span.end] for span in spans))
    return Screened(stored, asked, verdict, WORDS[action].format(kinds=_kinds(spans)), withheld)


def advise(text: str) -> str:
    """What staff should know about instructions that they write, in one line; empty when there is nothing to say.

    It may look the allowed phrases up: not within a transaction.
    """
    allowlist.keep_fresh()
    try:
        verdict = guards.check(text, allowlist.phrases()) if text else Verdict()
    except GuardFailed as failure:
        logger.error("guard.failed", error=str(failure))
        return "The text could not be checked."
    advice = []
    if verdict.injection.action is not Action.ALLOW:
        advice.append(f"The text reads like prompt injection ({', '.join(verdict.injection.categories)}).")
    if verdict.pii.spans:
        advice.append(f"Every model call will contain personal data or credentials ({_kinds(verdict.pii.spans)}).")
    return " ".join(advice)


def mark(message: Message, thread: Thread, verdict: Verdict) -> None:
    """Note the verdict on a question that is being stored, and on its thread, which stays flagged (waldur 7.3)."""
    if not verdict.is_flagged:
        return
    message.is_flagged = True
    message.severity = verdict.severity
    message.action_taken = verdict.action
    message.injection_severity = verdict.injection.severity
    if message.injection_severity != Severity.NONE:
        message.injection_score = round(verdict.injection.score, 4)
    message.injection_categories = list(dict.fromkeys(verdict.injection.categories))
    message.pii_categories = list(verdict.pii.categories)
    thread.is_flagged = True
    thread.max_severity = max(Severity(thread.max_severity or "none"), verdict.severity, key=SEVERITIES.index)
    thread.flags = (thread.flags or {}) | {"is_flagged": True, "max_severity": str(thread.max_severity)}


def audit(verdict: Verdict, user_id: UUID, object_id: UUID) -> None:
    """Write down what is serious, within the caller's transaction. Codes only, nothing of the text."""
    findings = (
        ("chat_injection_detected", verdict.injection, verdict.injection.categories),
        ("chat_pii_detected", verdict.pii, verdict.pii.categories),
    )
    for event, finding, categories in findings:
        if finding.severity in SERIOUS:
            details = {
                "categories": list(categories),
                "severity": str(finding.severity),
                "action": str(finding.action),
            }
            trail.note(event, user_id, object_id=object_id, target_user_id=user_id, **details)


def _kinds(spans: Iterable[Span]) -> str:
    return ", ".join(sorted({span.label for span in spans}))
