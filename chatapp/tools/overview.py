"""One person as those see them who help: roles, what they have, what they use (waldur section 9)."""

from __future__ import annotations

from chatapp.core import quotas, thread_lists
from chatapp.core.thread_lists import ThreadFilter
from chatapp.marketplace import credits, orders, organizations, resources
from chatapp.models import Order, Organization, Project, Resource, User
from chatapp.tools import Call, Category, Tool, naming, schema, staff_and_support, wording
from chatapp.tools.wording import MOST_ROWS, bounded, counted, known, money, names
from chatapp.values import Json, ToolResult

FEW = 10


def _get_user_overview(call: Call) -> ToolResult:
    person = naming.person(call.user, call.arguments["user"])
    places = organizations.places_of(person)
    data = _account(person) | bounded("roles", [_role(*place) for place in places])
    data |= {"conversations": _conversations(call.user, person), "tokens": _tokens(person)}
    told = f"{person.username} ({person.full_name or 'no name given'}), {_standing(person)}"
    if person.is_staff or person.is_support:  # what they see is everything, and tells nothing of them
        return ToolResult.success(f"{told}: sees every project.", data)
    states = resources.count_by_state(person)
    data["resources_by_state"] = {str(state): count for state, count in states.items()}
    data |= wording.rows("resources", resources.search(person, size=FEW), _resource)
    data["orders_under_way"] = orders.count_active(person)
    data["latest_orders"] = [_order(order) for order in orders.search(person, size=FEW).items]
    data["credits"] = [
        known(
            of=credit.project.name if credit.project else credit.organization.name,
            balance=money(call.user, credit.balance),
            overdrawn=credit.balance < 0 or None,
        )
        for credit in credits.search(person, size=MOST_ROWS).items
    ]
    roles = names(f"{role} of {(project or organization).name}" for role, organization, project in places)
    have = counted(sum(states.values()), "resource")
    return ToolResult.success(f"{told}: {roles or 'member of nothing'}; {have}.", data)


def _account(person: User) -> Json:
    return known(
        uuid=str(person.id),
        username=person.username,
        full_name=person.full_name,
        email=person.email,
        account=_standing(person),
        member_since=wording.day(person.created),
    )


def _standing(person: User) -> str:
    if not person.is_active:
        return "disabled"
    words = [word for word, holds in (("staff", person.is_staff), ("support", person.is_support)) if holds]
    return " and ".join(words) or "user"


def _role(role: str, organization: Organization, project: Project | None) -> Json:
    return known(role=role, organization=organization.name, project=project.name if project else None)


def _resource(found: Resource) -> Json:
    return {"uuid": str(found.id), "name": found.name, "state": found.state, "project": found.project.name}


def _order(found: Order) -> Json:
    return known(
        uuid=str(found.id),
        kind=found.kind,
        state=found.state,
        resource=found.resource.name,
        placed=wording.day(found.created),
        error=found.error,
    )


def _conversations(viewer: User, person: User) -> Json:
    counts = thread_lists.statistics(viewer, ThreadFilter(owner_id=person.id))
    return {
        "threads": counts.threads_total,
        "messages": counts.messages_total,
        "flagged_by_guards": counts.flagged_total,
        "thumbs_up": counts.feedback_positive,
        "thumbs_down": counts.feedback_negative,
        "tokens_ever": counts.total_tokens,
    }


def _tokens(person: User) -> Json:
    """By period."""
    return {
        period: {"used": view.usage, "limit": "unlimited" if view.limit_in_force is None else view.limit_in_force}
        for period, view in quotas.usage(person).items()
    }


TOOLS = (
    Tool(
        "get_user_overview",
        "Everything needed to help one person: account, roles, resources, orders, credits, conversations, tokens.",
        schema({"user": naming.argument("the person; the user name or the e-mail address does as well")}, ["user"]),
        _get_user_overview,
        Category.ACCOUNT,
        permits=staff_and_support,
        deterministic=False,
        crystallizable=True,
    ),
)
