"""What people think of answers, with their comments. The answers themselves are read in the log, with a reason."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue

from chatapp.core import rated_answers, usage
from chatapp.core.rated_answers import Place, RatingFilter
from chatapp.web.admin import bp
from chatapp.web.admin.access import staff_and_support
from chatapp.web.admin.filters import Asked
from chatapp.web.admin.logged_messages import CATEGORIES, rating
from chatapp.web.admin.thread_forms import UNNAMED

LENGTH = 30


@bp.get("/feedback/")
@staff_and_support
def feedback() -> ResponseReturnValue:
    asked = Asked()
    version = asked.id("version")
    wanted = RatingFilter(
        score={"up": True, "down": False}.get(asked.choice("score", ("up", "down")) or ""),
        category=asked.choice("category", CATEGORIES),
        with_comment=asked.yes_no("with_comment") is True,
        model=asked.text("model"),
        prompt_version_id=version,
        first=asked.day("after_day"),
        last=asked.day("before_day"),
    )
    found, after = rated_answers.page(wanted, _place(), LENGTH)
    return render_template(
        "admin/feedback.html",
        rated=[(message, thread, rating(message)) for message, thread in found],
        next=f"{after.moment.isoformat()}~{after.id}" if after else "",
        errors=asked.errors,
        categories=CATEGORIES,
        unnamed=UNNAMED,
        version=usage.prompt_name(version) if version else "",
    )


def _place() -> Place | None:
    text = request.args.get("after", "")
    if not text:
        return None
    moment, _, identity = text.partition("~")
    try:
        place = Place(datetime.fromisoformat(moment), UUID(identity))
    except ValueError:
        abort(404)
    if place.moment.tzinfo is None:
        abort(404)
    return place
