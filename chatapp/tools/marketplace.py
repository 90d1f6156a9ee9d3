"""What can be ordered: found by words, looked at, compared, by category (waldur section 9)."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten
from urllib.parse import urlencode

from chatapp.marketplace import catalogue, plans
from chatapp.marketplace.catalogue import MOST_COMPARED, OfferingView
from chatapp.models import Flavor, Image, Network, Offering, User
from chatapp.tools import Call, Category, Tool, naming, schema, wording
from chatapp.tools.wording import MOST_ROWS, bounded, counted, known, money, names
from chatapp.values import BlockKey, Json, ToolResult

MOST_LINKS = 6
EXCERPT = 140
FEW = 20
CATALOGUE = "/catalogue/"


def _search_offerings(call: Call) -> ToolResult:
    user, given = call.user, call.arguments
    words = given.get("search", "").strip()
    category = naming.category(user, given["category"]) if "category" in given else None
    page = catalogue.search(user, words, category_id=category.id if category else None, size=given.get("limit", FEW))
    prices = catalogue.prices_from(page.items) if page.items else {}
    costs = {offering.id: _price(user, prices[offering.id]) for offering in page.items}
    data = wording.rows("offerings", page, lambda found: _offering(found, costs[found.id]))
    more = {"q": words, "category": str(category.id) if category else ""}
    links = [_link(found, costs[found.id]) for found in page.items]
    told = names(f"{found.name} ({costs[found.id]})" for found in page.items)
    number = "Many offerings, first" if page.next else counted(len(page.items), "offering")
    return _navigating(f"{number}: {told}." if told else "No offering is like that.", data, links, _address(more))


def _get_offering(call: Call) -> ToolResult:
    view = catalogue.get(call.user, naming.offering_id(call.user, call.arguments["offering"]))
    return ToolResult.success(_told(call.user, view), _view(call.user, view, MOST_ROWS))


def _compare_offerings(call: Call) -> ToolResult:
    user = call.user
    views = catalogue.compare(user, [naming.offering_id(user, given) for given in call.arguments["offerings"]])
    rows = MOST_ROWS // MOST_COMPARED
    address = f"{CATALOGUE}compare/?{urlencode([('offering', str(view.offering.id)) for view in views])}"
    link = {"label": "Compare side by side", "url": address, "subtitle": names(view.offering.name for view in views)}
    data = {"offerings": [_view(user, view, rows) for view in views]}
    return _navigating(" ".join(_told(user, view) for view in views), data, [link], address)


def _list_categories(call: Call) -> ToolResult:
    found = catalogue.categories(call.user)
    data = bounded(
        "categories",
        [
            known(uuid=str(each.id), name=each.name, description=_excerpt(each.description), offerings=number or "none")
            for each, number in found
        ],
    )
    links = [
        known(
            label=each.name,
            url=_address({"category": str(each.id)}),
            subtitle=counted(number, "offering"),
            description_excerpt=_excerpt(each.description),
        )
        for each, number in found
        if number
    ]
    told = names(f"{each.name} ({number})" for each, number in found)
    head = counted(len(found), "category", "categories")
    return _navigating(f"{head}: {told}." if told else f"{head}.", data, links, CATALOGUE)


def _navigating(summary: str, data: Json, links: Sequence[Json], all_of_them: str) -> ToolResult:
    """With links to the first of them on the pages, and to the rest if there is one."""
    if not links:
        return ToolResult.success(summary, data)
    shown = list(links)
    if "more" in data or len(links) > MOST_LINKS:
        everything = {"label": "All in the catalogue", "url": all_of_them, "variant": "secondary"}
        shown = [*links[: MOST_LINKS - 1], everything]
    return ToolResult.success(summary, data, BlockKey.HOMEPORT_NAV, {"links": shown})


def _link(found: Offering, price: str) -> Json:
    return known(
        label=found.name,
        url=f"{CATALOGUE}{found.id}/",
        subtitle=", ".join(filter(None, (found.category.name, found.provider, price))),
        description_excerpt=_excerpt(found.description),
    )


def _address(query: Json) -> str:
    given = urlencode({name: value for name, value in query.items() if value})
    return f"{CATALOGUE}?{given}" if given else CATALOGUE


def _excerpt(text: str) -> str:
    return shorten(text, EXCERPT, placeholder="…")


def _price(user: User, cents: int) -> str:
    return f"from {money(user, cents)} a month" if cents else "free"


def _offering(found: Offering, price: str) -> Json:
    return known(
        uuid=str(found.id),
        name=found.name,
        kind=found.kind,
        state=found.state,
        category=found.category.name,
        provider=found.provider,
        price=price,
        description=_excerpt(found.description),
    )


def _view(user: User, view: OfferingView, most: int) -> Json:
    """An offering with what machines of it are made of, so many of each."""
    found = view.offering
    data = _offering(found, _price(user, view.price_from))
    data |= known(description=shorten(found.description, 2000, placeholder="…"), features=found.features)
    for name, parts in (
        ("flavors", [_flavor(user, found, flavor) for flavor in view.flavors]),
        ("images", [_image(image) for image in view.images]),
        ("networks", [_network(network) for network in view.networks]),
    ):
        if parts:
            data[name] = parts[:most]
        if len(parts) > most:
            data["more"] = True
    return data


def _told(user: User, view: OfferingView) -> str:
    found = view.offering
    parts = [_price(user, view.price_from)]
    if view.flavors:
        parts += [f"flavors {names(f.name for f in view.flavors)}", f"images {names(i.name for i in view.images)}"]
    return f"{found.name} ({found.state}): {'; '.join(parts)}."


def _flavor(user: User, offering: Offering, found: Flavor) -> Json:
    return {
        "name": found.name,
        "cores": found.cores,
        "memory": plans.gibibytes(found.ram),
        "disk": plans.gibibytes(found.disk),
        "price": f"{money(user, offering.price + found.price)} a month",
    }


def _image(found: Image) -> Json:
    needs = {"needs_memory": plans.gibibytes(found.min_ram), "needs_disk": plans.gibibytes(found.min_disk)}
    return {"name": found.name} | needs


def _network(found: Network) -> Json:
    return known(uuid=str(found.id), name=found.name, cidr=found.cidr, default=found.is_default or None)


TOOLS = (
    Tool(
        "search_offerings",
        "Find what can be ordered by words in name, provider or description, or in a category. The person is shown "
        "links to the first ones.",
        schema(
            {
                "search": {
                    "type": "string",
                    "maxLength": naming.LONGEST,
                    "description": "Words; all of them must occur.",
                },
                "category": naming.argument("a category"),
                "limit": {"type": "integer", "minimum": 1, "maximum": MOST_ROWS},
            }
        ),
        _search_offerings,
        Category.MARKETPLACE,
        crystallizable=True,
    ),
    Tool(
        "get_offering",
        "One offering in full: price, features, flavors (sizes), images (operating systems) and networks.",
        schema({"offering": naming.argument("the offering")}, ["offering"]),
        _get_offering,
        Category.MARKETPLACE,
        crystallizable=True,
    ),
    Tool(
        "list_categories",
        "The categories of what can be ordered, with the number of offerings in each. The person is shown links.",
        schema(),
        _list_categories,
        Category.MARKETPLACE,
        crystallizable=True,
    ),
    Tool(
        "compare_offerings",
        f"Two to {MOST_COMPARED} offerings side by side: prices, features, flavors, images.",
        schema(
            {
                "offerings": {
                    "type": "array",
                    "items": naming.argument("an offering"),
                    "minItems": 2,
                    "maxItems": MOST_COMPARED,
                }
            },
            ["offerings"],
        ),
        _compare_offerings,
        Category.MARKETPLACE,
        crystallizable=True,
    ),
)
