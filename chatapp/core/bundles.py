"""A turn as a file for a bug report: what happened and when, without a word of what was said."""

from __future__ import annotations

import platform
import zipfile
from collections.abc import Collection
from importlib import metadata
from io import BytesIO

import orjson

from chatapp import config
from chatapp.core import bundle_fields
from chatapp.core.inspections import Inspection, Timed
from chatapp.core.redaction import Redactor
from chatapp.core.snapshots import time_json, turn_json
from chatapp.core.timelines import origin
from chatapp.db import session
from chatapp.models import ToolApproval
from chatapp.values import Audience, Json
from chatapp.version import __version__

FORMAT = 1
INDENT = orjson.OPT_INDENT_2
PACKAGES = ("flask", "sqlalchemy", "psycopg", "gunicorn", "gevent", "anthropic", "htmx-flask")
# Numbers and choices: none of them names anybody or anything.
SETTINGS = (
    "workers",
    "worker_class",
    "anthropic_max_tokens",
    "anthropic_read_timeout",
    "context_tokens",
    "merge_interval",
    "poll_interval",
    "heartbeat",
    "lease_renewal",
    "lease_expiry",
    "idle_limit",
    "turn_limit",
    "tool_timeout",
    "tool_result_characters",
    "approval_wait",
    "title_wait",
    "event_retention_hours",
)
README = """A turn of chatapp, for a bug report.

turn.json         the turn, its question and answer, approvals, and when what happened (milliseconds since the epoch)
events.jsonl      its events in order: number, milliseconds since the question arrived, the event
environment.json  the program and what it runs on

A text stands as <length:hash>. The same text has the same hash in this file and in no other. Names of fields and
numbers in what tools were given and gave are texts as well. "left_out" counts fields that are not shown.
"""


def pack(inspection: Inspection, tool_names: Collection[str]) -> bytes:
    """A ZIP archive. `tool_names` are those that the program knows: they are kept."""
    models = {inspection.turn.model, *(call["model"] for call in inspection.trace.get("calls", ()))}
    redactor = Redactor(inspection.turn.id, {*tool_names, *filter(None, models)})
    files = {
        "README.txt": README.encode(),
        "turn.json": orjson.dumps(redactor.pick(bundle_fields.WHOLE, _whole(inspection)), option=INDENT),
        "events.jsonl": b"".join(
            orjson.dumps(_line(redactor, inspection, timed)) + b"\n" for timed in inspection.events
        ),
        "environment.json": orjson.dumps(_environment(), option=INDENT),
    }
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _line(redactor: Redactor, inspection: Inspection, timed: Timed) -> Json:
    event, at, *_ = timed
    rules = bundle_fields.EVENTS.get(event.type)
    told: Json = {"type": redactor.text(event.type)}
    if rules is not None:
        content = {name: value for name, value in event.data.items() if name != "type"}
        told = {"type": event.type} | redactor.pick(rules, content)
    return {"seq": event.seq, "ms": None if at is None else at - origin(inspection), "event": told}


def _whole(inspection: Inspection) -> Json:
    turn, question, answer = inspection.turn, inspection.question, inspection.answer
    audience = Audience.of(inspection.asker.is_staff, inspection.asker.is_support)[-1]
    return {
        "turn": turn_json(turn),
        "mode": turn.mode,
        "finish_reason": turn.finish_reason,
        "first_token_ms": turn.first_token_ms,
        "usage_exact": turn.usage_exact,
        "is_retold": inspection.is_retold,
        "asker": {"role": str(audience)},
        "title": inspection.title,
        "prompt": turn.prompt,
        "question": question
        and {
            "content": question.content,
            "place": question.sequence_index,
            "flagged": question.is_flagged,
            "severity": question.severity,
            "action": question.action_taken,
            "score": question.injection_score,
            "categories": [*question.injection_categories, *question.pii_categories],
        },
        "answer": answer
        and {
            "content": answer.content,
            "place": answer.sequence_index,
            "interrupted": answer.interrupted,
            "blocks": [block.get("key", "") for block in answer.blocks],
        },
        "approvals": [_approval(approval) for approval in inspection.approvals],
        "trace": inspection.trace,
    }


def _approval(approval: ToolApproval) -> Json:
    return {
        "call": approval.call_id,
        "tool": approval.tool,
        "status": approval.status,
        "reason": approval.reason,
        "created": time_json(approval.created),
        "decided": time_json(approval.decided_at) if approval.decided_at else None,
    }


def _environment() -> Json:
    settings = config.current()
    dialect = session.get_bind().dialect
    database = getattr(dialect, "server_version_info", None) or ()
    return {
        "format": FORMAT,
        "chatapp": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "database": {"kind": dialect.name, "version": ".".join(map(str, database))},
        "provider": settings.provider_in_force,
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "settings": {name: getattr(settings, name) for name in SETTINGS},
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
