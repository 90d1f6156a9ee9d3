"""People who sign in at a provider: what the provider's words do here. How they come is in tests/oidc."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import func, select

from chatapp.core import accounts, identities
from chatapp.core.identities import Profile
from chatapp.db import release, session
from chatapp.models import Identity, User
from tests.people import PASSWORD
from tests.stream.asking import at_once

HERE = {"oidc_issuer": "https://id.example.org", "oidc_client_id": "chat"}
ANA = Profile("https://id.example.org", "1", "ana", "Ana Almond", "ana@corp-mail.eu", groups=frozenset({"admins"}))


@pytest.mark.parametrize("groups", ["", "admins"])
def test_somebody_who_comes_in_many_tabs_at_once_gets_one_account(make_app: Callable[..., Flask], groups: str) -> None:
    app = make_app(**HERE, oidc_staff_groups=groups)
    accounts.create_user("stan", PASSWORD, staff=True)
    outcomes = at_once(app, *[partial(identities.enter, ANA)] * 6)
    assert {type(outcome) for outcome in outcomes} == {User}, outcomes
    release()
    assert session.scalar(select(func.count()).select_from(Identity)) == 1
    assert sorted(session.scalars(select(User.username))) == ["ana", "stan"]
    assert accounts.find_user("ana").is_staff is bool(groups)


def test_many_with_the_same_name_get_a_number_each(make_app: Callable[..., Flask]) -> None:
    make_app(**HERE)
    accounts.create_user("Ana", PASSWORD)
    for subject in ("1", "2", "3"):
        identities.enter(Profile("https://id.example.org", subject, "ana"))
    identities.enter(Profile("https://other.example.org", "1", "ana-2"))
    release()
    names = session.scalars(select(User.username).order_by(func.lower(User.username)))
    assert list(names) == ["Ana", "ana-2", "ana-2-2", "ana-3", "ana-4"]
