"""Threads: cases 10 to 35 of turns-api, purge, agents."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import event, select, update

from chatapp.core import agents, idempotency, retention
from chatapp.db import db, now, session, transaction
from chatapp.models import KeptAnswer, Thread, Turn, TurnEvent
from chatapp.providers import ModelRequest
from chatapp.providers.offline import OfflineProvider
from tests import people as folk
from tests.people import People
from tests.stream.asking import at_once
from tests.web.api_v1.client import RANDOM_ID, THREADS, Client, Reader, on_sqlite, problems

FIELDS = {
    "id", "title", "agentSpecId", "systemPrompt", "metadata", "crystallizeEligible", "lastMessageAt",
    "lastMessagePreview", "lastTurnId", "lastTurnStatus", "createdAt", "updatedAt",
}  # fmt: skip


def walk(client: Client, cursor: str | None = None, **query: Any) -> list[str]:
    """The ids of all threads from a cursor on, page by page."""
    ids = []
    while True:
        page = client.threads(**query, **({"cursor": cursor} if cursor else {}))
        ids += [item["id"] for item in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            return ids


def test_case_010_a_new_user_has_no_threads(ana: Client) -> None:
    assert ana.threads() == {"items": [], "nextCursor": None}


def test_case_011_an_empty_thread(ana: Client) -> None:
    response = ana.post(THREADS, {})

    assert response.status_code == 201
    thread = response.json
    assert set(thread) == FIELDS
    assert (thread["title"], thread["metadata"], thread["crystallizeEligible"]) == (None, {}, False)
    assert [thread[key] for key in thread if key.startswith("last")] == [None] * 4
    assert response.headers["Location"] == f"{THREADS}/{thread['id']}"
    assert ana.get(response.headers["Location"]).json == thread == ana.threads()["items"][0]
    assert thread["createdAt"].endswith("Z")


def test_case_012_titles_are_trimmed(ana: Client) -> None:
    assert ana.post(THREADS, {"title": "  Plan  "}).json["title"] == "Plan"
    assert ana.post(THREADS, {"title": " \t ", "systemPrompt": "  "}).json["title"] is None
    assert ana.post(THREADS, {"title": f" {'é' * 150} "}).json["title"] == "é" * 150
    assert problems(ana.post(THREADS, {"title": "x" * 151, "systemPrompt": "x" * 20_001})) == [
        (["body", "title"], "string_too_long"),
        (["body", "systemPrompt"], "string_too_long"),
    ]


def test_case_013_metadata_is_an_object(ana: Client) -> None:
    assert problems(ana.post(THREADS, {"metadata": []})) == [(["body", "metadata"], "dict_type")]
    assert problems(ana.post(THREADS, {"metadata": {"a": "x" * 16_384}})) == [(["body", "metadata"], "too_long")]
    metadata = {"a": {"b": [1, 2.5, None, True, "ü"]}, "snake_key": ""}
    assert ana.post(THREADS, {"metadata": metadata}).json["metadata"] == metadata


def test_case_014_an_agent_that_cannot_be_chosen(ana: Client) -> None:
    helper = agents.create("helper", "Helper", mode=agents.SUBAGENT)

    for spec_id in (RANDOM_ID, str(helper.id)):
        response = ana.post(THREADS, {"agentSpecId": spec_id})
        assert problems(response) == [(["body", "agentSpecId"], "value_error")]
    assert ana.threads()["items"] == []


def test_case_015_a_create_that_is_repeated(ana: Client) -> None:
    first, second = (ana.post(THREADS, {"title": "Plan"}, headers={"Idempotency-Key": '"k1"'}) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json == second.json
    assert first.headers["Location"] == second.headers["Location"]
    assert "Idempotent-Replayed" not in first.headers and second.headers["Idempotent-Replayed"] == "true"
    assert len(ana.threads()["items"]) == 1
    other = ana.post(THREADS, {"title": "Other"}, headers={"Idempotency-Key": "k1"})
    assert problems(other) == [(["header", "Idempotency-Key"], "idempotency_key_reuse")]


def test_a_key_is_free_again_after_a_refusal_and_after_a_day(ana: Client, ben: Client) -> None:
    create = partial(ana.post, THREADS, headers={"Idempotency-Key": "k1"})
    assert create({"agentSpecId": RANDOM_ID}).status_code == 422
    first = create({"title": "a"})
    assert first.status_code == 201
    assert ben.post(THREADS, {"title": "b"}, headers={"Idempotency-Key": "k1"}).status_code == 201

    with transaction():
        session.execute(update(KeptAnswer).values(created=now() - timedelta(hours=25)))
    assert create({"title": "c"}).json["id"] != first.json["id"]
    with transaction():
        session.execute(update(KeptAnswer).values(created=now() - timedelta(hours=25)))
    assert retention.forget_kept_answers() == 2


def test_a_repeat_while_the_first_is_handled(ana: Client, people: People) -> None:
    key = {"Idempotency-Key": "k1"}
    first = ana.post(THREADS, {}, headers=key)
    with transaction():
        session.execute(update(KeptAnswer).values(status=None))

    response = ana.post(THREADS, {}, headers=key)
    assert (response.status_code, response.json["code"]) == (409, "request_in_progress")

    with transaction():
        session.execute(update(KeptAnswer).values(created=now() - 2 * idempotency.ABANDONED))
    assert ana.post(THREADS, {}, headers=key).json["id"] != first.json["id"]


def test_of_simultaneous_repeats_one_creates(app: Flask, ana: Client) -> None:
    responses = at_once(app, *[partial(ana.post, THREADS, {}, headers={"Idempotency-Key": "k1"})] * 8)

    assert {response.status_code for response in responses} <= {201, 409}
    assert len({response.json["id"] for response in responses if response.status_code == 201}) == 1
    assert len(ana.threads()["items"]) == 1


@on_sqlite
def test_unusable_keys(ana: Client) -> None:
    wrong = {'""': "string_too_short", "x" * 256: "string_too_long", "caf\xe9": "value_error"}
    for key, kind in wrong.items():
        response = ana.post(THREADS, {}, headers={"Idempotency-Key": key})
        assert problems(response) == [(["header", "Idempotency-Key"], kind)]


def test_case_017_a_full_last_page(ana: Client) -> None:
    for _ in range(20):
        ana.new_thread()
    full = ana.threads()
    assert len(full["items"]) == 20 and full["nextCursor"] is None


def test_case_016_pages(ana: Client) -> None:
    made = [ana.new_thread() for _ in range(25)]
    first = ana.threads()
    assert len(first["items"]) == 20 and first["nextCursor"]
    second = ana.threads(cursor=first["nextCursor"])
    assert len(second["items"]) == 5 and second["nextCursor"] is None
    assert [item["id"] for item in first["items"] + second["items"]] == made[::-1]
    assert walk(ana, limit=7) == made[::-1]


def test_case_018_limits(ana: Client) -> None:
    wrong = {
        "greater_than_equal": ["0", "-1"],
        "less_than_equal": ["101", "9" * 50],
        "int_parsing": ["abc", "", "1.5", "\uff19"],
    }
    for kind, limits in wrong.items():
        for limit in limits:
            response = ana.get(THREADS, query_string={"limit": limit})
            assert problems(response) == [(["query", "limit"], kind)], limit


def test_case_019_a_new_thread_disturbs_no_walk(ana: Client) -> None:
    old = [ana.new_thread() for _ in range(6)][::-1]
    first = ana.threads(limit=2)
    ana.new_thread()

    rest = walk(ana, first["nextCursor"], limit=2)

    assert [item["id"] for item in first["items"]] + rest == old


def test_case_020_a_deleted_thread_skips_nothing(ana: Client) -> None:
    old = [ana.new_thread() for _ in range(6)][::-1]
    first = ana.threads(limit=2)
    ana.delete(f"{THREADS}/{old[1]}")

    assert walk(ana, first["nextCursor"], limit=2) == old[2:]


def test_threads_of_one_moment_are_told_apart(ana: Client) -> None:
    made = {ana.new_thread() for _ in range(5)}
    with transaction():
        session.execute(update(Thread).values(last_activity_at=now()))

    assert walk(ana, limit=2) == sorted(made, reverse=True)


def test_case_021_cursors_of_other_lists(ana: Client, ben: Client) -> None:
    thread = ana.new_thread()
    ana.ask(thread, "one")
    ana.new_thread()
    of_messages = ana.get(f"{THREADS}/{thread}/messages?limit=1").json["nextCursor"]
    of_threads = ana.threads(limit=1)["nextCursor"]
    wrong = [
        (ana, THREADS, of_messages),
        (ben, THREADS, of_threads),
        (ana, THREADS, of_threads[:-1]),
        (ana, THREADS, "nonsense"),
        (ana, f"{THREADS}/{thread}/messages", of_threads),
        (ana, f"{THREADS}/{thread}/messages?order=desc", of_messages),
        (ana, f"{THREADS}/{ana.new_thread()}/messages", of_messages),
    ]
    for client, path, cursor in wrong:
        separator = "&" if "?" in path else "?"
        response = client.get(f"{path}{separator}cursor={cursor}")
        assert problems(response) == [(["query", "cursor"], "value_error")], (path, cursor)
    assert problems(ana.get(THREADS, query_string={"cursor": "x" * 513})) == [(["query", "cursor"], "string_too_long")]
    assert ana.get(f"{THREADS}?cursor=").status_code == 200


def test_case_022_latest_activity_first(ana: Client) -> None:
    older, newer = ana.new_thread(), ana.new_thread()
    assert walk(ana) == [newer, older]

    ana.ask(older, "  hello \n\n there " + "x" * 200)

    assert walk(ana) == [older, newer]
    shown = ana.threads()["items"][0]
    answer = ana.messages(older)[-1]
    assert shown["lastMessageAt"] == answer["createdAt"]
    assert shown["lastMessagePreview"] == " ".join(answer["content"].split())[:140] + "…"
    assert (shown["lastTurnId"], shown["lastTurnStatus"]) == (answer["turnId"], "completed")
    assert shown["title"]


def test_case_023_a_change_of_nothing(ana: Client) -> None:
    thread = ana.post(THREADS, {"title": "Plan", "metadata": {"a": 1}}).json

    for body in ({}, {"title": " Plan "}, {"metadata": {"a": 1}}):
        response = ana.patch(f"{THREADS}/{thread['id']}", body)
        assert (response.status_code, response.json) == (200, thread)


def test_case_024_null_clears(ana: Client) -> None:
    spec = agents.create("poet", "Poet")
    given = {"title": "Plan", "systemPrompt": " Rhyme. ", "agentSpecId": str(spec.id), "metadata": {"a": 1}}
    thread = ana.post(THREADS, given).json
    assert {key: thread[key] for key in given} == given

    path = f"{THREADS}/{thread['id']}"
    assert ana.patch(path, {"title": None}).json["title"] is None
    cleared = ana.patch(path, dict.fromkeys(given)).json
    assert [cleared[key] for key in given] == [None, None, None, {}]
    assert cleared["updatedAt"] > thread["updatedAt"]
    assert ana.patch(path, {"title": "  "}).json["title"] is None


def test_case_025_metadata_is_replaced(ana: Client) -> None:
    thread = ana.new_thread(metadata={"a": 1})

    assert ana.patch(f"{THREADS}/{thread}", {"metadata": {"b": 2}}).json["metadata"] == {"b": 2}
    assert ana.thread(thread)["metadata"] == {"b": 2}


def test_case_026_other_fields_are_untouched(ana: Client) -> None:
    thread = ana.new_thread(metadata={"a": 1})

    changed = ana.patch(f"{THREADS}/{thread}", {"title": "x"}).json

    assert (changed["title"], changed["metadata"]) == ("x", {"a": 1})
    bad = ana.patch(f"{THREADS}/{thread}", {"title": 5, "metadata": "x", "agentSpecId": 1})
    assert sorted(problems(bad)) == [
        (["body", "agentSpecId"], "uuid_parsing"),
        (["body", "metadata"], "dict_type"),
        (["body", "title"], "string_type"),
    ]
    assert problems(ana.patch(f"{THREADS}/{thread}", {"agentSpecId": RANDOM_ID})) == [
        (["body", "agentSpecId"], "value_error")
    ]


def test_case_027_other_peoples_threads_do_not_exist(app: Flask, ana: Client, people: People) -> None:
    thread = ana.new_thread(title="Mine")
    hidden = ana.new_thread()
    ana.delete(f"{THREADS}/{hidden}")

    for person in (people.ben, people.stan, people.sue):
        stranger = Client(app, person)
        for call in (stranger.get, stranger.delete, lambda path, c=stranger: c.patch(path, {"title": "x"})):
            refused, unknown = call(f"{THREADS}/{thread}"), call(f"{THREADS}/{RANDOM_ID}")
            assert (refused.status_code, refused.data) == (404, unknown.data)
            assert refused.json["code"] == "thread_not_found"
        assert stranger.threads()["items"] == []
    assert ana.get(f"{THREADS}/{hidden}").data == ana.get(f"{THREADS}/{RANDOM_ID}").data
    assert ana.thread(thread)["title"] == "Mine"


def test_case_028_not_a_uuid(ana: Client) -> None:
    for call in (ana.get, ana.delete, lambda path: ana.patch(path, {})):
        assert problems(call(f"{THREADS}/abc")) == [(["path", "thread_id"], "uuid_parsing")]


def test_case_029_deleted_is_gone(ana: Client, thread: str) -> None:
    ana.ask(thread, "hello")
    turn = ana.thread(thread)["lastTurnId"]

    deleted = ana.delete(f"{THREADS}/{thread}")

    assert (deleted.status_code, deleted.data) == (204, b"")
    assert ana.get(f"{THREADS}/{thread}").status_code == 404
    assert ana.delete(f"{THREADS}/{thread}").status_code == 404
    for path in (f"{THREADS}/{thread}/messages", f"{THREADS}/{thread}/turns/stream"):
        assert ana.get(path).json["code"] == "thread_not_found"
    for path in (f"/api/v1/chat/turns/{turn}", f"/api/v1/chat/turns/{turn}/stream"):
        assert ana.get(path).json["code"] == "turn_not_found"
    for path, body in (("turns/stream", {"content": "x"}), ("turns/cancel", {}), ("feedback", {"rating": "positive"})):
        assert ana.post(f"{THREADS}/{thread}/{path}", body).json["code"] == "thread_not_found"
    assert ana.patch(f"{THREADS}/{thread}", {"title": "x"}).status_code == 404


def test_case_030_deleting_ends_a_running_answer(ana: Client, thread: str) -> None:
    reader = ana.open(thread, "/slow 1000").until("tick 2 ")

    assert ana.delete(f"{THREADS}/{thread}").status_code == 204

    story = reader.rest()
    assert story.types[-1] == "abort" and story.is_done
    assert story.turn["status"] == "cancelled"


def test_case_031_nothing_chosen_nothing_deleted(ana: Client) -> None:
    made = [ana.new_thread() for _ in range(3)]

    for body in ({}, {"all": False}, {"threadIds": None}, {"all": None, "threadIds": []}):
        response = ana.post(f"{THREADS}/bulk-delete", body)
        assert (response.status_code, response.json) == (200, {"deletedCount": 0})
    assert walk(ana) == made[::-1]


def test_case_032_all_of_ones_own(ana: Client, ben: Client) -> None:
    made = [ana.new_thread() for _ in range(3)]
    reader = ana.open(made[0], "/slow 1000").until("tick 2 ")
    ben.new_thread()

    assert ana.post(f"{THREADS}/bulk-delete", {"all": True}).json == {"deletedCount": 3}

    assert ana.threads()["items"] == [] and len(ben.threads()["items"]) == 1
    assert reader.rest().types[-1] == "abort"


def test_case_033_some(ana: Client, ben: Client) -> None:
    first, second, third = (ana.new_thread() for _ in range(3))
    chosen = [first, first.upper(), second, ben.new_thread(), str(uuid4())]

    assert ana.post(f"{THREADS}/bulk-delete", {"threadIds": chosen}).json == {"deletedCount": 2}
    assert walk(ana) == [third] and len(ben.threads()["items"]) == 1


def test_case_034_too_many_or_no_ids(ana: Client, thread: str) -> None:
    many = [thread, *(str(uuid4()) for _ in range(100))]
    assert problems(ana.post(f"{THREADS}/bulk-delete", {"threadIds": many})) == [(["body", "threadIds"], "too_long")]
    assert problems(ana.post(f"{THREADS}/bulk-delete", {"threadIds": [thread, "x", thread, 5]})) == [
        (["body", "threadIds", 1], "uuid_parsing"),
        (["body", "threadIds", 3], "uuid_parsing"),
    ]
    assert problems(ana.post(f"{THREADS}/bulk-delete", {"threadIds": thread, "all": "true"})) == [
        (["body", "all"], "bool_type"),
        (["body", "threadIds"], "list_type"),
    ]
    assert walk(ana) == [thread]


def test_case_035_all_and_some(ana: Client, thread: str) -> None:
    response = ana.post(f"{THREADS}/bulk-delete", {"all": True, "threadIds": [thread]})

    assert problems(response) == [(["body"], "value_error")]
    assert walk(ana) == [thread]


def test_what_was_deleted_is_erased_after_the_configured_days(make_app: Callable[..., Flask]) -> None:
    ana = Client(make_app(deleted_thread_retention_days=7), folk.settle().ana)
    old, recent, archived = (ana.new_thread() for _ in range(3))
    for thread in (old, recent, archived):
        ana.ask(thread, "hello")
    for thread in (old, recent):
        ana.delete(f"{THREADS}/{thread}")
    session.remove()
    with transaction():
        of = update(Thread).where
        session.execute(of(Thread.id == UUID(old)).values(deleted_at=now() - timedelta(days=8)))
        session.execute(of(Thread.id == UUID(archived)).values(archived_at=now() - timedelta(days=80)))

    assert retention.purge_deleted_threads() == 1

    assert {str(key) for key in session.scalars(select(Thread.id))} == {recent, archived}
    assert {str(key) for key in session.scalars(select(Turn.thread_id))} == {recent, archived}
    assert len(set(session.scalars(select(TurnEvent.turn_id)))) == 2


def test_a_list_costs_the_same_however_long(ana: Client) -> None:
    statements: list[str] = []

    def count(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    for _ in range(3):
        ana.ask(ana.new_thread(), "hello")
    ana.threads()  # which notes that the token was used
    event.listen(db.engine, "before_cursor_execute", count)
    try:
        ana.threads(limit=1)
        of_one = len(statements)
        ana.threads()
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
    assert len(statements) - of_one == of_one <= 6


def test_agents_answer_with_their_instructions(ana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    poet = agents.create("poet", "Poet", description="Rhymes", instructions="You answer in rhymes.")
    agents.create("helper", "Helper", mode=agents.SUBAGENT)
    listed = ana.get("/api/v1/agents/specs").json
    assert [spec["slug"] for spec in listed["specs"]] == ["helper", "poet"] and listed["total"] == 2
    primary = ana.get("/api/v1/agents/specs?mode=primary&limit=1").json
    assert primary["total"] == 1
    assert set(primary["specs"][0]) == {
        "id", "slug", "name", "description", "mode", "tools", "createdAt", "updatedAt",
    }  # fmt: skip
    assert problems(ana.get("/api/v1/agents/specs?mode=x&offset=-1")) == [
        (["query", "offset"], "greater_than_equal"),
        (["query", "mode"], "enum"),
    ]

    thread = ana.new_thread(agentSpecId=str(poet.id), systemPrompt="Mention the sea.")
    asked = []
    stream = OfflineProvider.stream

    def spy(self: OfflineProvider, request: ModelRequest) -> Any:
        asked.append(request.system)
        return stream(self, request)

    monkeypatch.setattr(OfflineProvider, "stream", spy)
    assert ana.ask(thread, "hello").turn["settings"]["agentSpecId"] == str(poet.id)
    ana.patch(f"{THREADS}/{thread}", {"agentSpecId": None, "systemPrompt": None})
    ana.ask(thread, "hello")

    assert "You answer in rhymes." in asked[0] and "Mention the sea." in asked[0]
    assert asked[0].index("You answer in rhymes.") < asked[0].index("Mention the sea.")
    assert "rhymes" not in asked[1] and "Mention the sea." not in asked[1]


def test_a_change_while_an_answer_is_written_is_for_later_ones(ana: Client, thread: str) -> None:
    reader: Reader = ana.open(thread, "/slow 1000").until("tick 2 ")

    assert ana.patch(f"{THREADS}/{thread}", {"title": "Named", "systemPrompt": "Be brief."}).status_code == 200

    ana.cancel(thread)
    assert reader.rest().turn["status"] == "cancelled"
    assert ana.thread(thread)["title"] == "Named"
