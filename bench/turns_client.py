"""A client of the turns API for load: asks, follows, cancels, and keeps every event with its number."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from bench.http_client import BadAnswer, Frames, request

POLL = 0.005  # seconds between looks at what a stream has brought


@dataclass
class Stream:
    """An answer that is being read in the background."""

    person: Person
    thread: str
    method: str
    address: str
    body: bytes = b""
    numbers: list[int] = field(default_factory=list)
    events: list[bytes] = field(default_factory=list)
    last_type: str = ""
    turn: str = ""
    failure: str = ""
    ended: bool = False

    def __post_init__(self) -> None:
        self._task = asyncio.create_task(self._read())

    async def until(self, condition: Callable[[Stream], bool], patience: float) -> None:
        """Raises BadAnswer when that takes longer, or cannot come any more."""
        deadline = time.monotonic() + patience
        while not condition(self):
            if self.failure or (self.ended and not condition(self)) or time.monotonic() > deadline:
                raise BadAnswer(self.failure or f"waited in vain after {len(self.numbers)} events")
            await asyncio.sleep(POLL)

    def leave(self) -> None:
        """Close the connection."""
        self._task.cancel()

    async def _read(self) -> None:
        frames = Frames(b"\n\n")
        try:
            async with request(self.method, self.address, self.person.headers, self.body) as response:
                if response.status != 200:
                    raise BadAnswer(f"status {response.status}: {(await response.text())[:200]}")
                async for _, data in response.pieces():
                    for frame in frames.feed(data):
                        self._take(frame)
        except (BadAnswer, OSError) as error:
            self.failure = str(error) or type(error).__name__
        self.ended = True

    def _take(self, frame: bytes) -> None:
        number, _, data = frame.partition(b"\ndata: ")
        if not number.startswith(b"id: "):
            return
        self.numbers.append(int(number[4:]))
        self.events.append(data)
        event: dict[str, Any] = orjson.loads(data)
        self.last_type = event["type"]
        self.turn = self.turn or event.get("messageMetadata", {}).get("turnId", "")


@dataclass(frozen=True)
class Person:
    """Somebody at one of the hosts."""

    url: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}

    async def new_thread(self) -> str:
        thread: str = (await self._json("POST", "threads", b"{}"))["id"]
        return thread

    def ask(self, thread: str, content: str) -> Stream:
        body = orjson.dumps({"content": content})
        return Stream(self, thread, "POST", f"{self.url}/api/v1/chat/threads/{thread}/turns/stream", body)

    def follow(self, stream: Stream) -> Stream:
        """The same answer, from its beginning, read here."""
        return Stream(self, stream.thread, "GET", f"{self.url}/api/v1/chat/turns/{stream.turn}/stream")

    async def cancel(self, thread: str) -> None:
        await self._json("POST", f"threads/{thread}/turns/cancel", b"{}")

    async def status(self, turn: str) -> str:
        status: str = (await self._json("GET", f"turns/{turn}"))["status"]
        return status

    async def _json(self, method: str, path: str, body: bytes = b"") -> dict[str, Any]:
        """Raises BadAnswer."""
        async with request(method, f"{self.url}/api/v1/chat/{path}", self.headers, body) as response:
            text = await response.text()
            if response.status >= 300:
                raise BadAnswer(f"status {response.status}: {text[:200]}")
            found: dict[str, Any] = orjson.loads(text) if text else {}
            return found
