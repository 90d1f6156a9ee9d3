from __future__ import annotations

import re

from sqlalchemy import func, select

from chatapp.db import session
from chatapp.models import ChatSession
from tests.people import People
from tests.web.api.client import Client

CURRENT = "/api/chat-sessions/current/"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")


def test_case_7_the_session_is_made_once(ana: Client, people: People) -> None:
    first, second = ana.get(CURRENT), ana.get(CURRENT)

    assert first.status_code == second.status_code == 200
    assert first.json["uuid"] == second.json["uuid"]
    assert session.scalar(select(func.count()).select_from(ChatSession)) == 1


def test_a_session_names_its_owner(ana: Client, people: People) -> None:
    shown = ana.get(CURRENT).json

    assert set(shown) == {"uuid", "user", "user_username", "user_full_name", "created", "modified"}
    assert shown["user"] == str(people.ana.id)
    assert (shown["user_username"], shown["user_full_name"]) == ("ana", "Ana Almond")
    assert MOMENT.fullmatch(shown["created"]) and MOMENT.fullmatch(shown["modified"])


def test_everybody_has_their_own(ana: Client, stan: Client) -> None:
    assert ana.get(CURRENT).json["uuid"] != stan.get(CURRENT).json["uuid"]


def test_fields_can_be_picked(ana: Client) -> None:
    assert set(ana.get(f"{CURRENT}?field=uuid&field=user&field=nonsense").json) == {"uuid", "user"}
    assert len(ana.get(f"{CURRENT}?field=nonsense").json) == 6
