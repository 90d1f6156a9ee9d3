"""The descriptions of both APIs: OpenAPI 3.1 documents, derived from their routes, each also as a page.

/api/schema/     /api/docs/      the snake_case API
/api/v1/schema   /api/v1/docs    the turns API
"""

from __future__ import annotations

from flask import Blueprint, Flask, current_app, render_template, url_for

from chatapp.values import Json
from chatapp.web.openapi import page, snake_case, turns
from chatapp.web.openapi.describing import derive
from chatapp.web.render.markdown import render_markdown

bp = Blueprint("openapi", __name__, url_prefix="/api")

EXTENSION = "openapi"
DIALECTS = {"snake_case": snake_case.DIALECT, "turns": turns.DIALECT}


def init_app(app: Flask) -> None:
    """Serve the descriptions; the first who asks for one has it derived."""
    app.register_blueprint(bp)
    app.extensions[EXTENSION] = {}


@bp.get("/schema/")
def schema() -> Json:
    return _document("snake_case")


@bp.get("/v1/schema")
def turns_schema() -> Json:
    return _document("turns")


@bp.get("/docs/")
def docs() -> str:
    return _page(schema(), url_for("openapi.schema"), (turns.DIALECT.title, url_for("openapi.turns_docs")))


@bp.get("/v1/docs")
def turns_docs() -> str:
    return _page(turns_schema(), url_for("openapi.turns_schema"), (snake_case.DIALECT.title, url_for("openapi.docs")))


def _document(dialect: str) -> Json:
    derived: dict[str, Json] = current_app.extensions[EXTENSION]
    if dialect not in derived:
        derived[dialect] = derive(current_app, DIALECTS[dialect])
    return derived[dialect]


def _page(document: Json, address: str, other: tuple[str, str]) -> str:
    """The document as a page, with a link to that of the other API: its title and address."""
    return render_template(
        "pages/api.html",
        document=document,
        address=address,
        other=other,
        about=render_markdown(document["info"]["description"]),
        operations=page.operations(document),
        objects=page.objects(document),
        refusals=page.refusals(document),
    )
