"""What the person belongs to and has: organizations, projects, resources, quotas, usage (waldur section 9)."""

from __future__ import annotations

from datetime import date
from textwrap import shorten

from chatapp.db import now
from chatapp.market import ResourceState
from chatapp.marketplace import organizations, resources
from chatapp.marketplace.resources import ResourceFilter, UsageLine
from chatapp.models import Resource, User
from chatapp.tools import Call, Category, Tool, naming, schema, wording
from chatapp.tools.wording import MOST_ROWS, counted, known, names
from chatapp.values import Json, ToolResult

MOST_MONTHS, FEW_MONTHS = 24, 3
REASON = 100

SEARCH: Json = {"type": "string", "maxLength": naming.LONGEST, "description": "Only those in whose name this stands."}
STATES: Json = {
    "type": "array",
    "items": {"enum": [str(state) for state in ResourceState]},
    "uniqueItems": True,
    "description": "Only these states. Without it: all that are not terminated.",
}


def _list_organizations(call: Call) -> ToolResult:
    page = organizations.page_of_organizations(call.user, text=call.arguments.get("search", ""), size=MOST_ROWS)
    owned = {place.id: role for role, place, project in organizations.places_of(call.user) if project is None}
    data = wording.rows(
        "organizations",
        page,
        lambda found: known(uuid=str(found.id), name=found.name, your_role=owned.get(found.id)),
    )
    return ToolResult.success(_summary("organization", [each.name for each in page.items], data), data)


def _list_projects(call: Call) -> ToolResult:
    user, given = call.user, call.arguments
    organization = naming.organization(user, given["organization"]) if "organization" in given else None
    page = organizations.page_of_projects(
        user, organization_id=organization.id if organization else None, text=given.get("search", ""), size=MOST_ROWS
    )
    roles = {(project or place).id: role for role, place, project in organizations.places_of(user)}
    data = wording.rows(
        "projects",
        page,
        lambda found: known(
            uuid=str(found.id),
            name=found.name,
            organization=found.organization.name,
            your_role=roles.get(found.organization_id) or roles.get(found.id),
            description=shorten(found.description, REASON, placeholder="…"),
        ),
    )
    return ToolResult.success(_summary("project", [each.name for each in page.items], data), data)


def _get_project_resources(call: Call) -> ToolResult:
    user, given = call.user, call.arguments
    project = naming.project(user, given["project"]) if "project" in given else None
    wanted = ResourceFilter(
        project_id=project.id if project else None,
        states=[ResourceState(state) for state in given.get("state", [])],
        text=given.get("search", ""),
    )
    page = resources.search(user, wanted, size=MOST_ROWS)
    states = resources.count_by_state(user, wanted)
    data = wording.rows("resources", page, lambda found: _resource(user, found))
    data["count_by_state"] = {str(state): count for state, count in states.items()}
    where = f" in {project.name}" if project else ""
    listed = names(f"{each.name} ({each.state})" for each in page.items)
    head = f"{counted(sum(states.values()), 'resource')}{where}"
    return ToolResult.success(f"{head}: {listed}." if listed else f"{head}.", data)


def _resource(user: User, found: Resource) -> Json:
    return known(
        uuid=str(found.id),
        name=found.name,
        state=found.state,
        project=found.project.name,
        offering=found.offering.name,
        flavor=found.flavor,
        image=found.image,
        address=found.details.get("address"),
        price_a_month=wording.money(user, found.price),
        reason=shorten(found.reason, REASON, placeholder="…"),
    )


def _get_project_quota(call: Call) -> ToolResult:
    project = naming.project(call.user, call.arguments["project"])
    views = [wording.quota(view) for view in organizations.quota(call.user, project.id)]
    told = "; ".join(f"{view['component']} {view['used']} of {view['limit']}" for view in views)
    data = {"project": project.name, "uuid": str(project.id), "quota": views}
    return ToolResult.success(f"Quota of {project.name}: {told}.", data)


def _get_resource_usage(call: Call) -> ToolResult:
    user, given = call.user, call.arguments
    resource = naming.resource(user, given["resource"]) if "resource" in given else None
    project = naming.project(user, given["project"]) if "project" in given else None
    chosen = {
        "resource_id": resource.id if resource else None,
        "project_id": project.id if project else None,
    }
    since = _months_ago(given.get("months", FEW_MONTHS) - 1)
    totals = resources.costs(user, **chosen, since=since)
    lines = resources.usage(user, **chosen, since=since) if totals else []
    months = [{"month": wording.month(first), "cost": wording.money(user, cost)} for first, cost in totals]
    data = wording.bounded("usage", [_usage(user, line) for line in lines]) | {"months": months}
    whose = " of " + " in ".join(each.name for each in (resource, project) if each) if resource or project else ""
    told = ", ".join(f"{entry['month']} {entry['cost']}" for entry in months)
    since_then = f"since {wording.month(since)}"
    return ToolResult.success(
        f"Usage{whose} {since_then}: {told}." if told else f"No usage{whose} {since_then} has been counted.", data
    )


def _usage(user: User, line: UsageLine) -> Json:
    return {
        "month": wording.month(line.month),
        "resource": line.resource_name,
        "component": line.component,
        "amount": f"{line.amount:,} {line.unit}",
        "cost": wording.money(user, line.cost),
    }


def _months_ago(number: int) -> date:
    """The first day of that month."""
    today = now().date()
    years, before = divmod(today.month - 1 - number, 12)
    return date(today.year + years, before + 1, 1)


def _summary(thing: str, found: list[str], data: Json) -> str:
    number = f"The first {len(found)} {thing}s" if "more" in data else counted(len(found), thing)
    return f"{number}: {names(found)}." if found else f"{number}."


TOOLS = (
    Tool(
        "list_organizations",
        "List the organizations (customers) that the person belongs to, with UUIDs, and which of them the person owns.",
        schema({"search": SEARCH}),
        _list_organizations,
        Category.ACCOUNT,
        crystallizable=True,
    ),
    Tool(
        "list_projects",
        "List the projects that the person sees, with UUID, organization and the person's role in each. Owners, admins "
        "and managers may order there; members only look.",
        schema({"organization": naming.argument("an organization: only its projects"), "search": SEARCH}),
        _list_projects,
        Category.ACCOUNT,
        crystallizable=True,
    ),
    Tool(
        "get_project_resources",
        "Read the resources (machines and services) of a project, or of all projects of the person: names, states, "
        "sizes, addresses, prices. To let the person look at a live list, use display_user_resources instead.",
        schema({"project": naming.argument("a project"), "state": STATES, "search": SEARCH}),
        _get_project_resources,
        Category.ACCOUNT,
        deterministic=False,
        crystallizable=True,
    ),
    Tool(
        "get_project_quota",
        "How much of cores, memory and storage a project uses, how much it may, and what is left for new orders.",
        schema({"project": naming.argument("the project")}, ["project"]),
        _get_project_quota,
        Category.ACCOUNT,
        deterministic=False,
        crystallizable=True,
    ),
    Tool(
        "get_resource_usage",
        "What a resource, a project's resources, or all resources of the person have used and cost, by month.",
        schema(
            {
                "resource": naming.argument("one resource"),
                "project": naming.argument("a project: all of its resources"),
                "months": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MOST_MONTHS,
                    "description": f"How many months back, this one included; {FEW_MONTHS} if not given.",
                },
            }
        ),
        _get_resource_usage,
        Category.ACCOUNT,
        deterministic=False,
        crystallizable=True,
    ),
)
