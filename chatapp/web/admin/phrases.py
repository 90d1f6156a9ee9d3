"""Phrases that staff allow: no prompt injection when they are nearly the whole message."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chatapp import config
from chatapp.core import allowlist
from chatapp.errors import Invalid
from chatapp.web.admin import bp
from chatapp.web.admin.access import staff_only
from chatapp.web.auth import signed_in_user


@bp.get("/flagged/phrases/")
@staff_only
def allowed_phrases() -> ResponseReturnValue:
    return _page()


@bp.post("/flagged/phrases/")
@staff_only
def allow_phrase() -> ResponseReturnValue:
    """Back to the flagged message that it was taken from, if any."""
    try:
        allowlist.add(signed_in_user(), request.form.get("phrase", ""))
    except Invalid as error:
        return _page(str(error)), 400
    flash("The phrase is allowed.")
    if flag_id := request.form.get("flag", type=UUID):
        return redirect(url_for("admin.flagged_message", flag_id=flag_id, _anchor="review"), 303)
    return redirect(url_for("admin.allowed_phrases"), 303)


@bp.post("/flagged/phrases/<uuid:phrase_id>/remove/")
@staff_only
def remove_phrase(phrase_id: UUID) -> ResponseReturnValue:
    allowlist.remove(signed_in_user(), phrase_id)
    flash("The phrase is not allowed any more.")
    return redirect(url_for("admin.allowed_phrases"), 303)


def _page(error: str = "") -> str:
    return render_template(
        "admin/flagged_phrases.html",
        phrases=allowlist.every(),
        configured=config.current().injection_allowlist,
        longest=allowlist.LONGEST,
        error=error,
        form=request.form,
        may_decide=True,
    )
