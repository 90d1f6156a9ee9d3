"""How input is read: bodies, queries, and fields that refuse in the words of this dialect (waldur 0.1, 0.4)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from reprlib import repr as abridged
from typing import Any, NoReturn

from flask import Request
from marshmallow import EXCLUDE, Schema, ValidationError, fields
from webargs.flaskparser import FlaskParser
from webargs.multidictproxy import MultiDictProxy
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from chatapp.web.contract import reads

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
# PostgreSQL stores no NUL, UTF-8 has no lone surrogates.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
MAX_NUMBER = 2**63 - 1


class Parser(FlaskParser):
    """Reads `body` and `query`; raises ValidationError, BadRequest, UnsupportedMediaType."""

    __location_map__ = {"body": "load_body", "query": "load_filters"}

    def use_args(self, argmap: Any, *args: Any, location: str | None = None, **options: Any) -> Callable[..., Any]:
        """As webargs has it, with one instance of the schema for all requests; it is noted on the view too."""
        schema = argmap() if isinstance(argmap, type) else argmap
        decorate = super().use_args(schema, *args, location=location, **options)
        return lambda view: reads(argmap, location or self.location)(decorate(view))

    def load_body(self, req: Request, schema: Schema) -> Any:
        if req.mimetype in FORMS:
            return self._makeproxy(req.form, schema)
        data = req.get_data()
        if not data:
            return {}
        if not req.is_json:
            raise UnsupportedMediaType(f'Unsupported media type "{req.mimetype}" in request.')
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise BadRequest(f"JSON parse error - {error}") from error

    def load_filters(self, req: Request, schema: Schema) -> MultiDictProxy:
        """The query; a parameter without a value counts as not given."""
        given = MultiDict((name, value) for name, value in req.args.items(multi=True) if value)
        return self._makeproxy(given, schema)

    def handle_error(self, error: ValidationError, req: Request, schema: Schema, **_: Any) -> NoReturn:
        (messages,) = error.messages_dict.values()  # webargs puts them under the location
        raise ValidationError(messages)


parser = Parser()


class Input(Schema):
    """What clients send. Keys that nobody knows are ignored."""

    class Meta:
        unknown = EXCLUDE


WORDS: dict[str, Any] = {
    "required": "This field is required.",
    "null": "This field may not be null.",
    "blank": "This field may not be blank.",
    "invalid": "Not a valid string.",
    "invalid_uuid": "Must be a valid UUID.",
    "characters": "This field has characters that cannot be stored.",
    "max_length": "Ensure this field has no more than {max_length} characters.",
    "choice": '"{input}" is not a valid choice.',
    "boolean": "Must be a valid boolean.",
    "whole_number": "A valid integer is required.",
    "too_large": "Ensure this value is less than or equal to {maximum}.",
}


class AnyText(fields.String):
    """Text as it was given, "" included."""

    default_error_messages = WORDS

    def __init__(self, *, max_length: int, **options: Any) -> None:
        super().__init__(**options)
        self.max_length = max_length

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text = self._tidied(str(super()._deserialize(value, *args, **kwargs)))
        if len(text) > self.max_length:
            raise self.make_error("max_length", max_length=self.max_length)
        if UNSTORABLE.search(text):
            raise self.make_error("characters")
        return text

    def _tidied(self, text: str) -> str:
        return text


class Text(AnyText):
    """Text without surrounding white space, at least one character long."""

    def _tidied(self, text: str) -> str:
        text = text.strip()
        if not text:
            raise self.make_error("blank")
        return text


class Uuid(fields.UUID):
    """Either spelling of a UUID, in any case."""

    default_error_messages = WORDS


class Choice(fields.Field[str]):
    """One of a few words."""

    default_error_messages = WORDS

    def __init__(self, choices: Collection[str], **options: Any) -> None:
        super().__init__(**options)
        self.choices = choices

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("choice", input=abridged(value))  # however deep it is nested
        if value not in self.choices:
            raise self.make_error("choice", input=UNSTORABLE.sub("?", value))
        return value


class YesOrNo(fields.Field[bool]):
    """true or false, and nothing that resembles them."""

    default_error_messages = WORDS

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("boolean")
        return value


class WholeNumber(fields.Field[int]):
    """A number without a fraction, or its digits as text; not above what a database counts to."""

    default_error_messages = WORDS

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise self.make_error("whole_number")
        try:
            number = int(value)
        except ValueError as error:
            raise self.make_error("whole_number") from error
        if number > MAX_NUMBER:
            raise self.make_error("too_large", maximum=MAX_NUMBER)
        return number
