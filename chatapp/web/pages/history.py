"""The history beside the conversation: its list, and what one does with its entries.

Every action answers htmx with a notice for the corner of the page and says that the list has changed; a plain form is
led to the next page, which shows the same notice.
"""

from __future__ import annotations

from uuid import UUID

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import make_response
from htmx_flask import request as htmx_request

from chatapp.automations import crystallizing
from chatapp.core import history, threads
from chatapp.core.threads import Archived
from chatapp.models import Thread
from chatapp.web.auth import sign_in_required, signed_in_user
from chatapp.web.pages import bp, listing
from chatapp.web.pages.listing import Listing, View

CHANGED = "threads-changed"


@bp.get("/chat/threads/")
@sign_in_required
def thread_list() -> ResponseReturnValue:
    """The list; from `older` on only what follows there, with `through` only its first part."""
    thread_id = request.args.get("thread", "")
    thread = threads.get_own(signed_in_user(), _uuid(thread_id)) if thread_id else None
    found = Listing.load(signed_in_user(), View.asked(thread))
    partial = "_thread_groups" if found.view.before else "_thread_part" if found.view.through else "_thread_list"
    return render_template(f"partials/{partial}.html", listing=found, thread=thread)


@bp.get("/chat/threads/revision/")
@sign_in_required
def threads_revision() -> ResponseReturnValue:
    """What pages ask again and again: the list's revision, nothing else."""
    return Response(history.revision(signed_in_user()), mimetype="text/plain")


@bp.get("/chat/<uuid:thread_id>/options/")
@sign_in_required
def thread_options(thread_id: UUID) -> ResponseReturnValue:
    """The menu of an entry, for browsers without JavaScript."""
    thread = threads.get_own(signed_in_user(), thread_id)
    is_automatable = thread.id in crystallizing.eligible(signed_in_user(), [thread])
    return render_template(
        "pages/options.html", thread=thread, name=thread.title or listing.UNNAMED, is_automatable=is_automatable
    )


@bp.post("/chat/<uuid:thread_id>/rename/")
@sign_in_required
def rename_thread(thread_id: UUID) -> ResponseReturnValue:
    thread = threads.rename(signed_in_user(), thread_id, request.form.get("title", ""))
    return _done(f"Renamed to \u201c{thread.title}\u201d", thread)


@bp.post("/chat/<uuid:thread_id>/pin/")
@sign_in_required
def pin_thread(thread_id: UUID) -> ResponseReturnValue:
    return _done("Conversation pinned", threads.pin(signed_in_user(), thread_id))


@bp.post("/chat/<uuid:thread_id>/unpin/")
@sign_in_required
def unpin_thread(thread_id: UUID) -> ResponseReturnValue:
    return _done("Conversation unpinned", threads.unpin(signed_in_user(), thread_id))


@bp.post("/chat/<uuid:thread_id>/seen/")
@sign_in_required
def mark_seen(thread_id: UUID) -> ResponseReturnValue:
    """The page has shown the end of an answer to somebody who was looking."""
    threads.mark_seen(threads.get_own(signed_in_user(), thread_id))
    return "", 204


@bp.post("/chat/<uuid:thread_id>/archive/")
@sign_in_required
def archive(thread_id: UUID) -> ResponseReturnValue:
    thread = threads.get_own(signed_in_user(), thread_id)
    return _archived(threads.archive_own(signed_in_user(), [thread.id]), {thread.id})


@bp.post("/chat/<uuid:thread_id>/unarchive/")
@sign_in_required
def unarchive(thread_id: UUID) -> ResponseReturnValue:
    thread = threads.get_own(signed_in_user(), thread_id)
    threads.unarchive_own(signed_in_user(), [thread.id])
    return _done("Conversation moved out of the archive", thread)


@bp.post("/chat/archive/")
@sign_in_required
def archive_chosen() -> ResponseReturnValue:
    chosen = _chosen()
    return _archived(threads.archive_own(signed_in_user(), chosen), chosen)


@bp.post("/chat/unarchive/")
@sign_in_required
def unarchive_chosen() -> ResponseReturnValue:
    count = threads.unarchive_own(signed_in_user(), _chosen())
    return _done(f"{_counted(count)} moved out of the archive")


@bp.post("/chat/undo-archiving/")
@sign_in_required
def undo_archiving() -> ResponseReturnValue:
    try:
        moment = listing.moment_of(request.form.get("moment", ""))
    except ValueError:
        abort(400)
    count = threads.undo_archiving(signed_in_user(), moment)
    return _done(f"{_counted(count)} moved out of the archive")


def _archived(done: Archived, chosen: set[UUID]) -> ResponseReturnValue:
    """The open thread leads to a new chat; a plain form always does."""
    notice = {"text": f"{_counted(done.count)} archived", "moment": done.moment.isoformat() if done.count else ""}
    if htmx_request.htmx and request.form.get("open", "") not in map(str, chosen):
        return _changed(notice)
    flash(notice)  # type: ignore[arg-type]
    if htmx_request.htmx:
        response: Response = make_response("", redirect=f"{listing.base()}/")
        return response
    return redirect(url_for("pages.new_chat"), 303)


def _done(text: str, thread: Thread | None = None) -> ResponseReturnValue:
    if htmx_request.htmx:
        return _changed({"text": text, "moment": ""})
    flash({"text": text, "moment": ""})  # type: ignore[arg-type]
    target = url_for("pages.show_thread", thread_id=thread.id) if thread else url_for("pages.new_chat")
    return redirect(target, 303)


def _changed(notice: dict[str, str]) -> Response:
    html = render_template("partials/_notice.html", notice=notice)
    response: Response = make_response(html, trigger=CHANGED)
    return response


def _chosen() -> set[UUID]:
    return {_uuid(text) for text in request.form.getlist("thread")}


def _counted(count: int) -> str:
    return "1 conversation" if count == 1 else f"{count:,} conversations"


def _uuid(text: str) -> UUID:
    """404 for what can be nobody's id."""
    try:
        return UUID(text)
    except ValueError:
        abort(404)
