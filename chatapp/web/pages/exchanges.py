"""Parts of a conversation: messages before the ones that are shown, and other versions of them.

Every link leads to the whole page in a browser without JavaScript: `?before=` ends it before a place, `?message=` shows
a message in its version, with the question or the answer that it belongs to.
"""

from __future__ import annotations

from uuid import UUID

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request as htmx_request

from chatapp.core import messages, threads, turns
from chatapp.models import Message, Thread
from chatapp.web.auth import sign_in_required, signed_in_user
from chatapp.web.pages import bp
from chatapp.web.pages.conversations import Conversation, Part, present


@bp.get("/chat/<uuid:thread_id>/earlier/")
@sign_in_required
def earlier_messages(thread_id: UUID) -> ResponseReturnValue:
    """What goes in front of the messages that are shown."""
    thread = threads.get_own(signed_in_user(), thread_id)
    before = _place()
    if not htmx_request.htmx:
        return redirect(url_for("pages.show_thread", thread_id=thread_id, before=before), 303)
    part = Part.load(thread, before=before)
    return render_template("partials/_earlier.html", thread=thread, messages=part.messages, earlier=part.earlier)


@bp.get("/chat/messages/<uuid:message_id>/")
@sign_in_required
def show_version(message_id: UUID) -> ResponseReturnValue:
    """A version of a message, which takes the place of the one that is shown, and so does what it belongs to."""
    message = messages.get_own(signed_in_user(), message_id)
    if not htmx_request.htmx:
        return redirect(address_of(message), 303)
    thread = threads.get_own(signed_in_user(), message.thread_id)
    latest = turns.latest(thread.id)
    shown = present(thread, messages.exchange(message), latest)
    is_end = any(each.place == thread.last_index for each in shown)
    return render_template("partials/_exchange.html", messages=shown, wanted=message.id, is_end=is_end)


def address_of(message: Message) -> str:
    """The page that shows a message."""
    page = url_for("pages.show_thread", thread_id=message.thread_id, message=message.id)
    return f"{page}#m-{message.id}"


def conversation_asked_for(thread: Thread) -> Conversation:
    """The part of a thread, and the version of a message, that the address of the page names."""
    if "message" not in request.args:
        return Conversation.load(thread, before=_place())
    try:
        wanted = messages.get_own(signed_in_user(), UUID(request.args["message"]))
    except ValueError:
        abort(404)
    if wanted.thread_id != thread.id:
        abort(404)
    return Conversation.load(thread, wanted=wanted)


def _place() -> int | None:
    place = request.args.get("before", type=int)
    return None if place is None else max(0, place)
