from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from bench.messages_script import Script
from bench.messages_server import MessagesServer
from chatapp.core import quotas
from chatapp.db import now, release, session, transaction
from chatapp.models import AuditRecord, Quota
from tests import people as folk
from tests.people import People, Person
from tests.web.api.client import STREAM, THREADS, Client, row_counts

USAGE = "/api/chat-quota/usage/"
SET = "/api/chat-quota/set_quota/"
KEYS = [
    f"{period}_{name}"
    for period in quotas.PERIODS
    for name in ("limit", "usage", "remaining", "reset_at", "system_default")
]
TOO_LOW = "Ensure this value is greater than or equal to -1."


def usage(client: Client, query: str = "") -> Any:
    response = client.get(f"{USAGE}?{query}")
    assert response.status_code == 200, response.json
    return response.json


def charge(person: Person, tokens: int) -> None:
    with transaction():
        quotas.charge(person.id, tokens)


def set_limits(client: Client, person: Person, **limits: Any) -> TestResponse:
    return client.post(SET, json={"user_uuid": str(person.id), **limits})


def ask(client: Client, **fields: str) -> TestResponse:
    return client.post(STREAM, json={"input": "hello", **fields})


def test_usage_of_a_new_user(make_app: Callable[..., Flask]) -> None:
    ana = Client(make_app(ai_assistant_token_limit_daily="10000"), folk.settle().ana)
    today = now()

    shown = usage(ana)

    assert list(shown) == KEYS
    assert [shown[f"{period}_usage"] for period in quotas.PERIODS] == [0, 0, 0]
    assert [shown[f"{period}_limit"] for period in quotas.PERIODS] == [None, None, None]
    assert [shown[f"{period}_remaining"] for period in quotas.PERIODS] == [10_000, None, None]
    assert [shown[f"{period}_system_default"] for period in quotas.PERIODS] == [10_000, -1, -1]
    resets = [datetime.fromisoformat(shown[f"{period}_reset_at"]) for period in quotas.PERIODS]
    assert all(today < reset and reset.time() == datetime.min.time() for reset in resets)
    assert resets[0] - today <= timedelta(days=1)
    assert resets[1].weekday() == 0 and resets[1] - today <= timedelta(days=7)
    assert resets[2].day == 1 and resets[2] - today <= timedelta(days=31)
    assert shown["daily_reset_at"].endswith("Z")


@pytest.mark.parametrize(
    ("moment", "resets"),
    [
        (datetime(2029, 12, 31, 23, 59, tzinfo=UTC), ("2030-01-01", "2030-01-07", "2030-01-01")),  # a Monday
        (datetime(2030, 1, 6, 0, 0, tzinfo=UTC), ("2030-01-07", "2030-01-07", "2030-02-01")),  # a Sunday
        (datetime(2028, 2, 29, 12, 0, tzinfo=UTC), ("2028-03-01", "2028-03-06", "2028-03-01")),
    ],
)
def test_when_periods_end(people: People, moment: datetime, resets: tuple[str, ...]) -> None:
    shown = quotas.usage(people.ana.user, moment)

    assert tuple(f"{shown[period].reset_at:%Y-%m-%d}" for period in quotas.PERIODS) == resets


def test_case_105_whose_usage(ana: Client, sue: Client, stan: Client, people: People) -> None:
    charge(people.ben, 7)

    refused = ana.get(f"{USAGE}?user_uuid={people.ben.id}")
    assert (refused.status_code, list(refused.json)) == (403, ["detail"])
    assert ana.get(f"{USAGE}?user_uuid={uuid4()}").status_code == 403
    for client in (sue, stan):
        assert usage(client, f"user_uuid={people.ben.id.hex.upper()}")["daily_usage"] == 7
        assert client.get(f"{USAGE}?user_uuid={uuid4()}").json == {"detail": "User not found."}
        assert client.get(f"{USAGE}?user_uuid=").json["daily_usage"] == 0
    for client in (ana, stan):
        malformed = client.get(f"{USAGE}?user_uuid=x%00")
        assert (malformed.status_code, malformed.json) == (400, {"user_uuid": ["Must be a valid UUID."]})
    assert usage(ana, f"user_uuid={people.ana.id}") == usage(ana)


