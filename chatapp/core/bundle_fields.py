"""What of a turn may be seen in a bundle (core/bundles.py). A field that is not here is left out."""

from __future__ import annotations

from collections.abc import Mapping

from chatapp.core.redaction import (
    Rule,
    block,
    call,
    category,
    code,
    cost,
    fields,
    identifier,
    name,
    number,
    several,
    shape,
    text,
    time,
    timezone,
)

USAGE: Mapping[str, Rule] = {
    "inputTokens": number,
    "cachedInputTokens": number,
    "outputTokens": number,
    "totalCost": cost,
}
SETTINGS: Mapping[str, Rule] = {
    "mode": code,
    "timezone": timezone,
    "onActive": code,
    "agentSpecId": identifier,
    "attachmentIds": several(identifier),
    "targetMessageId": identifier,
    "partialTextApplied": number,
    "modelSettings": fields({"temperature": number, "maxTokens": number}),
    "inputGuard": fields({"flagged": number, "action": code, "severity": code}),
}
ERROR: Mapping[str, Rule] = {"code": code, "message": text, "retryable": number}
# As other software sees it (core/snapshots.py).
TURN: Mapping[str, Rule] = {
    "id": identifier,
    "threadId": identifier,
    "status": code,
    "inputMessageId": identifier,
    "outputMessageId": identifier,
    "modelId": name,
    "settings": fields(SETTINGS),
    "usage": fields(USAGE),
    "error": fields(ERROR),
    "concurrencyKey": text,
    "idempotencyKey": text,
    "createdAt": time,
    "startedAt": time,
    "completedAt": time,
    "durationSeconds": number,
    "updatedAt": time,
}
RESULT: Mapping[str, Rule] = {
    "type": code,
    "summary": text,
    "data": shape,
    "ui_component": code,
    "ui_data": shape,
    "quarantined": number,
}
IN_BLOCK: Mapping[str, Rule] = {"id": block}
OF_CALL: Mapping[str, Rule] = {"toolCallId": call}
EVENTS: Mapping[str, Mapping[str, Rule]] = {
    "start": {
        "messageId": identifier,
        "messageMetadata": fields({"threadId": identifier, "turnId": identifier, "inputMessageId": identifier}),
    },
    "data-turn": {"id": identifier, "data": fields(TURN)},
    "data-warning": {"data": fields({"code": code, "message": text})},
    "start-step": {},
    "finish-step": {},
    "reasoning-start": IN_BLOCK,
    "reasoning-delta": {**IN_BLOCK, "delta": text},
    "reasoning-end": IN_BLOCK,
    "text-start": IN_BLOCK,
    "text-delta": {**IN_BLOCK, "delta": text},
    "text-end": IN_BLOCK,
    "tool-input-start": {**OF_CALL, "toolName": name},
    "tool-input-delta": {**OF_CALL, "inputTextDelta": text},
    "tool-input-available": {**OF_CALL, "toolName": name, "input": shape},
    "tool-approval-request": {**OF_CALL, "approvalId": identifier},
    "tool-output-available": {**OF_CALL, "output": fields(RESULT)},
    "tool-output-error": {**OF_CALL, "errorText": text},
    "tool-output-denied": OF_CALL,
    "data-thread": {"id": identifier, "data": fields({"title": text}), "transient": number},
    "error": {"errorText": text},
    "abort": {},
    "finish": {
        "messageMetadata": fields({"turnId": identifier, "status": code, "finishReason": code, "usage": fields(USAGE)})
    },
}
CALL: Mapping[str, Rule] = {
    "model": name,
    "outcome": code,
    "asked": number,
    "first": number,
    "closed": number,
    "ended": number,
    "usage": fields({"input": number, "cached": number, "cache_written": number, "output": number, "exact": number}),
}
TRACE: Mapping[str, Rule] = {
    "received": number,
    "checked": number,
    "first_text": number,
    "worker": text,
    "calls": several(fields(CALL)),
    "tools": lambda redactor, value: {
        redactor.call(key): several(number)(redactor, times) for key, times in value.items()
    },
    "stop": fields({"asked": number, "why": code, "worker": text}),
}
QUESTION: Mapping[str, Rule] = {
    "content": text,
    "place": number,
    "flagged": number,
    "severity": code,
    "action": code,
    "score": number,
    "categories": several(category),
}
ANSWER: Mapping[str, Rule] = {"content": text, "place": number, "interrupted": number, "blocks": several(code)}
APPROVAL: Mapping[str, Rule] = {
    "call": call,
    "tool": name,
    "status": code,
    "reason": text,
    "created": time,
    "decided": time,
}
WHOLE: Mapping[str, Rule] = {
    "turn": fields(TURN),
    "mode": code,
    "finish_reason": code,
    "first_token_ms": number,
    "usage_exact": number,
    "is_retold": number,
    "asker": fields({"role": code}),
    "title": text,
    "prompt": text,
    "question": fields(QUESTION),
    "answer": fields(ANSWER),
    "approvals": several(fields(APPROVAL)),
    "trace": fields(TRACE),
}
