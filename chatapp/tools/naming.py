"""What an argument names: a project, an organization, a resource, an offering, a person, by UUID or by name.

A model has either, and names as a person says them: the whole name counts first, then one that contains it. Nothing
that is refused is repeated, so that a refusal tells nothing of what the person does not see.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from chatapp.core import accounts
from chatapp.errors import Invalid, NotFound, ToolRefused
from chatapp.marketplace import access, catalogue, organizations, resources
from chatapp.marketplace.resources import ResourceFilter
from chatapp.models import Category, Offering, Organization, Project, Resource, User
from chatapp.values import Json

FEW = 8
LONGEST = 200


class Named(Protocol):
    id: UUID


N = TypeVar("N", bound=Named)


def argument(what: str) -> Json:
    """The schema of an argument that names something."""
    return {"type": "string", "minLength": 1, "maxLength": LONGEST, "description": f"Name or UUID of {what}."}


def project(user: User, given: str) -> Project:
    """Raises ToolRefused, as the others do."""
    return _one(
        given,
        "project",
        "list_projects",
        lambda identity: organizations.get_project(user, identity),
        lambda: organizations.find_project(user, given),
        lambda: organizations.page_of_projects(user, text=given, size=FEW).items,
        lambda found: f"{found.name} of {found.organization.name}",
    )


def organization(user: User, given: str) -> Organization:
    return _one(
        given,
        "organization",
        "list_organizations",
        lambda identity: organizations.get_organization(user, identity),
        lambda: organizations.find_organization(user, given),
        lambda: organizations.page_of_organizations(user, text=given, size=FEW).items,
        lambda found: found.name,
    )


def resource(user: User, given: str) -> Resource:
    return _one(
        given,
        "resource",
        "get_project_resources",
        lambda identity: resources.get(user, identity),
        lambda: resources.find(user, given),
        lambda: resources.search(user, ResourceFilter(text=given), sort="name", size=FEW).items,
        lambda found: f"{found.name} in {found.project.name}",
    )


def offering(user: User, given: str) -> Offering:
    return _one(
        given,
        "offering",
        "search_offerings",
        lambda identity: catalogue.get(user, identity).offering,
        lambda: catalogue.find(user, given),
        lambda: catalogue.search(user, given, size=FEW).items,
        lambda found: found.name,
    )


def offering_id(user: User, given: str) -> UUID:
    """For verbs that look an offering up by themselves: a UUID is not looked up here."""
    return _identity(given) or offering(user, given).id


def category(user: User, given: str) -> Category:
    known = [found for found, _ in catalogue.categories(user)]
    wanted = given.strip().casefold()

    def exact() -> Category:
        for each in known:
            if wanted in (each.slug, each.name.casefold()):
                return each
        raise NotFound("category")

    def by_id(identity: UUID) -> Category:
        return next((each for each in known if each.id == identity), None) or exact()

    def similar() -> Sequence[Category]:
        return [each for each in known if wanted in each.name.casefold()]

    return _one(given, "category", "list_categories", by_id, exact, similar, lambda found: found.name)


def person(viewer: User, given: str) -> User:
    """For staff and support: by UUID, user name, full name or e-mail address."""
    access.require_overview(viewer)
    return _one(
        given,
        "person",
        "",
        accounts.require_user,
        lambda: accounts.find_user(given),
        lambda: accounts.find_people(given.strip(), FEW),
        lambda found: f"{found.username} ({found.full_name})",
    )


def _one(
    given: str,
    thing: str,
    lister: str,
    by_id: Callable[[UUID], N],
    exact: Callable[[], N],
    similar: Callable[[], Sequence[N]],
    described: Callable[[N], str],
) -> N:
    """What is given as UUID, else what is called so, else the only one in whose name it stands."""
    unknown = ToolRefused(
        f"There is no such {thing} that this person may see." + (f" Look with {lister}." * bool(lister))
    )
    identity = _identity(given)
    try:
        return by_id(identity) if identity else exact()
    except NotFound:
        found = [] if identity else similar()
    except Invalid:  # several of that name
        found = similar()
    if not found:
        raise unknown
    if len(found) > 1:
        choices = "; ".join(f"{described(each)} ({each.id})" for each in found)
        raise ToolRefused(f"More than one {thing} may be meant. Ask which one, or use its UUID: {choices}.")
    return found[0]


def _identity(given: str) -> UUID | None:
    try:
        return UUID(given.strip())
    except ValueError:
        return None
