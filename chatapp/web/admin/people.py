"""People: who has an account, and new ones."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chatapp import config
from chatapp.core import accounts, people
from chatapp.errors import Invalid
from chatapp.values import Audience
from chatapp.web.admin import bp
from chatapp.web.admin.access import staff_only
from chatapp.web.auth import signed_in_user

PAGE = 50
ROLES = {
    Audience.EVERYBODY: "Chats",
    Audience.SUPPORT: "Support: reads everybody's conversations",
    Audience.STAFF: "Staff: administers everything",
}


@bp.get("/people/")
@staff_only
def people_list() -> ResponseReturnValue:
    wanted = people.Wanted(_asked("q"), _asked("role"), _asked("state"))
    found, has_more = people.page(wanted, _asked("after"), PAGE)
    following = {**_filters(wanted), "after": found[-1].username} if has_more else None
    return render_template(
        "admin/people.html",
        people=found,
        identities=people.identities([person.id for person in found]),
        total=people.count(wanted),
        wanted=wanted,
        first=url_for("admin.people_list", **_filters(wanted)) if _asked("after") else "",
        following=url_for("admin.people_list", **following) if following else "",
        takes_passwords=config.current().takes_passwords,
    )


@bp.get("/people/new/")
@staff_only
def new_person() -> ResponseReturnValue:
    return _form()


@bp.post("/people/new/")
@staff_only
def create_person() -> ResponseReturnValue:
    """Their page, which offers a link for a password where they have none yet."""
    try:
        person = people.create(
            signed_in_user(),
            text("username"),
            request.form.get("password", ""),
            full_name=text("full_name"),
            email=text("email"),
            **roles(),
        )
    except Invalid as error:
        return _form({error.field: str(error)}), 400
    return redirect(url_for("admin.person", user_id=person.id), 303)


def text(name: str) -> str:
    return request.form.get(name, "").replace("\x00", "")


def roles() -> dict[str, bool]:
    """What the chosen role is, as arguments of a verb. Staff may all that support may."""
    role = request.form.get("role", "")
    return {"staff": role == Audience.STAFF, "support": role == Audience.SUPPORT}


def _form(errors: dict[str | None, str] | None = None) -> str:
    return render_template(
        "admin/person_new.html",
        form=request.form,
        errors=errors or {},
        roles=ROLES,
        min_password=accounts.MIN_PASSWORD,
        takes_passwords=config.current().takes_passwords,
    )


def _asked(name: str) -> str:
    return request.args.get(name, "").replace("\x00", "").strip()[:200]


def _filters(wanted: people.Wanted) -> dict[str, Any]:
    return {"q": wanted.text or None, "role": wanted.role or None, "state": wanted.state or None}
