"""Who asks under load: four ways to the same answer, each noting when every token of it was there."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Protocol
from urllib.parse import urlencode

import orjson

from bench.http_client import BadAnswer, Frames, Response, request
from bench.messages_script import Script, pieces

JSON_BODY = {"Content-Type": "application/json"}
FORM_BODY = {"Content-Type": "application/x-www-form-urlencoded"}
Headers = dict[str, str]

TAG = re.compile(r"<[^>]*>")
LIVE = re.compile(r'data-live="([^"]+)"')


@dataclass(frozen=True)
class Expected:
    """The answer that the model server gives to every question."""

    text: str
    ends: Sequence[int]  # after how many characters, blanks not counted, each token is complete

    @classmethod
    def of(cls, tokens: int) -> Expected:
        (block,) = Script(tokens=tokens).content()
        return cls(block.text, list(accumulate(map(solid, pieces(block)))))


@dataclass
class Answer:
    """What one stream brought, and when."""

    expected: Expected
    number: int
    person: int = 0
    began: float = field(default_factory=time.time)
    ended: float = 0.0
    arrivals: list[float] = field(default_factory=list)  # of the tokens, in their order
    frames: int = 0
    bytes: int = 0
    failure: str = ""

    @property
    def question(self) -> str:
        return f"This is question {self.number} of the benchmark."

    def shown(self, characters: int, at: float) -> None:
        """So many characters of the answer have arrived, blanks not counted."""
        ends = self.expected.ends
        while len(self.arrivals) < len(ends) and ends[len(self.arrivals)] <= characters:
            self.arrivals.append(at)


class Way(Protocol):
    """A way to the model. `ask` returns when the answer has ended in good order; raises BadAnswer."""

    async def ask(self, answer: Answer) -> None: ...


class Direct:
    """The model server itself: what the others are compared with."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/v1/messages"

    async def ask(self, answer: Answer) -> None:
        body = {"model": "bench", "stream": True, "messages": [{"role": "user", "content": answer.question}]}
        characters, frames = 0, Frames(b"\n\n")
        async with request("POST", self._url, JSON_BODY, orjson.dumps(body)) as response:
            await _expect(response, 200)
            async for at, data in response.pieces():
                for frame in frames.feed(data):
                    answer.frames += 1
                    if frame.startswith(b"event: content_block_delta"):
                        delta = orjson.loads(frame[frame.index(b"data: ") + 6 :])["delta"]
                        characters += solid(delta["text"])
                        answer.shown(characters, at)
            answer.bytes += response.received


class Ndjson:
    """The JSON interface of the product, each person with an API token."""

    def __init__(self, url: str, tokens: Sequence[str]) -> None:
        self._url = f"{url}/api/chat/stream/"
        self._tokens = tokens

    async def ask(self, answer: Answer) -> None:
        headers = {"Authorization": f"Token {self._tokens[answer.person]}", **JSON_BODY}
        characters, lines, last = 0, Frames(b"\n"), {}
        async with request("POST", self._url, headers, orjson.dumps({"input": answer.question})) as response:
            await _expect(response, 200)
            async for at, data in response.pieces():
                for line in filter(None, lines.feed(data)):
                    answer.frames += 1
                    last = orjson.loads(line)
                    if "e" in last:
                        raise BadAnswer(f"error frame: {last['e']}")
                    if last.get("k") == "markdown":
                        characters += solid(last["c"])
                        answer.shown(characters, at)
            answer.bytes += response.received
        if "assistant_message_uuid" not in last.get("m", {}):
            raise BadAnswer("no final frame")


class Sse:
    """The turns API: numbered server-sent events, each question in a thread that is made for it."""

    def __init__(self, url: str, tokens: Sequence[str]) -> None:
        self._url = f"{url}/api/v1/chat/threads"
        self._tokens = tokens

    async def ask(self, answer: Answer) -> None:
        headers = {"Authorization": f"Bearer {self._tokens[answer.person]}", **JSON_BODY}
        async with request("POST", self._url, headers, b"{}") as response:
            await _expect(response, 201)
            thread = orjson.loads(await response.text())["id"]
        characters, frames, body = 0, Frames(b"\n\n"), orjson.dumps({"content": answer.question})
        last = ""
        async with request("POST", f"{self._url}/{thread}/turns/stream", headers, body) as response:
            await _expect(response, 200)
            async for at, data in response.pieces():
                for event in events_in(frames.feed(data)):
                    answer.frames += 1
                    last = event["type"]
                    if last == "text-delta":
                        characters += solid(event["delta"])
                        answer.shown(characters, at)
            answer.bytes += response.received
        if last != "finish":
            raise BadAnswer(f"the last event is {last!r}")


