"""What can be ordered: everybody sees what is active or paused, staff and support also drafts and the archive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select, true

from chatapp.core.search import contains
from chatapp.db import session
from chatapp.errors import Invalid, NotFound
from chatapp.market import OfferingKind, OfferingState
from chatapp.marketplace import access
from chatapp.marketplace.paging import PAGE_LENGTH, Page, page
from chatapp.models import Category, Flavor, Image, Network, Offering, User

MOST_COMPARED = 5
SHOWN = (OfferingState.ACTIVE, OfferingState.PAUSED)
SORTS = {"name": Offering.name, "created": Offering.created, "price": Offering.price}


@dataclass(frozen=True, slots=True)
class OfferingView:
    """An offering with what machines of it are made of, the smallest flavor first."""

    offering: Offering
    flavors: Sequence[Flavor]
    images: Sequence[Image]
    networks: Sequence[Network]

    @property
    def price_from(self) -> int:
        """The least that it costs a month, in cents."""
        return self.offering.price + min((flavor.price for flavor in self.flavors), default=0)


def categories(user: User) -> Sequence[tuple[Category, int]]:
    """All of them by name, with the number of offerings that the user sees in each."""
    counted = (
        select(Offering.category_id, func.count().label("count"))
        .where(_visible(user))
        .group_by(Offering.category_id)
        .subquery()
    )
    query = select(Category, func.coalesce(counted.c.count, 0)).outerjoin(counted, counted.c.category_id == Category.id)
    return [(category, count) for category, count in session.execute(query.order_by(Category.name, Category.id))]


def search(
    user: User,
    text: str = "",
    *,
    category_id: UUID | None = None,
    kind: OfferingKind | None = None,
    orderable: bool = False,
    sort: str = "name",
    after: str | None = None,
    size: int = PAGE_LENGTH,
) -> Page[Offering]:
    """Offerings in whose name, provider or description every word of `text` stands. Raises Invalid."""
    query = select(Offering).where(Offering.state == OfferingState.ACTIVE if orderable else _visible(user))
    if category_id:
        query = query.where(Offering.category_id == category_id)
    if kind:
        query = query.where(Offering.kind == kind)
    for word in text.split():
        columns = (Offering.name, Offering.provider, Offering.description, Offering.slug)
        query = query.where(or_(*(contains(column, word) for column in columns)))
    return page(query, SORTS, sort, after, size)


def find(user: User, name: str) -> Offering:
    """The offering of that name or slug, whatever the case. Raises NotFound; Invalid when several have the name."""
    wanted = name.strip().lower()
    named = or_(func.lower(Offering.name) == wanted, Offering.slug == wanted)
    found = session.scalars(select(Offering).where(named, _visible(user)).limit(2)).all()
    if len(found) > 1:
        raise Invalid(f"Several offerings are called {name}. Say which one by its id.", "offering")
    if not found:
        raise NotFound("offering")
    return found[0]


def prices_from(offerings: Sequence[Offering]) -> dict[UUID, int]:
    """The least that each of them costs a month, in cents."""
    cheapest = (
        select(Flavor.offering_id, func.min(Flavor.price))
        .where(Flavor.offering_id.in_([offering.id for offering in offerings]))
        .group_by(Flavor.offering_id)
    )
    added = dict(session.execute(cheapest).all())
    return {offering.id: offering.price + added.get(offering.id, 0) for offering in offerings}


def get(user: User, offering_id: UUID) -> OfferingView:
    """Raises NotFound."""
    views = _views([offering_id], user)
    if not views:
        raise NotFound("offering")
    return views[0]


def compare(user: User, offering_ids: Sequence[UUID]) -> Sequence[OfferingView]:
    """Two to five offerings, in the order asked for. Raises Invalid, NotFound."""
    ids = list(dict.fromkeys(offering_ids))
    if not 2 <= len(ids) <= MOST_COMPARED:
        raise Invalid(f"From 2 to {MOST_COMPARED} offerings can be compared.", "offerings")
    views = _views(ids, user)
    if len(views) < len(ids):
        raise NotFound("offering")
    return views


def flavors(offering_id: UUID) -> Sequence[Flavor]:
    """The smallest first."""
    return session.scalars(_flavors([offering_id])).all()


def images(offering_id: UUID) -> Sequence[Image]:
    return session.scalars(select(Image).where(Image.offering_id == offering_id).order_by(Image.name, Image.id)).all()


def networks(offering_id: UUID) -> Sequence[Network]:
    """The default first."""
    mine = select(Network).where(Network.offering_id == offering_id)
    return session.scalars(mine.order_by(Network.is_default.desc(), Network.name, Network.id)).all()


def _views(ids: Sequence[UUID], user: User) -> list[OfferingView]:
    found = session.scalars(select(Offering).where(Offering.id.in_(ids), _visible(user))).all()
    offerings = {offering.id: offering for offering in found}
    sizes = session.scalars(_flavors(ids)).all()
    systems = session.scalars(select(Image).where(Image.offering_id.in_(ids)).order_by(Image.name, Image.id)).all()
    nets = session.scalars(select(Network).where(Network.offering_id.in_(ids)).order_by(Network.name)).all()
    return [
        OfferingView(
            offerings[i],
            [size for size in sizes if size.offering_id == i],
            [system for system in systems if system.offering_id == i],
            [net for net in nets if net.offering_id == i],
        )
        for i in ids
        if i in offerings
    ]


def _flavors(ids: Sequence[UUID]) -> Select[Flavor]:
    order = (Flavor.cores, Flavor.ram, Flavor.disk, Flavor.id)
    return select(Flavor).where(Flavor.offering_id.in_(ids)).order_by(*order)


def _visible(user: User) -> ColumnElement[bool]:
    return true() if access.sees_everything(user) else Offering.state.in_(SHOWN)
