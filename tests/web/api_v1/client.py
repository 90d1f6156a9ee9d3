"""One person's way to the turns API, as a program takes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from chatapp.db import session
from tests.people import Person

CHAT = "/api/v1/chat"
THREADS = f"{CHAT}/threads"
# For what no database has a part in.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
RANDOM_ID = "01890000-0000-7000-8000-000000000001"


@dataclass
class Story:
    """What a reader of server-sent events has read."""

    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def numbered(self) -> list[tuple[int, Any]]:
        """The numbered events, complete ones."""
        return [entry for entry in map(_event, self.frames) if entry]

    @property
    def frames(self) -> list[bytes]:
        *frames, _ = self.body.split(b"\n\n")
        return frames

    @property
    def ids(self) -> list[int]:
        return [number for number, _ in self.numbered]

    @property
    def events(self) -> list[Any]:
        return [data for _, data in self.numbered]

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.events]

    @property
    def start(self) -> Any:
        return self.events[0]

    @property
    def turn(self) -> Any:
        """The turn as the last event about it tells."""
        return [event["data"] for event in self.events if event["type"] == "data-turn"][-1]

    @property
    def text(self) -> str:
        texts: dict[str, str] = {}
        for event in self.events:
            if event["type"] == "text-delta":
                texts[event["id"]] = texts.get(event["id"], "") + event["delta"]
        return "\n\n".join(texts.values())

    @property
    def is_done(self) -> bool:
        return self.body.endswith(b"data: [DONE]\n\n")


def _event(frame: bytes) -> tuple[int, Any] | None:
    lines = frame.split(b"\n")
    if not lines[0].startswith(b"id: "):
        return None
    assert len(lines) == 2 and lines[1].startswith(b"data: "), frame
    return int(lines[0][4:]), orjson.loads(lines[1][6:])


class Reader:
    """A stream that is read piece by piece."""

    def __init__(self, response: TestResponse) -> None:
        assert response.status_code == 200, response.data
        self.response = response
        self.story = Story(headers=response.headers)
        self._pieces: Iterator[bytes] = response.iter_encoded()

    def until(self, words: str) -> Reader:
        """Read on until the text has these words, or an event of this type has come."""
        while words not in self.story.text and words not in self.story.types:
            self.story.body += next(self._pieces)
        return self

    def rest(self) -> Story:
        self.story.body += b"".join(self._pieces)
        self.response.close()
        return self.story

    def leave(self) -> Story:
        """Close the connection in the middle."""
        self.response.close()
        return self.story


class Client:
    def __init__(self, app: Flask, person: Person | None = None, headers: Mapping[str, str] | None = None) -> None:
        self.app = app
        self._headers = headers or ({"Authorization": f"Bearer {person.token}"} if person else {})

    def request(self, method: str, path: str, **options: Any) -> TestResponse:
        session.remove()  # requests share nothing but the store; the tests' application context makes them share more
        headers = {**self._headers, **options.pop("headers", {})}
        browser = self.app.test_client(use_cookies=False)
        return browser.open(path, method=method, headers=headers, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.request("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        return self.request("POST", path, **({"json": body} if body is not None else {}), **options)

    def patch(self, path: str, body: Any) -> TestResponse:
        return self.request("PATCH", path, json=body)

    def delete(self, path: str) -> TestResponse:
        return self.request("DELETE", path)

    def new_thread(self, **body: Any) -> str:
        response = self.post(THREADS, body)
        assert response.status_code == 201, response.json
        return str(response.json["id"])

    def thread(self, thread: str) -> Any:
        return self.get(f"{THREADS}/{thread}").json

    def threads(self, **query: Any) -> Any:
        return self.get(THREADS, query_string=query).json

    def messages(self, thread: str, **query: Any) -> list[Any]:
        return list(self.get(f"{THREADS}/{thread}/messages", query_string=query).json["items"])

    def turn(self, turn: str) -> Any:
        return self.get(f"{CHAT}/turns/{turn}").json

    def stream(self, thread: str, body: Any, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.post(f"{THREADS}/{thread}/turns/stream", body, headers=named)

    def open(self, thread: str, content: str, **fields: Any) -> Reader:
        """Ask, and leave the answer to be read."""
        return Reader(self.stream(thread, {"content": content, **fields}))

    def ask(self, thread: str, content: str, **fields: Any) -> Story:
        """Ask and read the answer to its end."""
        return self.open(thread, content, **fields).rest()

    def follow(self, turn: str, after: int | None = None) -> Reader:
        query = {} if after is None else {"after": after}
        return Reader(self.get(f"{CHAT}/turns/{turn}/stream", query_string=query))

    def cancel(self, thread: str, **body: Any) -> TestResponse:
        return self.post(f"{THREADS}/{thread}/turns/cancel", body)


def problems(response: TestResponse) -> list[tuple[list[Any], str]]:
    """Place and type of all that was wrong with a request."""
    assert response.status_code == 422, (response.status_code, response.data)
    assert all(entry["msg"] for entry in response.json["detail"])
    return [(entry["loc"], entry["type"]) for entry in response.json["detail"]]