class Bystander:
    """Somebody who asks for something else every so often while the load runs."""

    EVERY = 0.05  # seconds

    def __init__(self, url: str, headers: Headers) -> None:
        self.waited: list[float] = []
        self._url, self._headers = url, headers

    @classmethod
    def of_product(cls, url: str, token: str) -> Bystander:
        return cls(f"{url}/api/chat-threads/", {"Authorization": f"Token {token}"})

    @classmethod
    def of_model(cls, url: str) -> Bystander:
        return cls(f"{url}/v1/models", {})

    async def look(self) -> None:
        """Until cancelled."""
        while True:
            began = time.monotonic()
            async with request("GET", self._url, self._headers) as response:
                await _expect(response, 200)
                await response.text()
            self.waited.append(time.monotonic() - began)
            await asyncio.sleep(max(0.0, began + self.EVERY - time.monotonic()))


class Page:
    """The chat page, each person with a browser session: what the page's scripts request, in their order."""

    def __init__(self, url: str, sessions: Sequence[str]) -> None:
        self._url = url
        self._sessions = sessions

    async def ask(self, answer: Answer) -> None:
        cookie = {"Cookie": self._sessions[answer.person]}
        thread, live = await self._send(answer, cookie)
        await self._follow(answer, live, cookie)
        answer.ended = time.time()
        threads = f"{self._url}/chat/threads/?thread={thread.split('/')[2]}"
        async with request("GET", threads, {"HX-Request": "true", **cookie}) as response:
            await _expect(response, 200)
            await response.text()
            answer.bytes += response.received

    async def _send(self, answer: Answer, cookie: Headers) -> tuple[str, str]:
        """The addresses of the new conversation and of the answer's event stream."""
        form = urlencode({"text": answer.question}).encode()
        headers = {"HX-Request": "true", **cookie, **FORM_BODY}
        async with request("POST", f"{self._url}/chat/send/", headers, form) as response:
            await _expect(response, 200)
            found = LIVE.search(await response.text())
            answer.bytes += response.received
        if not found:
            raise BadAnswer("no answer to follow")
        return response.headers["hx-push-url"], found[1]

    async def _follow(self, answer: Answer, address: str, cookie: Headers) -> None:
        shown, messages, composer, final = Shown(), Frames(b"\n\n"), "", ""
        async with request("GET", self._url + address, {"Accept": "text/event-stream", **cookie}) as response:
            await _expect(response, 200)
            async for at, data in response.pieces():
                for message in messages.feed(data):
                    answer.frames += 1
                    if message.startswith(b"event: end\n"):
                        final = message.decode()
                    elif message.startswith(b"event: composer\n"):
                        composer = message.decode()
                    elif (begin := message.find(b"data: [")) >= 0:
                        answer.shown(shown.apply(orjson.loads(message[begin + 6 :])), at)
            answer.bytes += response.received
        if 'aria-label="Send"' not in composer:
            raise BadAnswer("the composer is not told that the answer has ended")
        if 'data-status="completed"' not in final or answer.expected.text not in final:
            raise BadAnswer("the answer is not complete on the page")


class Shown:
    """Counts what the operations of a growing answer show (chatapp/web/render/live.py says what they are)."""

    def __init__(self) -> None:
        self._settled = 0
        self._tail = ""

    def apply(self, operations: Sequence[dict[str, Any]]) -> int:
        """The characters on the page after `operations`, blanks not counted."""
        for operation in operations:
            if "tail" in operation:
                self._tail = self._tail[: operation.get("keep")] + operation["tail"]
            if operation.get("settle"):
                self._settled += self._in_tail()
                self._tail = ""
        return self._settled + self._in_tail()

    def _in_tail(self) -> int:
        return solid(TAG.sub("", self._tail))


async def sign_in(url: str, username: str, password: str) -> str:
    """The cookie of a new browser session."""
    form = urlencode({"username": username, "password": password}).encode()
    async with request("POST", f"{url}/sign-in/", FORM_BODY, form) as response:
        await _expect(response, 302)
        return response.headers["set-cookie"].partition(";")[0]


def events_in(frames: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The JSON objects of server-sent events."""
    for frame in frames:
        if (begin := frame.find(b"data: {")) >= 0:
            yield orjson.loads(frame[begin + 6 :])


def solid(text: str) -> int:
    """How many characters of `text` are not blank."""
    return len("".join(text.split()))


async def _expect(response: Response, status: int) -> None:
    if response.status != status:
        raise BadAnswer(f"status {response.status}: {(await response.text())[:200]}")
