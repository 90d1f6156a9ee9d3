"""Four people: ana and ben are regular users, sue is support, stan is staff."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from uuid import UUID

from argon2 import PasswordHasher

from chatapp.core import accounts
from chatapp.db import session, transaction
from chatapp.models import User

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Person:
    id: UUID
    username: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Token {self.token}"}

    @property
    def user(self) -> User:
        return session.get_one(User, self.id)


@dataclass(frozen=True)
class People:
    ana: Person
    ben: Person
    sue: Person
    stan: Person


def settle() -> People:
    """Create them, in the current application."""
    with transaction():
        return People(
            ana=_person("ana", "Ana Almond"),
            ben=_person("ben", "Ben Birch"),
            sue=_person("sue", "Sue Support", is_support=True),
            stan=_person("stan", "Stan Staff", is_staff=True),
        )


def _person(name: str, full_name: str, **roles: bool) -> Person:
    user = User(
        username=name, full_name=full_name, email=f"{name}@corp-mail.eu", password_hash=_password_hash(), **roles
    )
    with transaction():
        session.add(user)
    return Person(user.id, name, accounts.create_token(user, "tests"))


@cache
def _password_hash() -> str:
    return PasswordHasher(time_cost=1, memory_cost=64).hash(PASSWORD)
