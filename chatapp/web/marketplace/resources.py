"""What people have: the list that pages and the chat's resource_list block show, and one resource with its usage."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chatapp.db import new_id
from chatapp.market import ResourceState
from chatapp.marketplace import access, catalogue, orders, organizations, resources
from chatapp.marketplace.resources import ResourceFilter
from chatapp.web import polling
from chatapp.web.auth import sign_in_required, signed_in_user
from chatapp.web.marketplace import arguments, bp
from chatapp.web.pages.accounts import field

SORTS = {"-created": "Newest first", "created": "Oldest first", "name": "Name", "state": "State", "-price": "Price"}


@bp.get("/resources/")
@sign_in_required
def resource_page() -> ResponseReturnValue:
    return render_template("pages/resources.html", here="resources", **_list())


@bp.get("/resources/list")
@sign_in_required
def resource_list() -> ResponseReturnValue:
    """The list alone: `project_uuid`, `customer_uuid`, `category_uuid`, `state`, `q`, `sort`, `page_size`, `after`.

    With part=rows without the fields above it: what is asked for again and again while something changes.
    """
    if request.args.get("part") == "rows":
        return polling.rendered("partials/_resource_rows.html", **_rows())
    return render_template("partials/_resource_list.html", **_list())


@bp.get("/resources/<uuid:resource_id>/")
@sign_in_required
def resource(resource_id: UUID) -> ResponseReturnValue:
    if request.args.get("part") == "rows":
        return polling.rendered("partials/_resource_state.html", **_detail(resource_id))
    user = signed_in_user()
    return render_template(
        "pages/resource.html",
        here="resources",
        usage=resources.usage(user, resource_id=resource_id),
        key=new_id(),
        **_detail(resource_id),
    )


@bp.post("/resources/<uuid:resource_id>/terminate/")
@sign_in_required
def terminate(resource_id: UUID) -> ResponseReturnValue:
    order = orders.terminate(signed_in_user(), resource_id, field("key"))
    flash("The order is placed.")
    return redirect(url_for("marketplace.order", order_id=order.id), 303)


@bp.post("/resources/<uuid:resource_id>/pause/")
@sign_in_required
def pause(resource_id: UUID) -> ResponseReturnValue:
    resources.pause(signed_in_user(), resource_id, field("reason"))
    return redirect(url_for("marketplace.resource", resource_id=resource_id), 303)


@bp.post("/resources/<uuid:resource_id>/resume/")
@sign_in_required
def resume(resource_id: UUID) -> ResponseReturnValue:
    resources.resume(signed_in_user(), resource_id)
    return redirect(url_for("marketplace.resource", resource_id=resource_id), 303)


def _list() -> dict[str, Any]:
    user = signed_in_user()
    return {
        "projects": organizations.page_of_projects(user, size=100).items,
        "categories": [category for category, _ in catalogue.categories(user)],
        "states": list(ResourceState),
        "sorts": SORTS,
        "organization_id": arguments.identity("customer_uuid"),
        **_rows(),
    }


def _rows() -> dict[str, Any]:
    user = signed_in_user()
    wanted = ResourceFilter(
        project_id=arguments.identity("project_uuid"),
        organization_id=arguments.identity("customer_uuid"),
        category_id=arguments.identity("category_uuid"),
        states=arguments.words("state", ResourceState),
        text=arguments.text("q"),
    )
    sort = request.args.get("sort", "")
    sort = sort if sort in SORTS else "-created"
    size = request.args.get("page_size", 20, type=int)
    page = resources.search(user, wanted, sort=sort, after=arguments.text("after") or None, size=size)
    return {
        "wanted": wanted,
        "sort": sort,
        "page": page,
        "changing": resources.is_changing(page.items),
        "poll_url": polling.own_address(url_for("marketplace.resource_list")),
        "mark": polling.MARK,
    }


def _detail(resource_id: UUID) -> dict[str, Any]:
    user = signed_in_user()
    found = resources.get(user, resource_id)
    return {
        "resource": found,
        "changing": resources.is_changing([found]),
        "orders": orders.search(user, resource_id=resource_id, size=10).items,
        "may_order": access.may_order(user, found.project_id),
        "user": user,
        "poll_url": polling.own_address(url_for("marketplace.resource", resource_id=resource_id)),
    }
