"""Conversations and everything of a person as files, piece by piece: memory does not grow with what is exported.

Nothing of what the guards have found is in them, and nothing of anybody else but who has read the conversations.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from io import BytesIO
from typing import IO
from uuid import UUID

import orjson
from sqlalchemy import select

from chatapp.core import (
    accounts,
    artifacts,
    attachments,
    automation_files,
    block_texts,
    browsers,
    messages,
    readings,
    second_factors,
    sharing,
    tokens,
)
from chatapp.core.attachments import Attached
from chatapp.core.readings import Reading
from chatapp.core.snapshots import time_json
from chatapp.db import now, patiently, release, session
from chatapp.errors import NotFound
from chatapp.models import Artifact, Message, Thread, User
from chatapp.values import Json, Role

BATCH = 100  # places of a thread, threads of a user
FORMAT = 1
UNNAMED = "Conversation"
LONGEST_NAME = 80
INDENT = orjson.OPT_INDENT_2


def batches(thread: Thread, *, with_history: bool = False) -> Iterator[Sequence[Message]]:
    """The thread's messages as they are now, a few at a time. Between them no connection is held."""
    for first in range(1, thread.last_index + 1, BATCH):
        found = messages.between(thread.id, first, first + BATCH - 1, with_history=with_history)
        release()
        yield found


def files_of(batch: Sequence[Message]) -> dict[UUID, list[Attached]]:
    """By message, what came with it. Afterwards no connection is held."""
    found = attachments.of_messages([message.id for message in batch if message.role == Role.USER])
    release()
    return found


def file_name(title: str | None, moment: datetime, ending: str) -> str:
    """A name that every system takes, whatever the title: letters, digits, hyphens, and the date."""
    words = "-".join(re.findall(r"\w+", title or UNNAMED))[:LONGEST_NAME].strip("-_")
    return f"{words or UNNAMED}-{moment:%Y-%m-%d}.{ending}"


def as_markdown(thread: Thread) -> Iterator[bytes]:
    """What both have said, as it is now; what tools did and asked as text."""
    yield f"# {thread.title or UNNAMED}\n\n_{thread.created:%Y-%m-%d}_\n".encode()
    for batch in batches(thread):
        files = files_of(batch)
        for message in batch:
            speaker = "You" if message.role == Role.USER else "Assistant"
            names = ", ".join(file.attachment.original_filename for file in files.get(message.id, ()))
            attached = f"\n_Attached: {names}_\n" if names else ""
            text = message.content if block_texts.is_prose(message.blocks) else block_texts.as_markdown(message.blocks)
            yield f"\n## {speaker}\n{attached}\n{text.strip()}\n".encode()


def as_json(thread: Thread) -> Iterator[bytes]:
    """The thread with every version of its messages, their blocks and the feedback."""
    head = {
        "format": FORMAT,
        "id": str(thread.id),
        "title": thread.title,
        "created": time_json(thread.created),
        "archived": thread.archived_at and time_json(thread.archived_at),
        "exported": time_json(now()),
    }
    yield orjson.dumps(head)[:-1] + b',"messages":['
    separator = b"\n"
    for batch in batches(thread, with_history=True):
        files = files_of(batch)
        for message in batch:
            yield separator + orjson.dumps(_message_json(message, files.get(message.id, ())))
            separator = b",\n"
    yield b"\n]}\n"


