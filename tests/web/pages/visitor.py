"""A browser that goes through the pages: its cookies, the headers a browser sends, what it reads."""

from __future__ import annotations

from contextvars import Context
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from chatapp.stream import log
from chatapp.values import Event
from chatapp.web.pages import disclosure
from tests.people import PASSWORD, Person
from tests.servers import wait_until
from tests.web.pages.dom import Element, parse

HTMX = {"HX-Request": "true", "Sec-Fetch-Site": "same-origin"}


@dataclass(frozen=True)
class Asked:
    """A question that was accepted, as the page got to know it."""

    thread_id: UUID
    message_id: UUID
    answer_id: UUID
    turn_id: UUID


@dataclass(frozen=True)
class Message:
    """One server-sent event."""

    event: str
    id: int | None
    data: str

    @property
    def ops(self) -> list[dict[str, Any]]:
        return list(orjson.loads(self.data))


class Visitor(FlaskClient):
    """Every request has a context of its own, as in a server: nothing of the test's context leaks into it."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        kwargs["buffered"] = True
        return Context().run(super().open, *args, **kwargs)

    def sign_in(self, person: Person, **form: str) -> TestResponse:
        """In a browser that has accepted the notice before first use."""
        self.set_cookie(disclosure.COOKIE, disclosure.EDITION)
        return self.post("/sign-in/", data={"username": person.username, "password": PASSWORD} | form)

    def page(self, path: str, **arguments: Any) -> Element:
        response = self.get(path, **arguments)
        assert response.status_code == 200, response
        return parse(response.text)

    def send(self, text: str, **form: Any) -> TestResponse:
        """As htmx does it."""
        return self.post("/chat/send/", data={"text": text} | form, headers=HTMX)

    def ask(self, text: str, **form: Any) -> Asked:
        """Send, and leave the answer to be written."""
        response = self.send(text, **form)
        assert response.status_code == 200, response.text
        part = parse(response.text)
        answer = part.all("article", data_role="assistant")[-1]
        question = part.all("article", data_role="user")[-1]
        thread_id = part.find("div", id="composer-controls").find("input", name="thread_id").attributes["value"]
        return Asked(
            UUID(thread_id),
            UUID(question.attributes["data-message-id"]),
            UUID(answer.attributes["data-message-id"]),
            UUID(answer.attributes["data-turn-id"]),
        )

    def answer(self, text: str, **form: Any) -> Asked:
        """Send, and wait until the answer is complete."""
        asked = self.ask(text, **form)
        self.events(asked.turn_id)
        return asked

    def events(self, turn_id: UUID, after: int = 0, headers: dict[str, str] | None = None) -> list[Message]:
        """Everything that the turn's stream says until it ends."""
        response = self.get(f"/chat/turns/{turn_id}/events?after={after}", headers=headers)
        assert response.mimetype == "text/event-stream"
        return list(filter(None, map(_message, response.text.split("\n\n"))))

    def events_until(self, turn_id: UUID, word: str) -> None:
        """Wait until the answer has got that far."""
        wait_until(lambda: any(word in event.json for event in self._log(turn_id)))

    def _log(self, turn_id: UUID) -> list[Event]:
        with self.application.app_context():
            return log.current().read(turn_id)


def _message(text: str) -> Message | None:
    fields = [line.partition(": ") for line in text.split("\n") if line]
    data = [value for name, _, value in fields if name.rstrip(":") == "data"]
    if not data:
        return None
    named = {name: value for name, _, value in fields}
    return Message(named.get("event", "message"), int(named["id"]) if "id" in named else None, "\n".join(data))
