"""Sending the forms and orders in an answer: an ordinary message, whose text the server makes (waldur 4.4, 4.7)."""

from __future__ import annotations

from uuid import UUID

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request as htmx_request

from chatapp.core import messages, replying, threads, turns
from chatapp.errors import AlreadyAnswered, ChatError, KeyReused
from chatapp.web.auth import sign_in_required, signed_in_user
from chatapp.web.pages import bp, chat


@bp.post("/chat/messages/<uuid:message_id>/blocks/<block_id>/reply/")
@sign_in_required
def reply(message_id: UUID, block_id: str) -> ResponseReturnValue:
    """Once: a second use, also of another choice, shows what has become of the first."""
    user = signed_in_user()
    thread_id = messages.get_own(user, message_id).thread_id
    timezone = user.timezone or request.form.get("timezone", "UTC")
    try:
        question = replying.question(user, message_id, block_id, request.form.to_dict(flat=False), timezone)
        started = turns.start(question)
    except (AlreadyAnswered, KeyReused):
        if htmx_request.htmx:
            return chat.whole_conversation(threads.get_own(user, thread_id))
        return redirect(url_for("pages.show_thread", thread_id=thread_id, _anchor="latest"), 303)
    except ChatError as error:
        if htmx_request.htmx:
            raise
        return chat.page_with_error(error, thread_id)
    return chat.accepted(question, started)
