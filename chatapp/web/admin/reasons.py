"""Why somebody reads a conversation that is not theirs: asked for in place of the page, once an hour."""

from __future__ import annotations

from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request as htmx_request

from chatapp.core import readings, threads
from chatapp.errors import Invalid, ReasonNeeded
from chatapp.web.admin import bp
from chatapp.web.admin.access import staff_and_support
from chatapp.web.auth import signed_in_user


@bp.errorhandler(ReasonNeeded)
def ask_for_reason(needed: ReasonNeeded) -> ResponseReturnValue:
    """At the address of what is to be read or taken away, for every page of the administration."""
    return _form(needed.thread_id, request.full_path.removesuffix("?"))


@bp.post("/threads/<uuid:thread_id>/reason/")
@staff_and_support
def give_reason(thread_id: UUID) -> ResponseReturnValue:
    wanted = request.form.get("next", "")
    wanted = wanted if wanted.startswith("/admin/") and "\\" not in wanted else f"/admin/threads/{thread_id}/"
    note = request.form.get("note", "").replace("\x00", "")
    try:
        readings.explain(signed_in_user(), thread_id, request.form.get("reason", ""), note)
    except Invalid as error:
        status = 200 if htmx_request.htmx else 400  # htmx shows nothing of an answer that is an error
        return _form(thread_id, wanted, {error.field: str(error)}), status
    return redirect(wanted, 303)


def _form(thread_id: UUID, wanted: str, errors: dict[str | None, str] | None = None) -> str:
    """The whole page, or the form alone for a part of one."""
    template = "admin/_reason.html" if htmx_request.htmx else "admin/reason.html"
    return render_template(
        template,
        thread=threads.get_visible(signed_in_user(), thread_id),
        reasons=readings.REASONS,
        longest=readings.NOTE_LENGTH,
        wanted=wanted,
        in_row=bool(htmx_request.htmx),
        errors=errors or {},
        form=request.form or _suggestion(),
    )


def _suggestion() -> dict[str, str]:
    """Whoever goes through the queue reads each case for the same reason."""
    return {"reason": "flagged"} if request.path.startswith(url_for("admin.flagged_threads")) else {}
