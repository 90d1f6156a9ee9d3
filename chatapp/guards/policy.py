"""From findings to severities and actions, as the settings say (waldur-chat-api section 7.1)."""

from __future__ import annotations

from collections.abc import Iterable

from chatapp.config import Settings
from chatapp.guards import pii
from chatapp.guards.pii import Span
from chatapp.guards.values import Injection, PersonalData
from chatapp.values import Action, Severity


def judge_injection(score: float, categories: Iterable[str], settings: Settings) -> Injection:
    """The finding for a score; one of severity none names no categories."""
    severity = injection_severity(score, settings)
    if severity is Severity.NONE:
        return Injection(score)
    return Injection(score, severity, _action(f"injection_action_{severity}", settings), tuple(categories))


def injection_severity(score: float, settings: Settings) -> Severity:
    levels = (
        (settings.injection_critical, Severity.CRITICAL),
        (settings.injection_high, Severity.HIGH),
        (settings.injection_medium, Severity.MEDIUM),
        (settings.injection_low, Severity.LOW),
    )
    return next((severity for least, severity in levels if score >= least), Severity.NONE)


def judge_pii(spans: tuple[Span, ...], settings: Settings) -> PersonalData:
    """The finding for spans: the strictest of them counts."""
    severity = pii.severity(spans)
    if severity is Severity.NONE:
        return PersonalData(spans)
    return PersonalData(spans, severity, _action(f"pii_action_{severity}", settings))


def _action(setting: str, settings: Settings) -> Action:
    return Action(getattr(settings, setting))
