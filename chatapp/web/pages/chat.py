"""The chat page: one URL serves the page, and the fragment when htmx asks."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from flask import Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import make_response
from htmx_flask import request as htmx_request

from chatapp.core import takeovers, threads, turns
from chatapp.core.starting import Started
from chatapp.errors import ChatError, Invalid
from chatapp.models import Thread
from chatapp.values import Mode, OnActive, Question
from chatapp.web.auth import sign_in_required, signed_in_user
from chatapp.web.pages import bp, disclosure, errors, listing, presenting
from chatapp.web.pages.conversations import Conversation, Part
from chatapp.web.pages.exchanges import conversation_asked_for
from chatapp.web.pages.listing import Listing, View
from chatapp.web.pages.live import growing_page
from chatapp.web.pages.usage import bars

MAX_TEXT = 50_000


@bp.get("/chat/")
@sign_in_required
def new_chat() -> ResponseReturnValue:
    if disclosure.is_due():
        return disclosure.page()
    return _page(None, draft=_asked())


@bp.get("/chat/<uuid:thread_id>/")
@sign_in_required
def show_thread(thread_id: UUID) -> ResponseReturnValue:
    thread = threads.get_own(signed_in_user(), thread_id)
    if disclosure.is_due():
        return disclosure.page()
    conversation = conversation_asked_for(thread)
    if conversation.turn is None:
        threads.mark_seen(thread)  # as it was loaded: an answer that ended since then is in what is shown
    if request.args.get("live") == "page" and conversation.turn:
        return growing_page(thread, conversation, _around(thread))
    return _page(thread, conversation, draft=_asked())


@bp.get("/chat/<uuid:thread_id>/composer/")
@sign_in_required
def composer(thread_id: UUID) -> ResponseReturnValue:
    thread = threads.get_own(signed_in_user(), thread_id)
    return render_template(
        "partials/_composer_state.html", thread=thread, active_turn=turns.active(thread_id), usage=bars(thread.user)
    )


@bp.get("/chat/<uuid:thread_id>/conversation/")
@sign_in_required
def conversation(thread_id: UUID) -> ResponseReturnValue:
    """The end of a conversation, for a page that may have missed something; 204 if its last turn stands as `known`."""
    thread = threads.get_own(signed_in_user(), thread_id)
    latest = turns.latest(thread_id)
    if latest:
        takeovers.reap_if_lost(latest)
    if latest and presenting.standing(latest) == request.args.get("known"):
        return "", 204
    return _conversation(thread)


@bp.post("/chat/send/")
@sign_in_required
def send() -> ResponseReturnValue:
    try:
        question = _question()
        started = turns.start(question)
    except ChatError as error:
        if htmx_request.htmx or not request.form.get("text"):
            raise
        return _page_with_error(error)
    address = f"{listing.base()}/{started.thread.id}/"
    if not htmx_request.htmx:
        return redirect(f"{address}?live=page#latest", 303)
    if started.replayed or "whole" in request.form:
        push_url = address if "whole" in request.form or question.thread_id is None else None
        return _htmx(_conversation(started.thread), push_url=push_url, reswap="outerHTML")
    return _htmx(_sent(question, started), push_url=address if started.is_new_thread else None)


@bp.post("/chat/<uuid:thread_id>/cancel/")
@sign_in_required
def cancel(thread_id: UUID) -> ResponseReturnValue:
    turns.cancel(signed_in_user(), thread_id)
    return _done(thread_id)


def _sent(question: Question, started: Started) -> str:
    """What changes on the page: two articles more, or the conversation with a version less."""
    if question.mode is not Mode.MESSAGE or started.message is None:
        return _conversation(started.thread)
    # As it was when it was accepted, though a quick answer may be complete by now: the stream tells.
    turn = presenting.turn(started.turn, started.warning)
    message = presenting.message(started.message)
    around = {"thread": started.thread, "user": signed_in_user()}
    return render_template(
        "partials/_send_result.html", message=message, turn=turn, active_turn=turn, html="", after=0, **around
    )


def _conversation(thread: Thread) -> str:
    """The end of the conversation, which takes the place of what the page shows of it."""
    conversation = Conversation.load(thread)
    values = conversation.values() | {"active_turn": conversation.turn}
    return render_template("partials/_resend_result.html", **values, thread=thread, user=signed_in_user())


def _asked() -> str:
    """A question that a link elsewhere puts into the composer (waldur 10.4)."""
    return request.args.get("ask", "").replace("\x00", "")[:MAX_TEXT]


def _question() -> Question:
    """The form as a wish. Raises Invalid."""
    form = request.form
    mode = form.get("mode", Mode.MESSAGE.value)
    text = form.get("text", "").replace("\r\n", "\n").strip()
    if mode not in list(Mode):
        abort(400)
    if "\x00" in text:
        raise Invalid("The message contains a character that cannot be stored.", "text")
    if len(text) > MAX_TEXT:
        raise Invalid(f"A message has at most {MAX_TEXT:,} characters.", "text")
    if not text and mode != Mode.RELOAD:
        raise Invalid("Please write a message first.", "text")
    return Question(
        user_id=signed_in_user().id,
        text=text,
        thread_id=_uuid(form.get("thread_id", "")),
        mode=Mode(mode),
        message_id=_uuid(form.get("message_id", "")),
        on_active=OnActive.INTERRUPT,
        timezone=signed_in_user().timezone or form.get("timezone", "UTC"),
        idempotency_key=_key(form.get("key", ""), text),
    )


def _key(key: str, text: str) -> str | None:
    """Of what a form sends twice. Without JavaScript one goes back to a form and sends other words from it."""
    return hashlib.sha256(f"{key}\n{text}".encode()).hexdigest() if key else None


def _page(thread: Thread | None, conversation: Conversation | None = None, **more: Any) -> str:
    conversation = conversation or Conversation(Part([]), None)
    return render_template(
        "pages/chat.html",
        active_turn=conversation.turn,
        suggestions=presenting.SUGGESTIONS,
        usage=bars(signed_in_user()),
        **conversation.values(),
        **_around(thread),
        **more,
    )


def _page_with_error(error: ChatError) -> ResponseReturnValue:
    """For a browser without JavaScript: the same page, with what was typed and why it was refused."""
    thread_id = _uuid(request.form.get("thread_id", ""))
    thread = threads.get_own(signed_in_user(), thread_id) if thread_id else None
    conversation = Conversation.load(thread) if thread else None
    page = _page(thread, conversation, error=str(error), draft=request.form.get("text", ""))
    return page, errors.status_of(error)[0]


def _around(thread: Thread | None) -> dict[str, Any]:
    user = signed_in_user()
    return {
        "thread": thread,
        "user": user,
        "listing": Listing.load(user, View.asked(thread)),
        "reminder": presenting.REMINDER,
        "disclaimer": presenting.DISCLAIMER,
        "longest": MAX_TEXT,
    }


def _done(thread_id: UUID) -> ResponseReturnValue:
    if htmx_request.htmx:
        return _htmx("", status=204)
    return redirect(url_for("pages.show_thread", thread_id=thread_id), 303)


def _htmx(html: str, status: int = 200, push_url: str | None = None, reswap: str | None = None) -> Response:
    response: Response = make_response(html, status, push_url=push_url, reswap=reswap)
    return response


def _uuid(text: str) -> UUID | None:
    """None for an empty text; 404 for one that can be nobody's id."""
    try:
        return UUID(text) if text else None
    except ValueError:
        abort(404)
