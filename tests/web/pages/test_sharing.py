"""Links that show a conversation to others, and when they stop doing so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from chatapp.core import sharing, threads
from chatapp.db import now, release, session, transaction
from chatapp.models import AuditRecord, SharedMessage, ShareLink, User
from tests.people import People, settle
from tests.web.pages.dom import parse
from tests.web.pages.test_exports import lengthen
from tests.web.pages.visitor import Asked, Visitor


def share(browser: Visitor, asked: Asked, **form: object) -> str:
    """The path that a new link opens."""
    response = browser.post(f"/chat/{asked.thread_id}/share/", data={"days": 30} | form)
    assert response.status_code == 200, response.text
    return urlsplit(parse(response.text).find(id="new-link").find("code").text).path


def shows(browser: Visitor, path: str) -> str:
    return browser.page(path).find(class_="read").text


def test_others_read_what_was_there_when_the_link_was_made(ana: Visitor, ben: Visitor) -> None:
    asked = ana.answer("First question")
    path = share(ana, asked)
    ana.answer("Second question", thread_id=asked.thread_id)
    assert "You said: First question" in shows(ben, path)
    assert "Second" not in ben.get(path).text
    assert "Second" in shows(ben, share(ana, asked))


def test_a_later_version_is_not_shown(ana: Visitor, ben: Visitor) -> None:
    asked = ana.answer("What I asked then")
    path = share(ana, asked)
    ana.answer("What I ask now", mode="edit", thread_id=asked.thread_id, message_id=asked.message_id)
    assert "You said: What I asked then" in shows(ben, path)
    assert "now" not in shows(ben, path)
    text = shows(ben, share(ana, asked))
    assert "now" in text and "then" not in text


def test_a_shared_page_names_nobody_but_whom_the_sharer_chose(ana: Visitor, ben: Visitor, people: People) -> None:
    asked = ana.answer("Anything")
    text = ben.get(share(ana, asked)).text
    for name in ("Ana Almond", "ana@", "corp-mail", str(people.ana.id), str(asked.thread_id), str(asked.message_id)):
        assert name not in text
    assert "Shared by A. <i>Almond</i>" in ben.page(share(ana, asked, author="A. <i>Almond</i>")).text


def test_a_shared_page_can_only_be_read(ana: Visitor, ben: Visitor) -> None:
    page = ben.page(share(ana, ana.answer("Read me")))
    assert not page.has("form") and not page.has("textarea")
    assert not [b for b in page.all("button") if "disabled" not in b.attributes and b.attributes["type"] == "submit"]


def test_a_shared_page_keeps_its_address_to_itself(ana: Visitor, ben: Visitor, anybody: Visitor) -> None:
    path = share(ana, ana.answer("Quiet"))
    for browser, address in ((ben, path), (anybody, path), (ben, "/share/unknown/")):
        headers = browser.get(address).headers
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in headers["X-Robots-Tag"]
        assert headers["Cache-Control"] == "no-store"
    assert ben.page(path).find("meta", name="robots").attributes["content"] == "noindex, nofollow"


def test_only_a_hash_of_the_address_is_stored(ana: Visitor) -> None:
    path = share(ana, ana.answer("Hash me"))
    token = path.split("/")[2]
    assert len(token) >= 43
    release()
    link = session.scalars(select(ShareLink)).one()
    assert token not in (link.hash, str(link.id))
    assert token not in ana.get("/account/").text


def test_who_has_no_account_is_asked_to_sign_in_before_the_link_is_looked_up(ana: Visitor, anybody: Visitor) -> None:
    path = share(ana, ana.answer("Members only"))
    for address in (path, "/share/" + "x" * 43 + "/"):
        response = anybody.get(address)
        assert (response.status_code, response.location.partition("?")[0]) == (302, "/sign-in/")


def test_a_disabled_account_reads_nothing(ana: Visitor, ben: Visitor, people: People) -> None:
    path = share(ana, ana.answer("Members only"))
    change(User, User.id == people.ben.id, is_active=False)
    assert ben.get(path).status_code == 302


def test_everybody_reads_where_the_site_allows_it(make_app: Callable[..., Flask]) -> None:
    app = make_app(sharing="anyone")
    people = settle()
    ana, anybody = (Visitor(app, app.response_class, use_cookies=True) for _ in range(2))
    ana.sign_in(people.ana)
    path = share(ana, ana.answer("For the world"))
    assert "For the world" in shows(anybody, path)
    assert anybody.get("/share/" + "x" * 43 + "/").status_code == 404
    assert "without signing in" in ana.page(f"/chat/{session.scalars(select(ShareLink)).one().thread_id}/share/").text


def test_a_site_can_forbid_sharing(make_app: Callable[..., Flask]) -> None:
    app = make_app(sharing="off")
    people = settle()
    ana = Visitor(app, app.response_class, use_cookies=True)
    ana.sign_in(people.ana)
    asked = ana.answer("Not for others")
    assert "switched off" in ana.page(f"/chat/{asked.thread_id}/share/").text
    assert ana.post(f"/chat/{asked.thread_id}/share/", data={"days": 30}).status_code == 403
    assert session.scalar(select(func.count()).select_from(ShareLink)) == 0


def test_a_revoked_link_opens_nothing(ana: Visitor, ben: Visitor) -> None:
    asked = ana.answer("Take it back")
    path = share(ana, asked)
    assert ben.get(path).status_code == 200
    form = ana.page(f"/chat/{asked.thread_id}/share/").find(class_="entries").find("form")
    response = ana.post(form.attributes["action"], data={"from": "thread"})
    assert response.location == f"/chat/{asked.thread_id}/share/"
    assert ben.get(path).status_code == 404
    assert "Take it back" not in ana.page("/account/").find(id="links").text
    release()
    events = session.scalars(select(AuditRecord.event).order_by(AuditRecord.id)).all()
    assert events == ["share_link_created", "share_link_revoked"]


def test_a_link_dies_with_time_archive_and_account(ana: Visitor, ben: Visitor, people: People) -> None:
    asked = ana.answer("Fleeting")
    path = share(ana, asked)
    ana.post(f"/chat/{asked.thread_id}/archive/")
    assert ben.get(path).status_code == 404
    ana.post(f"/chat/{asked.thread_id}/unarchive/")
    assert ben.get(path).status_code == 200
    change(User, User.id == people.ana.id, is_active=False)
    assert ben.get(path).status_code == 404
    change(User, User.id == people.ana.id, is_active=True)
    change(ShareLink, ShareLink.id.is_not(None), expires_at=now() - timedelta(seconds=1))
    assert ben.get(path).status_code == 404
    assert "Fleeting" not in ana.page("/account/").find(id="links").text
    assert sharing.delete_expired() == 1
    assert session.scalar(select(func.count()).select_from(SharedMessage)) == 0


def test_a_link_dies_with_its_conversation(ana: Visitor, ben: Visitor, people: People) -> None:
    asked = ana.answer("Deleted")
    path = share(ana, asked)
    with transaction():
        session.delete(threads.get_own(people.ana.user, asked.thread_id))
    assert ben.get(path).status_code == 404
    assert session.scalar(select(func.count()).select_from(ShareLink)) == 0


def test_only_the_offered_times_are_taken(ana: Visitor) -> None:
    asked = ana.answer("How long?")
    for days in (0, 2, 31, 100_000, -1):
        assert ana.post(f"/chat/{asked.thread_id}/share/", data={"days": days}).status_code == 400
    assert "How long?" not in ana.page("/account/").find(id="links").text


def test_what_is_being_answered_is_not_shared(ana: Visitor) -> None:
    asked = ana.ask("/slow 200")
    response = ana.post(f"/chat/{asked.thread_id}/share/", data={"days": 30})
    assert response.status_code == 409
    assert "still being written" in parse(response.text).find(role="alert").text
    ana.post(f"/chat/{asked.thread_id}/cancel/")


def test_a_long_conversation_is_shown_whole_and_in_order(ana: Visitor, ben: Visitor, people: People) -> None:
    asked = ana.answer("Long one")
    lengthen(asked, 230)
    articles = ben.page(share(ana, asked)).all("article")
    assert len(articles) == 232
    assert [a.find(class_="blocks").text for a in articles[2:]] == [f"Message {n}" for n in range(3, 233)]


def test_what_is_no_token_opens_nothing(ben: Visitor) -> None:
    for token in ("x", "x" * 42, "x" * 44, "x" * 42 + "%C3%A9", "%00" * 43, "'" * 43):
        assert ben.get(f"/share/{token}/").status_code == 404


def test_there_is_an_end_to_links(monkeypatch: pytest.MonkeyPatch, ana: Visitor) -> None:
    monkeypatch.setattr(sharing, "MOST", 1)
    asked = ana.answer("Many")
    share(ana, asked)
    assert ana.post(f"/chat/{asked.thread_id}/share/", data={"days": 30}).status_code == 400


def change(model: type, which: object, **values: object) -> None:
    with transaction():
        session.execute(update(model).where(which).values(**values))  # type: ignore[arg-type]
    release()
