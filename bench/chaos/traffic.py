"""People who talk while things break: each asks one question after the other and reads the answers to their end."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from chatapp.values import Event

API = "/api/v1/chat"
PAUSE = 0.2  # seconds before somebody asks again
PATIENCE = 90.0  # seconds in which an answer ends, whatever happens

_numbers = itertools.count(1)
Script = Callable[[int], dict[str, Any]]


@dataclass
class Asked:
    """A question that the server has accepted, and what its reader was given."""

    thread: str
    content: str
    turn: str
    token: str = field(repr=False)
    events: list[Event] = field(default_factory=list)
    reconnects: int = 0
    ended: bool = False

    @property
    def position(self) -> int:
        return self.events[-1].seq if self.events else 0


class Person:
    """Talks in one thread until told to stop, as a patient client does: what breaks is read on from where it broke."""

    def __init__(self, url: str, token: str, script: Script | None = None, thread: str = "") -> None:
        self.asked: list[Asked] = []
        self.refusals: list[str] = []
        self._token, self._script = token, script
        headers = {"Authorization": f"Bearer {token}"}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=httpx.Timeout(20, read=30))
        self.thread = thread or str(self._client.post(f"{API}/threads", json={}).raise_for_status().json()["id"])
        self._stop = threading.Event()
        self._running = threading.Thread(target=self._talk, daemon=True)

    def start(self) -> None:
        self._running.start()

    def finish(self) -> None:
        """Ask nothing more, read to the end. AssertionError when there is none."""
        self._stop.set()
        self._running.join(PATIENCE)
        assert not self._running.is_alive(), f"an answer in {self.thread} does not end"
        self.close()

    def close(self) -> None:
        self._client.close()

    def again(self, url: str) -> Person:
        """The same person in the same thread, with a question that nothing keeps from being answered."""
        return Person(url, self._token, lambda number: {"tokens": 5}, self.thread)

    @property
    def reads(self) -> bool:
        """Whether something of an answer that still goes on has been shown."""
        return bool(self.asked) and not self.asked[-1].ended and self.asked[-1].position > 4

    def ask(self, content: str = "") -> Asked | None:
        """One question, the next one without `content`, and its whole answer; None when it was not accepted."""
        content = content or self._next()
        try:
            with self._client.stream(
                "POST", f"{API}/threads/{self.thread}/turns/stream", json={"content": content}
            ) as answer:
                if answer.status_code != 200:
                    self.refusals.append(f"{answer.status_code}")
                    return None
                asked = Asked(self.thread, content, answer.headers["X-Turn-Id"], self._token)
                self.asked.append(asked)
                _take(asked, answer)
        except httpx.TransportError as error:
            if not (self.asked and self.asked[-1].content == content):
                self.refusals.append(type(error).__name__)
                return None
        self._read_on(self.asked[-1])
        return self.asked[-1]

    def _next(self) -> str:
        number = next(_numbers)
        script = f" {json.dumps({'script': self._script(number)})}" if self._script else ""
        return f"This is question {number}.{script}"

    def _talk(self) -> None:
        while not self._stop.is_set():
            self.ask()
            self._stop.wait(PAUSE)

    def _read_on(self, asked: Asked) -> None:
        deadline = time.monotonic() + PATIENCE
        while not asked.ended and time.monotonic() < deadline:
            asked.reconnects += 1
            headers = {"Last-Event-ID": str(asked.position)}
            try:
                with self._client.stream("GET", f"{API}/turns/{asked.turn}/stream", headers=headers) as answer:
                    if answer.status_code == 200:
                        _take(asked, answer)
            except httpx.TransportError:
                """Somewhere on the way down or up."""
            time.sleep(0 if asked.ended else PAUSE)


def replay(client: httpx.Client, turn: str) -> list[Event]:
    """The whole of a turn, as a reader gets it who has seen nothing."""
    asked = Asked("", "", turn, "")
    with client.stream("GET", f"{API}/turns/{turn}/stream") as answer:
        answer.raise_for_status()
        _take(asked, answer)
    return asked.events


def _take(asked: Asked, answer: httpx.Response) -> None:
    number = 0
    for line in answer.iter_lines():
        if line.startswith("id: "):
            number = int(line[4:])
        elif line.startswith("data: {"):
            asked.events.append(Event(number, orjson.loads(line[6:]), line[6:]))
        elif line == "data: [DONE]":
            asked.ended = True


class Crowd:
    """Everybody who talks during one fault."""

    def __init__(self, url: str, tokens: Sequence[str], script: Script | None = None) -> None:
        self.people = [Person(url, token, script) for token in tokens]

    def start(self) -> None:
        for person in self.people:
            person.start()

    def finish(self) -> None:
        for person in self.people:
            person.finish()

    def wait_for_text(self, patience: float = 15.0) -> None:
        """Until half of them are being answered at one moment: when it breaks something is under way."""
        deadline = time.monotonic() + patience
        while sum(person.reads for person in self.people) * 2 < len(self.people) and time.monotonic() < deadline:
            time.sleep(0.02)

    @property
    def asked(self) -> list[Asked]:
        return [asked for person in self.people for asked in person.asked]

    @property
    def refusals(self) -> list[str]:
        return [refusal for person in self.people for refusal in person.refusals]
