"""The oracle of `make chaos` is green when all is well, and red for each thing that it promises to see."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from uuid import UUID

import orjson
import pytest
from flask import Flask
from sqlalchemy import delete, update

from bench.chaos import oracle
from bench.chaos.bad_requests import samples
from bench.chaos.faults import FAULTS
from bench.chaos.oracle import Found, Verdict
from bench.chaos.report import Row, problems, table
from bench.chaos.traffic import Asked, Crowd
from chatapp import config
from chatapp.db import release, session
from chatapp.models import Message, Thread, Turn
from chatapp.values import Event
from tests.people import People
from tests.servers import serving

TURN = {"id": "t", "status": "completed", "inputMessageId": "q", "outputMessageId": "a", "error": None}
QUESTION = {"id": "q", "role": "user", "content": "hello", "turnId": "t"}
ANSWER = {"id": "a", "role": "assistant", "content": "hi", "turnId": "t"}


def test_what_is_broken_in_the_store_is_seen(app: Flask, people: People) -> None:
    with serving(app) as url:
        crowd = Crowd(url, [people.ana.token, people.ben.token])
        ana, ben = crowd.people
        ana.ask(), ben.ask()

        def judged() -> Verdict:
            release()
            return oracle.judge(url, config.current().database, crowd, patience=0.0)

        well = judged()
        assert (well.problems, well.accepted, well.outcomes) == ([], 2, Counter(completed=2))
        change(delete(Message).where(Message.content == ana.asked[0].content))
        assert "is 0 times in its thread" in "\n".join(judged().problems)
        change(update(Turn).where(Turn.id == UUID(ben.asked[0].turn)).values(status="running"))
        [problem] = oracle.stuck(config.current().database, patience=0.0)
        assert problem.endswith("is running after 0 s")
        change(delete(Thread))
        assert oracle.blocked(url, ana).endswith("does not go on: ['404']")


def change(statement: object) -> None:
    session.execute(statement)
    session.commit()


def story(*words: str) -> list[Event]:
    """The events of a turn that was answered with these words."""
    turn = {"id": "t", "usage": {}}
    told = [
        {"type": "start", "messageId": "a", "messageMetadata": {"turnId": "t"}},
        {"type": "data-turn", "id": "t", "data": turn | {"status": "running", "error": None}},
        {"type": "start-step"},
        {"type": "text-start", "id": "t0"},
        *({"type": "text-delta", "id": "t0", "delta": word} for word in words),
        {"type": "text-end", "id": "t0"},
        {"type": "finish-step"},
        {"type": "data-turn", "id": "t", "data": turn | {"status": "completed", "error": None}},
    ]
    last = {"turnId": "t", "status": "completed", "finishReason": "stop", "usage": {}}
    told.append({"type": "finish", "messageMetadata": last})
    return [Event(number, data, orjson.dumps(data).decode()) for number, data in enumerate(told, 1)]


def asked(events: list[Event], *, ended: bool = True) -> Asked:
    return Asked("thread", "hello", "t", "token", events, ended=ended)


def found(*messages: object, **turn: object) -> Found:
    return Found(TURN | turn, story("one", "two"), messages)


def test_an_answer_or_a_stated_failure_is_what_a_question_has() -> None:
    question = asked(story("one", "two"))
    assert not list(oracle.lost(question, found(QUESTION, ANSWER)))
    assert not list(oracle.lost(question, found(QUESTION, status="failed", outputMessageId=None, error={"code": "x"})))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (found(ANSWER), "'hello' is 0 times in its thread"),
        (found(QUESTION, QUESTION, ANSWER), "'hello' is 2 times in its thread"),
        (found(QUESTION), "the answer to 'hello' is 0 times in its thread"),
        (found(QUESTION, ANSWER, ANSWER), "the answer to 'hello' is 2 times in its thread"),
        (found(QUESTION, status="pending", outputMessageId=None), "turn t is pending"),
        (found(QUESTION, outputMessageId=None), "'hello' has neither an answer nor a stated failure"),
    ],
    ids=["lost", "doubled", "unanswered", "answered twice", "not ended", "without a word"],
)
def test_what_became_of_a_question_is_seen(wrong: Found, said: str) -> None:
    assert list(oracle.lost(asked([]), wrong)) == [said]


def test_a_reader_who_was_given_anything_else_is_seen() -> None:
    right, kept = story("one", "two"), found()
    assert not list(oracle.misread(asked(right), kept))
    for wrong in (right[:-1], right[:4] + right[3:], [*right[:4], right[5], right[4], *right[6:]], story("one", "2")):
        [problem] = oracle.misread(asked(wrong), kept)
        assert "the reader of t was given" in problem
    assert list(oracle.misread(asked(right, ended=False), kept)) == ["the reader of t never came to its end"]


def test_events_that_break_the_grammar_are_seen() -> None:
    gap = story("one", "two")
    del gap[4]
    assert list(oracle.misread(asked(gap), replace(found(), replay=gap))) == ["the events of t: numbers have gaps"]


def test_the_table_says_what_is_red() -> None:
    good, bad = Verdict(3, Counter(completed=3)), Verdict(1, Counter(worker_lost=1), problems=["it is gone"])
    rows = [Row("one", "sqlite", True, good, "ready"), Row("two", "postgresql", False, bad, "")]
    assert "| one (costs nothing) | sqlite     | 3        | 3 completed   |" in table(rows)
    assert "**RED** (1)" in table(rows)
    assert problems(rows) == ["two, postgresql: it is gone"]


def test_bad_requests_are_of_many_kinds_and_faults_have_names_of_their_own() -> None:
    kinds = samples("token", "thread")
    assert len(set(kinds)) == len(kinds) > 30
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
