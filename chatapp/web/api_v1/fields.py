"""Fields that refuse in the words of this dialect. Bodies are strictly typed, queries are read from text (0.1, 0.4)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, TypeVar
from uuid import UUID

import orjson
from marshmallow import ValidationError, fields

from chatapp.values import Json
from chatapp.web.api_v1.problems import Problem, refusal

T = TypeVar("T")

UUID_TEXT = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,400}")
LARGEST = 2**63 - 1  # that a database counts to
YES = ("true", "1", "yes", "on", "t", "y")
NO = ("false", "0", "no", "off", "f", "n")
# PostgreSQL stores no NUL; lone surrogates are no characters.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Field(fields.Field[T]):
    """`kind` is what is said of null and of other types."""

    kind = "string_type"

    def make_error(self, key: str, **_: Any) -> ValidationError:
        return refusal("missing" if key == "required" else self.kind)


class Text(Field[str | None]):
    """Text of `shortest` to `longest` characters, without surrounding white space unless it is `raw`.

    With `blank_is_null` nothing but white space counts as null.
    """

    def __init__(
        self, longest: int, shortest: int = 0, *, raw: bool = False, blank_is_null: bool = False, **options: Any
    ) -> None:
        super().__init__(**options)
        self.longest, self.shortest = longest, shortest
        self.raw, self.blank_is_null = raw, blank_is_null

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str | None:
        if not isinstance(value, str):
            raise refusal("string_type")
        if UNSTORABLE.search(value):
            raise ValidationError([Problem("value_error", "There are characters in it that cannot be stored")])
        text = value if self.raw else value.strip()
        if self.blank_is_null and not text.strip():
            return None
        if len(text) < self.shortest:
            raise refusal("string_too_short", self.shortest)
        if len(text) > self.longest:
            raise refusal("string_too_long", self.longest)
        return text


class Uuid(Field[UUID]):
    """Any letter case, with or without hyphens."""

    kind = "uuid_parsing"

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> UUID:
        return read_uuid(value)


def read_uuid(value: Any) -> UUID:
    """Raises ValidationError."""
    if not isinstance(value, str) or not UUID_TEXT.fullmatch(value):
        raise refusal("uuid_parsing")
    return UUID(value)


class Choice(Field[str]):
    kind = "enum"

    def __init__(self, choices: Iterable[str], **options: Any) -> None:
        super().__init__(**options)
        self.choices = tuple(map(str, choices))

    def make_error(self, key: str, **_: Any) -> ValidationError:
        return refusal("missing") if key == "required" else refusal("enum", ", ".join(self.choices))

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or value not in self.choices:
            raise self.make_error("choice")
        return value


class YesOrNo(Field[bool]):
    kind = "bool_type"

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise refusal("bool_type")
        return value


class Flag(YesOrNo):
    """A yes or no of a query."""

    kind = "bool_parsing"

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool:
        word = str(value).lower()
        if word not in YES + NO:
            raise refusal("bool_parsing")
        return word in YES


class Bounded(Field[T]):
    def __init__(self, lowest: int, highest: int, **options: Any) -> None:
        super().__init__(**options)
        self.lowest, self.highest = lowest, highest

    def _within(self, number: Any) -> Any:
        if number < self.lowest:
            raise refusal("greater_than_equal", self.lowest)
        if number > self.highest:
            raise refusal("less_than_equal", self.highest)
        return number


class WholeNumber(Bounded[int]):
    kind = "int_type"

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise refusal("int_type")
        return int(self._within(value))


class Number(Bounded[float]):
    kind = "float_type"

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise refusal("float_type")
        return float(self._within(value))


class Count(Bounded[int]):
    """A whole number of a query or a header."""

    kind = "int_parsing"

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> int:
        if not WHOLE_NUMBER.fullmatch(text := str(value).strip()):
            raise refusal("int_parsing")
        return int(self._within(int(text)))


class Object(Field[Json]):
    """Any JSON object of at most so many bytes."""

    kind = "dict_type"

    def __init__(self, most_bytes: int, **options: Any) -> None:
        super().__init__(**options)
        self.most_bytes = most_bytes

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Json:
        if not isinstance(value, dict):
            raise refusal("dict_type")
        try:
            text = orjson.dumps(value)
        except TypeError as error:
            raise ValidationError([Problem("value_error", "It is nested too deeply")]) from error
        if len(text) > self.most_bytes:
            raise ValidationError([Problem("too_long", f"It should have at most {self.most_bytes} bytes as JSON")])
        if b"\\u0000" in text:
            raise ValidationError([Problem("value_error", "There are characters in it that cannot be stored")])
        return value


class Objects(Object):
    """An object of objects."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Json:
        found = super()._deserialize(value, *args, **kwargs)
        faults = {name: [Problem.of("dict_type")] for name, entry in found.items() if not isinstance(entry, dict)}
        if faults:
            raise ValidationError(faults)
        return found


class Section(fields.Nested):
    """An object inside of a body, read by a schema of its own."""

    def make_error(self, key: str, **_: Any) -> ValidationError:
        return refusal("missing" if key == "required" else "dict_type")

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(value, dict):
            raise refusal("dict_type")
        return super()._deserialize(value, *args, **kwargs)


class Items(fields.List[T]):
    """A list of at most `most` elements."""

    def __init__(self, element: Field[T], most: int, **options: Any) -> None:
        super().__init__(element, **options)
        self.most = most

    def make_error(self, key: str, **_: Any) -> ValidationError:
        return refusal("missing" if key == "required" else "list_type")

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            raise refusal("list_type")
        if len(value) > self.most:
            raise refusal("too_long", self.most)
        return list(super()._deserialize(value, *args, **kwargs))
