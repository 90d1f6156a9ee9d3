"""A turn as other software sees it (turns-api 2.3): kept in the event log and served as it is."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from chatapp.models import Turn
from chatapp.values import Json, TurnStatus


def turn_json(turn: Turn) -> Json:
    return {
        "id": str(turn.id),
        "threadId": str(turn.thread_id),
        "status": str(turn.status),
        "inputMessageId": str(turn.input_message_id),
        "outputMessageId": _id(turn.output_message_id),
        "modelId": turn.model,
        "settings": turn.settings,
        "usage": usage_json(turn),
        "error": error_json(turn),
        "concurrencyKey": turn.concurrency_key,
        "idempotencyKey": turn.idempotency_key,
        "createdAt": time_json(turn.created),
        "startedAt": _time(turn.started_at),
        "completedAt": _time(turn.completed_at),
        "durationSeconds": _duration(turn),
        "updatedAt": time_json(turn.modified),
    }


def start_json(turn: Turn) -> Json:
    """A turn's first event."""
    ids = {"threadId": str(turn.thread_id), "turnId": str(turn.id), "inputMessageId": str(turn.input_message_id)}
    return {"type": "start", "messageId": str(turn.answer_id), "messageMetadata": ids}


def turn_event(turn: Turn) -> Json:
    """The event that tells of the turn as it is now."""
    return {"type": "data-turn", "id": str(turn.id), "data": turn_json(turn)}


def usage_json(turn: Turn) -> Json | None:
    """Null until first known, always an object in a final state (turns-api 2.3)."""
    if turn.input_tokens is None and TurnStatus(turn.status).is_active:
        return None
    return {
        "inputTokens": turn.input_tokens or 0,
        "cachedInputTokens": turn.cached_input_tokens or 0,
        "outputTokens": turn.output_tokens or 0,
        "totalCost": turn.total_cost if turn.model else "0",  # no model, no price that is unknown
    }


def error_json(turn: Turn) -> Json | None:
    if turn.error_code is None:
        return None
    return {"code": turn.error_code, "message": turn.error_message, "retryable": turn.error_retryable}


def time_json(moment: datetime) -> str:
    """RFC 3339 in UTC with the suffix Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _time(moment: datetime | None) -> str | None:
    return time_json(moment) if moment else None


def _id(value: UUID | None) -> str | None:
    return str(value) if value else None


def _duration(turn: Turn) -> float | None:
    if not (turn.started_at and turn.completed_at):
        return None
    return max(0.0, (turn.completed_at - turn.started_at).total_seconds())
