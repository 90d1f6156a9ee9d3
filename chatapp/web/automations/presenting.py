"""Steps as the templates take them: in words, and drawn."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from markupsafe import Markup

from chatapp import tools
from chatapp.automations.crystallizing import GATE
from chatapp.core.blocks import tool_block
from chatapp.tools import Tool
from chatapp.values import BlockKey, Json, ToolResult
from chatapp.web.render import render_block

HIDDEN = "••••••"
MISSING = "to be given when it runs"
UNSAFE = re.compile(r"[^\w .,?!()-]")
WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_")


@dataclass(frozen=True, slots=True)
class Input:
    """`is_long`: it does not fit into a line."""

    label: str
    text: str

    @property
    def is_long(self) -> bool:
        return "\n" in self.text or len(self.text) > 200


@dataclass(frozen=True, slots=True)
class ShownStep:
    """`state` and what follows are there in a run. `html` is what the tool shows, `data` what else it has returned."""

    number: int
    key: str
    title: str
    is_gate: bool
    inputs: Sequence[Input]
    is_sure: bool
    needs_input: bool
    is_available: bool
    state: str
    started: datetime | None
    completed: datetime | None
    summary: str
    html: Markup
    data: Markup
    error: str
    reason: str


def steps(found: Sequence[Json]) -> list[ShownStep]:
    """Of an automation, or of a run with what became of them."""
    kinds = {tool.name: tool for tool in tools.built_in()}
    return [_step(number, step, kinds.get(step["kind"])) for number, step in enumerate(found, 1)]


def diagram(found: Sequence[Json]) -> Markup:
    """The steps and what each waits for, as a block that the browser draws."""
    ids = {step["key"]: f"s{number}" for number, step in enumerate(found, 1)}
    lines = ["flowchart TD"]
    for number, step in enumerate(found, 1):
        label = f"{number} · {' '.join(UNSAFE.sub(' ', title(step)).split())}"
        marks = [mark for mark, is_due in _marks(step) if is_due]
        text = "<br/>".join([label, *marks])
        lines.append(
            f'  {ids[step["key"]]}{{{{"{text}"}}}}' if step["kind"] == GATE else f'  {ids[step["key"]]}["{text}"]'
        )
        if not step["deterministic"]:
            lines.append(f"  style {ids[step['key']]} stroke-dasharray: 5 4")
    lines += [f"  {ids[before]} --> {ids[step['key']]}" for step in found for before in step["dependsOn"]]
    return render_block(
        {"id": "steps", "key": BlockKey.MERMAID.value, "status": "complete", "content": "\n".join(lines)}
    )


def title(step: Mapping[str, Any]) -> str:
    """What a step does, in words."""
    if step["kind"] == GATE:
        return str(step["inputs"].get("prompt", "Approval")).replace("_", " ")
    return label(step["kind"])


def label(name: str) -> str:
    """A name of a program as a person writes it: `threadId` is Thread id."""
    return WORDS.sub(" ", name).strip().capitalize()


def spelled(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _marks(step: Json) -> tuple[tuple[str, bool], ...]:
    return ("result may differ", not step["deterministic"]), ("needs a value", step["needsInput"])


def _step(number: int, step: Json, tool: Tool | None) -> ShownStep:
    is_gate = step["kind"] == GATE
    output = ToolResult.read(step["output"]) if step.get("output") else None
    return ShownStep(
        number=number,
        key=step["key"],
        title=title(step),
        is_gate=is_gate,
        inputs=[] if is_gate else _inputs(step["inputs"], tool),
        is_sure=step.get("deterministic", True),
        needs_input=step.get("needsInput", False),
        is_available=is_gate or tool is not None,
        state=step.get("status", ""),
        started=_moment(step.get("startedAt")),
        completed=_moment(step.get("completedAt")),
        summary=output.summary if output and not step.get("error") else "",
        html=render_block(tool_block(number, {}, output)["result"]) if output else Markup(),
        data=_data(step["key"], output.data) if output and output.data is not None else Markup(),
        error=(step.get("error") or {}).get("message", ""),
        reason=step.get("reason") or "",
    )


def _inputs(inputs: Json, tool: Tool | None) -> list[Input]:
    secrets = tool.secrets if tool else frozenset()
    return [
        Input(label(name), (MISSING if value is None else HIDDEN) if name in secrets else spelled(value))
        for name, value in inputs.items()
    ]


def _data(key: str, data: Any) -> Markup:
    code = {"id": f"data-{key}", "key": BlockKey.CODE.value, "status": "complete", "tag": "json"}
    return render_block(code | {"content": orjson.dumps(data, option=orjson.OPT_INDENT_2).decode()})


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
