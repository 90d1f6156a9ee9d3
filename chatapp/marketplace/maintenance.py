"""Staff make, change and delete what the marketplace consists of. Every change is audited; support only looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from marshmallow import Schema, ValidationError
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from chatapp.core import audit
from chatapp.db import new_id, session, transaction
from chatapp.errors import BadValues, InUse, NotFound
from chatapp.marketplace import access, fields
from chatapp.marketplace.paging import PAGE_LENGTH, Page, page
from chatapp.models import Category, Flavor, Image, Network, Offering, Organization, Project, User


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing: its table, the rules of its fields, and the kind of thing that it belongs to."""

    word: str
    plural: str
    model: Any
    schema: type[Schema]
    parent: str = ""

    @property
    def parent_column(self) -> str:
        return f"{self.parent}_id"


KINDS = {
    kind.word: kind
    for kind in (
        Kind("organization", "organizations", Organization, fields.OrganizationFields),
        Kind("project", "projects", Project, fields.ProjectFields, "organization"),
        Kind("category", "categories", Category, fields.CategoryFields),
        Kind("offering", "offerings", Offering, fields.OfferingFields, "category"),
        Kind("flavor", "flavors", Flavor, fields.FlavorFields, "offering"),
        Kind("image", "images", Image, fields.ImageFields, "offering"),
        Kind("network", "networks", Network, fields.NetworkFields, "offering"),
    )
}


def page_of(
    user: User, kind: Kind, parent_id: UUID | None = None, after: str | None = None, size: int = PAGE_LENGTH
) -> Page[Any]:
    """All of a kind, or those of a parent, by name; for staff and support. Raises Forbidden, Invalid."""
    access.require_overview(user)
    query = select(kind.model)
    if parent_id:
        query = query.where(getattr(kind.model, kind.parent_column) == parent_id)
    return page(query, {"name": kind.model.name}, "name", after, size)


def children(user: User, kind: Kind) -> Sequence[Kind]:
    """The kinds of things that belong to one of this kind."""
    access.require_overview(user)
    return [child for child in KINDS.values() if child.parent == kind.word]


def get(user: User, kind: Kind, identity: UUID) -> Any:
    """For staff and support. Raises Forbidden, NotFound."""
    access.require_overview(user)
    found = session.get(kind.model, identity, populate_existing=True)
    if found is None:
        raise NotFound(kind.word)
    return found


def as_form(kind: Kind, thing: Any) -> dict[str, Any]:
    """What the fields of a thing hold, as a form or a file writes them."""
    return dict(kind.schema().dump(thing))


def create(staff: User, kind: Kind, form: Mapping[str, Any], parent_id: UUID | None = None) -> Any:
    """Raises Forbidden, NotFound for the parent, BadValues."""
    access.require_staff(staff)
    thing = kind.model(id=new_id(), **_load(kind, form))
    if kind.parent:
        if parent_id is None:
            raise NotFound(kind.parent)
        setattr(thing, kind.parent_column, get(staff, KINDS[kind.parent], parent_id).id)
    return _store(staff, kind, thing, "created")


def change(staff: User, kind: Kind, identity: UUID, form: Mapping[str, Any]) -> Any:
    """Raises Forbidden, NotFound, BadValues."""
    access.require_staff(staff)
    thing = get(staff, kind, identity)
    values = _load(kind, form)
    with transaction():
        for name, value in values.items():
            setattr(thing, name, value)
        return _store(staff, kind, thing, "changed")


def delete(staff: User, kind: Kind, identity: UUID) -> Any:
    """Raises Forbidden, NotFound, InUse."""
    access.require_staff(staff)
    try:
        with transaction():
            thing = get(staff, kind, identity)
            session.delete(thing)
            session.flush()
            audit.record(f"{kind.word}_deleted", staff, object_id=identity, slug=thing.slug)
    except IntegrityError as error:
        raise InUse(f"{thing.name} is needed: others belong to it. Delete these first, or keep it.") from error
    return thing


def keep_one_default(thing: Any) -> None:
    """A network that is the default of its offering is so alone."""
    if isinstance(thing, Network) and thing.is_default:
        others = (Network.offering_id == thing.offering_id, Network.id != thing.id, Network.is_default)
        with session.no_autoflush:
            session.execute(update(Network).where(*others).values(is_default=False))


def _store(staff: User, kind: Kind, thing: Any, what: str) -> Any:
    try:
        with transaction():
            keep_one_default(thing)
            session.add(thing)
            session.flush()
            audit.record(f"{kind.word}_{what}", staff, object_id=thing.id, slug=thing.slug)
    except IntegrityError as error:
        raise BadValues({"slug": "Another one has this slug already."}) from error
    return thing


def _load(kind: Kind, form: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return dict(kind.schema().load(form))
    except ValidationError as error:
        messages = error.messages_dict
        raise BadValues({name: " ".join(map(str, texts)) for name, texts in messages.items()}) from error
