"""Sharing a conversation by a link, and the page that such a link shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from flask import Response, after_this_request, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chatapp.core import sharing, threads
from chatapp.db import release
from chatapp.errors import ChatError
from chatapp.extensions import login
from chatapp.models import Message, ShareLink
from chatapp.web.auth import reader, sign_in_required, signed_in_user
from chatapp.web.pages import bp, errors
from chatapp.web.pages.exports import readable, streamed_page

BATCH = 100
PRIVATE = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow, noarchive"}


@bp.get("/chat/<uuid:thread_id>/share/")
@sign_in_required
def share_page(thread_id: UUID) -> ResponseReturnValue:
    return _share_page(thread_id)


@bp.post("/chat/<uuid:thread_id>/share/")
@sign_in_required
def share(thread_id: UUID) -> ResponseReturnValue:
    """The page with the new address, which is not shown again."""
    days = request.form.get("days", sharing.DEFAULT_DAYS, type=int)
    author = request.form.get("author", "").replace("\x00", "")
    threads.get_own(signed_in_user(), thread_id)
    try:
        token = sharing.create(signed_in_user(), thread_id, days, author)
    except ChatError as error:
        return _share_page(thread_id, error=str(error)), errors.status_of(error)[0]
    return _share_page(thread_id, address=url_for("pages.shared", token=token, _external=True))


@bp.post("/account/links/<uuid:link_id>/revoke/")
@sign_in_required
def revoke_link(link_id: UUID) -> ResponseReturnValue:
    link = sharing.revoke(signed_in_user(), link_id)
    flash("The link no longer opens anything.")
    if request.form.get("from") == "thread":
        return redirect(url_for("pages.share_page", thread_id=link.thread_id), 303)
    return redirect(url_for("pages.account") + "#links", 303)


@bp.get("/share/<token>/")
def shared(token: str) -> ResponseReturnValue:
    """For whoever has the link; by default they need an account here as well. It is asked for before the link is."""
    after_this_request(_keep_private)
    if sharing.is_possible() and sharing.needs_account() and reader() is None:
        return login.unauthorized()  # type: ignore[no-any-return]
    link = sharing.look_up(token)
    return streamed_page("pages/shared.html", link=link, messages=readable(_batches(link)))


def _batches(link: ShareLink) -> Iterator[Sequence[Message]]:
    place = 0
    while found := sharing.messages_of(link.id, place, BATCH):
        release()
        yield found
        place = found[-1].sequence_index


def _share_page(thread_id: UUID, *, address: str = "", error: str = "") -> str:
    user = signed_in_user()
    return render_template(
        "pages/share.html",
        thread=threads.get_own(user, thread_id),
        user=user,
        links=sharing.of_user(user, thread_id),
        address=address,
        error=error,
        form=request.form,
        is_possible=sharing.is_possible(),
        needs_account=sharing.needs_account(),
        days=sharing.DAYS,
        default_days=sharing.DEFAULT_DAYS,
    )


def _keep_private(response: Response) -> Response:
    response.headers.update(PRIVATE)
    return response
