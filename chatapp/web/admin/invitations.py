"""Invitations: links with which somebody makes an account of their own."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chatapp import config
from chatapp.core import invitations
from chatapp.errors import Invalid
from chatapp.web.admin import bp
from chatapp.web.admin.access import staff_only
from chatapp.web.admin.people import ROLES, roles, text
from chatapp.web.auth import signed_in_user


@bp.get("/people/invitations/")
@staff_only
def invitation_list() -> ResponseReturnValue:
    return _page()


@bp.post("/people/invitations/")
@staff_only
def invite() -> ResponseReturnValue:
    """The page with the new address, which is not shown again."""
    days = request.form.get("days", invitations.DEFAULT_DAYS, type=int)
    try:
        token = invitations.create(signed_in_user(), text("name"), days, **roles())
    except Invalid as error:
        return _page(errors={error.field: str(error)}), 400
    return _page(address=url_for("pages.invitation", token=token, _external=True))


@bp.post("/people/invitations/<uuid:invitation_id>/revoke/")
@staff_only
def revoke_invitation(invitation_id: UUID) -> ResponseReturnValue:
    invitations.revoke(signed_in_user(), invitation_id)
    flash("The invitation no longer opens anything.")
    return redirect(url_for("admin.invitation_list"), 303)


def _page(errors: dict[str | None, str] | None = None, address: str = "") -> str:
    return render_template(
        "admin/invitations.html",
        invitations=invitations.every(),
        errors=errors or {},
        form=request.form if errors else {},
        address=address,
        roles=ROLES,
        days=invitations.DAYS,
        default_days=invitations.DEFAULT_DAYS,
        takes_passwords=config.current().takes_passwords,
    )