def test_case_105_who_sets_limits(ana: Client, sue: Client, stan: Client, people: People) -> None:
    for body in ({"user_uuid": str(people.ana.id), "daily_limit": 5}, {}):
        refused = ana.post(SET, json=body)
        assert refused.status_code == 403
        assert refused.json == {"detail": "You do not have permission to perform this action."}
    for client in (sue, stan):
        response = set_limits(client, people.ana, daily_limit=5)
        assert (response.status_code, response.data) == (200, b"")
    unknown = sue.post(SET, json={"user_uuid": str(uuid4())})
    assert (unknown.status_code, unknown.json) == (404, {"detail": "User not found."})


def test_case_105_only_what_is_given_changes(ana: Client, stan: Client, people: People) -> None:
    charge(people.ana, 7)
    set_limits(stan, people.ana, daily_limit=5, weekly_limit=100, monthly_limit=-1)

    shown = usage(ana)
    assert [shown[f"{period}_limit"] for period in quotas.PERIODS] == [5, 100, -1]
    assert [shown[f"{period}_remaining"] for period in quotas.PERIODS] == [0, 93, None]

    set_limits(stan, people.ana, daily_limit=None, monthly_limit="8")
    shown = usage(ana)
    assert [shown[f"{period}_limit"] for period in quotas.PERIODS] == [None, 100, 8]
    assert [shown[f"{period}_remaining"] for period in quotas.PERIODS] == [None, 93, 1]

    set_limits(stan, people.ana, weekly_limit=2**63 - 1)
    assert usage(ana)["weekly_remaining"] == 2**63 - 1 - 7


def test_case_105_limits_of_no_use(stan: Client, people: People) -> None:
    before = row_counts()

    for value in ("x", "", "1.5", 1.5, 5.0, True, [], {}, "1\x00", "\ud800", float("nan"), float("inf"), "9" * 5000):
        for name in ("daily_limit", "weekly_limit", "monthly_limit"):
            response = set_limits(stan, people.ana, **{name: value})
            assert (response.status_code, response.json) == (400, {name: ["A valid integer is required."]}), value
    for value in (-2, "-2", -(2**70)):
        response = set_limits(stan, people.ana, daily_limit=value, weekly_limit=5)
        assert (response.status_code, response.json) == (400, {"daily_limit": [TOO_LOW]})
    huge = set_limits(stan, people.ana, daily_limit=2**63)
    assert huge.json == {"daily_limit": [f"Ensure this value is less than or equal to {2**63 - 1}."]}
    several = set_limits(stan, people.ana, daily_limit=-2, monthly_limit="x")
    assert set(several.json) == {"daily_limit", "monthly_limit"}
    for body, words in (({}, "This field is required."), ({"user_uuid": None}, "This field may not be null.")):
        assert stan.post(SET, json=body).json == {"user_uuid": [words]}
    for user in ("x", 5, [], "0" * 31, "\x00" * 32, "\ud800"):
        assert stan.post(SET, json={"user_uuid": user}).json == {"user_uuid": ["Must be a valid UUID."]}
    digits = b'{"user_uuid": "%s", "daily_limit": %s}' % (people.ana.id.hex.encode(), b"9" * 5000)
    assert stan.post(SET, data=digits, content_type="application/json").status_code == 400
    assert row_counts() == before


@pytest.mark.parametrize("setting", ["many", "-2"])
def test_a_misconfigured_limit_is_a_conflict(make_app: Callable[..., Flask], setting: str) -> None:
    ana = Client(make_app(ai_assistant_token_limit_weekly=setting), folk.settle().ana)
    before = row_counts()

    for response in (ana.get(USAGE), ask(ana)):
        assert response.status_code == 409
        assert "misconfigured" in response.json["detail"]
    assert row_counts() == before


