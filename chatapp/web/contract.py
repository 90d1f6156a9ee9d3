"""What a view reads and answers, noted on the view itself. The description of the API is derived from these notes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from marshmallow import Schema

View = TypeVar("View", bound=Callable[..., Any])

JSON = "application/json"
READS = "reads"
ANSWERS = "answers"


@dataclass(frozen=True, slots=True)
class answers:
    """Notes how a view answers when all is well, and the refusals that its path and its input do not tell.

    No schema: the answer has no body. `or_nothing`: there may be nothing to answer, which is 204 then.
    """

    schema: type[Schema] | None = None
    status: int = 200
    many: bool = False
    paged: bool = False
    mimetype: str = JSON
    refusals: tuple[int, ...] = ()
    or_nothing: bool = False

    def __call__(self, view: View) -> View:
        vars(view)[ANSWERS] = self
        return view


def reads(schema: type[Schema], location: str) -> Callable[[View], View]:
    """Notes that a view reads its "body" or its "query" with this schema. The parser's `use_args` does so itself."""

    def note(view: View) -> View:
        vars(view)[READS] = {**reading_of(view), location: schema}
        return view

    return note


def reading_of(view: Callable[..., Any]) -> Mapping[str, type[Schema]]:
    """The schemas of a view's input by location."""
    found: Mapping[str, type[Schema]] = vars(view).get(READS, {})
    return found


def answer_of(view: Callable[..., Any]) -> answers:
    """How the view answers. Raises KeyError when that is not noted."""
    noted: answers = vars(view)[ANSWERS]
    return noted
