"""A stretch of a conversation, to be read beside a message of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from chatapp.core import attachments, messages
from chatapp.core.attachments import Attached
from chatapp.models import Message
from chatapp.values import Role
from chatapp.web.render import render_blocks

AROUND = 6  # places before and after


@dataclass(frozen=True, slots=True)
class Shown:
    """`html` are the blocks of an answer. `is_here`: it is the message that the page is about."""

    message: Message
    html: Markup
    files: Sequence[str]
    is_here: bool


@dataclass(frozen=True, slots=True)
class Excerpt:
    """`earlier` and `later` are places whose surroundings come next to these; None at the ends."""

    messages: Sequence[Shown]
    earlier: int | None
    later: int | None

    @classmethod
    def around(cls, message: Message, place: int | None = None) -> Excerpt:
        """Around a place of the message's thread, by default its own. Past versions are left out, but for itself."""
        place = max(1, place or message.sequence_index)
        first, last = place - AROUND, place + AROUND
        found = [
            each
            for each in messages.between(message.thread_id, first, last, with_history=True)
            if each.superseded_by is None or each.id == message.id
        ]
        has_later = bool(messages.between(message.thread_id, last + 1, last + 1))
        files = attachments.of_messages([each.id for each in found if each.role == Role.USER])
        shown = [_shown(each, files.get(each.id, ()), is_here=each.id == message.id) for each in found]
        return cls(shown, first - AROUND - 1 if first > 1 else None, last + AROUND + 1 if has_later else None)


def _shown(message: Message, files: Sequence[Attached], *, is_here: bool) -> Shown:
    html = render_blocks(message.blocks) if message.role == Role.ASSISTANT else Markup("")
    return Shown(message, html, [file.attachment.original_filename for file in files], is_here)
