"""The use of artifacts in threads (turns-api 2.4, 3.9 to 3.11, 4.2)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, delete, func, or_, select, update

from chatapp.core import threads
from chatapp.core.artifacts import get_own as own_artifact
from chatapp.core.artifacts import own_among
from chatapp.db import new_id, now, session, transaction
from chatapp.errors import Conflict, Invalid, NotFound
from chatapp.models import Artifact, ArtifactText, Attachment, Message, Thread, User
from chatapp.prepared import Prepared
from chatapp.rows import insert
from chatapp.values import Mode, Question, Role

MOST_OF_THREAD = 100
MOST_OF_MESSAGE = 20
ANY = Prepared(select(Attachment.id).where(Attachment.thread_id == bindparam("thread")).limit(1))


@dataclass(frozen=True, slots=True)
class Attached:
    """An attachment with what it points at."""

    attachment: Attachment
    artifact: Artifact


@dataclass(frozen=True, slots=True)
class Reading:
    """A piece of what a model may read of an attachment; `length` is that of all of it.

    `is_cut`: the file holds more than could be read of it. `status` and `problem` are those of its ingestion.
    """

    text: str
    offset: int
    length: int
    is_cut: bool
    status: str
    problem: str | None


def create(user: User, thread_id: UUID, artifact_id: UUID, message_id: UUID | None = None) -> tuple[Attached, bool]:
    """Attach the user's artifact to the thread, or to a question in it; and whether that is new.

    Raises NotFound, Invalid, Conflict.
    """
    with transaction():
        thread = threads.lock(user.id, thread_id)
        artifact = own_artifact(user, artifact_id)
        if message_id:
            _require_question(thread, message_id)
        same = (
            Attachment.thread_id == thread.id,
            Attachment.artifact_id == artifact.id,
            Attachment.message_id == message_id if message_id else Attachment.message_id.is_(None),
        )
        if existing := session.scalar(select(Attachment).where(*same)):
            return Attached(existing, artifact), False
        _require_room(thread, 1)
        attachment = _new(artifact)
        attachment.thread_id, attachment.message_id = thread.id, message_id
        session.add(attachment)
    return Attached(attachment, artifact), True


def listing(thread: Thread, limit: int = MOST_OF_THREAD, offset: int = 0) -> Sequence[Attached]:
    """What is attached to a thread and its messages as they are now, oldest first."""
    query = _joined().where(_is_current(thread.id)).order_by(Attachment.created, Attachment.id)
    return _attached(query.limit(limit).offset(offset))


def get_own(user: User, attachment_id: UUID) -> Attached:
    """Raises NotFound."""
    found = _attached(_joined().where(Attachment.id == attachment_id, Attachment.user_id == user.id))
    if not found:
        raise NotFound("attachment")
    return found[0]


def get_shown(user: User, attachment_id: UUID) -> Attached:
    """One in a thread that is not archived (turns-api 0.7). Raises NotFound."""
    found = get_own(user, attachment_id)
    if threads.get_own(user, found.attachment.thread_id).is_archived:
        raise NotFound("attachment")
    return found


def delete_own(user: User, attachment_id: UUID) -> None:
    """Remove the link; the artifact stays. Raises NotFound."""
    with transaction():
        done = session.execute(delete(Attachment).where(Attachment.id == attachment_id, Attachment.user_id == user.id))
        if not done.rowcount:  # type: ignore[attr-defined]
            raise NotFound("attachment")


def read(user: User, attachment_id: UUID, offset: int = 0, limit: int = 20_000) -> Reading:
    """A piece of what a model may read of an attachment: screened, and masked as the policy says. Raises NotFound."""
    artifact = get_own(user, attachment_id).artifact
    return read_artifact(artifact, offset, limit)


def read_artifact(artifact: Artifact, offset: int = 0, limit: int = 20_000) -> Reading:
    """The same of an artifact of one's own."""
    piece = func.substr(ArtifactText.text, max(0, offset) + 1, max(0, limit))
    query = select(piece, ArtifactText.length, ArtifactText.is_cut).where(ArtifactText.artifact_id == artifact.id)
    text, length, is_cut = session.execute(query).one_or_none() or ("", 0, False)
    return Reading(text, offset, length, is_cut, artifact.ingestion_status, artifact.ingestion_problem)


def of_messages(message_ids: Collection[UUID]) -> dict[UUID, list[Attached]]:
    """By message, in the order in which they were attached."""
    found: dict[UUID, list[Attached]] = {}
    if message_ids:
        query = _joined().where(Attachment.message_id.in_(message_ids))
        for each in _attached(query.order_by(Attachment.created, Attachment.id)):
            found.setdefault(each.attachment.message_id, []).append(each)  # type: ignore[arg-type]
    return found


def again(attached: Sequence[Attached]) -> list[Attached]:
    """The same as they are now, without those that have been removed since."""
    ids = [each.attachment.id for each in attached]
    found = {each.attachment.id: each for each in _attached(_joined().where(Attachment.id.in_(ids)))}
    return [found[attachment_id] for attachment_id in ids if attachment_id in found]


