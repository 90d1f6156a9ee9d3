"""What became of what people said: the judge after every fault. It knows the API that all know, and the database."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlalchemy import create_engine, make_url, text

from bench.chaos.traffic import API, Asked, Crowd, Person, replay
from chatapp.values import Event
from tests.stream import grammar

Json = Mapping[str, Any]

ACTIVE = text("select id, status from turns where status in ('pending', 'running', 'awaiting_approval')")
FINAL = ("completed", "failed", "cancelled")


@dataclass
class Verdict:
    """What one fault has led to; red when there are problems."""

    accepted: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)  # completed, or the code of the stated failure
    refused: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    @property
    def is_green(self) -> bool:
        return not self.problems


@dataclass(frozen=True)
class Found:
    """What the installation says of one accepted question."""

    turn: Json
    replay: Sequence[Event]
    messages: Sequence[Json]  # of its thread, oldest first


def judge(url: str, database: str, crowd: Crowd, patience: float) -> Verdict:
    """`patience` is how long a turn may go on whose process is gone."""
    verdict = Verdict(len(crowd.asked), refused=Counter(crowd.refusals))
    verdict.problems += stuck(database, patience)
    for asked in crowd.asked:
        with _client(url, asked.token) as client:
            found = look_up(client, asked)
        verdict.outcomes[_outcome(found.turn)] += 1
        verdict.problems += [*lost(asked, found), *misread(asked, found)]
    for person in crowd.people:
        verdict.problems += disordered(person.asked, url)
    with ThreadPoolExecutor(len(crowd.people)) as pool:
        verdict.problems += filter(None, pool.map(lambda person: blocked(url, person), crowd.people))
    return verdict


def stuck(database: str, patience: float) -> Iterator[str]:
    """Turns that are not ended within `patience` seconds. Nobody asks for them meanwhile, which would end them."""
    engine = create_engine(make_url(database).set(drivername=_driver(database)))
    deadline = time.monotonic() + patience
    try:
        while True:
            with engine.connect() as connection:
                active = connection.execute(ACTIVE).all()
            if not active or time.monotonic() > deadline:
                break
            time.sleep(0.2)
    finally:
        engine.dispose()
    yield from (f"turn {turn} is {status} after {patience:.0f} s" for turn, status in active)


def look_up(client: httpx.Client, asked: Asked) -> Found:
    turn = client.get(f"{API}/turns/{asked.turn}").raise_for_status().json()
    return Found(turn, replay(client, asked.turn), messages_of(client, asked.thread))


def messages_of(client: httpx.Client, thread: str) -> list[Json]:
    """All of them, page by page."""
    found: list[Json] = []
    query: dict[str, Any] = {"limit": 200}
    while True:
        page = client.get(f"{API}/threads/{thread}/messages", params=query).raise_for_status().json()
        found += page["items"]
        if not page.get("nextCursor"):
            return found
        query["cursor"] = page["nextCursor"]


def lost(asked: Asked, found: Found) -> Iterator[str]:
    """The question is in its thread, once, and has an answer or a stated failure."""
    questions = [m for m in found.messages if m["role"] == "user" and m["content"] == asked.content]
    if [m["id"] for m in questions] != [found.turn["inputMessageId"]]:
        yield f"{asked.content!r} is {len(questions)} times in its thread"
    answers = [m for m in found.messages if m["role"] == "assistant" and m["turnId"] == asked.turn]
    output = found.turn["outputMessageId"]
    if output and [m["id"] for m in answers] != [output]:
        yield f"the answer to {asked.content!r} is {len(answers)} times in its thread"
    if found.turn["status"] not in FINAL:
        yield f"turn {asked.turn} is {found.turn['status']}"
    elif not output and not (found.turn["error"] or {}).get("code"):
        yield f"{asked.content!r} has neither an answer nor a stated failure"


def misread(asked: Asked, found: Found) -> Iterator[str]:
    """Its reader was given every event once, in order, and nothing else than whoever reads now."""
    if not asked.ended:
        yield f"the reader of {asked.turn} never came to its end"
    given, kept = ([(e.seq, e.json) for e in events] for events in (asked.events, found.replay))
    if given != kept:
        at = next((n for n, pair in enumerate(zip(given, kept, strict=False)) if pair[0] != pair[1]), None)
        yield f"the reader of {asked.turn} was given {len(given)} events, {len(kept)} are kept; they differ at {at}"
    try:
        grammar.check(found.replay)
    except AssertionError as error:
        yield f"the events of {asked.turn}: {error}"


def disordered(asked: Sequence[Asked], url: str) -> Iterator[str]:
    """The questions of one person are in the order in which they were accepted."""
    if not asked:
        return
    with _client(url, asked[0].token) as client:
        stored = [m["content"] for m in messages_of(client, asked[0].thread) if m["role"] == "user"]
    accepted = {a.content for a in asked}
    if [content for content in stored if content in accepted] != [a.content for a in asked]:
        yield f"the questions of thread {asked[0].thread} are in another order than they were asked"


def blocked(url: str, person: Person) -> str:
    """Why a new question in the same thread is not answered; nothing when it is."""
    with contextlib.closing(person.again(url)) as later:
        asked = later.ask()
    statuses = _statuses(asked.events) if asked else later.refusals
    return "" if statuses[-1:] == ["completed"] else f"thread {person.thread} does not go on: {statuses}"


def _statuses(events: Sequence[Event]) -> list[str]:
    return [str(event.data["data"]["status"]) for event in events if event.type == "data-turn"]


def _outcome(turn: Json) -> str:
    return str(turn["error"]["code"] if turn["status"] == "failed" else turn["status"])


def _driver(database: str) -> str:
    return "sqlite" if database.startswith("sqlite") else "postgresql+psycopg"


def _client(url: str, token: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30)
