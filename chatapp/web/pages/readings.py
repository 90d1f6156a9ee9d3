"""Who else has read one's conversations."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from chatapp.core import readings
from chatapp.web.auth import sign_in_required, signed_in_user
from chatapp.web.pages import bp


@bp.get("/account/readings/")
@sign_in_required
def who_has_read() -> ResponseReturnValue:
    before = request.args.get("before", "")
    place = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    found, has_more = readings.of_owner(signed_in_user(), place)
    return render_template("pages/readings.html", readings=found, next=found[-1].number if has_more else None)
