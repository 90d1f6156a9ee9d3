"""Forms over everything that the marketplace consists of: staff change it, support only looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from chatapp import config
from chatapp.errors import BadValues
from chatapp.marketplace import access, maintenance
from chatapp.marketplace.fields import Features, Money
from chatapp.marketplace.maintenance import KINDS, Kind
from chatapp.web.auth import sign_in_required, signed_in_user
from chatapp.web.marketplace import arguments, bp

LONG = ("description", "features")
LABELS = {"ram": "Memory", "min_ram": "Least memory", "min_disk": "Least disk", "cidr": "Address range"}
LABELS |= {"is_default": "Taken when an order names no network", "price": "Price a month"}
HINTS = dict.fromkeys(("ram", "disk", "min_ram", "min_disk"), "In MiB.")
HINTS |= {"slug": "Small letters, digits and hyphens. Files and other programs know it by this."}
HINTS |= {"features": "A line each: Backup: daily"}


@dataclass(frozen=True, slots=True)
class Input:
    """A field of a form; `shape` is text, number, long, choice or switch."""

    name: str
    label: str
    shape: str
    value: str
    error: str
    hint: str
    options: Sequence[str]
    is_required: bool


@bp.get("/manage/")
@sign_in_required
def manage() -> ResponseReturnValue:
    return redirect(url_for("marketplace.manage_kind", word="organization"))


@bp.get("/manage/<word>/")
@sign_in_required
def manage_kind(word: str) -> ResponseReturnValue:
    kind, user = _kind(word), signed_in_user()
    page = maintenance.page_of(user, kind, after=arguments.text("after") or None)
    return render_template("pages/manage_list.html", here="manage", kind=kind, kinds=KINDS, page=page, user=user)


@bp.get("/manage/<word>/new/")
@sign_in_required
def new_thing(word: str) -> ResponseReturnValue:
    access.require_staff(signed_in_user())
    return _form_page(_kind(word), None, {}, {})


@bp.post("/manage/<word>/new/")
@sign_in_required
def create_thing(word: str) -> ResponseReturnValue:
    kind, form = _kind(word), _form()
    try:
        thing = maintenance.create(signed_in_user(), kind, form, arguments.identity("parent"))
    except BadValues as error:
        return _form_page(kind, None, form, error.errors), 400
    flash(f"{thing.name} is there now.")
    return redirect(url_for("marketplace.edit_thing", word=word, identity=thing.id), 303)


@bp.get("/manage/<word>/<uuid:identity>/")
@sign_in_required
def edit_thing(word: str, identity: UUID) -> ResponseReturnValue:
    kind = _kind(word)
    thing = maintenance.get(signed_in_user(), kind, identity)
    return _form_page(kind, thing, maintenance.as_form(kind, thing), {})


@bp.post("/manage/<word>/<uuid:identity>/")
@sign_in_required
def change_thing(word: str, identity: UUID) -> ResponseReturnValue:
    kind, form = _kind(word), _form()
    try:
        thing = maintenance.change(signed_in_user(), kind, identity, form)
    except BadValues as error:
        return _form_page(kind, maintenance.get(signed_in_user(), kind, identity), form, error.errors), 400
    flash(f"{thing.name} is saved.")
    return redirect(url_for("marketplace.edit_thing", word=word, identity=identity), 303)


@bp.post("/manage/<word>/<uuid:identity>/delete/")
@sign_in_required
def delete_thing(word: str, identity: UUID) -> ResponseReturnValue:
    kind = _kind(word)
    thing = maintenance.delete(signed_in_user(), kind, identity)
    flash(f"{thing.name} is deleted.")
    if kind.parent:
        parent = getattr(thing, kind.parent_column)
        return redirect(url_for("marketplace.edit_thing", word=kind.parent, identity=parent), 303)
    return redirect(url_for("marketplace.manage_kind", word=word), 303)


def _kind(word: str) -> Kind:
    return KINDS.get(word) or abort(404)


def _form() -> dict[str, Any]:
    """What was typed; a field that was left empty has its default."""
    return {name: value.replace("\x00", "") for name, value in request.form.items() if value.strip()}


def _form_page(kind: Kind, thing: Any, values: Mapping[str, Any], errors: Mapping[str, str]) -> str:
    user = signed_in_user()
    parent_id = getattr(thing, kind.parent_column) if thing and kind.parent else arguments.identity("parent")
    parent = maintenance.get(user, KINDS[kind.parent], parent_id) if kind.parent and parent_id else None
    if kind.parent and parent is None:
        abort(404)
    children = maintenance.children(user, kind) if thing else ()
    return render_template(
        "pages/manage_form.html",
        here="manage",
        kind=kind,
        kinds=KINDS,
        thing=thing,
        parent=parent,
        parent_kind=KINDS.get(kind.parent),
        inputs=[_input(name, shape, values, errors) for name, shape in kind.schema().fields.items()],
        children=[(child, maintenance.page_of(user, child, thing.id, size=100).items) for child in children],
        user=user,
    )


def _input(name: str, shape: fields.Field[Any], values: Mapping[str, Any], errors: Mapping[str, str]) -> Input:
    choices = [rule.choices for rule in shape.validators if isinstance(rule, validate.OneOf)]
    default = "" if shape.required or callable(shape.load_default) else shape.load_default
    return Input(
        name=name,
        label=LABELS.get(name, name.replace("_", " ").capitalize()),
        shape=_shape(name, shape, bool(choices)),
        value=_text(values.get(name, default)),
        error=errors.get(name, ""),
        hint=HINTS.get(name, "") or (f"In {config.current().currency}." if isinstance(shape, Money) else ""),
        options=[str(choice) for choice in choices[0]] if choices else (),
        is_required=shape.required,
    )


def _shape(name: str, shape: fields.Field[Any], is_choice: bool) -> str:
    if isinstance(shape, fields.Boolean):
        return "switch"
    if isinstance(shape, Features) or name in LONG:
        return "long"
    if is_choice:
        return "choice"
    return "number" if isinstance(shape, fields.Integer) else "text"


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return "\n".join(f"{name}: {text}" for name, text in value.items())
    if isinstance(value, bool):
        return "true" if value else ""
    return str(value)
