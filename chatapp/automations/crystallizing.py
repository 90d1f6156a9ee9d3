"""From a conversation to an automation: exactly the calls that were made (turns-api 5.1, 5.2)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select

from chatapp import tools
from chatapp.core import audit, history, own_threads, threads, turns
from chatapp.core.history import Listed
from chatapp.db import session, transaction
from chatapp.errors import Conflict, NotFound, TurnActive
from chatapp.models import Automation, Message, Thread, ToolApproval, Turn, User
from chatapp.tools import Tool
from chatapp.values import BlockKey, Json, Role, TurnStatus

UNTITLED = "Untitled automation"
BEGINNING = 60  # characters of a first question that make a name
GATE = "approval_gate"


@dataclass(frozen=True, slots=True)
class Captured:
    """A call that was made and succeeded. `allowed`: a person had to allow it."""

    turn_id: UUID
    message_id: UUID
    call_id: str
    tool: Tool
    arguments: Mapping[str, Any]
    allowed: bool


def eligible(user: User, found: Sequence[Thread | Listed]) -> set[UUID]:
    """Those of one's own threads that can become automations (turns-api 5.1)."""
    called = own_threads.called_tools([thread.id for thread in found if not thread.is_archived])
    kinds = tools.crystallizable()
    capturable = {thread_id for thread_id, names in called.items() if names & kinds}
    return capturable.difference(history.answering(user)) if capturable else capturable


def crystallize(
    user: User, thread_id: UUID, name: str | None = None, *, renamed: bool = False
) -> tuple[Automation, bool]:
    """The automation of a thread's calls, and whether it is new: the same calls under the same name make one.

    `renamed`: one of the same calls is found whatever its name has become.
    Raises NotFound, TurnActive, Conflict (not_crystallizable).
    """
    with transaction():
        thread = threads.lock(user.id, thread_id)
        if thread.is_archived:
            raise NotFound("thread")
        if active := turns.active(thread.id):
            raise TurnActive(active.id)
        captured = calls(thread)
        if not captured:
            raise Conflict("not_crystallizable", "Nothing was done in this conversation that could be repeated.")
        steps = _steps(captured)
        name = name or _name(thread)
        fingerprint = hashlib.sha256(orjson.dumps(steps, option=orjson.OPT_SORT_KEYS)).hexdigest()
        if known := _known(user, thread, None if renamed else name, fingerprint):
            return known, False
        unsure = [step["key"] for step in steps if not step["deterministic"]]
        automation = Automation(
            user_id=user.id,
            name=name,
            source_thread_id=thread.id,
            source_agent_spec_id=thread.agent_spec_id,
            fingerprint=fingerprint,
            config={"steps": steps, "metadata": {"nonDeterministicSteps": unsure}},
        )
        session.add(automation)
        session.flush()
        audit.record("automation_created", user, object_id=automation.id, target_user_id=user.id, steps=len(steps))
    return automation, True


def calls(thread: Thread) -> list[Captured]:
    """The thread's capturable calls, in the order in which they were made."""
    kinds = {tool.name: tool for tool in tools.built_in() if tool.crystallizable}
    answers = session.scalars(
        select(Message)
        .join(Turn, Turn.id == Message.turn_id)
        .where(
            Message.thread_id == thread.id,
            Message.role == Role.ASSISTANT,
            Message.superseded_by.is_(None),
            Turn.status == TurnStatus.COMPLETED,
        )
        .order_by(Message.sequence_index)
    ).all()
    made = [(answer, block["tool"]) for answer in answers for block in answer.blocks if block["key"] == BlockKey.TOOL]
    allowed = _allowed([answer.turn_id for answer in answers if answer.turn_id])
    return [
        Captured(
            answer.turn_id,
            answer.id,
            call["call_id"],
            kinds[call["name"]],
            call["arguments"],
            (answer.turn_id, call["call_id"]) in allowed,
        )
        for answer, call in made
        if answer.turn_id and call["name"] in kinds and not call.get("denied")
    ]


def _allowed(turn_ids: Sequence[UUID]) -> set[tuple[UUID, str]]:
    approved = (ToolApproval.turn_id.in_(turn_ids), ToolApproval.status == "approved")
    return {
        (turn, call)
        for turn, call in session.execute(select(ToolApproval.turn_id, ToolApproval.call_id).where(*approved))
    }


def _steps(captured: Sequence[Captured]) -> list[Json]:
    """Each after the one before it, a gate before what a person had to allow."""
    steps: list[Json] = []
    for call in captured:
        if call.allowed:
            key = f"step_{len(steps) + 2}"
            gate = {"prompt": f"Allow {call.tool.name}?", "forStep": key}
            _append(steps, kind=GATE, name=f"Approve {call.tool.name}", inputs=gate)
        inputs, secret = _without_secrets(call)
        source = {"turnId": str(call.turn_id), "messageId": str(call.message_id), "toolCallId": call.call_id}
        _append(
            steps,
            kind=call.tool.name,
            name=call.tool.name,
            inputs=inputs,
            deterministic=call.tool.deterministic,
            needsInput=secret,
            source=source,
        )
    return steps


def _append(steps: list[Json], **fields: Any) -> None:
    before = [steps[-1]["key"]] if steps else []
    step = {"key": f"step_{len(steps) + 1}", "dependsOn": before}
    steps.append({**step, "deterministic": True, "needsInput": False, "source": None, **fields})


def _without_secrets(call: Captured) -> tuple[Json, bool]:
    """The arguments without those that the tool's schema calls secret, and whether there were any."""
    secret = call.tool.secrets & call.arguments.keys()
    return {name: None if name in secret else value for name, value in call.arguments.items()}, bool(secret)


def _name(thread: Thread) -> str:
    if thread.title:
        return thread.title
    first = session.scalar(
        select(Message.content)
        .where(Message.thread_id == thread.id, Message.role == Role.USER, Message.superseded_by.is_(None))
        .order_by(Message.sequence_index)
        .limit(1)
    )
    return (first or "").strip()[:BEGINNING].strip() or UNTITLED


def _known(user: User, thread: Thread, name: str | None, fingerprint: str) -> Automation | None:
    """The newest that was made from this; with any name if none is given."""
    same = select(Automation).where(
        Automation.source_thread_id == thread.id,
        Automation.user_id == user.id,
        Automation.fingerprint == fingerprint,
    )
    if name is not None:
        same = same.where(Automation.name == name)
    return session.scalar(same.order_by(Automation.created.desc(), Automation.id.desc()).limit(1))
