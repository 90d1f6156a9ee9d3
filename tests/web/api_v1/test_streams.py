"""Streams of answers: cases 36 to 55 of turns-api."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

from flask import Flask
from sqlalchemy import func, select, update

from chatapp.core import executors
from chatapp.db import now, session, transaction
from chatapp.models import Turn, TurnLease
from chatapp.values import Event
from chatapp.web.api_v1 import sse
from tests import people as folk
from tests.people import People
from tests.stream import grammar
from tests.stream.asking import at_once
from tests.web.api_v1.client import RANDOM_ID, THREADS, Client, Story, on_sqlite, problems

TURN = {
    "id", "threadId", "status", "inputMessageId", "outputMessageId", "modelId", "settings", "usage", "error",
    "concurrencyKey", "idempotencyKey", "createdAt", "startedAt", "completedAt", "durationSeconds", "updatedAt",
}  # fmt: skip


def check(story: Story) -> grammar.Story:
    """The story, checked against the grammar of 4.4."""
    return grammar.check([Event.of(number, data) for number, data in story.numbered])


def turns_of(thread: str) -> int:
    session.remove()
    return session.scalar(select(func.count()).select_from(Turn).where(Turn.thread_id == UUID(thread))) or 0


def test_case_036_the_frame_of_a_stream(ana: Client, thread: str) -> None:
    response = ana.stream(thread, {"content": "hello"})

    story = Story(response.data, response.headers)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-cache, no-transform"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert response.headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert "Idempotent-Replayed" not in response.headers and "Content-Length" not in response.headers
    assert story.frames[0] == b"retry: 2000"
    assert story.frames[-1] == b"data: [DONE]" and story.is_done
    assert story.ids == list(range(1, len(story.frames) - 1))
    assert story.types[0] == "start" and story.types[-1] == "finish"
    assert check(story).content == "You said: hello"
    assert response.headers["X-Turn-Id"] == story.turn["id"]
    assert story.start["messageMetadata"] == {
        "threadId": thread,
        "turnId": story.turn["id"],
        "inputMessageId": ana.messages(thread)[0]["id"],
    }


def test_case_037_what_is_stored(ana: Client, people: People, thread: str) -> None:
    story = ana.ask(thread, "hello")

    question, answer = ana.messages(thread)
    assert (question["role"], question["content"], question["createdBy"]) == ("user", "hello", str(people.ana.id))
    assert (answer["role"], answer["content"], answer["createdBy"]) == ("assistant", story.text, None)
    assert answer["id"] == story.start["messageId"]
    assert question["turnId"] == answer["turnId"] == story.turn["id"]


def test_case_038_the_turn(ana: Client, thread: str) -> None:
    story = ana.ask(thread, "hello")

    turn = ana.turn(story.turn["id"])
    assert set(turn) == TURN
    assert turn == story.turn
    assert [turn["inputMessageId"], turn["outputMessageId"]] == [m["id"] for m in ana.messages(thread)]
    assert (turn["status"], turn["error"], turn["modelId"]) == ("completed", None, "offline")
    assert turn["usage"] == {"inputTokens": 1, "cachedInputTokens": 0, "outputTokens": 3, "totalCost": "0"}
    assert turn["durationSeconds"] >= 0
    assert turn["concurrencyKey"] == f"thread:{thread}"
    assert turn["settings"] == {
        "mode": "message",
        "timezone": "UTC",
        "agentSpecId": None,
        "attachmentIds": [],
        "onActive": "reject",
        "modelSettings": {},
    }


def test_case_039_no_content(ana: Client, thread: str) -> None:
    for body in ({}, {"content": None}):
        assert problems(ana.stream(thread, body)) == [(["body", "content"], "missing")]
    assert ana.messages(thread) == [] and turns_of(thread) == 0


def test_case_040_blank_content(ana: Client, thread: str) -> None:
    assert problems(ana.stream(thread, {"content": "   "})) == [(["body", "content"], "string_too_short")]
    assert ana.messages(thread) == [] and turns_of(thread) == 0


def test_case_042_a_toolkit_whose_last_message_is_the_assistant_s(ana: Client, thread: str) -> None:
    parts = [{"type": "text", "text": "x"}]
    says = [{"role": "user", "parts": parts}, {"role": "assistant", "parts": parts}]
    refused = ana.stream(thread, {"messages": says, "trigger": "submit-message"})
    assert problems(refused) == [(["body", "messages"], "value_error")]
    assert ana.messages(thread) == [] and turns_of(thread) == 0


def test_unusable_bodies(ana: Client, thread: str) -> None:
    says = {"role": "user", "parts": [{"type": "text", "text": "x"}]}
    wrong = [
        ({"content": "x" * 50_001}, (["body", "content"], "string_too_long")),
        ({"content": 5}, (["body", "content"], "string_type")),
        ({"content": "x", "mode": "redo"}, (["body", "mode"], "enum")),
        ({"content": "x", "mode": "edit"}, (["body", "messageId"], "missing")),
        ({"content": "x", "mode": "reload"}, (["body", "content"], "value_error")),
        ({"content": "x", "onActive": "queue"}, (["body", "onActive"], "enum")),
        ({"content": "x", "concurrencyKey": ""}, (["body", "concurrencyKey"], "string_too_short")),
        ({"content": "x", "concurrencyKey": "ü"}, (["body", "concurrencyKey"], "value_error")),
        ({"content": "x", "idempotencyKey": 5}, (["body", "idempotencyKey"], "string_type")),
        ({"content": "x", "settings": []}, (["body", "settings"], "dict_type")),
        ({"content": "x", "settings": {"temperature": 2}}, (["body", "settings", "temperature"], "less_than_equal")),
        ({"content": "x", "settings": {"temperature": "1"}}, (["body", "settings", "temperature"], "float_type")),
        ({"content": "x", "settings": {"maxOutputTokens": 1.0}}, (["body", "settings", "maxOutputTokens"], "int_type")),
        ({"content": "x", "attachmentIds": "x"}, (["body", "attachmentIds"], "list_type")),
        ({"content": "x", "attachmentIds": [RANDOM_ID] * 21}, (["body", "attachmentIds"], "too_long")),
        ({"content": "x", "attachmentIds": [RANDOM_ID]}, (["body", "attachmentIds", 0], "value_error")),
        ({"messages": []}, (["body", "messages"], "value_error")),
        ({"messages": "x"}, (["body", "messages"], "list_type")),
        ({"messages": ["x"]}, (["body", "messages"], "dict_type")),
        ({"messages": [says], "content": "x"}, (["body"], "value_error")),
        ({"messages": [says], "mode": "message"}, (["body"], "value_error")),
        ({"messages": [says], "trigger": "x"}, (["body", "trigger"], "enum")),
        ({"messages": [{"role": "user", "parts": []}]}, (["body", "messages"], "string_too_short")),
    ]
    for body, problem in wrong:
        assert problems(ana.stream(thread, body)) == [problem], body
    assert problems(ana.stream(thread, {"mode": "edit"})) == [
        (["body", "content"], "missing"),
        (["body", "messageId"], "missing"),
    ]
    assert ana.messages(thread) == [] and turns_of(thread) == 0


def test_case_041_of_a_toolkits_messages_the_last_counts(ana: Client, thread: str) -> None:
    def said(role: str, *texts: str) -> dict[str, object]:
        parts = [{"type": "text", "text": text} for text in texts]
        return {"id": "aGh3", "role": role, "parts": [{"type": "file", "url": "data:x"}, *parts]}

    body = {
        "id": "chat-1",
        "messages": [said("user", "first"), said("assistant", "made up"), said("user", "one", "two")],
        "trigger": "submit-message",
        "messageId": "aGh3",
    }
    story = Story(ana.stream(thread, body).data)

    assert [message["content"] for message in ana.messages(thread)] == ["one\ntwo", story.text]


def test_case_041_a_toolkit_that_regenerates(ana: Client, thread: str) -> None:
    ana.ask(thread, "hello")
    question, answer = ana.messages(thread)

    body = {"messages": [], "trigger": "regenerate-message", "messageId": answer["id"]}
    story = Story(ana.stream(thread, body).data)

    assert story.turn["settings"]["mode"] == "reload"
    assert [message["id"] for message in ana.messages(thread)] == [question["id"], story.start["messageId"]]


def zone_in_force(client: Client, thread: str, given: str) -> str:
    response = client.stream(thread, {"content": "hello"}, X_User_Timezone=given)
    assert response.status_code == 200
    return str(Story(response.data).turn["settings"]["timezone"])


def test_case_043_the_time_zone(ana: Client, thread: str) -> None:
    assert zone_in_force(ana, thread, "Europe/Tallinn") == "Europe/Tallinn"


def test_case_044_a_time_zone_that_does_not_exist(ana: Client, thread: str) -> None:
    assert {zone_in_force(ana, thread, given) for given in ("Mars/Base", "", "../../etc/passwd")} == {"UTC"}


def test_settings_reach_the_turn(ana: Client, thread: str) -> None:
    given = {"maxOutputTokens": 100, "temperature": 0.5, "model": "mine"}

    story = ana.ask(thread, "hello", settings=given)

    assert story.turn["settings"]["modelSettings"] == {"maxOutputTokens": 100, "temperature": 0.5}


def test_case_045_while_an_answer_is_written(ana: Client, thread: str) -> None:
    reader = ana.open(thread, "/slow 1000").until("tick 2 ")

    assert [message["role"] for message in ana.messages(thread)] == ["user"]
    shown = ana.thread(thread)
    assert (shown["lastTurnStatus"], shown["lastMessagePreview"]) == ("running", "/slow 1000")
    turn = ana.turn(shown["lastTurnId"])
    assert (turn["usage"], turn["outputMessageId"], turn["completedAt"], turn["durationSeconds"]) == (None,) * 4
    ana.cancel(thread)
    reader.rest()


def test_case_046_a_second_question_is_refused(ana: Client, thread: str) -> None:
    reader = ana.open(thread, "/slow 30").until("tick 2 ")

    refused = ana.stream(thread, {"content": "me too"})

    assert (refused.status_code, refused.json["code"]) == (409, "turn_active")
    assert refused.json["activeTurnId"] == ana.thread(thread)["lastTurnId"]
    assert reader.rest().text.endswith("tick 30 ")
    assert len(ana.messages(thread)) == 2


def test_case_047_a_question_that_interrupts(ana: Client, thread: str) -> None:
    reader = ana.open(thread, "/slow 1000").until("tick 2 ")

    second = ana.ask(thread, "instead", onActive="interrupt")

    assert second.turn["status"] == "completed"
    assert reader.rest().turn["status"] == "cancelled"
    assert [message["role"] for message in ana.messages(thread)] == ["user", "assistant"] * 2


def test_case_048_of_ten_questions_at_once_one_is_answered(app: Flask, ana: Client, thread: str) -> None:
    responses = at_once(app, *[partial(ana.stream, thread, {"content": "/slow 1000"})] * 10)

    assert sorted(response.status_code for response in responses) == [200] + [409] * 9
    assert turns_of(thread) == 1
    ana.cancel(thread)


def test_case_049_another_thread_is_free(ana: Client, thread: str) -> None:
    reader = ana.open(thread, "/slow 1000").until("tick 1 ")

    assert ana.ask(ana.new_thread(), "hello").turn["status"] == "completed"

    ana.cancel(thread)
    reader.rest()


def test_case_050_one_key_for_two_threads(ana: Client, ben: Client, thread: str) -> None:
    reader = ana.open(thread, "/slow 1000", concurrencyKey="editor 1").until("tick 1 ")
    other = ana.new_thread()

    refused = ana.stream(other, {"content": "hello", "concurrencyKey": "editor 1"})

    assert (refused.status_code, refused.json["code"]) == (409, "turn_active")
    assert refused.json["activeTurnId"] == reader.story.turn["id"]
    assert ben.ask(ben.new_thread(), "hello", concurrencyKey="editor 1").turn["status"] == "completed"
    assert ana.ask(other, "hello", concurrencyKey="editor 2").turn["concurrencyKey"] == "editor 2"
    ana.cancel(thread)
    reader.rest()


def test_five_answers_at_once_and_no_more(ana: Client) -> None:
    made = [ana.new_thread() for _ in range(6)]
    readers = [ana.open(thread, "/slow 1000").until("tick 1 ") for thread in made[:5]]

    refused = ana.stream(made[5], {"content": "hello"})

    assert (refused.status_code, refused.json["code"]) == (429, "too_many_active_turns")
    assert int(refused.headers["Retry-After"]) >= 1
    assert ana.messages(made[5]) == []
    ana.post(f"{THREADS}/bulk-delete", {"all": True})
    assert {reader.rest().types[-1] for reader in readers} == {"abort"}


@on_sqlite
def test_case_051_a_silent_model(make_app: Callable[..., Flask]) -> None:
    ana = Client(make_app(heartbeat=0.1), folk.settle().ana)

    story = ana.ask(ana.new_thread(), "/silent 0.5")

    assert 2 <= story.frames.count(b": ping") <= 5
    assert story.ids == list(range(1, len(story.ids) + 1))


def test_case_052_a_failure_after_some_text(ana: Client, thread: str) -> None:
    response = ana.stream(thread, {"content": "/fail provider_unavailable"})

    story = Story(response.data)
    assert response.status_code == 200 and story.is_done
    assert story.types[-2:] == ["data-turn", "error"]
    assert (story.turn["status"], story.turn["error"]["code"]) == ("failed", "provider_unavailable")
    assert story.turn["error"]["retryable"] is True
    assert story.events[-1] == {"type": "error", "errorText": story.turn["error"]["message"]}
    assert ana.messages(thread)[-1]["content"] == "partial" == story.text
    assert ana.ask(thread, "again").turn["status"] == "completed"


def test_case_053_a_failure_before_any_text(ana: Client, thread: str) -> None:
    story = ana.ask(thread, "/fail-early provider_auth")

    assert (story.turn["status"], story.turn["outputMessageId"]) == ("failed", None)
    assert isinstance(story.turn["usage"], dict)
    assert [message["role"] for message in ana.messages(thread)] == ["user"]


def test_case_054_no_model(make_app: Callable[..., Flask]) -> None:
    ana = Client(make_app(provider="none"), folk.settle().ana)
    thread = ana.new_thread()

    response = ana.stream(thread, {"content": "hello"})

    assert (response.status_code, response.json["code"]) == (503, "model_unavailable")
    assert ana.messages(thread) == [] and turns_of(thread) == 0


class Gone:
    """An executor that takes turns and is never heard of again."""

    worker, accepts = "elsewhere|1|1", True

    def submit(self, *_: object) -> None: ...

    flush = stop = submit


def test_case_055_an_executor_that_was_killed(app: Flask, ana: Client, thread: str) -> None:
    executors.use(Gone())
    turn = ana.stream(thread, {"content": "hello"}).headers["X-Turn-Id"]
    executors.use(app.extensions["runner"])
    assert ana.turn(turn)["status"] == "running"

    with transaction():
        aged = update(TurnLease).where(TurnLease.turn_id == UUID(turn))
        session.execute(aged.values(renewed_at=now() - timedelta(seconds=91)))

    assert ana.thread(thread)["lastTurnStatus"] == "failed"
    lost = ana.turn(turn)
    assert (lost["status"], lost["error"]["code"], lost["outputMessageId"]) == ("failed", "worker_lost", None)
    assert ana.ask(thread, "again").turn["status"] == "completed"


def test_refusals_come_in_order(make_app: Callable[..., Flask]) -> None:
    ana = Client(make_app(ai_assistant_token_limit_daily="5"), folk.settle().ana)
    thread = ana.new_thread()
    path = f"{THREADS}/{thread}/turns/stream"
    story = ana.ask(thread, "one two three four five six")  # the day's tokens are used up
    code = lambda response: response.json["code"]  # noqa: E731

    assert ana.request("POST", path, data="{}", content_type="text/plain").status_code == 415
    assert problems(ana.stream(RANDOM_ID, {})) == [(["body", "content"], "missing")]
    assert code(ana.stream(RANDOM_ID, {"content": "x"})) == "thread_not_found"
    wrong = {"content": "x", "mode": "edit", "messageId": story.start["messageId"]}
    assert problems(ana.stream(thread, wrong)) == [(["body", "messageId"], "value_error")]
    empty = ana.new_thread()
    assert code(ana.stream(empty, {"mode": "reload"})) == "nothing_to_reload"
    assert code(ana.stream(empty, {"content": "x"})) == "quota_exceeded"


def test_frames_are_the_bytes_of_the_log() -> None:
    events = [Event.read(7, '{"type":"text-delta","delta":"é\\u2028"}'), Event.of(8, {"type": "abort"})]

    assert sse.frames(events) == (
        'id: 7\ndata: {"type":"text-delta","delta":"é\\u2028"}\n\nid: 8\ndata: {"type":"abort"}\n\n'.encode()
    )
    assert sse.frames([]) == b""


def test_readers_of_the_same_events_are_given_the_same_bytes_and_others_their_own() -> None:
    first, second = Event.of(1, {"type": "start"}), Event.of(2, {"type": "finish"})
    alike = Event.of(1, {"type": "error"})
    encode = sse.Encoder()
    both = encode([first, second])
    assert encode([first, second]) is both
    assert encode([first]) + encode([second]) == both
    assert b'"error"' in encode([alike, second])
    assert encode([first, second]) == both
