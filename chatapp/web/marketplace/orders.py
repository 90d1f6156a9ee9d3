"""Orders and how far they have come."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chatapp.market import OrderState
from chatapp.marketplace import access, orders
from chatapp.web import polling
from chatapp.web.auth import sign_in_required, signed_in_user
from chatapp.web.marketplace import arguments, bp


@bp.get("/orders/")
@sign_in_required
def order_page() -> ResponseReturnValue:
    if request.args.get("part") == "rows":
        return polling.rendered("partials/_order_rows.html", **_rows())
    return render_template("pages/orders.html", here="orders", states=list(OrderState), **_rows())


@bp.get("/orders/<uuid:order_id>/")
@sign_in_required
def order(order_id: UUID) -> ResponseReturnValue:
    user = signed_in_user()
    found = orders.get(user, order_id)
    values: dict[str, Any] = {
        "order": found,
        "changing": OrderState(found.state).is_active,
        "may_order": access.may_order(user, found.project_id),
        "poll_url": polling.own_address(url_for("marketplace.order", order_id=order_id)),
    }
    if request.args.get("part") == "rows":
        return polling.rendered("partials/_order_state.html", **values)
    return render_template("pages/order.html", here="orders", **values)


@bp.post("/orders/<uuid:order_id>/cancel/")
@sign_in_required
def cancel(order_id: UUID) -> ResponseReturnValue:
    orders.cancel(signed_in_user(), order_id)
    flash("The order is canceled.")
    return redirect(url_for("marketplace.order", order_id=order_id), 303)


def _rows() -> dict[str, Any]:
    wanted = arguments.words("state", OrderState)
    page = orders.search(
        signed_in_user(),
        project_id=arguments.identity("project_uuid"),
        states=wanted,
        after=arguments.text("after") or None,
    )
    return {
        "page": page,
        "wanted": wanted,
        "changing": any(OrderState(order.state).is_active for order in page.items),
        "poll_url": polling.own_address(url_for("marketplace.order_page")),
    }
