"""Requests made up from the API's own description: whatever is sent, the answer is one that the description knows."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, DeserializationContext, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from chatapp.core import sessions, system_prompts
from chatapp.db import session
from tests.people import People, Person
from tests.web.api.client import Client

EXAMPLES = 20
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
CALLERS = [("sqlite", "ana"), ("postgresql", "stan")]


@schemathesis.deserializer("application/x-ndjson")
def read_lines(_: DeserializationContext, response: Response) -> list[Any]:
    return [orjson.loads(line) for line in response.content.splitlines() if line]


@pytest.mark.timeout(300)
@pytest.mark.xdist_group("fuzzing")
@pytest.mark.parametrize(("database_url", "name"), CALLERS, indirect=["database_url"])
def test_every_answer_is_described(app: Flask, people: People, name: str) -> None:
    person = getattr(people, name)
    thread_ids = ids_of_a_thread(app, person)
    for found in schemathesis.openapi.from_wsgi("/api/schema/", app).get_all_operations():
        prompt_id = str(system_prompts.create(people.stan.user, "Fuzzed").id)
        fuzz(found.ok(), person, thread_ids | {"prompt_id": prompt_id})


def fuzz(operation: APIOperation, person: Person, known: dict[str, str], examples: int = EXAMPLES) -> None:
    """Send examples of an operation, some of them about things that exist."""
    cases = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(cases), is_known=st.booleans())
    def ask(case: Case, is_known: bool) -> None:
        if is_known:
            for part in (case.path_parameters, case.query, case.body):
                if isinstance(part, dict):
                    part.update({name: value for name, value in known.items() if name in part})
        session.remove()  # of the request before
        case.call_and_validate(headers=person.headers, checks=CHECKS)

    ask()


def ids_of_a_thread(app: Flask, person: Person) -> dict[str, str]:
    """Ids of things that the person has, by the names that parameters and fields have."""
    ids = Client(app, person).ask("Hello").ids
    return {
        "thread_id": ids["thread_uuid"],
        "thread_uuid": ids["thread_uuid"],
        "thread": ids["thread_uuid"],
        "message_id": ids["assistant_message_uuid"],
        "edit_message_uuid": ids["user_message_uuid"],
        "session_id": str(sessions.own(person.user).id),
        "user": str(person.id),
        "user_uuid": str(person.id),
    }
