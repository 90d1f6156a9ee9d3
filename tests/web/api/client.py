"""One person's way to the API, as a program takes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from chatapp.db import Base, session
from tests.people import Person
from tests.servers import wait_until
from tests.web.api.assembling import Assembly, Frame, frames_of

STREAM = "/api/chat/stream/"
THREADS = "/api/chat-threads/"
MESSAGES = "/api/chat-messages/"


def text_of(frames: list[Frame]) -> str:
    return "".join(frame["c"] for frame in frames if frame.get("k") == "markdown")


@dataclass(frozen=True)
class Answer:
    """A complete stream."""

    status: int
    headers: Any
    body: bytes

    @property
    def frames(self) -> list[Frame]:
        return frames_of(self.body)

    @property
    def assembly(self) -> Assembly:
        return Assembly.of(self.frames)

    @property
    def ids(self) -> dict[str, str]:
        """What all metadata lines tell, those after an error included."""
        return {name: value for frame in self.frames for name, value in frame.get("m", {}).items()}

    @property
    def thread(self) -> str:
        return self.ids["thread_uuid"]

    @property
    def text(self) -> str:
        return text_of(self.frames)


class OpenStream:
    """A stream that is read piece by piece."""

    def __init__(self, response: TestResponse) -> None:
        assert response.status_code == 200, response.data
        self.response = response
        self.body = b""
        self._pieces: Iterator[bytes] = response.iter_encoded()

    @property
    def text(self) -> str:
        """What a reader has been shown."""
        return text_of(frames_of(self.body))

    def read_until(self, words: str) -> bytes:
        while words.encode() not in self.body and words not in self.text:
            self.body += next(self._pieces)
        return self.body

    def rest(self) -> Answer:
        self.body += b"".join(self._pieces)
        self.response.close()
        return Answer(self.response.status_code, self.response.headers, self.body)

    def leave(self) -> None:
        """Close the connection in the middle."""
        self.response.close()


class Client:
    def __init__(self, app: Flask, person: Person | None = None) -> None:
        self._app = app
        self._headers = person.headers if person else {}

    def request(self, method: str, path: str, **options: Any) -> TestResponse:
        """The response; its body may still be coming."""
        session.remove()  # requests share nothing but the store; the tests' application context makes them share more
        headers = {**self._headers, **options.pop("headers", {})}
        return self._app.test_client().open(path, method=method, headers=headers, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> TestResponse:
        return self.request("POST", path, **options)

    def open(self, text: str, **fields: Any) -> OpenStream:
        """Ask, and leave the answer to be read."""
        return OpenStream(self.post(STREAM, json={"input": text, **fields}))

    def ask(self, text: str, **fields: Any) -> Answer:
        """Ask and read the answer to its end."""
        return self.open(text, **fields).rest()

    def thread(self, uuid: str) -> Any:
        return self.get(f"{THREADS}{uuid}/").json

    def messages(self, thread: str, **query: str) -> list[Any]:
        return self.get(MESSAGES, query_string={"thread": thread, **query}).json  # type: ignore[return-value]

    def answer_in(self, thread: str) -> Any:
        """The last answer of the thread, once it is stored."""
        return wait_until(lambda: next((m for m in reversed(self.messages(thread)) if m["role"] == "assistant"), None))


def row_counts() -> dict[str, int]:
    """How many rows every table has."""
    session.remove()
    tables = Base.metadata.sorted_tables
    return {table.name: session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}
