"""What the guards say about a text (waldur-chat-api sections 7.1 and 7.3)."""

from __future__ import annotations

from dataclasses import dataclass

from chatapp.guards.pii import Span
from chatapp.values import Action, Json, Severity

ACTIONS = (Action.ALLOW, Action.FLAG, Action.WARN, Action.REDACT, Action.BLOCK)
SEVERITIES = (Severity.NONE, Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)


class GuardFailed(Exception):
    """A guard broke. The text is unchecked: it must be refused, as one with a critical injection (section 7)."""


@dataclass(frozen=True, slots=True)
class Injection:
    """How much a text looks like an attack on the model; `categories` explain it, none below severity low."""

    score: float = 0.0
    severity: Severity = Severity.NONE
    action: Action = Action.ALLOW
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Personal data and credentials, in code points of the original text, in the order of the text."""

    spans: tuple[Span, ...] = ()
    severity: Severity = Severity.NONE
    action: Action = Action.ALLOW

    @property
    def categories(self) -> tuple[str, ...]:
        """Without duplicates, in the order of the text."""
        return tuple(dict.fromkeys(span.category for span in self.spans))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Both findings and what follows from them together."""

    injection: Injection = Injection()
    pii: PersonalData = PersonalData()

    @property
    def action(self) -> Action:
        return max(self.injection.action, self.pii.action, key=ACTIONS.index)

    @property
    def severity(self) -> Severity:
        return max(self.injection.severity, self.pii.severity, key=SEVERITIES.index)

    @property
    def is_flagged(self) -> bool:
        return self.action is not Action.ALLOW

    def as_json(self) -> Json:
        """The verdict as `flask guards check` prints it."""
        return {
            "action": self.action,
            "severity": self.severity,
            "is_flagged": self.is_flagged,
            "injection": {
                "score": round(self.injection.score, 4),
                "severity": self.injection.severity,
                "categories": list(self.injection.categories),
            },
            "pii": [
                {"start": span.start, "end": span.end, "category": span.category, "type": span.type}
                for span in self.pii.spans
            ],
        }
