"""The first page: how the day goes, and what waits for somebody. Every figure leads to its page."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from chatapp.core import audit_chain, flags, quota_lists, system, usage
from chatapp.web.admin import bp
from chatapp.web.admin.access import staff_and_support
from chatapp.web.auth import signed_in_user


@bp.get("/")
@staff_and_support
def overview() -> ResponseReturnValue:
    is_staff = signed_in_user().is_staff
    return render_template(
        "admin/overview.html",
        undecided=flags.undecided(),
        today=usage.today(),
        tokens=quota_lists.capacity()[0],
        chain=audit_chain.head() if is_staff else None,
        queues=system.queues() if is_staff else (),
        is_staff=is_staff,
    )
