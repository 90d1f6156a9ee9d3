"""Answering again and editing: cases 79 to 83 of turns-api."""

from __future__ import annotations

from typing import Any

from tests.web.api_v1.client import RANDOM_ID, Client, Story, problems


def reload(client: Client, thread: str, **fields: Any) -> Story:
    return Story(client.stream(thread, {"mode": "reload", **fields}).data)


def edit(client: Client, thread: str, message: str, content: str) -> Story:
    return Story(client.stream(thread, {"mode": "edit", "messageId": message, "content": content}).data)


def ids(messages: list[Any]) -> list[str]:
    return [message["id"] for message in messages]


def test_case_079_an_answer_is_written_again(ana: Client, thread: str) -> None:
    first = ana.ask(thread, "hello")
    question, old = ana.messages(thread)

    second = reload(ana, thread, messageId=old["id"])

    assert second.turn["inputMessageId"] == first.turn["inputMessageId"] == question["id"]
    assert second.turn["settings"]["targetMessageId"] == old["id"]
    assert ids(ana.messages(thread)) == [question["id"], second.start["messageId"]]
    versions = ana.messages(thread, includeSuperseded="true")
    assert ids(versions) == [question["id"], old["id"], second.start["messageId"]]
    assert versions[1]["updatedAt"] > old["updatedAt"]
    assert ana.turn(first.turn["id"])["status"] == "completed"


def test_the_old_answer_is_hidden_from_acceptance_on(ana: Client, thread: str) -> None:
    ana.ask(thread, "/slow 3")
    question, _ = ana.messages(thread)
    response = ana.stream(thread, {"mode": "reload"})

    assert ids(ana.messages(thread)) in ([question["id"]], [question["id"], Story(response.data).start["messageId"]])


def test_case_080_a_reload_that_fails_early(ana: Client, thread: str) -> None:
    failed = ana.ask(thread, "/fail-early provider_unavailable")
    assert failed.turn["status"] == "failed"
    edit(ana, thread, ana.messages(thread)[0]["id"], "hello")
    before = ana.messages(thread)

    story = edit(ana, thread, before[0]["id"], "/fail-early provider_unavailable")

    assert story.turn["outputMessageId"] is None
    question, answer = ana.messages(thread)
    assert question["content"] == "/fail-early provider_unavailable"
    assert (answer["id"], answer["content"]) == (before[1]["id"], before[1]["content"])
    assert reload(ana, thread).turn["status"] == "failed"
    assert ids(ana.messages(thread)) == [question["id"], answer["id"]]


def test_case_081_nothing_to_reload(ana: Client, thread: str) -> None:
    response = ana.stream(thread, {"mode": "reload"})

    assert (response.status_code, response.json["code"]) == (409, "nothing_to_reload")


def test_case_082_the_last_question_is_edited(ana: Client, thread: str) -> None:
    ana.ask(thread, "one")
    ana.ask(thread, "two")
    first, answered, second, old = ana.messages(thread)

    story = edit(ana, thread, second["id"], "three")

    shown = ana.messages(thread)
    assert ids(shown)[:2] == [first["id"], answered["id"]]
    assert [message["content"] for message in shown[2:]] == ["three", "You said: three"]
    assert shown[2]["id"] == story.turn["inputMessageId"]
    everything = ana.messages(thread, includeSuperseded="true")
    assert ids(everything) == [first["id"], answered["id"], second["id"], shown[2]["id"], old["id"], shown[3]["id"]]
    backwards = ana.messages(thread, includeSuperseded="true", order="desc")
    assert ids(backwards) == ids(everything)[::-1]


def test_case_083_what_cannot_be_edited(ana: Client, thread: str) -> None:
    ana.ask(thread, "one")
    ana.ask(thread, "two")
    first, answered, second, answer = ana.messages(thread)
    elsewhere = ana.new_thread()
    ana.ask(elsewhere, "hello")
    other = ana.messages(elsewhere)[0]["id"]
    before = ana.messages(thread, includeSuperseded="true")

    for wrong in (answer["id"], first["id"]):
        response = ana.stream(thread, {"mode": "edit", "messageId": wrong, "content": "x"})
        assert problems(response) == [(["body", "messageId"], "value_error")]
    for wrong in (second["id"], answered["id"]):
        response = ana.stream(thread, {"mode": "reload", "messageId": wrong})
        assert problems(response) == [(["body", "messageId"], "value_error")]
    for mode in ({"mode": "edit", "content": "x"}, {"mode": "reload"}):
        for unknown in (other, RANDOM_ID):
            response = ana.stream(thread, {**mode, "messageId": unknown})
            assert (response.status_code, response.json["code"]) == (404, "message_not_found")
    assert ana.messages(thread, includeSuperseded="true") == before


def test_a_message_that_cannot_be_edited_interrupts_nothing(ana: Client, thread: str) -> None:
    ana.ask(thread, "one")
    answer = ana.messages(thread)[1]["id"]
    reader = ana.open(thread, "/slow 1000").until("tick 1 ")

    wrong = {"mode": "edit", "messageId": answer, "content": "x", "onActive": "interrupt"}
    assert problems(ana.stream(thread, wrong)) == [(["body", "messageId"], "value_error")]

    assert ana.turn(reader.story.turn["id"])["status"] == "running"
    ana.cancel(thread)
    reader.rest()
