from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from flask import Flask

from chatapp.core import threads
from chatapp.db import new_id, release
from tests.people import People
from tests.web.pages.dom import parse
from tests.web.pages.visitor import HTMX, Asked, Visitor

OPEN_TO_ALL = {
    "pages.embed",  # test_embedding.py
    "pages.embed_thread",
    "pages.diagram",
    "pages.manifest",  # test_installing.py
    "pages.sign_in",
    "pages.submit_sign_in",
    "pages.sign_out",
    "pages.first_administrator",
    "pages.submit_first_administrator",
    "pages.invitation",  # tests/web/admin/test_people.py
    "pages.accept_invitation",
    "pages.choose_password",
    "pages.store_password",
    "pages.go_to_provider",  # tests/oidc
    "pages.back_from_provider",
    "pages.ask_for_code",  # test_two_step.py
    "pages.submit_code",
    "pages.set_up_at_sign_in",
    "pages.submit_set_up_at_sign_in",
}


def addresses(app: Flask, thread_id: UUID, turn_id: UUID, message_id: UUID) -> Iterator[tuple[str, str]]:
    """Every page and action of the chat, for this thread where it takes one."""
    urls = app.url_map.bind("localhost")
    values = {"thread_id": thread_id, "turn_id": turn_id, "message_id": message_id}
    values |= {"token_id": new_id(), "link_id": new_id()}  # test_account.py
    values |= {"session_id": new_id()}  # test_browser_sessions.py
    values |= {"artifact_id": new_id()}  # test_files.py
    values |= {"approval_id": new_id()}  # test_approvals.py
    shared = {"block_id": "blk_1"}  # test_forms.py
    shared |= {"token": "x" * 43}  # test_sharing.py
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("pages.") and rule.endpoint not in OPEN_TO_ALL:
            given = {name: (values | shared)[name] for name in rule.arguments}
            for method in (rule.methods or set()) & {"GET", "POST"}:
                yield method, urls.build(rule.endpoint, given, method=method)


def about_a_thread(app: Flask, asked: Asked) -> list[tuple[str, str]]:
    ids = (str(asked.thread_id), str(asked.turn_id), str(asked.answer_id))
    found = [a for a in addresses(app, *map(UUID, ids)) if any(id in a[1] for id in ids)]
    return [
        *found,
        ("GET", f"/chat/threads/?thread={asked.thread_id}"),
        ("GET", f"/embed/{asked.thread_id}/"),
    ]


def test_strangers_are_asked_to_sign_in_everywhere(app: Flask, people: People, anybody: Visitor) -> None:
    found = list(addresses(app, new_id(), new_id(), new_id()))
    assert len(found) > 7
    for method, address in found:
        response = anybody.open(address, method=method)
        assert (response.status_code, response.location.partition("?")[0]) == (302, "/sign-in/"), address
        response = anybody.open(address, method=method, headers=HTMX)
        assert response.headers["HX-Redirect"].startswith("/sign-in/"), address
        assert response.text == ""


def test_what_belongs_to_others_is_not_found(app: Flask, people: People, ana: Visitor, ben: Visitor) -> None:
    asked = ana.answer("A secret plan")
    for method, address in about_a_thread(app, asked):
        response = ben.open(address, method=method)
        assert response.status_code == 404, address
        assert "secret" not in response.text
        assert "not found" in parse(response.text).find(data_error_message="").text
    release()
    thread = threads.get_own(people.ana.user, asked.thread_id)
    assert not thread.is_archived


def test_not_even_staff_reads_other_peoples_pages(app: Flask, people: People, ana: Visitor, anybody: Visitor) -> None:
    asked = ana.answer("A secret plan")
    for person in (people.stan, people.sue):
        anybody.sign_in(person)
        for method, address in about_a_thread(app, asked):
            assert anybody.open(address, method=method).status_code == 404, address
        assert "secret" not in anybody.get("/chat/").text


def test_nobody_sends_into_the_thread_of_somebody_else(ana: Visitor, ben: Visitor) -> None:
    asked = ana.answer("Mine")
    before = ana.page(f"/chat/{asked.thread_id}/").find(id="conversation")
    for form in ({"mode": "message"}, {"mode": "reload"}, {"mode": "edit", "message_id": asked.message_id}):
        assert ben.send("Also mine", thread_id=asked.thread_id, **form).status_code == 404
    assert str(ana.page(f"/chat/{asked.thread_id}/").find(id="conversation")) == str(before)


def test_an_edit_cannot_take_a_message_of_another_thread(ana: Visitor, ben: Visitor) -> None:
    hers, his = ana.answer("Mine"), ben.answer("His")
    response = ben.send("x", mode="edit", thread_id=his.thread_id, message_id=hers.message_id)
    assert response.status_code == 404
    assert "Mine" not in response.text


def test_a_running_answer_of_somebody_else_cannot_be_stopped(ana: Visitor, ben: Visitor) -> None:
    asked = ana.ask("/slow 5")
    assert ben.post(f"/chat/{asked.thread_id}/cancel/", headers=HTMX).status_code == 404
    ana.events(asked.turn_id)
    page = ana.page(f"/chat/{asked.thread_id}/")
    assert page.find("article", data_role="assistant").attributes["data-status"] == "completed"


def test_lists_show_only_ones_own_threads(ana: Visitor, ben: Visitor) -> None:
    ana.answer("Annas thread")
    ben.answer("Bens thread")
    assert "Annas" in ana.page("/chat/").find(id="thread-list").text
    assert "Annas" not in ben.get("/chat/").text
