"""A tool used by a person directly, outside of any conversation (waldur 9.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chatapp.db import rest
from chatapp.errors import Forbidden, Invalid, ToolRefused
from chatapp.models import User
from chatapp.tools import built_in, permitted
from chatapp.tools.toolbox import Toolbox, violation
from chatapp.values import ResultType, ToolResult


def execute(user: User, name: str, arguments: Mapping[str, Any]) -> ToolResult:
    """What the tool came to; arguments that do not fit are a result of type validation_error.

    Raises Invalid (tool) for one that does not exist, Forbidden for one that is not this person's, ToolRefused for
    what the guards stop and for what goes wrong in it.
    """
    mine = permitted(user)
    if name not in mine:
        if any(tool.name == name for tool in built_in()):
            raise Forbidden(f"You may not use the tool {name}.")
        raise Invalid(f"There is no tool {name}.", "tool")
    problem = violation(mine[name], arguments)
    if problem:
        return ToolResult.invalid(problem)
    toolbox = Toolbox(user, offers_all=True)
    rest()
    result = toolbox.run(toolbox.prepare("", name, arguments, ()))
    if result.type is ResultType.ERROR:
        raise ToolRefused(result.summary)
    return result
