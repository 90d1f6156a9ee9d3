"""What can be ordered: by category, found by words, side by side."""

from __future__ import annotations

from uuid import UUID

from flask import render_template
from flask.typing import ResponseReturnValue

from chatapp.errors import Invalid
from chatapp.marketplace import catalogue
from chatapp.web.auth import sign_in_required, signed_in_user
from chatapp.web.marketplace import arguments, bp


@bp.get("/catalogue/")
@sign_in_required
def catalogue_page() -> ResponseReturnValue:
    user, category, words = signed_in_user(), arguments.identity("category"), arguments.text("q")
    page = catalogue.search(user, words, category_id=category, after=arguments.text("after") or None)
    return render_template(
        "pages/catalogue.html",
        here="catalogue",
        categories=catalogue.categories(user),
        category=category,
        words=words,
        page=page,
    )


@bp.get("/catalogue/<uuid:offering_id>/")
@sign_in_required
def offering(offering_id: UUID) -> ResponseReturnValue:
    view = catalogue.get(signed_in_user(), offering_id)
    return render_template("pages/offering.html", here="catalogue", view=view)


@bp.get("/catalogue/compare/")
@sign_in_required
def compare() -> ResponseReturnValue:
    try:
        views = catalogue.compare(signed_in_user(), arguments.identities("offering"))
    except Invalid as error:
        return render_template("pages/compare.html", here="catalogue", problem=str(error)), 400
    features = list(dict.fromkeys(name for view in views for name in view.offering.features))
    return render_template("pages/compare.html", here="catalogue", views=views, features=features)
