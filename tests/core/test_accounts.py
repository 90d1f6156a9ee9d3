"""People and their tokens."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import func, select, update

from chatapp.core import accounts
from chatapp.db import now, release, session, transaction
from chatapp.errors import Inactive, Invalid, NotFound, Unauthenticated
from chatapp.models import ApiToken, User
from tests.people import PASSWORD, People
from tests.stream.asking import at_once


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_hasher", PasswordHasher(time_cost=1, memory_cost=64))


def test_a_name_is_taken_in_any_case(people: People) -> None:
    for name in ("ana", "ANA", " Ana "):
        with pytest.raises(Invalid) as refusal:
            accounts.create_user(name, PASSWORD)
        assert refusal.value.field == "username"


@pytest.mark.parametrize("name", ["", " ", "two words", "a" * 151, "semi;colon", "new\nline"])
@pytest.mark.usefixtures("app")
def test_a_name_that_cannot_be_used_is_refused(name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        accounts.create_user(name, PASSWORD)
    assert refusal.value.field == "username"


def test_of_many_that_want_a_name_at_once_one_gets_it(app: Flask) -> None:
    outcomes = at_once(app, *[partial(accounts.create_user, "carol", PASSWORD)] * 6)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Invalid"] * 5 + ["User"]


def test_of_many_first_administrators_one_is_made(app: Flask) -> None:
    calls = [partial(accounts.create_first_administrator, f"admin{n}", PASSWORD) for n in range(6)]
    outcomes = at_once(app, *calls)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Invalid"] * 5 + ["User"], outcomes
    release()
    assert session.scalar(select(func.count()).select_from(User)) == 1


def test_the_right_password_opens(people: People) -> None:
    user = accounts.authenticate(" ANA ", PASSWORD)
    assert user is not None and user.id == people.ana.id
    assert accounts.authenticate("ana", "wrong") is None
    assert accounts.authenticate("nobody", PASSWORD) is None


def test_a_disabled_account_opens_with_nothing(people: People) -> None:
    _change(people, is_active=False)
    assert accounts.authenticate("ana", PASSWORD) is None
    with pytest.raises(Inactive):
        accounts.user_of_token(people.ana.token)


def test_a_token_is_its_user(people: People) -> None:
    assert accounts.user_of_token(people.ana.token).id == people.ana.id
    with pytest.raises(Unauthenticated):
        accounts.user_of_token(people.ana.token + "x")


def test_only_the_hash_of_a_token_is_stored(people: People) -> None:
    for token in session.scalars(select(ApiToken)):
        assert people.ana.token not in (token.hash, token.name, token.prefix)
    assert people.ana.token.startswith("cha_")


def test_an_expired_or_revoked_token_opens_nothing(people: People) -> None:
    expired = accounts.create_token(people.ana.user, expires_in=timedelta(seconds=-1))
    with pytest.raises(Unauthenticated):
        accounts.user_of_token(expired)
    with transaction():
        session.execute(update(ApiToken).where(ApiToken.user_id == people.ana.id).values(revoked_at=now()))
    with pytest.raises(Unauthenticated):
        accounts.user_of_token(people.ana.token)


def test_the_last_use_of_a_token_is_noted(people: People) -> None:
    accounts.user_of_token(people.ana.token)
    release()
    token = session.scalar(select(ApiToken).where(ApiToken.user_id == people.ana.id))
    assert token is not None and token.last_used_at is not None


def test_an_unknown_user_is_not_found(people: People) -> None:
    assert accounts.find_user(" Ana ").id == people.ana.id
    with pytest.raises(NotFound):
        accounts.find_user("nobody")


def _change(people: People, **values: object) -> None:
    with transaction():
        session.execute(update(User).where(User.id == people.ana.id).values(**values))
    release()
