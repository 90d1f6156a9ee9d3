"""What an address asks for, as plain values; whatever is not one is as if it were not there."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from flask import request

E = TypeVar("E", bound=StrEnum)


def text(name: str) -> str:
    return request.args.get(name, "").replace("\x00", "").strip()[:200]


def identity(name: str) -> UUID | None:
    return request.args.get(name, type=UUID)


def identities(name: str) -> list[UUID]:
    return request.args.getlist(name, type=UUID)


def words(name: str, kind: type[E]) -> list[E]:
    """Those of the given words that are of that kind."""
    return [kind(value) for value in request.args.getlist(name) if value in list(kind)]
