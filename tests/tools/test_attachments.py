"""The tool that reads files of the conversation, a piece at a time."""

from __future__ import annotations

import io

import pytest

from chatapp.core import artifacts, attachments, ingestion, threads
from chatapp.models import Attachment
from chatapp.tools.conversation import PIECE
from tests.people import People
from tests.tools.worlds import call

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def attached(people: People, text: str) -> Attachment:
    thread = threads.create(people.ana.user)
    artifact = artifacts.upload(people.ana.user, io.BytesIO(text.encode()), "notes.txt")
    ingestion.run_pending()
    return attachments.create(people.ana.user, thread.id, artifact.id)[0].attachment


def test_a_long_file_is_read_piece_by_piece(people: People) -> None:
    words = "".join(f"line {number} about the harbour\n" for number in range(1_000))
    file = attached(people, words)
    read, offset = "", 0
    while offset is not None:
        piece = call(people.ana, "read_attachment", file.thread_id, attachmentId=str(file.id), offset=offset).data
        assert piece["offset"] == offset
        read, offset = read + piece["text"], piece.get("nextOffset")
    assert read.strip() == words.strip()
    assert len(read) > 2 * PIECE


def test_only_files_of_this_conversation_are_read(people: People) -> None:
    file = attached(people, "Hello")
    other = threads.create(people.ana.user)
    for thread in (None, other.id):
        assert call(people.ana, "read_attachment", thread, attachmentId=str(file.id)).summary == "Attachment not found."
    assert call(people.ana, "read_attachment", file.thread_id, attachmentId="x").summary == "Attachment not found."


def test_there_is_nothing_beyond_the_end(people: People) -> None:
    file = attached(people, "Hello")
    result = call(people.ana, "read_attachment", file.thread_id, attachmentId=str(file.id), offset=5)
    assert result.summary == "There is no text of notes.txt from there on."
