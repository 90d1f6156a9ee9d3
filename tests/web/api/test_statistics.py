from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from chatapp.core import titles
from chatapp.db import now
from chatapp.values import Usage
from tests.people import People
from tests.web.api.client import THREADS, Client
from tests.web.api.rows import add_message, add_thread

STATISTICS = f"{THREADS}stats/"
NOTHING = {
    "threads_total": 0,
    "sessions_total": 0,
    "users_total": 0,
    "messages_total": 0,
    "input_tokens_total": 0,
    "output_tokens_total": 0,
    "total_tokens": 0,
    "flagged_total": 0,
    "feedback_positive": 0,
    "feedback_negative": 0,
    "satisfaction_rate": None,
}


def figures(client: Client, query: str = "") -> Any:
    response = client.get(f"{STATISTICS}?{query}")
    assert response.status_code == 200, response.json
    return response.json


def test_case_37_without_threads(ana: Client) -> None:
    response = ana.get(STATISTICS)

    assert response.json == NOTHING
    assert list(response.json) == list(NOTHING)
    assert "Link" not in response.headers


def test_case_37_own_threads_or_all(ana: Client, sue: Client, stan: Client, people: People) -> None:
    for person, number in ((people.ana, 2), (people.ben, 1)):
        for _ in range(number):
            add_message(add_thread(person, input_tokens=100, output_tokens=20, total_tokens=120), "hello", "user")
    add_thread(people.ana, output_tokens=5, total_tokens=5)

    hers = NOTHING | {"threads_total": 3, "sessions_total": 1, "users_total": 1, "messages_total": 2}
    assert figures(ana) == hers | {"input_tokens_total": 200, "output_tokens_total": 45, "total_tokens": 245}
    everybodys = NOTHING | {"threads_total": 4, "sessions_total": 2, "users_total": 2, "messages_total": 3}
    everybodys |= {"input_tokens_total": 300, "output_tokens_total": 65, "total_tokens": 365}
    assert figures(stan) == figures(sue) == everybodys
    assert figures(stan, "scope=own") == NOTHING
    assert figures(stan, f"user={people.ana.id}") == figures(ana)
    assert figures(stan, "total_tokens_max=5")["threads_total"] == 1
    assert figures(ana, f"created={now() - timedelta(days=3):%Y-%m-%d}") == NOTHING
    assert figures(ana, "page=7&page_size=1&field=threads_total&o=created") == figures(ana)


def test_case_37_satisfaction(ana: Client, people: People) -> None:
    thread = add_thread(people.ana, has_feedback=True)
    for score in (True, True, False, None):
        add_message(thread, feedback_score=score)

    shown = figures(ana)

    assert (shown["feedback_positive"], shown["feedback_negative"]) == (2, 1)
    assert shown["satisfaction_rate"] == pytest.approx(0.667, abs=0.001)
    assert (shown["threads_total"], shown["messages_total"]) == (1, 4)


def test_case_37_flagged_threads_are_counted_once(ana: Client, people: People) -> None:
    thread = add_thread(people.ana, is_flagged=True, max_severity="high")
    for _ in range(2):
        add_message(thread, role="user", is_flagged=True, severity="high")
    add_thread(people.ana)

    assert figures(ana)["flagged_total"] == 1


def test_figures_agree_with_the_list(ana: Client, people: People) -> None:
    first, second = ana.ask("hello").thread, ana.ask("good morning").thread
    ana.ask("hello again", thread_uuid=first, mode="reload")
    titles.store(UUID(second), titles.Attempt("", Usage(30, 4)))

    shown, listed = figures(ana), [ana.thread(first), ana.thread(second)]

    assert shown["messages_total"] == sum(thread["message_count"] for thread in listed) == 5
    assert shown["input_tokens_total"] == sum(thread["input_tokens"] for thread in listed) > 30
    assert shown["output_tokens_total"] == sum(thread["output_tokens"] for thread in listed)
    assert shown["total_tokens"] == sum(thread["total_tokens"] for thread in listed)
