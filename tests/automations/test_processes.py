"""Runs of automations on processes that end: in good order, and not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask

from chatapp import config, jobs
from chatapp.automations import catalogue, executing, progress, running
from chatapp.db import release
from chatapp.models import AutomationRun
from tests import people as folk
from tests.automations.making import WORKER, make, step, work
from tests.people import People, Person
from tests.servers import wait_until
from tests.stream.process import Process


def started(person: Person, count: int) -> UUID:
    steps = [step(inputs={"expression": f"{number} + 1"}) for number in range(count)]
    return running.start(person.user, make(person, *steps), {}).id


def fresh(person: Person, run_id: UUID) -> AutomationRun:
    release()
    return catalogue.get_run(person.user, run_id)


def done(run: AutomationRun) -> list[tuple[str, str]]:
    """Which steps have been taken, and when."""
    return [(step["key"], step["completedAt"]) for step in run.steps if step["status"] == "completed"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite serves one process
def test_a_run_of_a_killed_process_goes_on_in_another_one(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    ana = folk.settle().ana
    with Process() as doomed:
        doomed.open(config.current())
        doomed.work()
        run_id = started(ana, 60)
        wait_until(lambda: len(done(fresh(ana, run_id))) > 5, timeout=60)
        doomed.kill()
    before = fresh(ana, run_id)
    assert before.status == "running", "it was killed in the middle"
    assert work(app) == 1
    after = fresh(ana, run_id)
    assert after.status == "completed"
    assert done(after)[: len(done(before))] == done(before), "nothing is done twice"
    assert [step["output"]["data"]["result"] for step in after.steps] == list(range(1, 61))


def test_who_is_told_to_stop_leaves_the_run_to_others(
    app: Flask, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, stop = started(people.ana, 3), threading.Event()
    call = executing._call

    def stopped_meanwhile(*arguments: object) -> object:
        stop.set()
        return call(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(executing, "_call", stopped_meanwhile)
    release()
    executing.run_due(WORKER, app.app_context, stop)
    left = fresh(people.ana, run_id)
    assert (left.worker, left.status, len(done(left))) == (None, "running", 1)
    work(app)
    assert fresh(people.ana, run_id).status == "completed"


def test_the_background_takes_up_what_is_started_and_ends_when_told(app: Flask, people: People) -> None:
    end = jobs.start(app)
    try:
        run_id = started(people.ana, 1)
        release()
        wait_until(lambda: fresh(people.ana, run_id).status == "completed")
    finally:
        end(10)
    assert not {"automations", "provisioning", "daily-jobs"} & {thread.name for thread in threading.enumerate()}
    late = started(people.ana, 1)
    progress.wake()
    assert fresh(people.ana, late).status == "pending"
