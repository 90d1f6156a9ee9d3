from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from chatapp.core import sessions
from chatapp.db import now, transaction
from chatapp.models import ChatSession
from tests.people import People, Person
from tests.web.api.client import Client
from tests.web.api.rows import audit_trail, count

SESSIONS = "/api/chat-sessions/"
CURRENT = f"{SESSIONS}current/"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")


FIELDS = {"uuid", "user", "user_username", "user_full_name", "created", "modified"}


def add_session(person: Person, days_old: int = 0) -> str:
    with transaction():
        made = sessions.own(person.user)
        made.created = now() - timedelta(days=days_old)
    return str(made.id)


def test_case_7_the_session_is_made_once(ana: Client, people: People) -> None:
    first, second = ana.get(CURRENT), ana.get(CURRENT)

    assert first.status_code == second.status_code == 200
    assert first.json["uuid"] == second.json["uuid"]
    assert count(ChatSession) == 1


def test_a_session_names_its_owner(ana: Client, people: People) -> None:
    shown = ana.get(CURRENT).json

    assert set(shown) == FIELDS
    assert shown["user"] == str(people.ana.id)
    assert (shown["user_username"], shown["user_full_name"]) == ("ana", "Ana Almond")
    assert MOMENT.fullmatch(shown["created"]) and MOMENT.fullmatch(shown["modified"])


def test_everybody_has_their_own(ana: Client, stan: Client) -> None:
    assert ana.get(CURRENT).json["uuid"] != stan.get(CURRENT).json["uuid"]


def test_fields_can_be_picked(ana: Client) -> None:
    assert set(ana.get(f"{CURRENT}?field=uuid&field=user&field=nonsense").json) == {"uuid", "user"}
    assert len(ana.get(f"{CURRENT}?field=nonsense").json) == 6


def test_case_8_people_list_their_own_and_support_all(ana: Client, sue: Client, stan: Client, people: People) -> None:
    older, newer = add_session(people.ana, days_old=2), add_session(people.ben, days_old=1)

    def listed(client: Client) -> list[str]:
        return [session["uuid"] for session in client.get(SESSIONS).json]

    assert listed(ana) == [older]
    assert listed(sue) == listed(stan) == [newer, older]
    assert audit_trail() == []


def test_the_list_is_paged(sue: Client, people: People) -> None:
    for person in (people.ana, people.ben, people.stan):
        add_session(person)

    response = sue.get(f"{SESSIONS}?page_size=2&page=2")
    head = sue.request("HEAD", f"{SESSIONS}?page_size=2")

    assert len(response.json) == 1
    assert response.headers["X-Result-Count"] == head.headers["X-Result-Count"] == "3"
    assert 'rel="prev"' in response.headers["Link"] and 'rel="next"' in head.headers["Link"]
    assert sue.get(f"{SESSIONS}?page=2").json == {"detail": "Invalid page."}


def test_an_empty_list(ana: Client) -> None:
    assert ana.get(SESSIONS).json == []


@pytest.mark.parametrize("reader", ["stan", "sue"])
def test_case_9_looking_at_other_peoples_sessions_is_written_down(
    request: pytest.FixtureRequest, ana: Client, ben: Client, people: People, reader: str
) -> None:
    his = add_session(people.ben)
    client = request.getfixturevalue(reader)

    refused, unknown = ana.get(f"{SESSIONS}{his}/"), ana.get(f"{SESSIONS}{uuid4()}/")
    assert (refused.status_code, refused.json) == (unknown.status_code, unknown.json)
    assert (refused.status_code, refused.json) == (404, {"detail": "Session not found."})
    assert ben.get(f"{SESSIONS}{his}/").json["user"] == str(people.ben.id)
    assert audit_trail() == []

    assert client.get(f"{SESSIONS}{his}/").json["uuid"] == his
    assert client.get(f"{SESSIONS}{uuid4()}/").status_code == 404
    (record,) = audit_trail()
    accessor = getattr(people, reader).id
    assert record[:3] == ("chat_session_accessed", accessor, people.ben.id)
    assert str(record[3]) == his


def test_case_10_fields_of_listed_sessions(ana: Client, people: People) -> None:
    hers = add_session(people.ana)

    assert [set(row) for row in ana.get(f"{SESSIONS}?field=uuid&field=user").json] == [{"uuid", "user"}]
    assert [set(row) for row in ana.get(f"{SESSIONS}?field=nonsense").json] == [FIELDS]
    assert ana.get(f"{SESSIONS}{hers}/?field=user_username").json == {"user_username": "ana"}


def test_case_112_a_session_in_every_spelling(ana: Client, people: People) -> None:
    hers = add_session(people.ana)

    for spelling in (hers.replace("-", ""), hers.upper(), hers.replace("-", "").upper()):
        assert ana.get(f"{SESSIONS}{spelling}/").json["uuid"] == hers
