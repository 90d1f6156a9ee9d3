"""The guards' playground: what they would make of a text. It is sent in a form's body and kept nowhere."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from chatapp import guards
from chatapp.errors import Invalid
from chatapp.tools import playground
from chatapp.tools.playground import Place, Trial
from chatapp.web.admin import bp, rules
from chatapp.web.admin.access import staff_only
from chatapp.web.auth import signed_in_user
from chatapp.web.render.marking import marked

PLACES = {
    Place.QUESTION: "Somebody's question",
    Place.TOOL_RESULT: "The result of a tool",
    Place.ANSWER: "The model's answer",
}


@bp.get("/playground/")
@staff_only
def guard_playground() -> ResponseReturnValue:
    return _page()


@bp.post("/playground/")
@staff_only
def try_guards() -> ResponseReturnValue:
    try:
        return _page(playground.try_out(signed_in_user(), _text(), request.form.get("place", "")))
    except Invalid as error:
        return _page(error=error), 400


def _page(trial: Trial | None = None, error: Invalid | None = None) -> str:
    return render_template(
        "admin/playground.html",
        trial=trial,
        shown=marked(_text(), trial.marks, rules.name) if trial else None,
        error=error,
        text=_text(),
        place=request.form.get("place", Place.QUESTION),
        places=PLACES,
        longest=guards.LONGEST,
    )


def _text() -> str:
    """As the person has typed it: forms send line breaks as two characters."""
    return request.form.get("text", "").replace("\r\n", "\n").replace("\x00", "")
