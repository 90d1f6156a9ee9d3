"""The live list of resources in the conversation: a signal, whoever shows it reads the list (waldur 4.5)."""

from __future__ import annotations

from chatapp.tools import Call, Category, Tool, schema
from chatapp.tools.account import STATES
from chatapp.values import BlockKey, Json, ToolResult

UUID_SHAPE = "^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$"


def _display_user_resources(call: Call) -> ToolResult:
    asked = {name: value for name, value in call.arguments.items() if value}
    states = ", ".join(asked.get("state", ())) or "all that are not terminated"
    text = f"The person now sees a live list of resources ({states}). What is in it is not known here."
    return ToolResult.success(text, None, BlockKey.RESOURCE_LIST, asked)


def _uuid(of: str) -> Json:
    return {"type": "string", "pattern": UUID_SHAPE, "description": f"UUID of {of}: only its resources."}


TOOLS = (
    Tool(
        "display_user_resources",
        "Show the person a live list of their resources, which they can search, sort and filter, when they want to see "
        "what they have or what is running. It tells you nothing; to know what is there use get_project_resources.",
        schema(
            {
                "project_uuid": _uuid("a project"),
                "customer_uuid": _uuid("an organization (customer)"),
                "category_uuid": _uuid("a category of offerings"),
                "state": STATES,
            }
        ),
        _display_user_resources,
        Category.VM,
        crystallizable=True,
    ),
)
