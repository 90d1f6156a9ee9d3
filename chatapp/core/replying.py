"""Using a form or an order that stands in an answer: at most once, and only while nothing has been said since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from chatapp.core import messages, replies, threads
from chatapp.core.replies import Answer
from chatapp.errors import AlreadyAnswered, Invalid, NotFound
from chatapp.models import Message, Thread, User
from chatapp.values import BlockKey, OnActive, Question, Role

Block = Mapping[str, Any]
Fields = Mapping[str, Sequence[str]]

USABLE = (BlockKey.ASK_USER_FORM, BlockKey.VM_ORDER)
FINAL = ("success", "error")


def question(user: User, message_id: UUID, block_id: str, fields: Fields, timezone: str = "UTC") -> Question:
    """What the filled-in fields of a block ask, as the next message of its conversation.

    The same block asks once: the question has a key of its own. Raises NotFound, Invalid, AlreadyAnswered.
    """
    message = messages.get_own(user, message_id)
    block = next((block for block in usable(message) if block["id"] == block_id), None)
    if block is None:
        raise NotFound("form")
    if not is_open(threads.get_own(user, message.thread_id), message):
        raise AlreadyAnswered("This was answered before, or the conversation has gone on.")
    return Question(
        user.id,
        _text(block, fields),
        message.thread_id,
        on_active=OnActive.INTERRUPT,
        timezone=timezone,
        idempotency_key=f"reply:{message.id}:{block_id}",
    )


def usable(message: Message) -> Iterator[Block]:
    """The blocks of a message that a person can act on, those that tools have shown among them."""
    for block in message.blocks:
        shown = block.get("result") or {} if block.get("key") == BlockKey.TOOL else block
        if shown.get("key") in USABLE and not is_final(shown):
            yield shown


def is_open(thread: Thread, message: Message) -> bool:
    """Whether the message is the last word of its conversation, which is not put away."""
    is_last = message.role == Role.ASSISTANT and message.sequence_index == thread.last_index
    return is_last and message.superseded_by is None and not thread.is_archived


def is_final(block: Block) -> bool:
    """Whether nothing is left to decide about an order."""
    return bool(block.get("order_status") in FINAL or block.get("order_id") or block.get("error"))


def _text(block: Block, fields: Fields) -> str:
    if block["key"] == BlockKey.ASK_USER_FORM:
        given = {q["id"]: Answer(fields.get(q["id"], ()), _one(fields, f"{q['id']}-own")) for q in block["questions"]}
        return replies.to_form(block["questions"], given)
    if _one(fields, "choice") == "modify":
        return replies.MODIFY_ORDER
    match block.get("order_status"):
        case "project_form":
            return replies.to_project_form(_chosen(block, fields, "projects", "uuid", "project"))
        case "offering_form":
            return replies.to_offering_form(_chosen(block, fields, "offerings", "uuid", "offering"))
        case "form":
            flavor = _chosen(block, fields, "flavors", "name", "flavor")
            return replies.to_vm_form(flavor, _chosen(block, fields, "images", "name", "image"))
    if _one(fields, "choice") != "create":
        raise Invalid("Choose what to do with the order.", "choice")
    return replies.CREATE_ORDER


def _chosen(block: Block, fields: Fields, options: str, name: str, field: str) -> str:
    value = _one(fields, field)
    if value not in [str(option.get(name)) for option in block.get(options) or []]:
        raise Invalid(f"Choose one: {field}.", field)
    return value


def _one(fields: Fields, name: str) -> str:
    return next(iter(fields.get(name, ())), "").replace("\x00", "")
