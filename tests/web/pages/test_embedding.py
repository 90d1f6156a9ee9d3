"""The chat in a frame of another page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from chatapp import config
from chatapp.config import BadSetting
from chatapp.web.security import HEADERS
from tests import people as folk
from tests.people import People
from tests.web.pages.visitor import HTMX, Visitor

PORTAL = "https://portal.example.org"


def ancestors(headers) -> str:
    policy = headers["Content-Security-Policy"].split("; ")
    assert [part for part in policy if not part.startswith("frame-ancestors")] == [
        part for part in HEADERS["Content-Security-Policy"].split("; ") if not part.startswith("frame-ancestors")
    ]
    return next(part for part in policy if part.startswith("frame-ancestors"))


def test_by_itself_only_this_site_may_frame_it(ana: Visitor) -> None:
    headers = ana.get("/embed/").headers
    assert ancestors(headers) == "frame-ancestors 'self'"
    assert "X-Frame-Options" not in headers


def test_the_origins_of_the_setting_may_frame_it_and_nothing_else(make_app: Callable[..., Flask]) -> None:
    app = make_app(embed_origins=PORTAL)
    visitor = Visitor(app, app.response_class, use_cookies=True)
    visitor.sign_in(folk.settle().ana)
    assert ancestors(visitor.get("/embed/").headers) == f"frame-ancestors 'self' {PORTAL}"
    assert visitor.page("/embed/").find(class_="shell").attributes["data-parents"] == PORTAL
    for path in ("/chat/", "/sign-in/", "/chat/threads/"):
        headers = visitor.get(path).headers
        assert {name: headers[name] for name in HEADERS} == HEADERS, path


@pytest.mark.parametrize("origins", ["*", "https://*.example.org", "https://a.example/path", "a.example", "'none'; x"])
def test_what_is_no_origin_is_refused(origins: str) -> None:
    with pytest.raises(BadSetting, match="EMBED_ORIGINS"):
        config.load({"EMBED_ORIGINS": origins})


def test_who_has_not_signed_in_gets_a_link_that_leaves_the_frame(anybody: Visitor, people: People) -> None:
    response = anybody.get("/embed/")
    assert ancestors(response.headers) == "frame-ancestors 'self'"
    page = anybody.page("/embed/")
    assert page.find("a", href="/sign-in/").attributes["target"] == "_blank"
    assert not page.has("form")


def test_its_links_stay_in_the_frame(ana: Visitor) -> None:
    asked = ana.answer("Rain")
    for path in ("/embed/", f"/embed/{asked.thread_id}/", "/chat/threads/?embed=1"):
        page = ana.page(path)
        link = page.find(id=f"t-{asked.thread_id}").attributes["href"]
        assert link == f"/embed/{asked.thread_id}/"
    page = ana.page("/embed/")
    assert page.has(aria_label="Close chat")
    assert {link.attributes["href"] for link in page.all("a", class_="new-chat")} == {"/embed/"}


def test_a_new_conversation_gets_an_address_in_the_frame(ana: Visitor) -> None:
    headers = HTMX | {"HX-Current-URL": "http://localhost/embed/"}
    response = ana.post("/chat/send/", data={"text": "Rain"}, headers=headers)
    assert response.headers["HX-Push-Url"].startswith("/embed/")


def test_archiving_the_open_thread_stays_in_the_frame(ana: Visitor) -> None:
    asked = ana.answer("Rain")
    headers = HTMX | {"HX-Current-URL": f"http://localhost/embed/{asked.thread_id}/"}
    response = ana.post(f"/chat/{asked.thread_id}/archive/", data={"open": asked.thread_id}, headers=headers)
    assert response.headers["HX-Redirect"] == "/embed/"
