"""Files as the templates are given them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from chatapp.core import attachments
from chatapp.core.attached_files import problem_of
from chatapp.core.attachments import Attached
from chatapp.core.file_types import IMAGES
from chatapp.models import Artifact, Message
from chatapp.values import Role

KINDS = {
    "application/pdf": "PDF",
    "application/json": "JSON",
    "text/markdown": "Markdown",
    "text/csv": "CSV",
    "text/html": "HTML",
}
FAMILIES = {
    "image/": "Image",
    "text/": "Text",
    "wordprocessingml": "Document",
    "spreadsheet": "Spreadsheet",
    "presentation": "Presentation",
    "opendocument.text": "Document",
}
UNITS = ((1024 * 1024, "MB"), (1024, "kB"))


@dataclass(frozen=True, slots=True)
class ShownFile:
    """`id` is the artifact's. `state` is empty, "reading" or "failed"; `said` is what there is to say about it."""

    id: UUID
    name: str
    kind: str
    size: str
    is_image: bool
    state: str
    said: str

    @classmethod
    def of(cls, artifact: Artifact) -> ShownFile:
        status = artifact.ingestion_status
        state = {"pending": "reading", "processing": "reading", "failed": "failed"}.get(status, "")
        said = {"reading": "Being read…", "failed": ""}.get(state, "")
        if state == "failed":
            said = f"The assistant cannot read it: {problem_of(artifact)}."
        return cls(
            artifact.id,
            artifact.original_filename or artifact.title or artifact.kind,
            kind_of(artifact.mime_type),
            size_of(artifact.size_bytes),
            artifact.mime_type in IMAGES,
            state,
            said,
        )


def of_artifacts(artifacts: Iterable[Artifact]) -> list[ShownFile]:
    return [ShownFile.of(artifact) for artifact in artifacts]


def of_messages(messages: Iterable[Message]) -> dict[UUID, list[ShownFile]]:
    """By question, the files that came with it."""
    found = attachments.of_messages([message.id for message in messages if message.role == Role.USER])
    return {message_id: _shown(attached) for message_id, attached in found.items()}


def kind_of(mime_type: str) -> str:
    """A word for a type of file."""
    family = next((word for part, word in FAMILIES.items() if part in mime_type), "File")
    return KINDS.get(mime_type, family)


def size_of(count: int) -> str:
    """Bytes, in the largest unit of which there is one."""
    for unit, name in UNITS:
        if count >= unit:
            amount = count / unit
            return f"{amount:.1f} {name}" if amount < 10 else f"{amount:.0f} {name}"
    return f"{count} bytes" if count != 1 else "1 byte"


def _shown(attached: Sequence[Attached]) -> list[ShownFile]:
    return of_artifacts(each.artifact for each in attached)