def shown_to_model(thread_id: UUID, question_ids: Collection[UUID]) -> list[Attached]:
    """What is attached to these questions and to the thread as a whole, in the order in which it was attached."""
    if not has_any(thread_id):
        return []
    of_question = Attachment.message_id.is_(None) | Attachment.message_id.in_(question_ids)
    query = _joined().where(Attachment.thread_id == thread_id, of_question)
    return _attached(query.order_by(Attachment.created, Attachment.id))


def has_any(thread_id: UUID) -> bool:
    """Whether anything is attached to the thread or to one of its questions."""
    return ANY.first(thread=thread_id) is not None


def chosen(asker: User, thread: Thread | None, question: Question) -> list[Attachment]:
    """What a new question is asked with, to be bound to it when it is stored: attachments of the thread, artifacts that
    were not attached before, and for an edit that names none what came with the question that it replaces.

    Raises Invalid, Conflict.
    """
    if question.mode is Mode.RELOAD:
        return []
    if len(question.attachment_ids) + len(question.artifact_ids) > MOST_OF_MESSAGE:
        raise Invalid(f"A message has at most {MOST_OF_MESSAGE} files.", "attachment_ids")
    if question.mode is Mode.EDIT and question.keeps_files and question.message_id:
        return [_new(each.artifact) for each in of_messages([question.message_id]).get(question.message_id, [])]
    bound = _bindable(thread, question.attachment_ids)
    artifacts = own_among(asker, dict.fromkeys(question.artifact_ids))
    if len(artifacts) < len(set(question.artifact_ids)):
        raise Invalid("A file is no longer there. Remove it and try again.", "artifact_ids")
    if artifacts and thread:
        _require_room(thread, len(artifacts))
    return bound + [_new(artifact) for artifact in artifacts]


def bind(attachments: Sequence[Attachment], message: Message) -> None:
    """Make them those of a question that is stored, within the caller's transaction."""
    for attachment in attachments:
        if attachment.thread_id:
            values = {"message_id": message.id, "modified": now()}
            session.execute(update(Attachment).where(Attachment.id == attachment.id).values(values))
        else:
            attachment.thread_id, attachment.message_id = message.thread_id, message.id
            insert(attachment)


def _bindable(thread: Thread | None, attachment_ids: Sequence[UUID]) -> list[Attachment]:
    """Attachments of the thread as a whole. Raises Invalid, naming the first that is none."""
    if not attachment_ids:
        return []
    of_thread = Attachment.thread_id == (thread.id if thread else None)
    query = select(Attachment).where(Attachment.id.in_(attachment_ids), of_thread, Attachment.message_id.is_(None))
    found = {attachment.id: attachment for attachment in session.scalars(query)}
    for number, attachment_id in enumerate(attachment_ids):
        if attachment_id not in found:
            raise Invalid("This is no attachment of the conversation as a whole.", "attachment_ids", number)
    return [found[attachment_id] for attachment_id in dict.fromkeys(attachment_ids)]


def _require_room(thread: Thread, count: int) -> None:
    if _count(thread.id) + count > MOST_OF_THREAD:
        raise Conflict("attachment_limit", f"A conversation has at most {MOST_OF_THREAD} files.")


def _require_question(thread: Thread, message_id: UUID) -> None:
    message = session.get(Message, message_id)
    if message is None or message.thread_id != thread.id or message.superseded_by:
        raise NotFound("message")
    if message.role != Role.USER:
        raise Invalid("Files can be attached to questions only.", "message_id")


def _new(artifact: Artifact) -> Attachment:
    """Not in any thread yet."""
    moment = now()
    return Attachment(
        id=new_id(),
        artifact_id=artifact.id,
        user_id=artifact.user_id,
        original_filename=artifact.original_filename or artifact.title or artifact.kind,
        mime_type=artifact.mime_type,
        size_bytes=artifact.size_bytes,
        created=moment,
        modified=moment,
    )


def _count(thread_id: UUID) -> int:
    query = select(func.count()).select_from(Attachment).outerjoin(Message, Message.id == Attachment.message_id)
    return session.scalar(query.where(_is_current(thread_id))) or 0


def _joined() -> Select[Attachment, Artifact]:
    return (
        select(Attachment, Artifact)
        .join(Artifact, Artifact.id == Attachment.artifact_id)
        .outerjoin(Message, Message.id == Attachment.message_id)
        .execution_options(populate_existing=True)
    )


def _is_current(thread_id: UUID) -> ColumnElement[bool]:
    """Those of messages that something has replaced are left out."""
    is_shown = or_(Attachment.message_id.is_(None), Message.superseded_by.is_(None))
    return (Attachment.thread_id == thread_id) & is_shown


def _attached(query: Select[Attachment, Artifact]) -> list[Attached]:
    return [Attached(attachment, artifact) for attachment, artifact in session.execute(query)]
