"""The system prompt: fixed parts first, so that a provider can cache them, then what is particular to the caller."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from chatapp import config
from chatapp.models import Thread, User

PERSONA = (
    "You are {assistant_name}, the assistant of {organization}. You help people with their work: you answer questions, "
    "write and explain, and say plainly when you do not know something."
)
RENDERING = (
    "Write Markdown. Put code into fenced blocks with the language as tag, diagrams into fenced blocks tagged mermaid, "
    "tabular data into Markdown tables, formulas between dollar signs."
)


def assemble(user: User, thread: Thread, moment: datetime, timezone: str) -> str:
    settings = config.current()
    parts = [
        PERSONA.format(assistant_name=settings.assistant_name, organization=settings.site_name),
        RENDERING,
        thread.system_prompt or "",
        _about(user, moment, timezone),
    ]
    return "\n\n".join(part for part in parts if part)


def _about(user: User, moment: datetime, timezone: str) -> str:
    local = moment.astimezone(ZoneInfo(timezone))
    name = user.full_name or user.username
    # The hour, not the second: a prompt that changes with every question cannot be cached.
    return f"You are talking with {name}. It is {local:%A, %d %B %Y}, about {local:%H} o'clock ({timezone})."
