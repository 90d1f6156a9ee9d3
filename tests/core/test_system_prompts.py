"""Every save of a system prompt is a version that stays; all of it is written down."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from chatapp.core import prompt_versions, system_prompts
from chatapp.db import release, session
from chatapp.errors import Conflict, Invalid, NotFound
from chatapp.models import AuditRecord, PromptVersion, SystemPrompt
from tests.people import People


def said(prompt: SystemPrompt) -> list[tuple[int, str, int | None]]:
    """Number, words and origin of its versions, oldest first."""
    release()
    found = select(PromptVersion).where(PromptVersion.prompt_id == prompt.id).order_by(PromptVersion.number)
    return [(version.number, version.custom_instructions, version.restored) for version in session.scalars(found)]


def audited() -> list[tuple[str, dict[str, object]]]:
    release()
    records = session.scalars(select(AuditRecord).order_by(AuditRecord.created))
    return [(record.event, record.details) for record in records if record.event.startswith("system_prompt")]


def test_every_save_that_changes_something_is_a_version(people: People) -> None:
    stan = people.stan.user
    prompt = system_prompts.create(stan, "House", custom_instructions="one")
    first = prompt.version_id
    system_prompts.change(stan, prompt.id, {"custom_instructions": "two"})
    system_prompts.change(stan, prompt.id, {"custom_instructions": "two", "name": "House"})
    back = system_prompts.roll_back(stan, prompt_versions.get(first))

    assert said(prompt) == [(1, "one", None), (2, "two", None), (3, "one", 1)]
    assert prompt_versions.get(back.version_id).author_id == people.stan.id
    assert audited() == [
        ("system_prompt_created", {"version": 1}),
        ("system_prompt_changed", {"version": 2, "fields": ["custom_instructions"]}),
        ("system_prompt_changed", {"version": 3, "fields": ["custom_instructions"], "restored": 1}),
    ]


def test_versions_outlive_their_prompt(people: People) -> None:
    prompt = system_prompts.create(people.stan.user, "House", custom_instructions="one")
    system_prompts.activate(people.stan.user, prompt.id)
    system_prompts.delete(people.stan.user, prompt.id)

    assert said(prompt) == [(1, "one", None)]
    assert audited()[-1] == ("system_prompt_deleted", {"was_active": True})
    with pytest.raises(NotFound):
        system_prompts.roll_back(people.stan.user, prompt_versions.get(prompt.version_id))


def test_a_change_that_is_based_on_an_older_version_is_refused(people: People) -> None:
    prompt = system_prompts.create(people.stan.user, "House")
    first = prompt.version_id
    system_prompts.change(people.stan.user, prompt.id, {"description": "mine"}, based_on=first)
    with pytest.raises(Conflict):
        system_prompts.change(people.stan.user, prompt.id, {"description": "theirs"}, based_on=first)
    assert system_prompts.get(prompt.id).description == "mine"


@pytest.mark.parametrize(
    ("values", "field"),
    [({"name": " "}, "name"), ({"name": "x" * 151}, "name"), ({"name": "x", "description": "x" * 2001}, "description")],
)
def test_what_cannot_be_saved(people: People, values: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        system_prompts.create(people.stan.user, **values)
    assert refusal.value.field == field


def test_shares_are_parts_of_a_hundred_beside_the_active_prompt(people: People) -> None:
    stan = people.stan.user
    active, other, third = (system_prompts.create(stan, name) for name in ("active", "other", "third"))
    system_prompts.activate(stan, active.id)
    system_prompts.set_share(stan, other.id, 60)
    for prompt, share in ((active, 1), (third, 41), (third, -1), (third, 101)):
        with pytest.raises(Invalid):
            system_prompts.set_share(stan, prompt.id, share)
    system_prompts.set_share(stan, third.id, 40)
    assert [prompt.name for prompt in system_prompts.in_use()] == ["active", "third", "other"]
    assert list(system_prompts.unused(None, 10)) == []

    system_prompts.activate(stan, other.id)
    assert (system_prompts.get(other.id).is_active, system_prompts.get(other.id).share) == (True, 0)
    assert [prompt.name for prompt in system_prompts.unused(None, 10)] == ["active"]


def test_what_changes_nothing_is_not_written_down(people: People) -> None:
    stan = people.stan.user
    prompt = system_prompts.create(stan, "House")
    for _ in range(2):
        system_prompts.activate(stan, prompt.id)
    for _ in range(2):
        system_prompts.deactivate(stan, prompt.id)
    for _ in range(2):
        system_prompts.set_share(stan, prompt.id, 5)
    assert [event for event, _ in audited()] == [
        f"system_prompt_{what}" for what in ("created", "activated", "deactivated", "shared")
    ]


def test_the_list_goes_on_where_it_ended(app: Flask, people: People) -> None:
    made = [system_prompts.create(people.stan.user, str(number)).id for number in range(5)]
    first = system_prompts.unused(None, 2)
    rest = system_prompts.unused(first[-1].id, 10)
    assert [prompt.id for prompt in (*first, *rest)] == made[::-1]
