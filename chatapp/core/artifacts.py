"""Stored pieces of content: uploads, and what people or tools put down as text or JSON (turns-api 2.5 and 3.13)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from io import BytesIO
from typing import IO, Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select

from chatapp import blobs, config
from chatapp.blobs import Incoming
from chatapp.core import blob_keeping, file_types, holds, ingestion, screening
from chatapp.core.file_types import FileType
from chatapp.db import after_commit, new_id, rest, session, transaction
from chatapp.errors import Conflict, Invalid, NotFound, StorageFull, TooLarge
from chatapp.models import Artifact, Attachment, Thread, User

LARGEST_FILE = 25 * 1024 * 1024
LARGEST_INLINE = 1024 * 1024
LONGEST_TITLE = 255
KINDS = ("json", "text", "file")
INLINE_TYPES = {"json": "application/json", "text": "text/plain"}


def upload(user: User, source: IO[bytes], name: str, declared: str = "", title: str | None = None) -> Artifact:
    """Store the bytes of a stream, of which no more is read than may be kept.

    What it is, is decided by its bytes; `declared` and the name help where they cannot tell. Its text is read in the
    background. Raises TooLarge, Invalid, UnsupportedType, StorageFull.
    """
    user_id = user.id
    rest()  # an upload may take minutes
    store = blobs.store()
    incoming = store.receive(source, LARGEST_FILE)
    try:
        if not incoming.size:
            raise Invalid("The file is empty.", "file")
        kind = file_types.detect(incoming.head, incoming.tail, declared, name)
        artifact = _new_file(user_id, incoming, kind, _safe_name(name), _title(title))
        with transaction():
            _take_room(user_id, incoming.size)
            blob_keeping.keep(store, incoming)
            _add(artifact)
    finally:
        store.discard(incoming)
    return artifact


def create(user: User, kind: str, content: Any, title: str | None = None, turn_id: UUID | None = None) -> Artifact:
    """Store a text, or a value as JSON. Raises TooLarge, Invalid, StorageFull."""
    text = content if kind == "text" else orjson.dumps(content).decode()
    if "\x00" in text:
        raise Invalid("The text contains a character that cannot be stored.", "content")
    data = text.encode(errors="replace")
    if len(data) > LARGEST_INLINE:
        raise TooLarge(LARGEST_INLINE)
    artifact = Artifact(
        id=new_id(),
        user_id=user.id,
        kind=kind,
        title=_title(title),
        mime_type=INLINE_TYPES[kind],
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        content=data.decode(),
        turn_id=turn_id,
        ingestion_status="pending",
    )
    with transaction():
        _take_room(user.id, len(data))
        _add(artifact)
    return artifact


def get_own(user: User, artifact_id: UUID) -> Artifact:
    """Raises NotFound, for other people's artifacts as well."""
    artifact = session.get(Artifact, artifact_id, populate_existing=True)
    if artifact is None or artifact.user_id != user.id:
        raise NotFound("artifact")
    return artifact


def own_among(user: User, artifact_ids: Collection[UUID]) -> list[Artifact]:
    """Those of the given artifacts that are the user's, in the order given."""
    if not artifact_ids:
        return []
    query = select(Artifact).where(Artifact.id.in_(artifact_ids), Artifact.user_id == user.id)
    found = {artifact.id: artifact for artifact in session.scalars(query.execution_options(populate_existing=True))}
    return [found[artifact_id] for artifact_id in artifact_ids if artifact_id in found]


def listing(
    user: User, *, kind: str | None = None, turn_id: UUID | None = None, limit: int = 100, offset: int = 0
) -> tuple[Sequence[Artifact], int]:
    """The user's artifacts, newest first, and how many there are in all."""
    chosen: list[ColumnElement[bool]] = [Artifact.user_id == user.id]
    if kind is not None:
        chosen.append(Artifact.kind == kind)
    if turn_id is not None:
        chosen.append(Artifact.turn_id == turn_id)
    total = session.scalar(select(func.count()).select_from(Artifact).where(*chosen)) or 0
    newest = select(Artifact).where(*chosen).order_by(Artifact.created.desc(), Artifact.id.desc())
    return session.scalars(newest.limit(limit).offset(offset)).all(), total


