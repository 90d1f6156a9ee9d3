"""The files of a conversation as its model is shown them: text within a budget, images for one that sees.

The newest question comes first in the budget, so that what is asked about is there; of what is not shown the model
learns the name and how much there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from chatapp import config
from chatapp.core import attachments, ingestion
from chatapp.core.artifacts import open_content
from chatapp.core.attachments import Attached
from chatapp.core.file_types import IMAGES
from chatapp.db import rest
from chatapp.errors import NotFound
from chatapp.extraction import Problem
from chatapp.models import Artifact, Message, Thread
from chatapp.providers import FilePart, ImagePart, Part
from chatapp.values import Role

MOST_IMAGES = 20
LARGEST_IMAGE = 3_750_000  # bytes: 5 MB when they are encoded
LONGEST_SIDE = 8_000  # pixels
IMAGE_BYTES = 20_000_000  # of one request

PROBLEMS = {
    Problem.ENCRYPTED: "it is protected by a password",
    Problem.NO_TEXT: "there is no text in it",
    Problem.UNREADABLE: "it is damaged or not what it seems",
    Problem.TOO_COMPLEX: "it is too large or too complex",
}


class _Budget:
    """What one request may still show."""

    def __init__(self) -> None:
        self.characters = config.current().attachment_characters
        self.images = MOST_IMAGES
        self.image_bytes = IMAGE_BYTES


def parts(thread: Thread, shown: Sequence[Message]) -> dict[UUID, tuple[Part, ...]]:
    """By message, what came with it; what is attached to the thread as a whole comes with the last one.

    Waits a little for files that are still being read.
    """
    questions = [message.id for message in shown if message.role == Role.USER]
    attached = attachments.shown_to_model(thread.id, questions) if questions else []
    if not attached:
        return {}
    found: dict[UUID, list[Attached]] = {}
    for file in sorted(_when_read(attached), key=lambda file: file.attachment.message_id is not None):
        found.setdefault(file.attachment.message_id or questions[-1], []).append(file)
    budget = _Budget()
    return {
        message_id: tuple(_parts(found[message_id], budget))
        for message_id in reversed(questions)
        if message_id in found
    }


def problem_of(artifact: Artifact) -> str:
    """Why nothing could be read of it, in a few words."""
    return PROBLEMS[Problem(artifact.ingestion_problem or Problem.UNREADABLE)]


def _when_read(attached: list[Attached]) -> list[Attached]:
    unread = {each.artifact.id for each in attached if each.artifact.ingestion_status in ("pending", "processing")}
    if not unread:
        return attached
    rest()
    ingestion.wait_until_read(unread, config.current().attachment_wait)
    return attachments.again(attached)


def _parts(files: Iterable[Attached], budget: _Budget) -> Iterator[Part]:
    for file in files:
        if file.artifact.mime_type in IMAGES:
            yield from _image(file, budget)
        else:
            yield _document(file, budget)


def _image(file: Attached, budget: _Budget) -> Iterator[Part]:
    artifact = file.artifact
    size = f"{artifact.width} × {artifact.height} pixels"
    is_small = artifact.size_bytes <= LARGEST_IMAGE and max(artifact.width or 0, artifact.height or 0) <= LONGEST_SIDE
    if not is_small:
        yield _part(file, note=f"an image of {size}, too large to be shown to you")
    elif budget.images < 1 or artifact.size_bytes > budget.image_bytes:
        yield _part(file, note=f"an image of {size}, not shown again")
    else:
        budget.images -= 1
        budget.image_bytes -= artifact.size_bytes
        yield from _pixels(file, size)


def _pixels(file: Attached, size: str) -> Iterator[Part]:
    try:
        with open_content(file.artifact) as content:
            data = content.read()
    except NotFound:
        yield _part(file, note="an image that is no longer there")
        return
    yield _part(file, note=f"the image below, {size}")
    yield ImagePart(file.artifact.mime_type, data)


def _document(file: Attached, budget: _Budget) -> FilePart:
    reading = attachments.read_artifact(file.artifact, 0, budget.characters)
    match reading.status:
        case "failed":
            return _part(file, note=f"this file could not be read: {problem_of(file.artifact)}")
        case "none":
            return _part(file, note="there is no text to be read in files of this type")
        case "pending" | "processing":
            return _part(file, note="this file is still being read; its text is not there yet")
    budget.characters -= len(reading.text)
    if len(reading.text) < reading.length:
        note = f"the first {len(reading.text):,} of {reading.length:,} characters; read_attachment reads the rest"
    else:
        note = "the beginning of a longer file" if reading.is_cut else ""
    return _part(file, reading.text, note)


def _part(file: Attached, text: str = "", note: str = "") -> FilePart:
    attachment = file.attachment
    return FilePart(str(attachment.id), attachment.original_filename, attachment.mime_type, text, note)