def test_case_106_yesterdays_usage(ana: Client, people: People) -> None:
    charge(people.ana, 9)
    with transaction():
        quota = session.get_one(Quota, people.ana.id)
        quota.daily_period -= timedelta(days=1)

    shown = usage(ana)

    assert (shown["daily_usage"], shown["weekly_usage"], shown["monthly_usage"]) == (0, 9, 9)


def test_case_106_counters_roll_over_once(people: People) -> None:
    charge(people.ana, 9)
    with transaction():
        quota = session.get_one(Quota, people.ana.id)
        quota.daily_period -= timedelta(days=1)
        quota.monthly_period -= timedelta(days=40)

    assert quotas.roll_over_all() == 2
    assert quotas.roll_over_all() == 0
    session.expire_all()
    shown = quotas.usage(people.ana.user)
    assert [shown[period].usage for period in quotas.PERIODS] == [0, 9, 0]
    charge(people.ana, 1)
    session.expire_all()
    shown = quotas.usage(people.ana.user)
    assert [shown[period].usage for period in quotas.PERIODS] == [1, 10, 1]


def test_case_62_used_up(ana: Client, stan: Client, people: People) -> None:
    charge(people.ana, 100)
    set_limits(stan, people.ana, monthly_limit=100)
    before = row_counts()

    response = ask(ana)

    assert (response.status_code, list(response.json)) == (409, ["detail"])
    assert "Monthly" in response.json["detail"]
    assert row_counts() == before
    assert ana.get(THREADS).json == []


@pytest.mark.parametrize("period", quotas.PERIODS)
def test_case_62_nothing_allowed(ana: Client, stan: Client, people: People, period: str) -> None:
    set_limits(stan, people.ana, **{f"{period}_limit": 0})

    response = ask(ana)

    assert response.status_code == 409
    assert period.capitalize() in response.json["detail"]


def test_case_62_the_users_own_limit_goes_first(make_app: Callable[..., Flask]) -> None:
    app = make_app(ai_assistant_token_limit_daily="0")
    everybody = folk.settle()
    ana, stan = Client(app, everybody.ana), Client(app, everybody.stan)
    charge(everybody.ana, 1000)

    assert "Daily" in ask(ana).json["detail"]
    set_limits(stan, everybody.ana, daily_limit=-1)
    assert ask(ana).status_code == 200


def test_case_62_also_for_naming_a_thread(ana: Client, stan: Client, people: People) -> None:
    thread = ana.ask("hello").thread
    set_limits(stan, people.ana, weekly_limit=0)

    assert ask(ana, update_thread_name=thread).status_code == 409


def test_case_63_a_turn_may_go_beyond_the_limit(make_claude: Callable[..., Flask], model: MessagesServer) -> None:
    app = make_claude()
    everybody = folk.settle()
    ana, stan = Client(app, everybody.ana), Client(app, everybody.stan)
    thread = ana.ask("hello").thread
    set_limits(stan, everybody.ana, daily_limit=100)
    with transaction():
        session.get_one(Quota, everybody.ana.id).daily_usage = 95
    model.scripts = [Script(text="one two three", input_tokens=5)]

    assert ana.ask("hello", thread_uuid=thread).text == "one two three"
    shown = usage(ana)
    assert (shown["daily_usage"], shown["daily_remaining"]) == (103, 0)
    refused = ask(ana, thread_uuid=str(UUID(thread)))
    assert refused.status_code == 409 and "Daily" in refused.json["detail"]


def test_setting_limits_is_written_down(make_app: Callable[..., Flask]) -> None:
    app, people = make_app(), folk.settle()
    assert set_limits(Client(app, people.sue), people.ana, daily_limit=7).status_code == 200
    release()
    [record] = session.scalars(select(AuditRecord).where(AuditRecord.event == "quota_set"))
    assert (record.actor_id, record.target_user_id, record.details) == (people.sue.id, people.ana.id, {"daily": 7})
