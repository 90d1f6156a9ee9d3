"""Conversations and everything of a person as files: what is in them, and what is not."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime

import orjson
import pytest

from chatapp.core import accounts, exports, feedback, sharing, threads, tokens
from chatapp.db import session, transaction
from chatapp.models import Thread
from chatapp.values import Mode
from tests.people import PASSWORD, People, Person
from tests.stream.asking import ask, story_of

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def conversation(person: Person, text: str = "hello") -> Thread:
    started = ask(person, text)
    story_of(started.turn)
    return threads.get_own(person.user, started.thread.id)


def archive_of(person: Person) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(exports.everything(person.id))))


def test_markdown_says_what_both_have_said_as_it_is_now(people: People) -> None:
    thread = conversation(people.ana)
    story_of(ask(people.ana, "  goodbye  ", thread).turn)
    story_of(ask(people.ana, thread=thread, mode=Mode.RELOAD).turn)
    thread = threads.get_own(people.ana.user, thread.id)
    said = b"".join(exports.as_markdown(thread)).decode()
    assert said.startswith(f"# {thread.title}\n\n_{thread.created:%Y-%m-%d}_\n")
    assert said.count("## You") == said.count("## Assistant") == 2
    assert said.endswith("## You\n\ngoodbye\n\n## Assistant\n\nYou said:   goodbye\n")


def test_json_holds_every_version_and_the_feedback(people: People) -> None:
    thread = conversation(people.ana)
    story_of(ask(people.ana, thread=thread, mode=Mode.RELOAD).turn)
    thread = threads.get_own(people.ana.user, thread.id)
    found = orjson.loads(b"".join(exports.as_json(thread)))
    assert (found["id"], found["title"], found["archived"]) == (str(thread.id), thread.title, None)
    assert [(m["place"], m["role"], m["is_current"]) for m in found["messages"]] == [
        (1, "user", True),
        (2, "assistant", False),
        (2, "assistant", True),
    ]
    assert all(message["feedback"] is None for message in found["messages"])
    assert found["messages"][2]["blocks"][0]["content"] == "You said: hello"


def test_nothing_of_what_the_guards_have_found_is_in_it(people: People) -> None:
    thread = conversation(people.ana, "My IBAN is DE89 3704 0044 0532 0130 00, thank you")
    for pieces in (exports.as_json(thread), exports.as_markdown(thread)):
        text = b"".join(pieces).decode()
        assert "3704 0044" not in text
        assert not {"severity", "injection", "verdict", "pii"} & set(text.replace('"', " ").split())


def test_long_conversations_come_in_batches(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    thread = conversation(people.ana)
    story_of(ask(people.ana, "goodbye", thread).turn)
    thread = threads.get_own(people.ana.user, thread.id)
    whole = [message["id"] for message in orjson.loads(b"".join(exports.as_json(thread)))["messages"]]
    monkeypatch.setattr(exports, "BATCH", 1)
    assert [message["id"] for message in orjson.loads(b"".join(exports.as_json(thread)))["messages"]] == whole
    assert [len(batch) for batch in exports.batches(thread)] == [1, 1, 1, 1]


def test_everything_of_one_person_and_of_nobody_else(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "BATCH", 2)
    kept = [conversation(people.ana, f"question {number}") for number in range(3)]
    threads.archive(people.ana.user, kept[0].id)
    conversation(people.ben, "what ben says")
    archive = archive_of(people.ana)
    assert archive.testzip() is None
    files = [name for name in archive.namelist() if name.startswith("conversations/")]
    assert len(files) == 2 * len(kept), "the archived one as well"
    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"question 2" in everything and b"what ben says" not in everything and b"ben" not in everything


def test_an_account_is_told_without_its_secrets(people: People) -> None:
    thread = conversation(people.ana)
    link = sharing.create(people.ana.user, thread.id, 7)
    secret = accounts.create_token(people.ana.user, "of a script")
    archive = archive_of(people.ana)
    told = orjson.loads(archive.read("account.json"))
    assert (told["username"], told["full_name"], told["is_staff"]) == ("ana", "Ana Almond", False)
    assert {token["name"] for token in told["api_tokens"]} == {token.name for token in tokens.of_user(people.ana.user)}
    assert [shared["title"] for shared in told["share_links"]] == [thread.title or ""]
    everything = b"".join(archive.read(name) for name in archive.namelist()).decode()
    for hidden in (link, secret, people.ana.token, PASSWORD, people.ana.user.password_hash):
        assert hidden not in everything


def test_a_deleted_conversation_is_not_in_it(people: People) -> None:
    thread = conversation(people.ana, "the deleted one")
    with transaction():
        session.get_one(Thread, thread.id).deleted_at = DAY
    assert archive_of(people.ana).namelist() == ["account.json", "readings.json"]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("A plan: move!", "A-plan-move-2026-03-01.md"),
        (None, "Conversation-2026-03-01.md"),
        ("../../etc/passwd", "etc-passwd-2026-03-01.md"),
        ('<b>"\r\n\x00', "b-2026-03-01.md"),
        ("😀", "Conversation-2026-03-01.md"),
        ("x" * 150, f"{'x' * 80}-2026-03-01.md"),
        ("مرحبا بالعالم", "مرحبا-بالعالم-2026-03-01.md"),
    ],
)
def test_every_system_takes_the_name_of_a_file(title: str | None, name: str) -> None:
    assert exports.file_name(title, DAY, "md") == name


def test_the_feedback_of_an_answer_goes_with_it(people: People) -> None:
    thread = conversation(people.ana)
    answer = next(exports.batches(thread))[1]
    feedback.rate(people.ana.user, answer.id, False, "too short", None)
    told = orjson.loads(b"".join(exports.as_json(thread)))["messages"][1]["feedback"]
    assert (told["helpful"], told["comment"]) == (False, "too short")
