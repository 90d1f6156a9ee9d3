"""What an answer has taken is given back when it has ended, without the collector's help."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable

from flask import Flask

from bench.messages_server import MessagesServer
from chatapp.stream.answering import Answering
from chatapp.values import Event
from tests import people as folk
from tests.people import People
from tests.servers import wait_until
from tests.stream.asking import ask, story_of, wait_for_text

WAITING = 8
BOUND = 65_000  # bytes of a turn that waits for its model, without the stacks of its threads
SILENT = '{"script": {"text": "one two three four", "trouble": "stall", "after": 3}}'
OF_OTHERS = ("*/bench/*", "*/asyncio/*", "*/json/*", tracemalloc.__file__)  # the model server, and who looks


def alive(kind: type) -> int:
    return sum(type(thing) is kind for thing in gc.get_objects())


def test_an_ended_answer_leaves_nothing_for_the_collector(app: Flask, people: People) -> None:
    story_of(ask(people.ana, "what is made once").turn)
    wait_until(lambda: not app.extensions["runner"]._runs)
    gc.collect()
    gc.disable()
    try:
        before = alive(Event), alive(Answering)
        for _ in range(3):
            story_of(ask(people.ana, '/slow 5\n/tool calculate {"expression": "6 * 7"}').turn)
        wait_until(lambda: (alive(Event), alive(Answering)) <= before, timeout=20)
    finally:
        gc.enable()


def held() -> int:
    """Bytes that this process holds for anything but the model server in it."""
    gc.collect()
    others = [tracemalloc.Filter(False, pattern) for pattern in OF_OTHERS]
    return sum(found.size for found in tracemalloc.take_snapshot().filter_traces(others).statistics("filename"))


def test_an_answer_that_waits_for_its_model_holds_little(make_app: Callable[..., Flask]) -> None:
    with MessagesServer() as server:
        app = make_app(provider="anthropic", anthropic_api_key="sk-test", anthropic_base_url=server.url)
        with app.app_context():
            ana = folk.settle().ana
            wait_for_text(ask(ana, SILENT).turn, "one")
            tracemalloc.start()
            try:
                before = held()
                turns = [ask(ana, SILENT).turn.id for _ in range(WAITING)]
                for turn in turns:
                    wait_for_text(turn, "one")
                assert (held() - before) / WAITING < BOUND
            finally:
                tracemalloc.stop()
                app.extensions["runner"].drain(0)
