"""What goes into a tool and what comes out of it, past the guards (waldur 7 and 9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import orjson
import structlog

from chatapp import guards
from chatapp.core import allowlist, screening
from chatapp.errors import ToolRefused
from chatapp.guards import GuardFailed
from chatapp.values import Action, Json, Severity, ToolResult

logger = structlog.get_logger(__name__)

REFUSED = "This call was not made."
UNCHECKED = "The result could not be checked and was withheld."
MASKED = (Action.REDACT, Action.BLOCK)
HARMLESS = (Severity.NONE, Severity.LOW)


def arguments(given: Mapping[str, Any]) -> Json:
    """The arguments as a tool may get them and as they may be kept: personal data is masked.

    Raises ToolRefused for what must not get any further.
    """
    text = orjson.dumps(given).decode()
    screened = screening.screen(text)
    if screened.is_refused:
        raise ToolRefused(REFUSED)
    if screened.verdict.pii.action not in MASKED:
        return dict(given)
    return {name: _masked(value) for name, value in given.items()}


def result(found: ToolResult) -> ToolResult:
    """The result as a model may get it and as it may be kept: data, whatever it says of itself."""
    text = orjson.dumps(found.as_json()).decode()
    try:
        verdict = guards.check(text, allowlist.phrases())
    except GuardFailed as failure:
        logger.error("guard.failed", error=str(failure))
        return ToolResult.error(UNCHECKED)
    if verdict.pii.action in MASKED:
        found = replace(found, summary=_masked(found.summary), data=_masked(found.data), ui_data=_masked(found.ui_data))
    return replace(found, quarantined=found.quarantined or verdict.injection.severity not in HARMLESS)


def _masked(value: Any) -> Any:
    return _mapped(value, lambda text: screening.screen(text).text)


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _mapped(entry, change) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_mapped(entry, change) for entry in value]
    return value
