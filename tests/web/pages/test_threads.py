from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from chatapp.core import threads
from chatapp.db import now, session, transaction
from chatapp.models import Thread
from tests.people import People
from tests.web.pages.dom import Element, parse
from tests.web.pages.visitor import HTMX, Visitor


def listed(page: Element) -> dict[str, list[str]]:
    """The titles under each heading of the list."""
    groups = page.find(id="thread-list").all("section")
    return {group.find("h2").text: [title.text for title in group.all(class_="thread-title")] for group in groups}


def add(people: People, title: str | None, days_ago: float) -> UUID:
    thread = threads.create(people.ana.user, title)
    midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
    with transaction():
        created = midnight - timedelta(days=days_ago)
        session.execute(update(Thread).where(Thread.id == thread.id).values(created=created))
    return thread.id


def test_threads_stand_under_the_time_they_were_begun(ana: Visitor, people: People) -> None:
    for title, days_ago in {"a": 0, "b": 0.1, "c": 7, "d": 7.1, "e": 30, "f": 30.1, "g": 400}.items():
        add(people, title, days_ago)
    assert listed(ana.page("/chat/")) == {
        "Today": ["a"],
        "Previous 7 days": ["b", "c"],
        "Previous 30 days": ["d", "e"],
        "Older": ["f", "g"],
    }


def test_a_newcomer_sees_that_the_list_is_empty(ana: Visitor) -> None:
    page = ana.page("/chat/")
    assert listed(page) == {}
    assert "will appear here" in page.find(id="thread-list").text


def test_the_open_thread_is_marked_and_names_the_page(ana: Visitor) -> None:
    ana.answer("Other")
    asked = ana.answer("Rain in May")
    page = ana.page(f"/chat/{asked.thread_id}/")
    assert page.find(aria_current="page").find(class_="thread-title").text == "Rain in May"
    assert page.find("title").text == page.find(id="topbar-title").text == "Rain in May"


def test_a_thread_without_a_name_is_a_new_chat(ana: Visitor, people: People) -> None:
    thread_id = add(people, None, 0)
    page = ana.page(f"/chat/{thread_id}/")
    assert listed(page) == {"Today": ["New chat"]}
    assert page.find("title").text == "New chat"
    assert page.has(class_="welcome")


def test_an_archived_thread_moves_to_the_other_list_and_back(ana: Visitor) -> None:
    asked = ana.answer("Rain")
    address = f"/chat/{asked.thread_id}/"
    assert ana.post(f"{address}archive/").location == "/chat/"
    assert listed(ana.page("/chat/")) == {}
    archived = ana.page("/chat/?archived=1")
    assert listed(archived) == {"Today": ["Rain"]}
    assert archived.has(aria_label="Unarchive")
    assert listed(ana.page(address)) == {"Today": ["Rain"]}
    assert ana.post(f"{address}unarchive/").location == address
    assert listed(ana.page("/chat/")) == {"Today": ["Rain"]}
    assert "No archived" in ana.page("/chat/?archived=1").find(id="thread-list").text


@pytest.mark.parametrize("action", ["archive", "unarchive"])
def test_doing_it_twice_is_fine(ana: Visitor, action: str) -> None:
    asked = ana.answer("Rain")
    for _ in range(2):
        assert ana.post(f"/chat/{asked.thread_id}/{action}/").status_code == 303


@pytest.mark.parametrize("path", ["archive", "unarchive", "cancel"])
def test_no_link_can_change_anything(ana: Visitor, path: str) -> None:
    asked = ana.answer("Rain")
    assert ana.get(f"/chat/{asked.thread_id}/{path}/").status_code == 405


def test_a_thread_that_is_being_answered_is_marked_until_it_is_not(ana: Visitor) -> None:
    asked = ana.ask("/silent 60")
    other = ana.answer("Quick")
    thread_list = ana.page(f"/chat/{other.thread_id}/").find(id="thread-list")
    assert thread_list.find(class_="activity").text == "Answering"
    assert thread_list.attributes["hx-trigger"] == "every 5s"
    ana.post(f"/chat/{asked.thread_id}/cancel/", headers=HTMX)
    thread_list = parse(ana.get(thread_list.attributes["hx-get"], headers=HTMX).text).find(id="thread-list")
    assert not thread_list.has(class_="activity")
    assert "hx-trigger" not in thread_list.attributes


def test_the_list_is_the_same_in_the_page_and_as_a_fragment(ana: Visitor) -> None:
    asked = ana.answer("Rain")
    for path in ("/chat/", f"/chat/{asked.thread_id}/", "/chat/?archived=1"):
        in_page = ana.page(path).find(id="thread-list")
        fragment = parse(ana.get(in_page.attributes["data-source"], headers=HTMX).text)
        assert [element.tag for element in fragment.elements] == ["nav"]
        assert str(fragment.find("nav")) == str(in_page)


@pytest.mark.parametrize("thread", ["nonsense", "00000000-0000-0000-0000-000000000007"])
def test_a_list_for_an_unknown_thread_is_not_found(ana: Visitor, thread: str) -> None:
    assert ana.get(f"/chat/threads/?thread={thread}").status_code == 404


def test_the_composer_is_the_same_in_the_page_and_as_a_fragment(ana: Visitor) -> None:
    asked = ana.answer("Rain")
    fragment = parse(ana.get(f"/chat/{asked.thread_id}/composer/", headers=HTMX).text)
    assert str(fragment.find(id="composer")) == str(ana.page(f"/chat/{asked.thread_id}/").find(id="composer"))


def test_stop_answers_a_form_with_the_page_and_htmx_with_nothing(ana: Visitor) -> None:
    asked = ana.ask("/silent 60")
    assert ana.post(f"/chat/{asked.thread_id}/cancel/", headers=HTMX).status_code == 204
    assert ana.post(f"/chat/{asked.thread_id}/cancel/").location == f"/chat/{asked.thread_id}/"
