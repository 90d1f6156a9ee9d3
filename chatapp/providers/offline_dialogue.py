"""What the offline model does with tools when it is asked in plain words, so that a newcomer can try them.

It understands a handful of wishes and the answers to the forms that these lead to, no more. All it knows is in the
conversation: the last call of a tool, and the summary of what came of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from chatapp.confirming import confirms
from chatapp.providers import ModelRequest, TextPart, ToolCallPart, ToolResultPart
from chatapp.values import Role

COMMAND = re.compile(r"^/", re.MULTILINE)
LONGEST_WISH = 120  # characters; longer texts are not for it
MOST_NAMED = 10
WISHES: Mapping[str, re.Pattern[str]] = {
    tool: re.compile(pattern, re.IGNORECASE)
    for tool, pattern in {
        "plan_vm": r"\b(order|create|plan|launch|start|set up|make|need|want)\b.*\b(vm|server|machine)\b",
        "display_user_resources": r"\b(running|resources|machines|vms|servers)\b.*\b(my|our|projects?)\b"
        r"|\bmy (resources|machines|vms|servers)\b",
        "search_offerings": r"\b(offerings?|catalogue|catalog|what can i order)\b",
        "list_categories": r"\bcategories\b",
        "list_projects": r"\b(my|our|list|show|which) .{0,20}projects\b",
        "list_organizations": r"\b(my|our|list|show|which) .{0,20}organi[sz]ations\b",
        "list_overdrawn_projects": r"\boverdrawn\b",
    }.items()
}
ARGUMENTS = {
    "Project": "project_name",
    "Offering": "offering_uuid",
    "Flavor": "flavor",
    "Image": "image",
    "Name": "name",
}
_HEADERS = "|".join(ARGUMENTS)
_ANSWER = re.compile(rf"({_HEADERS}): (.+?)(?=\.?\s+(?:{_HEADERS}): |\.?\s*$)", re.DOTALL)
CHANGES = (
    "You can change the project, the offering, the flavor, the image or the name. "
    "Say for example: `Flavor: Large.` or `Name: web-2.`"
)
LEADS = {
    "display_user_resources": "This is what you have in your projects.",
    "search_offerings": "These are the offerings.",
    "list_categories": "These are the categories.",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """A call that somebody asked for in plain words."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


def understood(text: str, request: ModelRequest) -> Wish | str | None:
    """The call that is wished for, the words that answer without one, or None for anything else."""
    if COMMAND.search(text):
        return None
    offered = {spec.name for spec in request.tools} if request.may_call else set()
    wish = _about_the_machine(text, request) or _plain(text, offered)
    if isinstance(wish, Wish) and wish.tool not in offered:
        return None
    return wish


def comment(result: ToolResultPart) -> str:
    """What is said after the call."""
    if result.outcome == "denied":
        return "All right, I have left it."
    if result.is_error:
        return f"That did not work. {result.content}"
    lead = LEADS.get(result.name, "This is what I found.")
    names = list(_names(result.content))[:MOST_NAMED]
    return "\n".join([lead, "", *(f"- {name}" for name in names)]) if names else lead


def _plain(text: str, offered: set[str]) -> Wish | None:
    if len(text) > LONGEST_WISH or "\n" in text.strip():
        return None
    return next((Wish(tool) for tool, pattern in WISHES.items() if tool in offered and pattern.search(text)), None)


def _about_the_machine(text: str, request: ModelRequest) -> Wish | str | None:
    """The next step of a plan that the last answer left open."""
    call, summary = _last_call(request)
    if call is None or call.name != "plan_vm":
        return None
    answers = {ARGUMENTS[header]: answer.strip().strip('"') for header, answer in _ANSWER.findall(text)}
    if answers:
        kept = {name: value for name, value in call.arguments.items() if not _replaced(name, answers)}
        return Wish("plan_vm", kept | answers)
    if not summary.startswith("Preview"):
        return None
    if confirms(text):
        return Wish("create_vm", call.arguments)
    return CHANGES if "change" in text.lower() else None


def _replaced(name: str, answers: Mapping[str, str]) -> bool:
    return name == "project_uuid" and "project_name" in answers


def _last_call(request: ModelRequest) -> tuple[ToolCallPart | None, str]:
    """The last call of the answer before the question, and its summary; what can be changed is told in between."""
    asked = _place_of_question(request)
    told = False
    for message in reversed(request.messages[: asked or 0]):
        for part in reversed(message.parts):
            if isinstance(part, ToolResultPart):
                return _call_of(part, request), part.content
            told = told or (isinstance(part, TextPart) and part.text == CHANGES)
        if message.role is Role.USER and not told:
            return None, ""  # an answer without calls stands before it
    return None, ""


def _place_of_question(request: ModelRequest) -> int | None:
    places = range(len(request.messages) - 1, -1, -1)
    return next((at for at in places if request.messages[at].role is Role.USER and not _is_results(request, at)), None)


def _is_results(request: ModelRequest, at: int) -> bool:
    return all(isinstance(part, ToolResultPart) for part in request.messages[at].parts)


def _call_of(result: ToolResultPart, request: ModelRequest) -> ToolCallPart | None:
    calls = [part for message in request.messages for part in message.parts if isinstance(part, ToolCallPart)]
    return next((call for call in reversed(calls) if call.call_id == result.call_id), None)


def _names(content: str) -> Iterator[str]:
    """The names in a list of things."""
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        return
    rows = next(filter(lambda value: isinstance(value, list), found.values()), []) if isinstance(found, dict) else found
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and (name := row.get("name") or row.get("title")):
            yield str(name)
