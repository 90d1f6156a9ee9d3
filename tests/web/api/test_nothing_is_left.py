"""The original of a masked or blocked text is nowhere: not in the database, the log, the events, the search, a page."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from bench.messages_script import Script
from bench.messages_server import MessagesServer
from chatapp import guards
from chatapp.db import session
from chatapp.guards import pii
from tests import people as folk
from tests.guards.pii.samples import PUTTY_KEY, body
from tests.web.api.client import Client
from tests.web.pages.visitor import Visitor

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # its file is read byte for byte

SECRETS = {
    "IBAN": "EE382200221020145685",
    "card": "4012888888881881",
    "e-mail": "joe.doe@corp-mail.eu",
    "phone": "+37251285644",
    "national number": "39001012234",
    "GitHub token": "ghp_" + body(36),
    "AWS key": "AKIAQ7RZ2MX4V9LK3WPT",
    "database": "postgresql://app:Tr0ub4dorHorse@db.corp-mail.eu/x",
    "password": "password: Zx81!Spectrum-48k",
    "private key": f"-----BEGIN PRIVATE KEY-----\n{body(64)}\n{body(50)}\n-----END PRIVATE KEY-----",
    "PuTTY key": PUTTY_KEY,
    "JWT": f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIi{body(30)}.{body(43)}",
    "Slack": "xoxb-" + "123456789012-" + body(24),
    "Stripe": "sk_live_" + body(24),
}
# What of each must not be found anywhere.
MARKS = {
    "database": "Tr0ub4dorHorse",
    "password": "Zx81!Spectrum-48k",
    "private key": body(50),
    "PuTTY key": body(64, seed=25),
}


@pytest.mark.parametrize("kind", SECRETS)
def test_the_original_is_nowhere(
    app: Flask, tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    secret, mark = SECRETS[kind], MARKS.get(kind, SECRETS[kind])
    ana = Client(app, folk.settle().ana)

    answer = ana.ask(f"Please look: my own is {secret}\nThanks")
    again = ana.ask(f"and now {secret}", thread_uuid=answer.thread, mode="reload")
    ana.ask(f"Call it {secret}", update_thread_name=answer.thread)

    assert mark not in answer.text + again.text
    assert mark.encode() not in answer.body + again.body
    for path in ("/api/chat-messages/?include_history=true", "/api/chat-threads/"):
        assert mark not in ana.get(path).text
    assert ana.get("/api/chat-threads/", query_string={"query": f'"{mark}"'}).json == []
    _search_store(tmp_path, mark)
    assert mark not in caplog.text
    assert mark not in "".join(capfd.readouterr())


@pytest.mark.parametrize("kind", ["card", "GitHub token", "private key"])
def test_the_pages_do_not_show_it(app: Flask, tmp_path: Path, kind: str) -> None:
    secret, mark = SECRETS[kind], MARKS.get(kind, SECRETS[kind])
    visitor = Visitor(app, app.response_class, use_cookies=True)
    visitor.sign_in(folk.settle().ana)

    sent = visitor.send(f"Please look: {secret}")
    asked = visitor.ask(f"Look again: {secret}")
    live = visitor.get(f"/chat/turns/{asked.turn_id}/events").text
    page = visitor.get(f"/chat/{asked.thread_id}/").text

    assert mark not in sent.text + live + page
    assert "Sensitive information" in sent.text and "Sensitive information" in page
    _search_store(tmp_path, mark)


def test_a_secret_of_the_model_is_nowhere(
    make_claude: Callable[..., Flask], model: MessagesServer, tmp_path: Path
) -> None:
    ana = Client(make_claude(), folk.settle().ana)
    model.scripts = [Script(text=f"The account is {SECRETS['IBAN']}, the token is {SECRETS['GitHub token']} today.")]

    answer = ana.ask("tell me")

    assert answer.text == "The account is [pii_iban_estonian_REDACTED], the token is [pii_github_token_REDACTED] today."
    assert ana.answer_in(answer.thread)["content"] == answer.text
    _search_store(tmp_path, SECRETS["IBAN"])
    _search_store(tmp_path, SECRETS["GitHub token"])


@pytest.mark.parametrize(
    "trouble",
    [
        Script(status=400, error_message=f"cannot read {SECRETS['e-mail']}"),
        Script(trouble="error", error_message=f"cannot read {SECRETS['e-mail']}"),
        Script(trouble="malformed", text=f"{SECRETS['e-mail']} and more"),
    ],
    ids=["refused", "broken off", "malformed"],
)
def test_a_model_that_fails_reports_nothing_of_what_only_it_was_told(
    make_claude: Callable[..., Flask],
    model: MessagesServer,
    tmp_path: Path,
    trouble: Script,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    ana = Client(make_claude(), folk.settle().ana)
    model.scripts = [trouble] * 9

    answer = ana.ask(f"write to {SECRETS['e-mail']}")

    assert SECRETS["e-mail"] in " ".join(str(request.as_json()) for request in model.requests)
    assert SECRETS["e-mail"].encode() not in answer.body
    _search_store(tmp_path, SECRETS["e-mail"])
    assert SECRETS["e-mail"] not in caplog.text + "".join(capfd.readouterr())


def test_a_failing_guard_reports_nothing_of_the_text(
    app: Flask,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    ana = Client(app, folk.settle().ana)

    def broken(text: str) -> list[pii.Span]:
        raise ValueError(text)

    with monkeypatch.context() as patch:
        patch.setattr(pii, "find", broken)
        with pytest.raises(guards.GuardFailed) as failure:
            guards.check("plain words hidden deep")
        ana.ask("plain words hidden deep")

    assert "hidden" not in str(failure.value) and failure.value.__suppress_context__
    _search_store(tmp_path, "words hidden")
    assert "words hidden" not in caplog.text + "".join(capfd.readouterr())


def _search_store(folder: Path, mark: str) -> None:
    session.remove()
    files = [path for path in folder.glob("chatapp.db*") if path.is_file()]
    assert files
    for path in files:
        assert mark.encode() not in path.read_bytes(), path.name
    tables = session.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
    for table in tables:
        for row in session.execute(text(f'SELECT * FROM "{table}"')):
            assert mark not in str(tuple(row)), table
    session.remove()
