from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from chatapp.core import threads
from chatapp.db import session, transaction
from chatapp.models import Message
from tests.people import People
from tests.web.api.client import MESSAGES, Client

DETECTION = {"is_flagged", "severity", "injection_categories", "pii_categories", "action_taken"}
DETECTION_BEFORE = {"injection_score", "injection_severity"}
FOR_ALL = {
    *("uuid", "thread", "role", "blocks", "content", "warning", "sequence_index", "replaces", "created"),
    *("input_tokens", "output_tokens"),
    *("feedback_score", "feedback_comment", "feedback_category", "feedback_submitted_at"),
}


def test_case_38_people_list_their_own_and_support_all(ana: Client, ben: Client, sue: Client) -> None:
    hers, his = ana.ask("hello").thread, ben.ask("hello").thread

    assert {message["thread"] for message in ana.get(MESSAGES).json} == {hers}
    assert {message["thread"] for message in sue.get(MESSAGES).json} == {hers, his}
    assert len(sue.messages(hers)) == 2
    assert ben.messages(hers) == []


def test_case_39_superseded_versions_only_with_history(ana: Client) -> None:
    first = ana.ask("helo")
    thread, question = first.thread, first.ids["user_message_uuid"]
    ana.ask("hello", thread_uuid=thread, mode="edit", edit_message_uuid=question)

    newest = [message["content"] for message in ana.messages(thread)]
    assert newest == ["hello", "You said: hello"]
    assert [message["content"] for message in ana.messages(thread, include_history="false")] == newest
    assert [message["content"] for message in ana.messages(thread, include_history="true")] == [
        *("helo", "hello", "You said: helo", "You said: hello")
    ]


def test_case_40_what_the_guards_found_is_for_staff(ana: Client, stan: Client, sue: Client) -> None:
    thread = ana.ask("hello").thread

    assert all(set(message) == FOR_ALL for message in ana.messages(thread))
    for reader in (stan, sue):
        assert all(set(message) == FOR_ALL | DETECTION | DETECTION_BEFORE for message in reader.messages(thread))


def test_tokens_are_on_the_answer_only(ana: Client) -> None:
    question, answer = ana.messages(ana.ask("hello").thread)

    assert (question["input_tokens"], question["output_tokens"]) == (None, None)
    assert answer["input_tokens"] > 0 and answer["output_tokens"] == 3


def test_case_41_messages_are_never_paged(ana: Client, people: People) -> None:
    with transaction():
        thread = threads.create(people.ana.user)
        belongs = {"thread_id": thread.id, "user_id": people.ana.id}
        session.add_all(Message(**belongs, role="user", sequence_index=index) for index in range(1, 501))

    response = ana.get(f"{MESSAGES}?page_size=1&page=7&field=uuid")

    assert [message["sequence_index"] for message in response.json] == list(range(1, 501))
    assert set(response.json[0]) == FOR_ALL
    assert "Link" not in response.headers and "X-Result-Count" not in response.headers


def test_case_42_unknown_threads_have_no_messages(ana: Client) -> None:
    assert ana.messages(str(uuid4())) == []
    refused = ana.get(f"{MESSAGES}?thread=abc")
    assert (refused.status_code, refused.json) == (400, {"thread": ["Must be a valid UUID."]})
    assert ana.get(f"{MESSAGES}?thread=").status_code == 200


def test_a_question_is_one_markdown_block(ana: Client) -> None:
    question, _ = ana.messages(ana.ask("  hello\n```py\nx\n```  ").thread)

    content = "hello\n```py\nx\n```"
    assert question["blocks"] == [{"id": "blk_0", "key": "markdown", "status": "complete", "content": content}]
    assert question["content"] == content
    assert (question["role"], question["warning"], question["replaces"]) == ("user", "", None)
    assert UUID(question["uuid"]) and question["created"].endswith("Z")


@pytest.mark.parametrize("reader", ["ana", "stan"])
def test_case_110_fields_of_older_clients(request: pytest.FixtureRequest, ana: Client, reader: str) -> None:
    thread = ana.ask("write a python function").thread

    question, answer = request.getfixturevalue(reader).messages(thread)

    assert question["content"] == "write a python function"
    assert "```python\ndef add(" in answer["content"]
    if reader == "stan":
        assert (answer["injection_score"], answer["injection_severity"]) == (0.0, "none")
