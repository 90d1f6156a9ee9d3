"""What the guards have kept back of documents: to be seen, not decided on."""

from __future__ import annotations

from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue

from chatapp.core import screened_files
from chatapp.web.admin import bp
from chatapp.web.admin.access import staff_and_support
from chatapp.web.admin.thread_forms import UNNAMED
from chatapp.web.auth import signed_in_user


@bp.get("/flagged/documents/")
@staff_and_support
def screened_documents() -> ResponseReturnValue:
    entries, after = screened_files.page(request.args.get("after", type=UUID))
    may_decide = signed_in_user().is_staff
    return render_template(
        "admin/flagged_documents.html", entries=entries, next=after, unnamed=UNNAMED, may_decide=may_decide
    )
