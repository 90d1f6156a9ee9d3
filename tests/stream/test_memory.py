"""What an answer has taken is given back when it has ended, without the collector's help."""

from __future__ import annotations

import gc

from flask import Flask

from chatapp.stream.answering import Answering
from chatapp.values import Event
from tests.people import People
from tests.servers import wait_until
from tests.stream.asking import ask, story_of


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
