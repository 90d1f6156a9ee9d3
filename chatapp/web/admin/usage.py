"""What is used: charts and tables by day, model and person, each as CSV too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from babel.dates import format_date, format_skeleton
from babel.numbers import format_currency
from flask import Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from chatapp.core import accounts, audit, usage
from chatapp.core.usage import Figures, Line, Report, Scope, Span
from chatapp.db import now
from chatapp.errors import NotFound
from chatapp.models.figures import WAIT_BOUNDS
from chatapp.web.admin import bp
from chatapp.web.admin.access import staff_and_support
from chatapp.web.admin.charts import Chart, Series, chart
from chatapp.web.auth import signed_in_user
from chatapp.web.csv_files import Cell, csv_file

SPAN_NAMES = {"7": "The last 7 days", "30": "The last 30 days", "90": "The last 90 days", "12m": "The last 12 months"}
LONGEST_WAIT = WAIT_BOUNDS[-1]
CSV_HEAD = (
    *("answers", "completed", "failed", "cancelled", "input tokens", "cached input tokens", "output tokens"),
    *("cost in USD", "answers of unknown cost", "answers with estimated tokens"),
    *("median seconds to first text", "95 % of first texts within seconds", "thumbs up", "thumbs down"),
)


class Row(NamedTuple):
    """A line of a table, and where its name leads."""

    name: str
    address: dict[str, str]
    figures: Figures


@bp.get("/usage/")
@staff_and_support
def usage_page() -> ResponseReturnValue:
    span, scope, subject = _wanted()
    report = usage.report(span, scope)
    return render_template(
        "admin/usage.html",
        report=report,
        charts=_charts(report),
        subject=subject,
        spans=SPAN_NAMES,
        arguments={
            name: value for name, value in request.args.items() if name in ("span", "model", "prompt", "person")
        },
        models=[_row(line, "model", "Unknown model") for line in report.models],
        prompts=[_row(line, "prompt", "Without a prompt") for line in report.prompts],
        people=[_row(line, "person") for line in report.people],
        unpriced=[line.name or "unknown" for line in report.models if line.figures.unpriced],
        most_people=usage.TOP_PEOPLE,
        dollars=dollars,
        seconds=seconds,
        share=share,
    )


@bp.get("/usage/export.csv")
@staff_and_support
def export_usage() -> ResponseReturnValue:
    span, scope, _ = _wanted()
    table = request.args.get("table", "days")
    tables: dict[str, Callable[[], Response]] = {
        "days": lambda: _file(span, "days", "begin", _days(span, scope)),
        "models": lambda: _file(span, "models", "model", _lines(usage.models(span))),
        "prompts": lambda: _file(span, "prompts", "prompt", _lines(usage.prompts(span))),
        "people": lambda: _file(span, "people", "user name", _lines(usage.people(span))),
    }
    if table not in tables:
        abort(404)
    user = signed_in_user()
    audit.record("usage_exported", user, object_id=user.id, table=table, span=span.name)
    return tables[table]()


def dollars(figures: Figures) -> str:
    """What is known of the cost."""
    digits = "¤#,##0.00" if figures.dollars >= 1 or not figures.cost else "¤#,##0.0000"
    return format_currency(figures.dollars, "USD", digits, signed_in_user().locale, currency_digits=False)


def seconds(value: float | None) -> str:
    if value is None:
        return "–"
    return f"over {LONGEST_WAIT:.0f} s" if value > LONGEST_WAIT else f"{value:.1f} s"


def share(part: float | None) -> str:
    return "–" if part is None else f"{part:.0%}"


def _wanted() -> tuple[Span, Scope, str]:
    """What the address asks for, and what that is called; 404 for what does not exist."""
    span, given = Span.of(request.args.get("span", "")), request.args
    try:
        if "person" in given:
            person = accounts.require_user(UUID(given["person"]))
            return span, Scope(user_id=person.id), f"what {person.username} asked"
        if prompt := given.get("prompt"):
            return span, Scope(prompt=str(UUID(prompt))), f"answers of {usage.prompt_name(UUID(prompt))}"
    except (ValueError, NotFound):
        abort(404)
    if "prompt" in given:
        return span, Scope(prompt=""), "answers without a prompt"
    if "model" in given:
        return span, Scope(model=given["model"]), f"answers of {given['model'] or 'unknown models'}"
    return span, Scope(), ""


def _charts(report: Report) -> list[Chart]:
    """Cost, people and ratings only where there is something to tell of them."""
    labels = [_label(begin, report.span) for begin in report.series]
    figures = list(report.series.values())

    def series(name: str, look: str, value: Callable[[Figures], float | None]) -> Series:
        return Series(name, look, [value(one) for one in figures])

    tokens = [series("Output", "one", lambda f: f.output_tokens), series("Input", "two", lambda f: f.input_tokens)]
    ends = [
        series("Completed", "one", lambda f: f.completed),
        series("Cancelled", "two", lambda f: f.cancelled),
        series("Failed", "bad", lambda f: f.failed),
    ]
    waits = [series("95 % within", "two", lambda f: f.wait(0.95)), series("Half within", "one", lambda f: f.wait(0.5))]
    ratings = [series("Thumbs up", "one", lambda f: f.up), series("Thumbs down", "bad", lambda f: f.down)]
    cost = [series("Cost", "one", lambda f: float(f.dollars))]
    found = [
        chart("tokens", "Tokens", labels, tokens),
        chart("cost", "Cost", labels, cost, _price),
        chart("answers", "Answers", labels, ends),
        chart("people", "People", labels, [series("People", "one", lambda f: f.people)]),
        chart("waits", "Time to first text", labels, waits, seconds, stacked=False),
        chart("ratings", "Ratings", labels, ratings),
    ]
    return [one for one in found if not (one.is_empty and one.key in ("cost", "people", "waits", "ratings"))]


def _price(value: float) -> str:
    return format_currency(value, "USD", "¤#,##0.00##", signed_in_user().locale, currency_digits=False)


def _label(begin: date, span: Span) -> str:
    if span.by_month:
        return str(format_skeleton("yMMM", begin, locale=signed_in_user().locale))
    return str(format_date(begin, "medium", signed_in_user().locale))


def _row(line: Line, argument: str, unnamed: str = "") -> Row:
    address = {"span": request.args.get("span", usage.DEFAULT_SPAN), argument: line.key}
    return Row(line.name or unnamed, address, line.figures)


def _days(span: Span, scope: Scope) -> Iterable[tuple[str, Figures]]:
    return ((begin.isoformat(), figures) for begin, figures in usage.series(span, scope).items())


def _lines(lines: Iterable[Line]) -> Iterable[tuple[str, Figures]]:
    return ((line.name, line.figures) for line in lines)


def _file(span: Span, table: str, key: str, rows: Iterable[tuple[str, Figures]]) -> Response:
    name = f"usage-{table}-{span.first}-{span.last}-{now():%Y%m%d}.csv"
    return csv_file(name, (key, *CSV_HEAD), ((first, *_cells(figures)) for first, figures in rows))


def _cells(f: Figures) -> Sequence[Cell]:
    return (
        *(f.turns, f.completed, f.failed, f.cancelled, f.input_tokens, f.cached_input_tokens, f.output_tokens),
        *(f"{f.dollars:f}", f.unpriced, f.estimated, _rounded(f.wait(0.5)), _rounded(f.wait(0.95)), f.up, f.down),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
