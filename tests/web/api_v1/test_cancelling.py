"""Cancelling: cases 72 to 78 of turns-api."""

from __future__ import annotations

from tests.web.api_v1.client import CHAT, RANDOM_ID, THREADS, Client, Reader, on_sqlite, problems

WHOLE = "".join(f"tick {number} " for number in range(1, 1001))


def three_ticks(client: Client, thread: str) -> Reader:
    return client.open(thread, "/slow 1000").until("tick 3 ")


def test_case_072_a_beginning_is_kept(ana: Client, thread: str) -> None:
    reader = three_ticks(ana, thread)

    response = ana.cancel(thread)

    assert (response.status_code, response.data) == (204, b"")
    turn = ana.turn(reader.story.turn["id"])
    assert turn["status"] == "cancelled" and turn["error"] is None and turn["usage"]["totalCost"] == "0"
    question, answer = ana.messages(thread)
    assert answer["content"].startswith("tick 1 tick 2 tick 3 ") and WHOLE.startswith(answer["content"])
    assert turn["outputMessageId"] == answer["id"]
    reader.rest()


def test_case_073_what_was_on_the_screen_is_kept(ana: Client, thread: str) -> None:
    reader = three_ticks(ana, thread)

    ana.cancel(thread, partialText="tick 1 ")

    answer = ana.messages(thread)[1]
    assert answer["content"] == "tick 1 "
    (response,) = answer["rawData"]["messages"]
    assert [part["content"] for part in response["parts"]] == ["tick 1 "]
    assert reader.rest().turn["settings"]["partialTextApplied"] is True


def test_case_074_nobody_writes_the_answer_but_the_model(ana: Client, thread: str) -> None:
    reader = three_ticks(ana, thread)

    ana.cancel(thread, partialText="I am hacked")

    assert WHOLE.startswith(ana.messages(thread)[1]["content"])
    assert reader.rest().turn["settings"]["partialTextApplied"] is False


def test_case_075_before_any_text(ana: Client, thread: str) -> None:
    reader = ana.open(thread, "/silent 60").until("start-step")

    ana.cancel(thread)

    assert reader.rest().turn["outputMessageId"] is None
    assert [message["content"] for message in ana.messages(thread)] == ["/silent 60"]


def test_case_076_no_active_turn(ana: Client, thread: str) -> None:
    assert ana.cancel(thread).status_code == 204
    story = ana.ask(thread, "hello")
    assert ana.cancel(thread, partialText="x").status_code == 204
    assert ana.turn(story.turn["id"]) == story.turn


def test_case_077_the_next_question_is_accepted_at_once(ana: Client, thread: str) -> None:
    for _ in range(3):
        reader = ana.open(thread, "/slow 1000").until("tick 1 ")
        ana.cancel(thread)
        assert ana.ask(thread, "next").turn["status"] == "completed"
        reader.rest()


def test_case_078_a_reader_is_told(ana: Client, thread: str) -> None:
    reader = three_ticks(ana, thread)
    ana.cancel(thread)

    story = reader.rest()

    assert story.types[-4:] == ["text-end", "finish-step", "data-turn", "abort"]
    assert story.turn["status"] == "cancelled" and "error" not in story.types and story.is_done
    assert ana.follow(story.turn["id"]).rest().body == story.body


def test_only_the_owner_cancels(ana: Client, ben: Client, thread: str) -> None:
    reader = three_ticks(ana, thread)

    assert ben.cancel(thread).data == ben.cancel(RANDOM_ID).data
    assert ben.cancel(thread).json["code"] == "thread_not_found"
    assert ana.turn(reader.story.turn["id"])["status"] == "running"
    ana.cancel(thread)
    reader.rest()


@on_sqlite
def test_unusable_partial_texts(ana: Client, thread: str) -> None:
    path = f"{THREADS}/{thread}/turns/cancel"
    assert problems(ana.post(path, {"partialText": 5})) == [(["body", "partialText"], "string_type")]
    assert problems(ana.post(path, {"partialText": "x" * 200_001})) == [(["body", "partialText"], "string_too_long")]
    assert ana.request("POST", path).status_code == 204
    assert ana.get(f"{CHAT}/threads/{thread}/turns/cancel").status_code == 405
