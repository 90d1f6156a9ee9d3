"""How a request is read: size and type of its body first, then path, query, headers and body together (0.2, 0.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, wraps
from typing import Any, TypeVar

import orjson
from flask import request
from marshmallow import EXCLUDE, Schema, ValidationError, fields, pre_load
from werkzeug.exceptions import UnsupportedMediaType

from chatapp.values import Json
from chatapp.web.api_v1.fields import read_uuid
from chatapp.web.api_v1.problems import Loc, Problem, Unprocessable, entries, entry
from chatapp.web.contract import reads

View = TypeVar("View", bound=Callable[..., Any])

NOTHING: Any = object()


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


class CamelCase(Schema):
    """Keys in camelCase, attributes in snake_case."""

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        field_obj.data_key = field_obj.data_key or camel(field_name)


@cache
def made(schema: type[CamelCase]) -> CamelCase:
    """A schema keeps nothing of what it reads and presents, and making one takes longer than either."""
    return schema()


class Output(CamelCase):
    """What clients get: every key is always there (turns-api 0.1)."""

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        super().on_bind_field(field_name, field_obj)
        field_obj.required = True


class Input(CamelCase):
    """What clients send: keys that nobody knows are ignored, null is as good as nothing where it has no meaning."""

    class Meta:
        unknown = EXCLUDE

    @pre_load
    def _without_nulls(self, data: Json, **_: Any) -> Json:
        optional = {f.data_key for f in self.load_fields.values() if not f.required and not f.allow_none}
        return {key: value for key, value in data.items() if value is not None or key not in optional}


class Headers(Input):
    """Headers by their own names, which are the keys of its fields."""


def takes(
    *, query: type[Input] | None = None, headers: type[Headers] | None = None, body: type[Input] | None = None
) -> Callable[[View], View]:
    """The view gets the ids of its path, and `query`, `headers` and `body` as their schemas read them.

    Raises RequestEntityTooLarge, UnsupportedMediaType, and Unprocessable with every failing field.
    """
    schemas = {"query": query, "headers": headers, "body": body}
    given = {name: schema for name, schema in schemas.items() if schema}

    def decorate(view: View) -> View:
        @wraps(view)
        def read(**path: str) -> Any:
            return view(**_read(path, {name: made(schema) for name, schema in given.items()}))

        decorated: Any = read
        for name, schema in given.items():
            decorated = reads(schema, name)(decorated)
        return decorated  # type: ignore[no-any-return]

    return decorate


def _read(path: Mapping[str, str], schemas: Mapping[str, Schema]) -> Json:
    text = _body() if "body" in schemas else b""
    found: Json = {}
    wrong: list[Json] = []
    for name, value in path.items():
        try:
            found[name] = read_uuid(value)
        except ValidationError as error:
            wrong += entries(("path", name), error.messages)
    for name, schema in schemas.items():
        loc: Loc = ("header",) if name == "headers" else (name,)
        try:
            found[name] = schema.load(_raw(name, schema, text))
        except ValidationError as error:
            wrong += entries(loc, error.messages)
        except Unprocessable as error:
            wrong += error.detail
    if wrong:
        raise Unprocessable(wrong)
    return found


def _raw(name: str, schema: Schema, text: bytes) -> Json:
    if name == "query":
        return request.args.to_dict()
    if name == "headers":
        return dict(_headers(schema))
    if not text:
        return {}
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Unprocessable([entry(("body", error.pos), Problem.of("json_invalid", error.msg))]) from error
    if not isinstance(document, dict):
        raise Unprocessable.of("body", type="dict_type")
    return document


def _headers(schema: Schema) -> Iterator[tuple[str, str]]:
    for field in schema.load_fields.values():
        name = str(field.data_key)
        if (value := request.headers.get(name)) is not None:
            yield name, value


def _body() -> bytes:
    text = request.get_data()
    if text and not request.is_json:
        raise UnsupportedMediaType
    return text
