"""The audit trail: who read, exported, changed what, and whether the chain of records is whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

import orjson
from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from chatapp.core import accounts, audit, audit_chain, exports
from chatapp.core.audit import AuditFilter
from chatapp.core.snapshots import time_json
from chatapp.db import now
from chatapp.models import AuditRecord, User
from chatapp.values import Json
from chatapp.web import downloads
from chatapp.web.admin import bp
from chatapp.web.admin.access import staff_only
from chatapp.web.admin.filters import Asked
from chatapp.web.auth import signed_in_user
from chatapp.web.csv_files import Cell, csv_file

COLUMNS = ("number", "created", "event", "actor", "target_user", "object", "details", "hash")


@bp.get("/audit/")
@staff_only
def audit_trail() -> ResponseReturnValue:
    asked = Asked()
    records, has_older = audit.page(_wanted(asked), asked.place("before"))
    return render_template(
        "admin/audit.html",
        records=records,
        next=str(records[-1].number) if has_older else "",
        people=_people(records),
        events=audit.events(),
        chain=audit_chain.head(),
        errors=asked.errors,
    )


@bp.post("/audit/check/")
@staff_only
def check_audit_trail() -> ResponseReturnValue:
    check = audit.check(signed_in_user())
    flash(check.fault or f"{check.records:,} records were checked: none was removed or changed.")
    return redirect(url_for("admin.audit_trail"), 303)


@bp.get("/audit/export.csv")
@staff_only
def export_audit_csv() -> ResponseReturnValue:
    rows = (_cells(record) for record in _exported("csv"))
    return csv_file(exports.file_name("audit", now(), "csv"), COLUMNS, rows)


@bp.get("/audit/export.jsonl")
@staff_only
def export_audit_jsonl() -> ResponseReturnValue:
    lines = (orjson.dumps(_json(record)) + b"\n" for record in _exported("jsonl"))
    return downloads.file_of(lines, exports.file_name("audit", now(), "jsonl"), "application/jsonl")


def _wanted(asked: Asked) -> AuditFilter:
    return AuditFilter(
        event=asked.text("event") or None,
        actor_id=asked.person("actor"),
        target_user_id=asked.person("target"),
        first=asked.day("after_day"),
        last=asked.day("before_day"),
    )


def _exported(form: str) -> Iterator[AuditRecord]:
    batches = audit.export(signed_in_user(), _wanted(Asked()), form)
    return (record for batch in batches for record in batch)


def _people(records: Sequence[AuditRecord]) -> dict[UUID, User]:
    """Those of them that still have an account."""
    return accounts.by_id({i for record in records for i in (record.actor_id, record.target_user_id) if i})


def _cells(record: AuditRecord) -> Iterable[Cell]:
    document = _json(record)
    details = orjson.dumps(document["details"]).decode()
    return [details if name == "details" else document[name] for name in COLUMNS]


def _json(record: AuditRecord) -> Json:
    return {
        "number": record.number,
        "created": time_json(record.created),
        "event": record.event,
        "actor": _text(record.actor_id),
        "target_user": _text(record.target_user_id),
        "object": _text(record.object_id),
        "details": record.details,
        "hash": record.hash,
    }


def _text(identity: UUID | None) -> str | None:
    return str(identity) if identity else None