def open_content(artifact: Artifact) -> IO[bytes]:
    """The stored bytes. Raises NotFound when the folder of files has lost them."""
    if artifact.content is not None:
        return BytesIO(artifact.content.encode())
    try:
        return blobs.store().open(artifact.sha256)
    except FileNotFoundError:
        raise NotFound("artifact") from None


def delete_own(user: User, artifact_id: UUID) -> None:
    """Delete it for good. Raises NotFound, and Conflict while a visible thread uses it or a hold keeps it."""
    with transaction():
        artifact = session.scalar(select(Artifact).where(Artifact.id == artifact_id).with_for_update())
        if artifact is None or artifact.user_id != user.id:
            raise NotFound("artifact")
        if holds.holds_person(user.id):
            raise Conflict("artifact_held", "This file has to be kept: there is a legal hold on your account.")
        if uses := _uses(artifact_id):
            raise Conflict("artifact_in_use", "This file is used in a conversation.", attachmentCount=uses)
        session.execute(delete(Artifact).where(Artifact.id == artifact_id))
        after_commit(lambda: blob_keeping.let_go(artifact.sha256))


def delete_of(user_ids: Collection[UUID], before: datetime) -> int:
    """Delete what these people have stored before a moment and neither a conversation nor a hold keeps; how many.

    The files themselves go with the daily work.
    """
    used = exists().where(Attachment.artifact_id == Artifact.id)
    old = Artifact.created < before
    free = (~used, Artifact.user_id.not_in(holds.PEOPLE))
    with transaction():
        done = session.execute(delete(Artifact).where(Artifact.user_id.in_(user_ids), old, *free))
    return int(done.rowcount)  # type: ignore[attr-defined]


def _uses(artifact_id: UUID) -> int:
    """Attachments of visible threads, and of those that are held."""
    visible = and_(Thread.archived_at.is_(None), Thread.deleted_at.is_(None))
    query = (
        select(func.count())
        .select_from(Attachment)
        .join(Thread, Thread.id == Attachment.thread_id)
        .where(Attachment.artifact_id == artifact_id, or_(visible, holds.IS_HELD))
    )
    return session.scalar(query) or 0


def _new_file(user_id: UUID, incoming: Incoming, kind: FileType, name: str, title: str | None) -> Artifact:
    return Artifact(
        id=new_id(),
        user_id=user_id,
        kind="file",
        title=title,
        original_filename=name,
        mime_type=kind.mime_type,
        size_bytes=incoming.size,
        sha256=incoming.sha256,
        width=kind.width,
        height=kind.height,
        ingestion_status="none" if kind.is_image else "pending",
    )


def _add(artifact: Artifact) -> None:
    session.add(artifact)
    session.flush()
    if artifact.ingestion_status == "pending":
        after_commit(ingestion.wake)


def _take_room(user_id: UUID, size: int) -> None:
    """One upload of a person after the other. Raises StorageFull."""
    most = config.current().files_per_user * 1024 * 1024
    if most <= 0:
        return
    session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))
    used = session.scalar(select(func.sum(Artifact.size_bytes)).where(Artifact.user_id == user_id)) or 0
    if used + size > most:
        raise StorageFull(f"You keep {used // 1024**2:,} MB of files, and {most // 1024**2:,} MB is all you may keep.")


def _safe_name(name: str) -> str:
    """Names are shown to models and to people as texts are."""
    name = file_types.clean_name(name)
    screened = screening.screen(name)
    if screened.is_refused or screened.text in (screening.BLOCKED, screening.UNCHECKED):
        ending = name.rpartition(".")[2]
        return f"{file_types.UNNAMED}.{ending}" if ending.isalnum() and len(ending) < 6 else file_types.UNNAMED
    return screened.text[: file_types.LONGEST_NAME]


def _title(title: str | None) -> str | None:
    title = " ".join((title or "").replace("\x00", "").split())
    if len(title) > LONGEST_TITLE:
        raise Invalid(f"A title has at most {LONGEST_TITLE} characters.", "title")
    return title or None
