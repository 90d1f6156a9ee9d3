from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from bench.messages_script import Script
from bench.messages_server import MessagesServer
from tests import people as folk
from tests.web.api.client import STREAM, THREADS, Client, row_counts


@pytest.fixture
def claude(make_claude: Callable[..., Flask]) -> Client:
    return Client(make_claude(), folk.settle().ana)


def test_case_84_a_new_thread_is_named(claude: Client, model: MessagesServer) -> None:
    model.title = Script(text='  "Budget of the year"\n')

    thread = claude.ask("how much did we spend").thread

    assert claude.thread(thread)["name"] == "Budget of the year"


def test_case_84_long_titles_are_cut_and_later_turns_change_nothing(claude: Client, model: MessagesServer) -> None:
    model.title = Script(text="x" * 200)
    thread = claude.ask("hello").thread
    model.title = Script(text="another")
    claude.ask("and now", thread_uuid=thread)

    assert claude.thread(thread)["name"] == "x" * 150


@pytest.mark.parametrize("title", [Script(status=400), Script(text='""'), Script(text="  ")])
def test_case_85_without_a_title_the_name_stays(claude: Client, model: MessagesServer, title: Script) -> None:
    model.title = title
    model.scripts = [Script(text="the answer")]

    answer = claude.ask("hello")

    assert answer.text == "the answer"
    assert claude.thread(answer.thread)["name"] == "New chat"


def test_case_86_the_cost_of_the_title(claude: Client, model: MessagesServer) -> None:
    model.title = Script(text="Budget", input_tokens=20, output_tokens=5)
    model.scripts = [Script(text="one two", input_tokens=100)]

    shown = claude.thread(claude.ask("hello").thread)

    assert (shown["title_gen_input_tokens"], shown["title_gen_output_tokens"]) == (20, 5)
    assert (shown["input_tokens"], shown["output_tokens"], shown["total_tokens"]) == (120, 7, 127)
    assert claude.get("/api/chat-quota/usage/").json["daily_usage"] == 127


def test_case_87_a_name_on_request(ana: Client) -> None:
    thread = ana.ask("hello").thread
    before, cost = row_counts(), ana.thread(thread)["output_tokens"]

    answer = ana.ask("Budget\nof the year", update_thread_name=thread, thread_uuid="0" * 32, mode="edit")

    assert {frame["k"] for frame in answer.frames} == {"markdown"}
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert row_counts() == before
    shown = ana.thread(thread)
    assert shown["name"] == "You said: BudgetYou said: of the year"
    assert shown["output_tokens"] > cost
    assert shown["message_count"] == 2


def test_case_87_the_name_is_cut(ana: Client) -> None:
    thread = ana.ask("hello").thread

    ana.ask("x" * 200, update_thread_name=thread)

    assert ana.thread(thread)["name"] == ("You said: " + "x" * 200)[:150]


def test_case_87_other_peoples_threads_are_not_named(ana: Client, ben: Client, stan: Client) -> None:
    thread = ben.ask("hello").thread
    before = ben.thread(thread)

    for stranger in (ana, stan):
        response = stranger.post(STREAM, json={"input": "mine", "update_thread_name": thread})
        assert (response.status_code, list(response.json)) == (404, ["detail"])
    assert ben.thread(thread) == before


def test_a_failure_leaves_the_name(ana: Client) -> None:
    thread = ana.ask("hello").thread
    name = ana.thread(thread)["name"]

    answer = ana.ask("/fail provider_unavailable", update_thread_name=thread)

    assert [list(frame)[0] for frame in answer.frames] == ["k", "e"]
    assert ana.thread(thread)["name"] == name


def test_a_reader_that_leaves_does_not_name_half(ana: Client) -> None:
    thread = ana.ask("hello").thread
    before = ana.thread(thread)

    stream = ana.open("/slow 1000", update_thread_name=thread)
    stream.read_until("tick 1 ")
    stream.leave()

    after = ana.thread(thread)
    assert after["name"] == before["name"]
    assert after["input_tokens"] > before["input_tokens"]
    assert len(ana.get(THREADS).json) == 1
