"""One's own SSH keys."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chatapp.errors import Invalid
from chatapp.marketplace import ssh_keys
from chatapp.web.auth import sign_in_required, signed_in_user
from chatapp.web.marketplace import bp
from chatapp.web.pages.accounts import field


@bp.get("/ssh-keys/")
@sign_in_required
def key_page() -> ResponseReturnValue:
    return _page({})


@bp.post("/ssh-keys/")
@sign_in_required
def add_key() -> ResponseReturnValue:
    try:
        ssh_keys.add(signed_in_user(), field("key_name"), field("public_key"))
    except Invalid as error:
        return _page({error.field: str(error)}), 400
    flash("The key is kept.")
    return redirect(url_for("marketplace.key_page"), 303)


@bp.post("/ssh-keys/<uuid:key_id>/remove/")
@sign_in_required
def remove_key(key_id: UUID) -> ResponseReturnValue:
    ssh_keys.remove(signed_in_user(), key_id)
    flash("The key is removed. Machines that have it keep it.")
    return redirect(url_for("marketplace.key_page"), 303)


def _page(errors: dict[str | None, str]) -> str:
    keys = ssh_keys.of_user(signed_in_user())
    return render_template("pages/ssh_keys.html", here="keys", keys=keys, errors=errors, form=request.form)
