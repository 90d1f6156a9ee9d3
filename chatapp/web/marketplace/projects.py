"""Organizations, projects and invoices; on the same pages staff change members, quotas and credits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from chatapp.errors import Invalid, NotFound
from chatapp.market import PROJECT_ROLES, Component, InvoiceState, MemberRole
from chatapp.marketplace import access, credits, invoices, organizations
from chatapp.marketplace.fields import Money
from chatapp.models import Credit, User
from chatapp.web.auth import sign_in_required, signed_in_user
from chatapp.web.marketplace import arguments, bp
from chatapp.web.pages.accounts import field


@bp.get("/projects/")
@sign_in_required
def project_page() -> ResponseReturnValue:
    user = signed_in_user()
    page = organizations.page_of_projects(user, text=arguments.text("q"), after=arguments.text("after") or None)
    return render_template(
        "pages/projects.html",
        here="projects",
        page=page,
        words=arguments.text("q"),
        quotas=organizations.quotas_of([project.id for project in page.items]),
        overdrawn={credit.project_id for credit in credits.overdrawn(user, size=100).items},
    )


@bp.get("/projects/<uuid:project_id>/")
@sign_in_required
def project(project_id: UUID) -> ResponseReturnValue:
    return _project_page(project_id)


@bp.post("/projects/<uuid:project_id>/quota/")
@sign_in_required
def set_quota(project_id: UUID) -> ResponseReturnValue:
    user = signed_in_user()

    def change() -> str:
        for component in Component:
            organizations.set_quota(user, project_id, component, _limit(component))
        return "The quota is saved."

    return _changed(change, lambda error: _project_page(project_id, error))


@bp.post("/projects/<uuid:project_id>/members/")
@sign_in_required
def add_project_member(project_id: UUID) -> ResponseReturnValue:
    def change() -> str:
        organizations.add_member(signed_in_user(), field("username"), field("role"), project_id=project_id)
        return f"{field('username')} is a {field('role')} of this project."

    return _changed(change, lambda error: _project_page(project_id, error))


@bp.post("/projects/<uuid:project_id>/credit/")
@sign_in_required
def grant_to_project(project_id: UUID) -> ResponseReturnValue:
    def change() -> str:
        credits.grant(signed_in_user(), _amount(), field("note"), project_id=project_id, expires_on=_date())
        return "The credit is changed."

    return _changed(change, lambda error: _project_page(project_id, error))


@bp.get("/organizations/<uuid:organization_id>/")
@sign_in_required
def organization(organization_id: UUID) -> ResponseReturnValue:
    return _organization_page(organization_id)


@bp.post("/organizations/<uuid:organization_id>/members/")
@sign_in_required
def add_owner(organization_id: UUID) -> ResponseReturnValue:
    def change() -> str:
        organizations.add_member(signed_in_user(), field("username"), MemberRole.OWNER, organization_id=organization_id)
        return f"{field('username')} is an owner of this organization."

    return _changed(change, lambda error: _organization_page(organization_id, error))


@bp.post("/organizations/<uuid:organization_id>/credit/")
@sign_in_required
def grant_to_organization(organization_id: UUID) -> ResponseReturnValue:
    def change() -> str:
        credits.grant(signed_in_user(), _amount(), field("note"), organization_id=organization_id, expires_on=_date())
        return "The credit is changed."

    return _changed(change, lambda error: _organization_page(organization_id, error))


@bp.post("/members/<uuid:membership_id>/remove/")
@sign_in_required
def remove_member(membership_id: UUID) -> ResponseReturnValue:
    membership = organizations.remove_member(signed_in_user(), membership_id)
    flash(f"{membership.user.username} is removed.")
    if membership.project_id:
        return redirect(url_for("marketplace.project", project_id=membership.project_id), 303)
    return redirect(url_for("marketplace.organization", organization_id=membership.organization_id), 303)


@bp.get("/invoices/<uuid:invoice_id>/")
@sign_in_required
def invoice(invoice_id: UUID) -> ResponseReturnValue:
    view = invoices.get(signed_in_user(), invoice_id)
    return render_template("pages/invoice.html", here="projects", view=view, states=InvoiceState, user=signed_in_user())


@bp.post("/invoices/<uuid:invoice_id>/state/")
@sign_in_required
def set_invoice_state(invoice_id: UUID) -> ResponseReturnValue:
    state = field("state")
    if state not in list(InvoiceState):
        raise Invalid("There is no such state.", "state")
    invoices.set_state(signed_in_user(), invoice_id, InvoiceState(state))
    return redirect(url_for("marketplace.invoice", invoice_id=invoice_id), 303)


def _changed(change: Callable[[], str], page: Callable[[Invalid], str]) -> ResponseReturnValue:
    """Back to the page after a change; one that was refused shows it again with the reason."""
    try:
        flash(change())
    except Invalid as error:
        return page(error), 400
    return redirect(request.path.rsplit("/", 2)[0] + "/", 303)


def _project_page(project_id: UUID, error: Invalid | None = None) -> str:
    user = signed_in_user()
    return render_template(
        "pages/project.html",
        here="projects",
        project=organizations.get_project(user, project_id),
        quota=organizations.quota(user, project_id),
        members=organizations.members(user, project_id=project_id),
        roles=PROJECT_ROLES,
        credit=_credit(user, project_id),
        **_form(user, error),
    )


def _organization_page(organization_id: UUID, error: Invalid | None = None) -> str:
    user = signed_in_user()
    found = organizations.get_organization(user, organization_id)
    owns = credits.owns(user, organization_id)
    after = arguments.text("after") or None
    return render_template(
        "pages/organization.html",
        here="projects",
        organization=found,
        projects=organizations.page_of_projects(user, organization_id=organization_id, size=100).items,
        owners=organizations.members(user, organization_id=organization_id),
        credit=credits.of_organization(user, organization_id) if owns else None,
        invoices=invoices.of_organization(user, organization_id, after) if owns else None,
        **_form(user, error),
    )


def _form(user: User, error: Invalid | None) -> dict[str, Any]:
    errors = {error.field: str(error)} if error else {}
    return {"errors": errors, "form": request.form, "may_maintain": user.is_staff, "user": user}


def _credit(user: User, project_id: UUID) -> dict[str, Any] | None:
    try:
        credit: Credit = credits.of_project(user, project_id)
    except NotFound:
        return None
    return {"credit": credit, "movements": credits.movements(user, credit.id, size=10).items}


def _limit(component: Component) -> int | None:
    text = field(component).strip()
    if text and not (text.isascii() and text.isdigit()):
        raise Invalid("A limit is a number from 0 up, or nothing for no limit.", component)
    return int(text) if text else None


def _amount() -> int:
    """With a minus in front it is taken away."""
    access.require_staff(signed_in_user())
    text = field("amount").strip()
    try:
        cents = Money().deserialize(text.removeprefix("-"))
    except ValidationError as error:
        raise Invalid(" ".join(map(str, error.messages)), "amount") from error
    return -cents if text.startswith("-") else cents


def _date() -> date | None:
    try:
        return date.fromisoformat(field("expires_on")) if field("expires_on") else None
    except ValueError as error:
        raise Invalid("That is not a date.", "expires_on") from error
