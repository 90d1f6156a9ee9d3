"""What people think of an answer: a dialog, or a page of its own without JavaScript (waldur 10.9)."""

from __future__ import annotations

from uuid import UUID

from flask import abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from htmx_flask import request as htmx_request

from chatapp.core import feedback, messages
from chatapp.core.feedback import MAX_COMMENT
from chatapp.errors import ChatError
from chatapp.models import Message
from chatapp.values import Role
from chatapp.web.auth import sign_in_required, signed_in_user
from chatapp.web.pages import bp, errors
from chatapp.web.pages.exchanges import address_of

CATEGORIES = {
    "inaccurate": "Not accurate",
    "incomplete": "Not complete",
    "misunderstood": "My question was misunderstood",
    "slow_or_failed": "Slow, or it failed",
    "other": "Something else",
}
SCORES = {"up": True, "down": False}


@bp.get("/chat/messages/<uuid:message_id>/feedback/")
@sign_in_required
def feedback_form(message_id: UUID) -> ResponseReturnValue:
    """The form for one direction, filled in with what was said in that direction before."""
    message = _own_answer(message_id)
    score = _score(request.args)
    same = message.feedback_score is score
    return _form(message, score, message.feedback_comment if same else "", message.feedback_category if same else "")


@bp.post("/chat/messages/<uuid:message_id>/feedback/")
@sign_in_required
def give_feedback(message_id: UUID) -> ResponseReturnValue:
    message = _own_answer(message_id)
    score = _score(request.form)
    comment = request.form.get("comment", "").replace("\r\n", "\n").replace("\x00", "").strip()
    category = request.form.get("category", "")
    try:
        feedback.rate(signed_in_user(), message.id, score, comment or None, category or None)
    except ChatError as error:
        if htmx_request.htmx:
            raise
        return _form(message, score, comment, category, str(error)), errors.status_of(error)[0]
    if htmx_request.htmx:
        return render_template("partials/_thumbs.html", message_id=message.id, score=score)
    return redirect(address_of(message), 303)


def _form(message: Message, score: bool, comment: str | None, category: str | None, error: str = "") -> str:
    return render_template(
        "partials/_feedback_dialog.html" if htmx_request.htmx else "pages/feedback.html",
        message=message,
        back=address_of(message),
        score=score,
        comment=comment or "",
        category=category or "",
        categories=CATEGORIES,
        longest=MAX_COMMENT,
        error=error,
    )


def _own_answer(message_id: UUID) -> Message:
    message = messages.get_own(signed_in_user(), message_id)
    if message.role != Role.ASSISTANT:
        abort(404)
    return message


def _score(values: dict[str, str]) -> bool:
    return SCORES[values["score"]] if values.get("score") in SCORES else abort(400)
