"""What must hold when twenty people act in the same instant."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import func, select

from chatapp.core import feedback, quotas, system_prompts
from chatapp.db import db, now, session, transaction
from chatapp.models import AuditRecord, Message, SystemPrompt, Thread
from tests.people import People
from tests.web.api import rows

CROWD = 20


def test_of_many_activations_at_once_exactly_one_prompt_is_active(app: Flask, people: People) -> None:
    prompts = [system_prompts.create(people.stan.user, f"prompt {number}").id for number in range(5)]

    _at_once(app, lambda number: system_prompts.activate(people.stan.user, prompts[number % 5]))

    assert session.scalar(select(func.count()).select_from(SystemPrompt).where(SystemPrompt.is_active)) == 1


def test_case_49_ratings_at_once_leave_one_of_them_whole(app: Flask, people: People) -> None:
    message_id = UUID(rows.add_message(rows.add_thread(people.ana), "an answer"))

    def rate(number: int) -> None:
        score = number % 2 == 0
        feedback.rate(people.ana.user, message_id, score, f"comment {number}", None if score else "other")

    _at_once(app, rate)

    db.session.remove()
    stored = session.get_one(Message, message_id)
    number = int((stored.feedback_comment or "").split()[1])
    assert stored.feedback_score is (number % 2 == 0)
    assert stored.feedback_category == (None if number % 2 == 0 else "other")
    assert session.get_one(Thread, stored.thread_id).has_feedback
    submitted = select(func.count()).select_from(AuditRecord).where(AuditRecord.event == "chat_feedback_submitted")
    assert session.scalar(submitted) == CROWD


def test_no_token_is_lost_when_many_turns_are_charged_at_once(app: Flask, people: People) -> None:
    def charge(number: int) -> None:
        with transaction():
            quotas.charge(people.ana.id, number + 1)

    _at_once(app, charge)

    used = quotas.usage(people.ana.user)
    assert {period.usage for period in used.values()} == {CROWD * (CROWD + 1) // 2}


def test_of_many_claims_for_one_day_exactly_one_is_granted(app: Flask) -> None:
    day = now().replace(hour=0, minute=0, second=0, microsecond=0)
    granted: list[bool] = []

    _at_once(app, lambda _: granted.append(quotas.claim("daily_jobs", day)))

    assert sorted(granted) == [False] * (CROWD - 1) + [True]


def _at_once(app: Flask, act: Callable[[int], Any]) -> None:
    """`act(number)` by twenty threads that start together; the first error of any is raised."""
    together, errors = threading.Barrier(CROWD), []

    def run(number: int) -> None:
        with app.app_context():
            try:
                together.wait(20)
                act(number)
            except Exception as error:  # noqa: BLE001 - handed to the test's own thread
                errors.append(error)
            finally:
                db.session.remove()

    crowd = [threading.Thread(target=run, args=(number,)) for number in range(CROWD)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join(60)
    if errors:
        raise errors[0]
