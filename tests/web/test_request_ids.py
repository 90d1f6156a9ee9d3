"""A complaint finds its lines in the log."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import structlog
from flask import Flask

from chatapp.web.pages import errors
from chatapp.web.request_ids import HEADER

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PROXYS = "5f1c0ffee5f1c0ffee5f1c0ffee5f1c0"


@on_sqlite
def test_what_goes_wrong_is_logged_with_the_id_that_the_answer_has(
    app: Flask, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errors, "logger", structlog.get_logger("writes where the test looks"))
    app.add_url_rule("/broken/", view_func=lambda: 1 / 0)
    first, second = (app.test_client().get("/broken/") for _ in range(2))
    assert (first.status_code, second.status_code) == (500, 500)
    lines = [line for line in capsys.readouterr().out.splitlines() if "request.failed" in line]
    for response, line in zip((first, second), lines, strict=True):
        assert f"request_id={response.headers[HEADER]}" in line
    assert first.headers[HEADER] != second.headers[HEADER]


@on_sqlite
@pytest.mark.parametrize(
    ("proxies", "given", "is_taken"),
    [(1, PROXYS, True), (0, PROXYS, False), (1, "short", False), (1, "x" * 65, False), (1, 'a b="c" 12345', False)],
    ids=["the proxy's", "anybody's", "short", "long", "more than an id"],
)
def test_only_a_proxy_chooses_the_id(make_app: Callable[..., Flask], proxies: int, given: str, is_taken: bool) -> None:
    client = make_app(trusted_proxies=proxies).test_client()
    answered = client.get("/healthz", headers={HEADER: given}).headers[HEADER]
    assert (answered == given) is is_taken
    assert answered
