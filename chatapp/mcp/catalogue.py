"""What of a server's list of tools can be offered, under which names, and what speaks against the rest."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog

from chatapp import guards
from chatapp.core import allowlist
from chatapp.guards import GuardFailed
from chatapp.mcp import schemas
from chatapp.values import Json, Severity

logger = structlog.get_logger(__name__)

LONGEST_NAME, LONGEST_ALIAS, LONGEST_DESCRIPTION = 200, 64, 1_000
HARMLESS = (Severity.NONE, Severity.LOW)
INJECTION = "Its description reads like instructions to the assistant."
UNCHECKED = "Its description could not be checked."


@dataclass(frozen=True, slots=True)
class Entry:
    """A tool as it is kept. `name` is the server's, `alias` what models call it; no `refusal`: it can be offered."""

    name: str
    alias: str
    description: str = ""
    parameters: Json = field(default_factory=dict)
    reads_only: bool = False
    refusal: str = ""


def read(prefix: str, listed: Sequence[Any], taken: Collection[str] = ()) -> list[Entry]:
    """The entries of what a server lists. What has no name is left out; `taken` are names that others have."""
    named: dict[str, Json] = {}
    for tool in listed:
        name = tool.get("name") if isinstance(tool, dict) else None
        if isinstance(name, str) and 0 < len(name) <= LONGEST_NAME:
            named.setdefault(name, tool)
    aliases = _aliases(prefix, named)
    return [_entry(name, aliases[name], tool, taken) for name, tool in named.items()]


def _aliases(prefix: str, names: Collection[str]) -> dict[str, str]:
    """By name; two that would become the same differ by a digest of what they were."""
    plain = {name: _alias(prefix, name) for name in names}
    times = Counter(plain.values())
    return {name: alias if times[alias] == 1 else _marked(alias, name) for name, alias in plain.items()}


def _alias(prefix: str, name: str) -> str:
    alias = f"{prefix}_" + re.sub(r"[^A-Za-z0-9_-]", "_", name)
    return alias if len(alias) <= LONGEST_ALIAS else _marked(alias, name)


def _marked(alias: str, name: str) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{alias[: LONGEST_ALIAS - 9]}_{digest}"


def _entry(name: str, alias: str, tool: Json, taken: Collection[str]) -> Entry:
    said, hints = tool.get("description"), tool.get("annotations")
    description = " ".join(said.split()) if isinstance(said, str) else ""
    reads_only = isinstance(hints, dict) and hints.get("readOnlyHint") is True
    shown = description[:LONGEST_DESCRIPTION]
    if alias in taken:
        return Entry(name, alias, shown, {}, reads_only, "Another tool has its name.")
    try:
        parameters = schemas.usable(tool.get("inputSchema"))
    except schemas.Unusable as reason:
        return Entry(name, alias, shown, {}, reads_only, f"Its parameters {reason}")
    return Entry(name, alias, shown, parameters, reads_only, _objection(description, parameters))


def _objection(description: str, parameters: Json) -> str:
    """What the guards have against the words that a model would read of it."""
    try:
        allowed = allowlist.phrases()
        verdicts = [guards.check(text, allowed) for text in (description, orjson.dumps(parameters).decode())]
    except GuardFailed as failure:
        logger.error("guard.failed", error=str(failure))
        return UNCHECKED
    return "" if all(verdict.injection.severity in HARMLESS for verdict in verdicts) else INJECTION
