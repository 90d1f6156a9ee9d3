"""The chat page: one URL serves the page, and the fragment when htmx asks."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import make_response
from htmx_flask import request as htmx_request

from chatapp.core import readings, threads, turns
from chatapp.core.artifacts import LARGEST_FILE
from chatapp.core.starting import Started
from chatapp.errors import ChatError, Invalid
from chatapp.models import Artifact, Thread
from chatapp.values import Mode, OnActive, Question
from chatapp.web.auth import sign_in_required, signed_in_user
from chatapp.web.pages import bp, disclosure, errors, files, listing, presenting, shown_files
from chatapp.web.pages.conversations import Conversation, Part, answered_before, settle
from chatapp.web.pages.exchanges import conversation_asked_for
from chatapp.web.pages.listing import Listing, View
from chatapp.web.pages.live import composer_state, growing_page
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
    user = signed_in_user()
    return composer_state(user, threads.get_own(user, thread_id))


@bp.get("/chat/<uuid:thread_id>/conversation/")
@sign_in_required
def conversation(thread_id: UUID) -> ResponseReturnValue:
    """The end of a conversation, for a page that may have missed something; 204 if its last turn stands as `known`."""
    thread = threads.get_own(signed_in_user(), thread_id)
    latest = turns.latest(thread_id)
    if latest:
        settle(latest)
    if latest and presenting.standing(latest) == request.args.get("known"):
        return "", 204
    return _conversation(thread)


@bp.post("/chat/send/")
@sign_in_required
def send() -> ResponseReturnValue:
    files.make_room_in_form()
    attached: list[Artifact] = []
    try:
        attached = files.chosen(request.form.getlist("file"))
        attached += files.received()
        question = _question(attached)
        started = turns.start(question)
    except ChatError as error:
        if htmx_request.htmx or not request.form.get("text"):
            raise
        return page_with_error(error, _uuid(request.form.get("thread_id", "")), attached)
    return accepted(question, started)


def accepted(question: Question, started: Started) -> ResponseReturnValue:
    """What the page that has asked is given."""
    address = f"{listing.base()}/{started.thread.id}/"
    if not htmx_request.htmx:
        return redirect(f"{address}?live=page#latest", 303)
    if started.replayed or "whole" in request.form:
        push_url = address if "whole" in request.form or question.thread_id is None else None
        return whole_conversation(started.thread, push_url)
    return _htmx(_sent(question, started), push_url=address if started.is_new_thread else None)


@bp.post("/chat/<uuid:thread_id>/cancel/")
@sign_in_required
def cancel(thread_id: UUID) -> ResponseReturnValue:
    turns.cancel(signed_in_user(), thread_id)
    return _done(thread_id)


def whole_conversation(thread: Thread, push_url: str | None = None) -> Response:
    """The end of the conversation, in place of what the page shows of it."""
    return _htmx(_conversation(thread), push_url=push_url, reswap="outerHTML")


def _sent(question: Question, started: Started) -> str:
    """What changes on the page: two articles more and forms that can no longer be used, or a version less."""
    if question.mode is not Mode.MESSAGE or started.message is None:
        return _conversation(started.thread)
    # As it was when it was accepted, though a quick answer may be complete by now: the stream tells.
    turn = presenting.turn(started.turn, started.warning)
    came_along = shown_files.of_messages([started.message]) if started.turn.settings["attachmentIds"] else {}
    message = presenting.message(started.message, files=came_along.get(started.message.id, ()))
    around = {"thread": started.thread, "user": signed_in_user()}
    running = {"turn": turn, "active_turn": turn, "html": "", "calls": "", "after": 0}
    answered = None if started.is_new_thread else answered_before(started.thread, started.message)
    return render_template("partials/_send_result.html", message=message, answered=answered, **running, **around)


def _conversation(thread: Thread) -> str:
    """The end of the conversation, which takes the place of what the page shows of it."""
    conversation = Conversation.load(thread)
    values = conversation.values() | {"active_turn": conversation.turn}
    return render_template("partials/_resend_result.html", **values, thread=thread, user=signed_in_user())


def _asked() -> str:
    """A question that a link elsewhere puts into the composer (waldur 10.4)."""
    return request.args.get("ask", "").replace("\x00", "")[:MAX_TEXT]


def _question(attached: Sequence[Artifact]) -> Question:
    """The form as a wish. Raises Invalid."""
    form = request.form
    if len(attached) < len(set(form.getlist("file"))):
        raise Invalid("A file is no longer there. Remove it and try again.", "file")
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
        artifact_ids=tuple(artifact.id for artifact in attached),
        idempotency_key=_key(form.get("key", ""), text, attached),
    )


def _key(key: str, text: str, attached: Sequence[Artifact]) -> str | None:
    """Of what a form sends twice. Without JavaScript one goes back to a form and sends something else from it."""
    content = "\n".join([key, *(str(artifact.id) for artifact in attached), text])
    return hashlib.sha256(content.encode()).hexdigest() if key else None


def _page(thread: Thread | None, conversation: Conversation | None = None, **more: Any) -> str:
    conversation = conversation or Conversation(Part([]), None)
    return render_template(
        "pages/chat.html",
        active_turn=conversation.turn,
        suggestions=presenting.SUGGESTIONS,
        usage=bars(signed_in_user()),
        reading=readings.latest_of(thread) if thread else None,
        **conversation.values(),
        **_around(thread),
        **more,
    )


def page_with_error(error: ChatError, thread_id: UUID | None, attached: Sequence[Artifact] = ()) -> ResponseReturnValue:
    """For a browser without JavaScript: the same page, with what was typed and sent and why it was refused."""
    thread = threads.get_own(signed_in_user(), thread_id) if thread_id else None
    conversation = Conversation.load(thread) if thread else None
    kept = {"draft": request.form.get("text", ""), "files": shown_files.of_artifacts(attached)}
    page = _page(thread, conversation, error=str(error), **kept)
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
        "largest_file": LARGEST_FILE,
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
