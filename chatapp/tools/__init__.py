"""What the assistant can do: the shape of a tool, and which tools there are (waldur section 9, turns-api 2.8).

To add a tool: a function of a `Call` that returns a `ToolResult` in a module of this package, a `Tool` in that
module's `TOOLS`, a line in `FAMILIES`. It checks the rights of `call.user` itself, by calling the verbs that the pages
call: a tool never reads or changes more than its user could.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import Any
from uuid import UUID

from chatapp.models import User
from chatapp.values import Json, ToolResult


class Category(StrEnum):
    """What `search_tools` unlocks. Tools without one are offered from the start."""

    MARKETPLACE = "marketplace"
    VM = "vm"
    ACCOUNT = "account"
    MCP = "mcp"


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a tool: who asks, with which arguments, and from where.

    `arguments` are valid against the tool's schema. `thread_id` and `turn_id` are None outside of a conversation.
    """

    user: User
    arguments: Mapping[str, Any]
    thread_id: UUID | None = None
    turn_id: UUID | None = None
    timezone: str = "UTC"


def everybody(user: User) -> bool:
    return True


def staff_and_support(user: User) -> bool:
    return user.is_staff or user.is_support


@dataclass(frozen=True, slots=True)
class Tool:
    """`parameters` is the JSON schema of the arguments; `run` may raise the domain's errors, which refuse the call.

    `permits` tells to whom the tool is offered at all. `writes`: it changes something. `deterministic` and
    `crystallizable` are for automations. `complete` adds to the arguments what the conversation implies, before the
    call is recorded. `needs_thread`: it can only be used in a conversation.
    """

    name: str
    description: str
    parameters: Json
    run: Callable[[Call], ToolResult]
    category: Category | None = None
    permits: Callable[[User], bool] = everybody
    requires_approval: bool = False
    writes: bool = False
    deterministic: bool = True
    crystallizable: bool = False
    complete: Callable[[Call], Mapping[str, Any]] = lambda call: call.arguments
    needs_thread: bool = False

    @property
    def secrets(self) -> frozenset[str]:
        """The arguments whose values are not kept."""
        properties = self.parameters.get("properties", {})
        return frozenset(name for name, property in properties.items() if property.get("writeOnly"))


FAMILIES = ("meta", "basics", "conversation", "account", "billing", "overview", "resources", "marketplace", "vm")


@cache
def built_in() -> tuple[Tool, ...]:
    """Every tool that comes with the program."""
    return tuple(tool for family in FAMILIES for tool in import_module(f"chatapp.tools.{family}").TOOLS)


Source = Callable[[User], Iterable[Tool]]
_sources: list[Source] = []


def add_source(source: Source) -> None:
    """From now on `source` is asked too which tools a person has. Adding it again changes nothing."""
    if source not in _sources:
        _sources.append(source)


def permitted(user: User) -> dict[str, Tool]:
    """The tools of this person, by name. None from elsewhere takes the name of one that comes with the program."""
    own = {tool.name: tool for tool in built_in()}
    found = {name: tool for name, tool in own.items() if tool.permits(user)}
    added = (tool for source in _sources for tool in source(user))
    return found | {tool.name: tool for tool in added if tool.name not in own and tool.permits(user)}


def names(user: User) -> frozenset[str]:
    """Of every tool that comes with the program, and of the others that this person may use."""
    return frozenset(tool.name for tool in built_in()) | permitted(user).keys()


def crystallizable() -> frozenset[str]:
    """The names of the tools whose calls can become steps of an automation."""
    return frozenset(tool.name for tool in built_in() if tool.crystallizable)


def schema(properties: Mapping[str, Json] | None = None, required: Iterable[str] = ()) -> Json:
    """A JSON schema of an object with these properties; others are refused."""
    return {
        "type": "object",
        "properties": dict(properties or {}),
        "required": list(required),
        "additionalProperties": False,
    }
