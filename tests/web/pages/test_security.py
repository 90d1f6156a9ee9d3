from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from chatapp.db import new_id, release, session
from chatapp.models import Message, Thread, User
from chatapp.web.security import HEADERS, MAX_BODY
from tests.people import People
from tests.web.pages.dom import parse
from tests.web.pages.visitor import HTMX, Visitor

FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:81"},
    {"Origin": "https://localhost"},
    {"Origin": "http://["},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
]
OWN = [
    {},
    {"Origin": "http://localhost"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
    {"Sec-Fetch-Site": "none"},
]


def rows() -> int:
    release()
    return sum(session.scalar(select(func.count()).select_from(model)) or 0 for model in (User, Thread, Message))


@pytest.mark.parametrize("headers", FOREIGN)
def test_another_site_cannot_make_the_browser_do_anything(ana: Visitor, headers: dict[str, str]) -> None:
    asked = ana.answer("Hello")
    before = rows()
    for path, form in {
        "/chat/send/": {"text": "Hello"},
        f"/chat/{asked.thread_id}/archive/": {},
        f"/chat/{asked.thread_id}/unarchive/": {},
        f"/chat/{asked.thread_id}/rename/": {"title": "Theirs"},
        f"/chat/{asked.thread_id}/pin/": {},
        "/chat/archive/": {"thread": asked.thread_id},
        f"/chat/{asked.thread_id}/cancel/": {},
        "/sign-in/": {"username": "ben", "password": "x"},
        "/sign-out/": {},
        "/first-administrator/": {"username": "eve", "password": "long enough"},
    }.items():
        response = ana.post(path, data=form, headers=headers)
        assert response.status_code == 403, path
        assert "another site" in parse(response.text).find(data_error_message="").text
    assert rows() == before
    entry = ana.page(f"/chat/{asked.thread_id}/").find("li", data_thread=str(asked.thread_id))
    assert entry.find(class_="thread-title").text == "Hello"
    assert not {"data-archived", "data-pinned"} & set(entry.attributes)


def test_a_header_for_programs_opens_no_page_for_another_site(ana: Visitor, people: People) -> None:
    for carried in (people.ana.headers, {"Authorization": "x"}, {"X-API-Key": people.ana.token}):
        response = ana.post("/account/sessions/end-others/", headers=carried | {"Sec-Fetch-Site": "cross-site"})
        assert response.status_code == 403


@pytest.mark.parametrize("headers", OWN)
def test_the_pages_own_requests_are_let_in(ana: Visitor, headers: dict[str, str]) -> None:
    assert ana.post("/chat/send/", data={"text": "Hello"}, headers=headers).status_code == 303


def test_links_from_other_sites_open_pages(ana: Visitor) -> None:
    assert ana.get("/chat/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


@pytest.mark.parametrize(
    "path", ["/chat/", "/chat/threads/", "/sign-in/", "/", "/healthz", "/nowhere/", "/chat/nowhere/", "/sign-out/"]
)
def test_every_response_has_the_security_headers(ana: Visitor, path: str) -> None:
    headers = ana.get(path).headers
    assert {name: headers[name] for name in HEADERS} == HEADERS
    assert headers["Cache-Control"] == "no-store"
    assert {"HX-Request", "Cookie"} <= set(headers["Vary"].split(", "))


def test_refusals_and_streams_have_them_too(ana: Visitor) -> None:
    asked = ana.answer("Hello")
    for response in (
        ana.post("/chat/send/", data={"text": ""}, headers=HTMX),
        ana.post("/chat/send/", data={"text": "x"}, headers={"Origin": "null"}),
        ana.get(f"/chat/turns/{asked.turn_id}/events"),
        ana.get(f"/chat/{new_id()}/"),
    ):
        assert {name: response.headers[name] for name in HEADERS} == HEADERS


def test_every_kind_of_refusal_has_them_whoever_gives_it(
    app: Flask, ana: Visitor, anybody: Visitor, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("chatapp.core.tokens.of_user", broken)
    monkeypatch.setattr("chatapp.core.own_threads.page", broken)
    token = people.ana.headers
    app.config["PROPAGATE_EXCEPTIONS"] = False
    refusals = {
        ana.get("/account/"): 500,
        anybody.get("/api/v1/chat/threads", headers=token): 500,
        anybody.get("/account"): 308,
        anybody.get("/chat/"): 302,
        anybody.get("/static/nothing.css"): 404,
        anybody.get("/static/../wsgi.py"): 404,
        anybody.get("/static/css/base.css", headers={"Range": "bytes=9999999-"}): 416,
        anybody.delete("/static/css/base.css"): 405,
        anybody.get("/api/nothing/"): 404,
        anybody.get("/api/chat-threads/"): 401,
        anybody.get("/api/v1/chat/threads"): 401,
        anybody.put("/api/v1/chat/threads", headers=token): 405,
        anybody.post("/sign-in/", data={"password": "x" * (MAX_BODY + 1)}): 413,
        anybody.get("/metrics", environ_base={"REMOTE_ADDR": "198.51.100.7"}): 404,
        anybody.get("/account/", headers={"If-None-Match": "*"}): 302,
    }
    for response, status in refusals.items():
        assert response.status_code == status, response.request.path
        assert {name: response.headers.get(name) for name in HEADERS} == HEADERS, response.request.path


def test_the_policy_allows_no_inline_script_and_no_other_site(anybody: Visitor, people: People) -> None:
    policy = anybody.get("/sign-in/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy


def test_pages_hold_nothing_that_the_policy_forbids(ana: Visitor) -> None:
    asked = ana.answer("Write a Python function <script>alert(1)</script>")
    for path in ("/chat/", f"/chat/{asked.thread_id}/", "/sign-in/", "/nowhere/"):
        page = parse(ana.get(path, follow_redirects=True).text)
        assert not page.has("style")
        assert all("src" in script.attributes for script in page.all("script"))
        names = {name for element in page.all() for name in element.attributes}
        assert not [name for name in names if name == "style" or name.startswith(("on", "hx-on"))]


def test_what_people_type_is_text_everywhere(ana: Visitor) -> None:
    asked = ana.answer('<img src=x> & "quotes" <script>')
    page = ana.page(f"/chat/{asked.thread_id}/")
    for element in (page.find("article", data_role="user"), page.find(id="thread-list"), page.find("title")):
        assert "<img src=x>" in element.text
        assert not element.has("img")


def test_a_body_without_measure_is_refused(ana: Visitor) -> None:
    response = ana.post("/chat/send/", data={"text": "x" * (MAX_BODY + 1)}, headers=HTMX)
    assert response.status_code == 413
    assert parse(response.text).has(data_error_message="")


def test_static_files_may_be_kept(anybody: Visitor, people: People) -> None:
    assert anybody.get("/static/css/base.css").headers["Cache-Control"] != "no-store"
