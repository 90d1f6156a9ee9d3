"""What people think of answers, for those who look after the site."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.people import People
from tests.web.api.rows import add_message, add_thread
from tests.web.pages.visitor import Visitor

DAY = datetime(2026, 3, 1, 12, tzinfo=UTC)
FOUND = {
    "": ["About 3", "About 2", "About 1"],
    "?score=up": ["About 1"],
    "?score=down": ["About 3", "About 2"],
    "?category=incomplete": ["About 2"],
    "?with_comment=true": ["About 2"],
    "?model=CLAUDE": ["About 2", "About 1"],
    "?after_day=2026-03-03&before_day=2026-03-03": ["About 2"],
    "?score=maybe": ["About 3", "About 2", "About 1"],
}


@pytest.fixture
def rated(people: People) -> None:
    def rate(person: Any, days: int, score: bool, **more: Any) -> None:
        moment = DAY + timedelta(days=days)
        add_message(
            add_thread(person, f"About {days}"), "answer", feedback_score=score, feedback_submitted_at=moment, **more
        )

    rate(people.ana, 1, True, model="claude-a")
    rate(people.ben, 2, False, feedback_category="incomplete", feedback_comment="More <b>please</b>", model="claude-b")
    rate(people.ana, 3, False, feedback_category="other", model="offline")
    add_message(add_thread(people.ana), "not rated")


def found(browser: Visitor, query: str = "") -> list[str]:
    page = browser.page(f"/admin/feedback/{query}")
    return [entry.all("a")[0].text for entry in page.all("li") if entry.has("p", class_="rating")]


def test_ratings_are_listed_and_narrowed(sue: Visitor, rated: None) -> None:
    assert {query: found(sue, query) for query in FOUND} == FOUND


def test_comments_are_shown_as_the_text_they_are(sue: Visitor, rated: None) -> None:
    page = sue.page("/admin/feedback/")
    assert [quote.text for quote in page.all("q")] == ["More <b>please</b>"]
    assert "Not helpful, incomplete" in page.text
    assert "answer" not in [each.text for each in page.all("div")]


def test_pages_follow_each_other(sue: Visitor, rated: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatapp.web.admin.feedback.LENGTH", 2)
    link = sue.page("/admin/feedback/").find("a", rel="next").attributes["href"]
    assert found(sue, link.removeprefix("/admin/feedback/")) == ["About 1"]


@pytest.mark.parametrize("after", ["x", "2026-01-01~x", "2026-01-01T00:00:00~0198f000-0000-7000-8000-000000000000"])
def test_a_page_that_does_not_exist_is_not_found(sue: Visitor, after: str) -> None:
    assert sue.get(f"/admin/feedback/?after={after}").status_code == 404


def test_an_empty_page_says_so(sue: Visitor) -> None:
    assert "Nobody has rated" in sue.page("/admin/feedback/").text