def everything(user_id: UUID) -> Iterator[bytes]:
    """A ZIP archive: the account, who has read conversations, these as JSON and as Markdown, files, automations.

    No secret is in it.
    """
    spool = _Spool()
    with patiently(), zipfile.ZipFile(spool, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        user = accounts.require_user(user_id)
        archive.writestr("account.json", orjson.dumps(_account_json(user), option=INDENT))
        release()
        yield spool.take()
        yield from _add(archive, spool, "readings.json", _readings(user))
        for thread in _threads(user_id):
            for ending, pieces in (("json", as_json(thread)), ("md", as_markdown(thread))):
                name = file_name(thread.title, thread.created, f"{str(thread.id)[-12:]}.{ending}")
                yield from _add(archive, spool, f"conversations/{name}", pieces)
        for artifact in _artifacts(user):
            with archive.open(f"files/{_archived_name(artifact)}", "w") as file, _content(artifact) as content:
                while piece := content.read(_Spool.FULL):
                    file.write(piece)
                    yield spool.take()
        for automation in automation_files.of_user(user_id):
            name = file_name(automation.name, automation.created, f"{str(automation.id)[-12:]}.json")
            yield from _add(archive, spool, f"automations/{name}", automation_files.as_json(automation))
    yield spool.take()


def _add(archive: zipfile.ZipFile, spool: _Spool, name: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Another file of the archive."""
    with archive.open(name, "w") as file:
        for piece in pieces:
            file.write(piece)
            if spool.is_full:
                yield spool.take()
    yield spool.take()


class _Spool:
    """What a ZIP archive writes, to be taken away piece by piece."""

    FULL = 64 * 1024

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    @property
    def is_full(self) -> bool:
        return self._size >= self.FULL

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        self._size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def take(self) -> bytes:
        pieces, self._pieces, self._size = self._pieces, [], 0
        return b"".join(pieces)


def _readings(user: User) -> Iterator[bytes]:
    separator = b"["
    for reading in readings.every(user):
        yield separator + orjson.dumps(_reading_json(reading))
        separator = b",\n"
    yield b"]\n" if separator != b"[" else b"[]\n"


def _threads(user_id: UUID) -> Iterator[Thread]:
    last: UUID | None = None
    while True:
        query = select(Thread).where(Thread.user_id == user_id, Thread.deleted_at.is_(None))
        if last:
            query = query.where(Thread.id > last)
        found = session.scalars(query.order_by(Thread.id).limit(BATCH)).all()
        release()
        yield from found
        if len(found) < BATCH:
            return
        last = found[-1].id


def _artifacts(user: User) -> Iterator[Artifact]:
    offset = 0
    while True:
        found, total = artifacts.listing(user, limit=BATCH, offset=offset)
        release()
        yield from found
        offset += BATCH
        if offset >= total:
            return


def _content(artifact: Artifact) -> IO[bytes]:
    """Of a file that is lost, nothing: the others are exported all the same."""
    try:
        return artifacts.open_content(artifact)
    except NotFound:
        return BytesIO()


def _archived_name(artifact: Artifact) -> str:
    """Its own name where every system takes it; the id keeps names apart and tells which conversation had it."""
    name = (
        artifact.original_filename
        or f"{artifact.title or artifact.kind}.{'json' if artifact.kind == 'json' else 'txt'}"
    )
    stem, dot, ending = name.rpartition(".")
    words = "-".join(re.findall(r"\w+", stem if dot else name))[:LONGEST_NAME]
    ending = "".join(re.findall(r"\w", ending)) if dot else ""
    return f"{artifact.id}-{words or artifact.kind}{'.' if ending else ''}{ending}"


def _message_json(message: Message, files: Sequence[Attached]) -> Json:
    return {
        "id": str(message.id),
        "place": message.sequence_index,
        "role": message.role,
        "created": time_json(message.created),
        "is_current": message.superseded_by is None,
        "interrupted": message.interrupted,
        "model": message.model,
        "content": message.content,
        "blocks": message.blocks,
        "attachments": [
            {
                "file": str(file.artifact.id),
                "name": file.attachment.original_filename,
                "type": file.attachment.mime_type,
                "bytes": file.attachment.size_bytes,
            }
            for file in files
        ],
        "feedback": _feedback_json(message),
    }


def _reading_json(reading: Reading) -> Json:
    return {
        "conversation": str(reading.thread_id),
        "when": time_json(reading.moment),
        "by": reading.reader,
        "role": reading.role,
        "reason": reading.reason or None,
        "note": reading.note or None,
    }


def _feedback_json(message: Message) -> Json | None:
    if message.feedback_submitted_at is None:
        return None
    return {
        "helpful": message.feedback_score,
        "category": message.feedback_category,
        "comment": message.feedback_comment,
        "submitted": time_json(message.feedback_submitted_at),
    }


def _account_json(user: User) -> Json:
    return {
        "format": FORMAT,
        "exported": time_json(now()),
        "username": user.username,
        "full_name": user.full_name,
        "email": user.email,
        "created": time_json(user.created),
        "is_staff": user.is_staff,
        "is_support": user.is_support,
        "preferences": {"theme": user.theme, "dates": user.locale, "timezone": user.timezone or None},
        "api_tokens": [
            {"name": token.name, "created": time_json(token.created), "expires": _time(token.expires_at)}
            for token in tokens.of_user(user)
        ],
        "two_step_sign_in_since": _time(factor.created) if (factor := second_factors.of_user(user)) else None,
        "browsers": [
            {
                "name": browser.name,
                "address": browser.address,
                "signed_in": time_json(browser.created),
                "last_used": _time(browser.last_used_at),
            }
            for browser in browsers.of_user(user)
        ],
        "share_links": [
            {"title": link.title, "created": time_json(link.created), "expires": time_json(link.expires_at)}
            for link in sharing.of_user(user)
        ],
    }


def _time(moment: datetime | None) -> str | None:
    return time_json(moment) if moment else None
