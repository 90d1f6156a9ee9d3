"""What goes wrong after the stream has begun."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from bench.messages_script import Script
from bench.messages_server import MessagesServer
from chatapp import providers
from tests import people as folk
from tests.web.api.client import Client


@pytest.fixture
def claude(make_claude: Callable[..., Flask]) -> Client:
    return Client(make_claude(anthropic_read_timeout=0.5), folk.settle().ana)


def test_case_74_a_refused_key(claude: Client, model: MessagesServer) -> None:
    model.scripts = [Script(status=401, error_message="invalid x-api-key sk-ant-tests")]

    answer = claude.ask("hello")

    assert [list(frame) for frame in answer.frames] == [["m"], ["e"], ["m"]]
    assert "authentication" in answer.frames[1]["e"]
    assert b"sk-ant" not in answer.body
    assert set(answer.frames[-1]["m"]) == {"user_message_uuid"}
    assert [message["role"] for message in claude.messages(answer.thread)] == ["user"]


def test_case_75_a_failure_after_some_text(claude: Client, model: MessagesServer) -> None:
    model.scripts = [Script(tokens=20, trouble="error", after=10)]

    answer = claude.ask("hello")

    assert [list(frame) for frame in answer.frames][-2:] == [["e"], ["m"]]
    stored = claude.answer_in(answer.thread)
    assert len(stored["content"].split()) == 10
    assert answer.text == stored["content"]
    assert answer.ids["assistant_message_uuid"] == stored["uuid"]
    assert stored["input_tokens"] == 10


def test_case_76_a_model_that_times_out(claude: Client, model: MessagesServer) -> None:
    model.scripts = [Script(trouble="stall")]

    answer = claude.ask("hello")

    assert "timed out" in answer.frames[1]["e"]
    assert set(answer.frames[-1]["m"]) == {"user_message_uuid"}


def test_case_76_a_defect_tells_no_details(ana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        name = "broken"

        def stream(self, request: object) -> None:
            raise RuntimeError("secret detail")

    monkeypatch.setattr(providers, "choose", Broken)

    answer = ana.ask("hello")

    assert [list(frame) for frame in answer.frames] == [["m"], ["e"], ["m"]]
    assert b"secret" not in answer.body


@pytest.mark.parametrize(
    "code", ["provider_unavailable", "provider_rate_limited", "provider_auth", "provider_timeout", "internal"]
)
def test_every_failure_has_words_of_its_own(ana: Client, code: str) -> None:
    answer = ana.ask(f"/fail {code}")

    errors = [frame["e"] for frame in answer.frames if "e" in frame]
    assert len(errors) == 1 and code not in errors[0]
    assert answer.text == "partial"
    assert answer.assembly.stored() == ana.answer_in(answer.thread)["blocks"]
