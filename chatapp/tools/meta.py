"""Tools about tools and about the conversation itself (waldur section 9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chatapp.tools import Call, Category, Tool, permitted, schema
from chatapp.values import BlockKey, Json, ToolResult

SEARCH_TOOLS = "search_tools"
MOST_OPTIONS, FEWEST_OPTIONS = 20, 2


def _search(call: Call) -> ToolResult:
    wanted = call.arguments["categories"]
    found = [tool for tool in permitted(call.user).values() if tool.category in wanted]
    if not found:
        return ToolResult.success("No tools in these categories.", [])
    names = ", ".join(tool.name for tool in found)
    tools = [{"name": tool.name, "description": tool.description} for tool in found]
    return ToolResult.success(f"Loaded: {names}.", tools)


def _ask(call: Call) -> ToolResult:
    problem, questions = form(call.arguments["questions"])
    if problem:
        return ToolResult.error(problem)
    asked = "; ".join(question["question"] for question in questions)
    shown: Json = {"questions": questions}
    if context := call.arguments.get("context"):
        shown["context"] = context
    return ToolResult.success(f"The person was asked: {asked}", None, BlockKey.ASK_USER_FORM, shown)


def form(asked: Sequence[Mapping[str, Any]]) -> tuple[str, list[Json]]:
    """What is wrong with the questions, or "", and the questions as a form has them (waldur 4.7)."""
    questions = []
    for number, question in enumerate(asked):
        given = question.get("options") or []
        labels: dict[str, Mapping[str, Any]] = {}
        for option in given:
            labels.setdefault(option["label"].strip().casefold(), option)
        if given and len(labels) < FEWEST_OPTIONS:
            return f"Question {number + 1} needs at least two options that differ.", []
        options = [
            {"id": f"q{number}o{place}", **{k: option[k] for k in ("label", "description", "value") if k in option}}
            for place, option in enumerate(labels.values())
        ]
        questions.append(
            {
                "id": f"q{number}",
                **{name: question[name] for name in ("header", "question") if name in question},
                "multiSelect": question.get("multiSelect", False),
                "allowFreeText": question.get("allowFreeText", True),
                **({"options": options} if options else {}),
            }
        )
    return "", questions


_OPTION = schema(
    {
        "label": {"type": "string", "minLength": 1, "maxLength": 80},
        "description": {"type": "string", "maxLength": 160},
        "value": {"type": "string", "maxLength": 160},
    },
    ["label"],
)
_QUESTION = schema(
    {
        "question": {"type": "string", "minLength": 4, "maxLength": 200},
        "header": {"type": "string", "maxLength": 40, "description": "A word or two that name the answer."},
        "multiSelect": {"type": "boolean"},
        "allowFreeText": {"type": "boolean"},
        "options": {"type": "array", "items": _OPTION, "minItems": FEWEST_OPTIONS, "maxItems": MOST_OPTIONS},
    },
    ["question"],
)

TOOLS = (
    Tool(
        SEARCH_TOOLS,
        "Load the tools of one or more groups, so that they can be called.",
        schema(
            {"categories": {"type": "array", "items": {"enum": [str(c) for c in Category]}, "minItems": 1}},
            ["categories"],
        ),
        _search,
    ),
    Tool(
        "ask_user",
        "Ask the person one to four questions with a form. Your turn ends; the answers come as the next message.",
        schema(
            {
                "questions": {"type": "array", "items": _QUESTION, "minItems": 1, "maxItems": 4},
                "context": {"type": "string", "maxLength": 400, "description": "Why this is asked."},
            },
            ["questions"],
        ),
        _ask,
    ),
)
