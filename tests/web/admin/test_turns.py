"""The pages of the turn inspector."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from chatapp.core import retention, turns
from chatapp.core.starting import Started
from chatapp.db import now, release, session, transaction
from chatapp.models import Turn
from chatapp.web.render.durations import duration, since
from tests.people import People, Person
from tests.reading import explained
from tests.servers import wait_until
from tests.stream.asking import ask, fresh, story_of, wait_for_text
from tests.web.pages.dom import Copy
from tests.web.pages.visitor import Visitor

NOTHING = "01a20000-0000-7000-8000-000000000000"

Visit = Callable[[Person], Visitor]


@pytest.fixture
def visit(app: Flask) -> Visit:
    def signed_in(person: Person) -> Visitor:
        browser = Visitor(app, app.response_class, use_cookies=True)
        browser.sign_in(person)
        return browser

    return signed_in


def asked(person: Person, text: str) -> Started:
    started = ask(person, text)
    story_of(started.turn)
    release()
    return started


def test_support_finds_a_turn_of_somebody_else_and_reads_it(visit: Visit, people: People) -> None:
    started = asked(people.ana, '/tool calculate {"expression": "1 + 1"}\nthank you')
    sue = visit(people.sue)
    listed = sue.page("/admin/turns/?user=ana&status=completed")
    [link] = [a for a in listed.all("a") if str(started.turn.id) in a.attributes["href"]]
    page = sue.page(link.attributes["href"])
    assert page.has("select", name="reason") and "thank you" not in page.text
    explained(people.sue, started.thread.id)
    page = sue.page(link.attributes["href"])
    timeline = page.find("section", id="timeline")
    kinds = [row.attributes["data-kind"] for row in timeline.find("tbody").all("tr")]
    assert kinds[:4] == ["arrival", "guards", "stored", "model"] and kinds.count("tool") == 1
    assert "Tool calculate" in " ".join(timeline.text.split())
    assert "thank you" in page.find(class_="replay-question").text
    events = page.find("details", class_="turn-events").text
    assert "tool-output-available" in events and "data-turn" in events
    assert not page.has("section", id="receipt")


@pytest.mark.parametrize("asked_for", ["turn", "answer", "thread"])
def test_an_id_leads_to_the_turn(visit: Visit, people: People, asked_for: str) -> None:
    started = asked(people.ana, "hello")
    ids = {"turn": started.turn.id, "answer": fresh(Turn, started.turn.id).answer_id, "thread": started.thread.id}
    response = visit(people.stan).get("/admin/turns/", query_string={"id": f" {ids[asked_for]} "})
    assert response.status_code == 302 and response.location == f"/admin/turns/{started.turn.id}/"


@pytest.mark.parametrize("wrong", ["nonsense", NOTHING])
def test_an_id_of_nothing_is_said_to_be_none(visit: Visit, people: People, wrong: str) -> None:
    page = visit(people.stan).page(f"/admin/turns/?id={wrong}")
    assert "No turn, message or conversation" in page.find("p", class_="form-done").text


def test_odd_parameters_are_ignored(visit: Visit, people: People) -> None:
    asked(people.ana, "hello")
    query = "status=odd&slow=7&thread=x&after=x&model=%00&user=%00"
    assert len(visit(people.stan).page(f"/admin/turns/?{query}").find("tbody").all("tr")) == 1


def test_a_cancelled_turn_shows_its_receipt(visit: Visit, people: People) -> None:
    started = ask(people.ana, "/slow 1000")
    wait_for_text(started.turn, "tick 3 ")
    release()
    turns.cancel(people.ana.user, started.thread.id)
    explained(people.stan, started.thread.id)
    stan = visit(people.stan)

    def lines() -> dict[str, str]:
        section = stan.page(f"/admin/turns/{started.turn.id}/").find("section", id="receipt")
        return {
            label.text.strip(): text.text.strip()
            for label, text in zip(section.all("dt"), section.all("dd"), strict=True)
        }

    wait_until(lambda: "Not reported" not in lines()["Connection to the model closed"])
    receipt = lines()
    assert receipt["Why"] == "Somebody clicked Stop"
    assert receipt["Connection to the model closed"].endswith("after the request")
    assert "process" in receipt["Request received"]
    assert receipt["Billed"].endswith("(estimated)") and "(estimated)" in receipt["Delivered to readers"]


def test_the_replay_ends_with_what_was_shown(visit: Visit, people: People) -> None:
    started = asked(people.ana, '/tool calculate {"expression": "1 + 1"}\n**bold** words')
    explained(people.stan, started.thread.id)
    response = visit(people.stan).get(f"/admin/turns/{started.turn.id}/replay.json")
    frames = response.get_json()["frames"]
    assert [frame["ms"] for frame in frames] == sorted(frame["ms"] for frame in frames)
    copy = Copy()
    for frame in frames:
        copy.apply(frame["ops"])
    assert "<strong>bold</strong> words" in copy.html and "calculate" in copy.html
    assert copy.calls == ""


def test_the_bundle_is_a_file(visit: Visit, people: People) -> None:
    started = asked(people.ana, "hello")
    sue, address = visit(people.sue), f"/admin/turns/{started.turn.id}/bundle.zip"
    assert sue.page(address).find("input", name="next").attributes["value"] == address
    explained(people.sue, started.thread.id)
    response = sue.get(address)
    assert response.headers["Content-Disposition"] == f"attachment; filename=turn-{started.turn.id}.zip"
    archive = zipfile.ZipFile(io.BytesIO(response.data))
    assert set(archive.namelist()) == {"README.txt", "turn.json", "events.jsonl", "environment.json"}


def test_of_an_old_turn_what_remains_is_shown(visit: Visit, people: People) -> None:
    started = asked(people.ana, "hello")
    with transaction():
        session.execute(update(Turn).values(completed_at=now() - timedelta(days=30)))
    retention.prune_events()
    explained(people.stan, started.thread.id)
    page = visit(people.stan).page(f"/admin/turns/{started.turn.id}/")
    assert "no longer kept" in page.find("p", class_="note").text
    assert not page.has("div", class_="replay")
    assert "You said: hello" in page.find("details", class_="turn-events").text


def test_a_running_turn_is_shown_so_far(visit: Visit, people: People) -> None:
    started = ask(people.ana, "/slow 1000")
    wait_for_text(started.turn, "tick 1 ")
    release()
    explained(people.stan, started.thread.id)
    stan = visit(people.stan)
    assert "not over" in stan.page(f"/admin/turns/{started.turn.id}/").find("p", class_="note").text
    assert stan.get(f"/admin/turns/{started.turn.id}/replay.json").get_json()["frames"]
    release()
    turns.cancel(people.ana.user, started.thread.id)


def test_answers_lead_those_who_may_to_their_turn(visit: Visit, people: People) -> None:
    for person, is_led in ((people.sue, True), (people.stan, True), (people.ana, False)):
        started = asked(person, "hello")
        page = visit(person).page(f"/chat/{started.thread.id}/")
        assert page.has("a", href=f"/admin/turns/{started.turn.id}/") is is_led


def test_a_page_without_turns_says_what_will_stand_there(visit: Visit, people: People) -> None:
    stan = visit(people.stan)
    assert "No question has been asked yet" in stan.page("/admin/turns/").find("p", class_="nothing").text
    assert "No turn is like that" in stan.page("/admin/turns/?model=x").find("p", class_="nothing").text


def test_lengths_of_time_are_told_in_two_units() -> None:
    lengths = (0, 999, 1_234, 61_000, 3_600_000 * 3 + 60_000 * 5)
    assert [duration(length) for length in lengths] == ["0 ms", "999 ms", "1.23 s", "1 min 1 s", "3 h 5 min"]
    assert [since(length) for length in (0, 1_234, 61_000)] == ["+0.000 s", "+1.234 s", "+1 min 1 s"]
