"""The catalogue, and organizations with their projects, as a YAML file: exported, changed, imported again.

Entries are known by their slugs: what is there is changed, what is not is made, what the file does not name stays. An
import is stored as a whole or not at all; every fault is told with its line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import yaml
from marshmallow import Schema, ValidationError
from marshmallow import fields as shapes
from sqlalchemy import select

from chatapp.core import audit
from chatapp.db import new_id, session, transaction
from chatapp.errors import BadFile
from chatapp.marketplace import access, fields, maintenance, organizations
from chatapp.marketplace.maintenance import KINDS
from chatapp.models import Category, Flavor, Image, Network, Offering, Organization, Project, User

LONGEST = 1_000_000  # characters
MOST_FAULTS = 20


class _OfferingEntry(fields.OfferingFields):
    category = shapes.String(required=True)
    flavors = shapes.List(shapes.Nested(fields.FlavorFields), load_default=list)
    images = shapes.List(shapes.Nested(fields.ImageFields), load_default=list)
    networks = shapes.List(shapes.Nested(fields.NetworkFields), load_default=list)


class _Quota(Schema):
    cores = fields.Size(load_default=None, allow_none=True)
    ram = fields.Size(load_default=None, allow_none=True)
    storage = fields.Size(load_default=None, allow_none=True)


class _ProjectEntry(fields.ProjectFields):
    quota = shapes.Nested(_Quota)


class _OrganizationEntry(fields.OrganizationFields):
    projects = shapes.List(shapes.Nested(_ProjectEntry), load_default=list)


class _File(Schema):
    categories = shapes.List(shapes.Nested(fields.CategoryFields), load_default=list)
    offerings = shapes.List(shapes.Nested(_OfferingEntry), load_default=list)
    organizations = shapes.List(shapes.Nested(_OrganizationEntry), load_default=list)


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Plain values only; references would let a small file become a large one."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(
                problem="References (*) are not allowed", problem_mark=self.peek_event().start_mark
            )
        return super().compose_node(parent, index)


@dataclass(slots=True)
class Imported:
    """How many entries there were of each word: created, changed, unchanged."""

    counts: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return ", ".join(f"{self.counts[word]} {word}" for word in ("created", "changed", "unchanged"))


def load(staff: User, text: str) -> Imported:
    """Make the marketplace what the file says. Raises Forbidden, BadFile."""
    access.require_staff(staff)
    data = _parse(text)
    done = Imported()
    with transaction():
        categories = _merge(staff, done, "category", data["categories"], _existing(Category, data["categories"]))
        known = _existing(Category, [{"slug": entry["category"]} for entry in data["offerings"]]) | categories
        _import_offerings(staff, done, data["offerings"], known)
        _import_organizations(staff, done, data["organizations"])
        audit.record("marketplace_imported", staff, object_id=new_id(), entries=dict(done.counts))
    return done


def dump(user: User) -> str:
    """The file of all there is, for staff and support. Raises Forbidden."""
    access.require_overview(user)
    document = {
        "categories": [_entry("category", category) for category in _all(Category)],
        "offerings": [_offering_entry(*parts) for parts in _offerings()],
        "organizations": [_organization_entry(*parts) for parts in _organizations()],
    }
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120))


def _parse(text: str) -> Mapping[str, Any]:
    if len(text) > LONGEST:
        raise BadFile([f"The file is longer than {LONGEST} characters."])
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        data = loader.construct_document(root) if root else {}
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise BadFile([f"line {mark.line + 1 if mark else '?'}: {error.problem or error.context}"]) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise BadFile([f"This is not YAML: {str(error).splitlines()[0]}"]) from error
    try:
        loaded: Mapping[str, Any] = _File().load(data)
    except ValidationError as error:
        raise BadFile([_fault(root, *fault) for fault in _flat(error.messages)][:MOST_FAULTS]) from error
    if faults := list(_twice(root, loaded)):
        raise BadFile(faults[:MOST_FAULTS])
    return loaded


def _flat(messages: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            yield from _flat(inner, path if name == "_schema" else (*path, name))
    else:
        yield path, " ".join(map(str, messages))


def _fault(root: Any, path: Sequence[str | int], message: str) -> str:
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    return f"line {_line(root, path)}, {place}: {message}" if place else f"line {_line(root, path)}: {message}"


def _line(node: Any, path: Sequence[str | int]) -> int:
    """Where the value of that path stands, or what it is missing in."""
    line = node.start_mark.line + 1 if node else 1
    for step in path:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == step), None)
            if pair is None:
                return line
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
    return line


def _twice(root: Any, data: Mapping[str, Any]) -> Iterator[str]:
    """Slugs that stand for two entries."""
    lists: list[tuple[tuple[str | int, ...], Sequence[Mapping[str, Any]]]] = [((word,), data[word]) for word in data]
    for index, offering in enumerate(data["offerings"]):
        lists += [(("offerings", index, word), offering[word]) for word in ("flavors", "images", "networks")]
    for index, organization in enumerate(data["organizations"]):
        lists.append((("organizations", index, "projects"), organization["projects"]))
    for path, entries in lists:
        seen: set[str] = set()
        for number, entry in enumerate(entries):
            if entry["slug"] in seen:
                yield _fault(root, (*path, number, "slug"), f"{entry['slug']} is there twice.")
            seen.add(entry["slug"])


def _import_offerings(
    staff: User, done: Imported, entries: Sequence[Mapping[str, Any]], known: Mapping[str, Any]
) -> None:
    missing = sorted({entry["category"] for entry in entries} - set(known))
    if missing:
        raise BadFile([f"offerings: there is no category {slug}." for slug in missing])
    parts = {word: [] for word in ("flavor", "image", "network")}  # type: dict[str, list[Any]]
    rows = [
        {name: value for name, value in entry.items() if name not in ("category", "flavors", "images", "networks")}
        | {"category_id": known[entry["category"]].id}
        for entry in entries
    ]
    offerings = _merge(staff, done, "offering", rows, _existing(Offering, entries))
    for entry in entries:
        for word, found in parts.items():
            found += [part | {"offering_id": offerings[entry["slug"]].id} for part in entry[KINDS[word].plural]]
    models: dict[str, Any] = {"flavor": Flavor, "image": Image, "network": Network}
    for word, model in models.items():
        query = select(model).where(model.offering_id.in_([offering.id for offering in offerings.values()]))
        there = {(thing.offering_id, thing.slug): thing for thing in session.scalars(query)}
        _merge(staff, done, word, parts[word], there, lambda row: (row["offering_id"], row["slug"]))


def _import_organizations(staff: User, done: Imported, entries: Sequence[Mapping[str, Any]]) -> None:
    rows = [{"slug": entry["slug"], "name": entry["name"]} for entry in entries]
    places = _merge(staff, done, "organization", rows, _existing(Organization, rows))
    projects = [
        {name: value for name, value in project.items() if name != "quota"}
        | {"organization_id": places[entry["slug"]].id}
        for entry in entries
        for project in entry["projects"]
    ]
    there = _existing(Project, projects)
    for row in projects:
        if row["slug"] in there and there[row["slug"]].organization_id != row["organization_id"]:
            raise BadFile([f"organizations: the project {row['slug']} belongs to another organization already."])
    merged = _merge(staff, done, "project", projects, there)
    kept = organizations.quotas_of([project.id for project in merged.values()])
    for project in (project for entry in entries for project in entry["projects"] if "quota" in project):
        project_id = merged[project["slug"]].id
        for view in kept[project_id]:
            if view.most != project["quota"][view.component]:
                organizations.set_quota(staff, project_id, view.component, project["quota"][view.component])


def _merge(
    staff: User,
    done: Imported,
    word: str,
    rows: Sequence[Mapping[str, Any]],
    there: Mapping[Any, Any],
    key: Any = lambda row: row["slug"],
) -> dict[Any, Any]:
    """The things that the rows tell of, by their keys, made or changed where they differ."""
    merged = {}
    for row in rows:
        thing = there.get(key(row))
        if thing is None:
            thing, what = KINDS[word].model(id=new_id(), **row), "created"
        else:
            differs = {name: value for name, value in row.items() if getattr(thing, name) != value}
            what = "changed" if differs else "unchanged"
            for name, value in differs.items():
                setattr(thing, name, value)
        merged[key(row)] = thing
        done.counts[what] += 1
        if what != "unchanged":
            maintenance.keep_one_default(thing)
            session.add(thing)
            session.flush()
            audit.record(f"{word}_{what}", staff, object_id=thing.id, slug=thing.slug)
    return merged


def _existing(model: Any, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    slugs = {row["slug"] for row in rows}
    return {thing.slug: thing for thing in session.scalars(select(model).where(model.slug.in_(slugs)))}


def _all(model: Any) -> Sequence[Any]:
    return session.scalars(select(model).order_by(model.slug)).all()


def _entry(word: str, thing: Any) -> dict[str, Any]:
    return maintenance.as_form(KINDS[word], thing)


def _offerings() -> Iterator[tuple[Any, dict[str, list[Any]]]]:
    parts: dict[tuple[UUID, str], list[Any]] = {}
    for word, model in (("flavor", Flavor), ("image", Image), ("network", Network)):
        for thing in _all(model):
            parts.setdefault((thing.offering_id, word), []).append(_entry(word, thing))
    for offering in _all(Offering):
        yield offering, {KINDS[w].plural: parts.get((offering.id, w), []) for w in ("flavor", "image", "network")}


def _offering_entry(offering: Any, parts: dict[str, list[Any]]) -> dict[str, Any]:
    return _entry("offering", offering) | {"category": offering.category.slug} | {w: p for w, p in parts.items() if p}


def _organizations() -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    found = _all(Project)
    quotas = organizations.quotas_of([project.id for project in found])
    for organization in _all(Organization):
        mine = [project for project in found if project.organization_id == organization.id]
        yield organization, [_project_entry(project, quotas[project.id]) for project in mine]


def _project_entry(project: Any, views: Sequence[organizations.QuotaView]) -> dict[str, Any]:
    most = {str(view.component): view.most for view in views if view.most is not None}
    return _entry("project", project) | ({"quota": most} if most else {})


def _organization_entry(organization: Any, projects: list[dict[str, Any]]) -> dict[str, Any]:
    return _entry("organization", organization) | ({"projects": projects} if projects else {})
