"""The audit trail as a chain: whoever removes, changes or inserts a record breaks it (docs/adr/0019-audit-chain.md).

A record's hash covers its content and the hash before. The end of the chain stands in one row, which is locked as the
last thing of the transactions that add to it.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import func, insert, select

from chatapp.db import keep_others_out, new_id, now, session, transaction
from chatapp.models import AuditChain, AuditRecord

GENESIS = "0" * 64
BATCH = 500
UNREACHED = 2**63 - 1  # no record will have this number
STEP = timedelta(microseconds=1)
CONTENT = (
    AuditRecord.id,
    AuditRecord.number,
    AuditRecord.event,
    AuditRecord.actor_id,
    AuditRecord.target_user_id,
    AuditRecord.object_id,
    AuditRecord.details,
    AuditRecord.created,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What will be a record."""

    event: str
    actor_id: UUID | None
    target_user_id: UUID | None
    object_id: UUID
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Check:
    """What a look at the whole chain has found. `fault` says where it is broken first; empty: nowhere."""

    records: int
    hash: str
    fault: str = ""


def append(entries: Sequence[Entry]) -> None:
    """Store the entries at the end of the chain. Called at the end of a transaction: others wait until it is stored."""
    head = _locked()
    rows = []
    for entry in entries:
        # Always later than the record before, also where clocks of several machines differ.
        moment = now() if head.last_at is None else max(now(), head.last_at + STEP)
        row: dict[str, Any] = {
            "id": new_id(),
            "number": head.number + 1,
            "event": entry.event,
            "actor_id": entry.actor_id,
            "target_user_id": entry.target_user_id,
            "object_id": entry.object_id,
            "details": orjson.loads(orjson.dumps(entry.details)),
            "created": moment,
        }
        row["hash"] = digest(head.hash, row)
        head.number, head.hash, head.last_at = row["number"], row["hash"], moment
        rows.append(row)
    session.connection().execute(insert(AuditRecord), rows)
    session.flush()


def digest(previous: str, row: Mapping[Any, Any]) -> str:
    """SHA-256 over the hash before and the record in a form that every database gives back."""
    content = {
        "number": row["number"],
        "id": row["id"].hex,
        "event": row["event"],
        "actor": row["actor_id"] and row["actor_id"].hex,
        "target": row["target_user_id"] and row["target_user_id"].hex,
        "object": row["object_id"] and row["object_id"].hex,
        "details": _stable(row["details"]),
        "created": row["created"].astimezone(UTC).isoformat(timespec="microseconds"),
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


def head() -> AuditChain | None:
    """The end of the chain and the last check; None while nothing was ever recorded."""
    return session.get(AuditChain, 1, populate_existing=True)


def verify() -> Check:
    """Read the whole trail, in batches. Records that are added meanwhile are not looked at."""
    end = head()
    until, expected = (end.number, end.hash) if end else (0, GENESIS)
    number, previous = 0, GENESIS
    while number < until:
        query = select(*CONTENT, AuditRecord.hash).where(AuditRecord.number > number, AuditRecord.number <= until)
        found = session.execute(query.order_by(AuditRecord.number).limit(BATCH)).mappings().all()
        for record in found:
            if fault := _fault(record, number, previous):
                return Check(number, previous, fault)
            number, previous = record["number"], record["hash"]
        time.sleep(0)  # answers are being written in this process
        if not found:
            return Check(number, previous, f"Record {number + 1} is missing, and with it everything up to {until}.")
    if previous != expected:
        return Check(number, previous, f"Record {number} is not the one that the chain ended with.")
    return Check(number, previous, _surplus())


def verify_and_note() -> Check:
    """The same; what came of it is kept for the page of the trail."""
    check = verify()
    keep(check)
    return check


def keep(check: Check) -> None:
    """For the page of the trail: what came of the latest look, and when that was."""
    with transaction():
        end = _locked()
        end.checked_at, end.checked_number, end.fault = now(), check.records, check.fault


def compare(number: int, digest: str) -> str:
    """What is wrong with a record whose hash was noted elsewhere; empty: nothing."""
    found = session.scalar(select(AuditRecord.hash).where(AuditRecord.number == number))
    if found is None:
        return f"Record {number} is missing." if number else ""
    return "" if found == digest else f"Record {number} is not the one that was noted."


def _fault(record: Mapping[Any, Any], last: int, previous: str) -> str:
    if record["number"] != last + 1:
        return f"Record {last + 1} is missing."
    if record["hash"] != digest(previous, record):
        return f"Record {record['number']} was changed, or the one before it was replaced."
    return ""


def _surplus() -> str:
    """One statement, so that nobody adds a record in between."""
    end = select(AuditChain.number).scalar_subquery()
    row = session.execute(select(func.max(AuditRecord.number), end)).one()
    last, known = row[0] or 0, row[1] or 0
    return f"Record {known + 1} was inserted behind the end of the chain." if last > known else ""


def _locked() -> AuditChain:
    query = select(AuditChain).with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found:
        return found
    keep_others_out(AuditChain)
    return session.scalar(query) or _begun()


def _begun() -> AuditChain:
    """For the first record of all; or somebody has removed the row, and then what is missing before it will show."""
    last = session.scalar(select(AuditRecord).order_by(AuditRecord.number.desc()).limit(1))
    number, end, moment = (last.number, last.hash, last.created) if last else (0, GENESIS, None)
    row = AuditChain(id=1, number=number, hash=end, last_at=moment)
    session.add(row)
    session.flush()
    return row


def _stable(value: Any) -> Any:
    """Without the difference between 1 and 1.0, which JSONB does not always keep."""
    if isinstance(value, dict):
        return {key: _stable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_stable(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
