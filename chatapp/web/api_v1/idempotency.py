"""`Idempotency-Key`: its syntax, and creates that may be repeated (turns-api 0.9, 4.6)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

import orjson
from flask import request

from chatapp.core import idempotency
from chatapp.errors import KeyReused
from chatapp.values import Json
from chatapp.web.api_v1.auth import caller
from chatapp.web.api_v1.fields import Field
from chatapp.web.api_v1.problems import Unprocessable, refusal, value_error
from chatapp.web.api_v1.reading import Headers

NAME = "Idempotency-Key"
REPLAYED = {"Idempotent-Replayed": "true"}
LONGEST = 255
PRINTABLE = re.compile(r"[\x20-\x7e]*")


class Key(Field[str]):
    """1 to 255 printable ASCII characters; quotes around them do not count."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise refusal("string_type")
        key = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
        if not key:
            raise refusal("string_too_short", 1)
        if len(key) > LONGEST:
            raise refusal("string_too_long", LONGEST)
        if not PRINTABLE.fullmatch(key):
            raise value_error("Input should be printable ASCII characters")
        return key


class KeyHeaders(Headers):
    idempotency_key = Key(data_key=NAME, load_default=None)


def reused(*loc: str) -> Unprocessable:
    return Unprocessable.of(*(loc or ("header", NAME)), type="idempotency_key_reuse")


def once(key: str | None, content: Json, status: int, make: Callable[[], Json]) -> tuple[Json, int, dict[str, str]]:
    """The document that `make` makes, or made when the same caller came with the same key before.

    Raises Unprocessable for a key of other content, Conflict while the first request is being handled.
    """
    if key is None:
        return make(), status, {}
    user, scope = caller(), f"{request.method} {request.path.lower()}"
    fingerprint = hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
    try:
        kept = idempotency.claim(user, scope, key, fingerprint)
    except KeyReused as error:
        raise reused() from error
    if kept and kept.status and kept.document is not None:
        return kept.document, kept.status, REPLAYED
    try:
        document = make()
    except BaseException:
        idempotency.let_go(user, scope, key)
        raise
    idempotency.keep(user, scope, key, status, document)
    return document, status, {}
