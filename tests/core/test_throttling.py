"""Guessing passwords."""

from __future__ import annotations

from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select, update

from chatapp.core import throttling
from chatapp.db import release, session, transaction
from chatapp.errors import TooManyAttempts
from chatapp.models import SignInFailures
from tests.stream.asking import at_once


def attempts(name: str, address: str) -> int:
    """How many are let through until one is refused."""
    for number in range(1000):
        try:
            throttling.attempt(name, address)
        except TooManyAttempts:
            return number
    return 1000


@pytest.mark.usefixtures("app")
def test_one_address_has_few_attempts_at_one_name() -> None:
    assert attempts("ana", "192.0.2.1") == throttling.MOST_BY_BOTH
    for name, address in ((" ANA ", "192.0.2.1"), ("ana", "192.0.2.1")):
        with pytest.raises(TooManyAttempts):
            throttling.attempt(name, address)
    throttling.attempt("ana", "192.0.2.2")
    throttling.attempt("ben", "192.0.2.1")
    throttling.attempt("nobody", "192.0.2.1")


@pytest.mark.usefixtures("app")
def test_many_addresses_and_many_names_come_to_an_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttling, "MOST_BY_NAME", 20)
    monkeypatch.setattr(throttling, "MOST_BY_ADDRESS", 20)
    for number in range(20):
        throttling.attempt("ana", f"192.0.2.{number}")
        throttling.attempt(f"person-{number}", "198.51.100.1")
    for name, address in (("ana", "203.0.113.9"), ("somebody", "198.51.100.1")):
        with pytest.raises(TooManyAttempts):
            throttling.attempt(name, address)


@pytest.mark.usefixtures("app")
def test_a_network_of_ipv6_addresses_is_one() -> None:
    for number in range(throttling.MOST_BY_BOTH):
        throttling.attempt("ana", f"2001:db8::{number:x}")
    with pytest.raises(TooManyAttempts):
        throttling.attempt("ana", "2001:db8::ffff")
    throttling.attempt("ana", "2001:db8:0:1::1")


@pytest.mark.usefixtures("app")
def test_a_right_password_takes_its_attempt_back_and_forgets_the_wrong_ones() -> None:
    for _ in range(throttling.MOST_BY_BOTH):
        throttling.attempt("ana", "192.0.2.1")
    throttling.succeeded("ana", "192.0.2.1")
    release()
    assert sorted(session.scalars(select(SignInFailures.amount))) == [throttling.MOST_BY_BOTH - 1] * 2
    assert attempts("ana", "192.0.2.1") == throttling.MOST_BY_BOTH


def test_attempts_at_once_are_counted_one_by_one(app: Flask) -> None:
    outcomes = at_once(app, *[partial(throttling.attempt, "ana", "192.0.2.1")] * 20)
    assert sum(outcome is None for outcome in outcomes) == throttling.MOST_BY_BOTH
    calls = [partial(throttling.attempt, "ana", f"192.0.2.{n}") for n in range(10, 18)]
    calls += [partial(throttling.succeeded, "ana", f"192.0.2.{n}") for n in range(10, 18)]
    assert at_once(app, *calls) == [None] * 16


@pytest.mark.usefixtures("app")
def test_after_a_while_one_may_try_again_and_nothing_is_kept() -> None:
    attempts("ana", "192.0.2.1")
    assert throttling.forget_old() == 0
    _let_the_window_pass()
    throttling.attempt("ana", "192.0.2.1")
    _let_the_window_pass()
    assert throttling.forget_old() == 3


def _let_the_window_pass() -> None:
    period = session.scalars(select(SignInFailures.period).limit(1)).one()
    with transaction():
        session.execute(update(SignInFailures).values(period=period - throttling.WINDOW))
