"""Pages that a link from an administrator opens: an account of one's own, or another password.

Nobody has signed in here. The address is the secret: the policy of every page says that no other site gets to know it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from flask import Response, after_this_request, render_template, request
from flask.typing import ResponseReturnValue

from chatapp.core import accounts, invitations, password_links
from chatapp.errors import Invalid, NotFound
from chatapp.models import Invitation, User
from chatapp.web.pages import bp
from chatapp.web.pages.accounts import field
from chatapp.web.pages.halfway import go_on

# Without any referrer a browser would not say either where a form comes from, and it would be refused.
UNLISTED = {"X-Robots-Tag": "noindex, nofollow, noarchive"}
Page = Callable[[str], ResponseReturnValue]


def opened_by_link(view: Page) -> Page:
    """A link that opens nothing says so, whether it is used up, revoked, expired or was never made."""

    @wraps(view)
    def opened(token: str) -> ResponseReturnValue:
        after_this_request(_keep_unlisted)
        try:
            return view(token)
        except NotFound:
            return render_template("pages/link_spent.html"), 404

    return opened


@bp.get("/invitations/<token>/")
@opened_by_link
def invitation(token: str) -> ResponseReturnValue:
    return _invitation_page(invitations.look_up(token))


@bp.post("/invitations/<token>/")
@opened_by_link
def accept_invitation(token: str) -> ResponseReturnValue:
    invited = invitations.look_up(token)
    names = {"full_name": field("full_name"), "email": field("email")}
    try:
        user = invitations.accept(token, field("username"), request.form.get("password", ""), **names)
    except Invalid as error:
        return _invitation_page(invited, {error.field: str(error)}), 400
    return go_on(user, "/chat/")


@bp.get("/password/<token>/")
@opened_by_link
def choose_password(token: str) -> ResponseReturnValue:
    return _password_page(password_links.look_up(token))


@bp.post("/password/<token>/")
@opened_by_link
def store_password(token: str) -> ResponseReturnValue:
    user, new = password_links.look_up(token), request.form.get("new", "")
    try:
        if new != request.form.get("repeated", ""):
            raise Invalid("The two passwords are not the same.", "repeated")
        user = password_links.use(token, new)
    except Invalid as error:
        return _password_page(user, {error.field: str(error)}), 400
    return go_on(user, "/chat/")


def _invitation_page(invited: Invitation, errors: dict[str | None, str] | None = None) -> str:
    return render_template(
        "pages/invitation.html",
        invitation=invited,
        form=request.form,
        errors=errors or {},
        min_password=accounts.MIN_PASSWORD,
    )


def _password_page(user: User, errors: dict[str | None, str] | None = None) -> str:
    return render_template(
        "pages/choose_password.html", user=user, errors=errors or {}, min_password=accounts.MIN_PASSWORD
    )


def _keep_unlisted(response: Response) -> Response:
    response.headers.update(UNLISTED)
    return response
