"""Guessing passwords is slow: attempts are counted by name and by address, for all processes together.

An attempt counts before its password is looked at, so that many at once do not slip through, and is taken back when
it was right. Names that nobody has count like others: being refused tells nothing. One address has few attempts at one
name; a name from everywhere, and an address for all names, have many: neither may be shut for others at little cost.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address
from uuid import UUID

from sqlalchemy import Executable, case, delete, select, update

from chatapp.core.quotas import upsert
from chatapp.db import now, session, transaction
from chatapp.errors import TooManyAttempts
from chatapp.models import SignInFailures

WINDOW = timedelta(minutes=15)
MOST_BY_BOTH, MOST_BY_NAME, MOST_BY_ADDRESS = 10, 100, 100
MOST_PROOFS = 10  # from everywhere: who is asked for one has signed in, or knows the password


def attempt(username: str, address: str) -> None:
    """Count an attempt to sign in. Raises TooManyAttempts, which says when there may be another."""
    _count(_limits(username, address))


def attempt_proof(kind: str, user_id: UUID) -> None:
    """Count an attempt of somebody who is known to prove who they are: a code, the password once more.

    Raises TooManyAttempts.
    """
    _count({_key(kind, str(user_id)): MOST_PROOFS})


def proof_succeeded(kind: str, user_id: UUID) -> None:
    """What failed before is forgotten."""
    with transaction():
        session.execute(delete(SignInFailures).where(SignInFailures.key == _key(kind, str(user_id))))


def succeeded(username: str, address: str) -> None:
    """The attempt was right: it does not count, and what failed before at this name from there is forgotten."""
    both, *others = _limits(username, address)
    keys = SignInFailures.key.in_([both, *others])
    with transaction():
        # In the order in which attempts take them: two who wait for each other would never end.
        session.execute(select(SignInFailures.key).where(keys).order_by(SignInFailures.key).with_for_update())
        session.execute(delete(SignInFailures).where(SignInFailures.key == both))
        taken_back = update(SignInFailures).where(SignInFailures.key.in_(others), SignInFailures.amount > 0)
        session.execute(taken_back.values(amount=SignInFailures.amount - 1))


def forget_old() -> int:
    """Delete what no longer counts; how much there was."""
    with transaction():
        gone = delete(SignInFailures).where(SignInFailures.period < _window(now()))
        return len(session.scalars(gone.returning(SignInFailures.key)).all())


def _count(limits: dict[str, int]) -> None:
    moment = now()
    with transaction():
        counts = session.execute(_counting(sorted(limits), _window(moment))).all()
    if any(amount > limits[key] for key, amount in counts):
        raise TooManyAttempts(_window(moment) + WINDOW)


def _limits(username: str, address: str) -> dict[str, int]:
    """How many attempts each key has, that of both together first."""
    name, place = username.strip().lower(), _network(address)
    return {
        _key("both", name, place): MOST_BY_BOTH,
        _key("name", name): MOST_BY_NAME,
        _key("address", place): MOST_BY_ADDRESS,
    }


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()


def _network(address: str) -> str:
    """Whoever has one IPv6 address has 2^64 of them."""
    try:
        number = ip_address(address)
    except ValueError:
        return address
    return str(IPv6Network((number, 64), strict=False)) if isinstance(number, IPv6Address) else address


def _window(moment: datetime) -> datetime:
    return moment - timedelta(seconds=moment.timestamp() % WINDOW.total_seconds())


def _counting(keys: list[str], period: datetime) -> Executable:
    row = upsert(SignInFailures).values([{"key": key, "period": period, "amount": 1} for key in keys])
    is_current = SignInFailures.period == row.excluded.period
    amount = case((is_current, SignInFailures.amount), else_=0) + 1
    changes = {"period": row.excluded.period, "amount": amount}
    row = row.on_conflict_do_update(index_elements=[SignInFailures.key], set_=changes)
    statement: Executable = row.returning(SignInFailures.key, SignInFailures.amount)
    return statement
