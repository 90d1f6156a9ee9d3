"""Names of conversations: once, beside the answer, never in its way, never over a person's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from bench.messages_script import Script
from bench.messages_server import MessagesServer
from chatapp.core import titles
from chatapp.db import release, session, transaction
from chatapp.models import Thread
from chatapp.values import Usage
from tests import people as folk
from tests.people import People
from tests.servers import wait_until
from tests.stream.asking import ask, fresh, story_of, texts

Connect = Callable[..., People]


@pytest.fixture
def server() -> Iterator[MessagesServer]:
    with MessagesServer(Script(text="An answer.", input_tokens=100)) as running:
        yield running


@pytest.fixture
def with_service(make_app: Callable[..., Flask], server: MessagesServer) -> Connect:
    def connected(**changes: Any) -> People:
        make_app(anthropic_api_key="key", anthropic_base_url=server.url, **changes)
        return folk.settle()

    return connected


def title_calls(server: MessagesServer) -> int:
    return sum(not request.body.get("stream") for request in server.requests)


def test_waldur_84_the_first_answer_names_the_thread(with_service: Connect, server: MessagesServer) -> None:
    people = with_service()
    server.title = Script(text='  "Garden party\n plans"  ')
    started = ask(people.ana, "x" * 2000)
    assert story_of(started.turn).title == "Garden party plans"
    assert fresh(Thread, started.thread.id).title == "Garden party plans"
    [call] = [request for request in server.requests if not request.body.get("stream")]
    assert call.body["messages"][0]["content"] == "x" * 500
    server.title = Script(text="Another")
    story_of(ask(people.ana, "more", started.thread).turn)
    assert fresh(Thread, started.thread.id).title == "Garden party plans"
    assert title_calls(server) == 1


@pytest.mark.parametrize("script", [Script(status=500), Script(text='""'), Script(text="  \n ")])
def test_waldur_85_without_a_title_the_answer_is_intact(
    with_service: Connect, server: MessagesServer, script: Script
) -> None:
    people = with_service()
    server.title = script
    started = ask(people.ana, "hello")
    story = story_of(started.turn)
    assert (story.status, story.title) == ("completed", None)
    assert texts(started.thread) == ["hello", "An answer."]
    assert fresh(Thread, started.thread.id).title is None
    server.title = Script(text="Too late")
    story_of(ask(people.ana, "more", started.thread).turn)
    assert fresh(Thread, started.thread.id).title is None, "one attempt a thread"
    assert title_calls(server) == 1


def test_waldur_86_its_cost_is_counted_with_the_thread(with_service: Connect, server: MessagesServer) -> None:
    people = with_service()
    server.title = Script(text="A title", input_tokens=20, output_tokens=5)
    started = ask(people.ana, "hello")
    story = story_of(started.turn)
    thread = fresh(Thread, started.thread.id)
    assert (thread.title_input_tokens, thread.title_output_tokens) == (20, 5)
    assert story.turn["usage"]["inputTokens"] == 100, "not part of the turn"
    assert (thread.input_tokens, thread.output_tokens) == (120, 5 + story.turn["usage"]["outputTokens"])


def test_a_late_title_is_stored_without_an_event(with_service: Connect, server: MessagesServer) -> None:
    people = with_service(title_wait=0.05)
    server.title = Script(text="Late but good", headers_after=0.6)
    started = ask(people.ana, "hello")
    assert story_of(started.turn).title is None
    wait_until(lambda: fresh(Thread, started.thread.id).title == "Late but good")


def test_an_orderly_stop_waits_for_a_late_title(make_app: Callable[..., Flask], server: MessagesServer) -> None:
    app = make_app(anthropic_api_key="key", anthropic_base_url=server.url, title_wait=0.05)
    people = folk.settle()
    server.title = Script(text="Late but good", headers_after=0.6)
    started = ask(people.ana, "hello")
    story_of(started.turn)
    app.extensions["runner"].close()
    assert fresh(Thread, started.thread.id).title == "Late but good"


def test_a_name_given_meanwhile_stays(with_service: Connect, server: MessagesServer) -> None:
    people = with_service()
    server.title = Script(text="From the model", headers_after=0.3)
    started = ask(people.ana, "hello")
    server.wait_for(2)
    with transaction():
        session.execute(update(Thread).where(Thread.id == started.thread.id).values(title="My own"))
    assert story_of(started.turn).title is None
    assert fresh(Thread, started.thread.id).title == "My own"


def test_a_thread_with_a_name_keeps_it(people: People) -> None:
    started = ask(people.ana, "hello")
    story_of(started.turn)
    release()
    assert titles.store(started.thread.id, titles.Attempt("Another", Usage(1, 1))) is None
    assert fresh(Thread, started.thread.id).title == "hello"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Plain", "Plain"),
        ('  "Quoted"  ', "Quoted"),
        ("\u201eGerman\u201c", "German"),
        ("two\n lines\tand tabs", "two lines and tabs"),
        ('"', ""),
        ("", ""),
        ("x" * 151, "x" * 150),
        ("x" * 149 + " y", "x" * 149),
        ("don't", "don't"),
    ],
)
def test_titles_are_cleaned(text: str, title: str) -> None:
    assert titles.clean(text) == title
