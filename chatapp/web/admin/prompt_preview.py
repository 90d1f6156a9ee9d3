"""What a model would be told with these instructions, part by part, for a person of a role."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from chatapp import providers
from chatapp.core import prompts, screening
from chatapp.core.context import CHARACTERS_PER_TOKEN
from chatapp.db import now
from chatapp.models import User
from chatapp.providers import ToolSpec
from chatapp.tools.toolbox import Toolbox

ROLES = {"regular": "A regular user", "support": "Support", "staff": "Staff"}
TITLES = {
    "persona": "Who the assistant is",
    "rules": "How it writes, and what files are",
    "instructions": "Additional instructions",
    "scope": "What the person's role allows",
    "person": "Who asks, and when",
    "tools": "How to use tools, and which this role can load",
}
YOURS = "instructions"
BRACES = re.compile(r"\{[^{}\n]{1,40}\}")


@dataclass(frozen=True, slots=True)
class Part:
    title: str
    text: str
    is_yours: bool

    @property
    def tokens(self) -> int:
        return _tokens(self.text)


@dataclass(frozen=True, slots=True)
class Preview:
    """`placeholders` is what each stands for and whether the text has it; `untouched` are other expressions in braces.

    `tools` are described to the model beside the prompt, with about `tool_tokens`.
    """

    role: str
    parts: Sequence[Part]
    is_fallback: bool
    placeholders: Sequence[tuple[str, str, bool]]
    untouched: Sequence[str]
    tools: int
    tool_tokens: int
    advice: str

    @property
    def tokens(self) -> int:
        return _tokens("\n\n".join(part.text for part in self.parts))


def of(reader: User, role: str, text: str) -> Preview:
    """As if the reader had this role."""
    role = role if role in ROLES else "regular"
    person = _as(reader, role)
    provider = providers.choose()
    toolbox = Toolbox(person, offers_all=bool(provider and provider.knows_all_tools))
    parts = prompts.sections(person, now(), reader.timezone or "UTC", prompts.in_effect(text))
    parts.append(prompts.Section("tools", toolbox.instructions))
    tools = toolbox.specs(())
    known = prompts.placeholders()
    return Preview(
        role=role,
        parts=[Part(TITLES[part.kind], part.text, part.kind == YOURS) for part in parts],
        is_fallback=not text.strip(),
        placeholders=[(name, value, name in text) for name, value in known.items()],
        untouched=[found for found in dict.fromkeys(BRACES.findall(text)) if found not in known][:10],
        tools=len(tools),
        tool_tokens=sum(map(_described, tools)),
        advice=screening.advise(text),
    )


def _as(reader: User, role: str) -> User:
    """Nobody that is stored."""
    return User(
        id=reader.id,
        username=reader.username,
        full_name=reader.full_name,
        is_staff=role == "staff",
        is_support=role == "support",
    )


def _described(tool: ToolSpec) -> int:
    return _tokens(f"{tool.name}{tool.description}{orjson.dumps(dict(tool.parameters)).decode()}")


def _tokens(text: str) -> int:
    """As conversations are fitted into the model's window (waldur 8.6)."""
    return len(text) // CHARACTERS_PER_TOKEN
