"""Credits and invoices explained: what is left, what used it up, what it has paid (waldur section 9)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from chatapp.db import now
from chatapp.errors import NotFound, ToolRefused
from chatapp.market import ResourceState
from chatapp.marketplace import credits, invoices
from chatapp.marketplace.invoices import InvoiceView
from chatapp.models import Credit, CreditMovement, InvoiceItem, Organization, User
from chatapp.tools import Call, Category, Tool, naming, schema, wording
from chatapp.tools.wording import MOST_ROWS, bounded, counted, known, money, names
from chatapp.values import Json, ToolResult

MOVEMENTS = 20
MONTH = "^[0-9]{4}-(0[1-9]|1[0-2])$"
OWNERS_ONLY = "Only the owners of an organization see what it pays. This person is not one of them."


def _explain_project_credit_balance(call: Call) -> ToolResult:
    user, project = call.user, naming.project(call.user, call.arguments["project"])
    credit = _credit_of_project(user, project.id)
    place = {"project": project.name, "uuid": str(project.id), "organization": project.organization.name}
    if credit is None:
        text = f"{project.name} has no credit of its own: what it may consume is not limited by one."
        return ToolResult.success(text, place)
    moved = credits.movements(user, credit.id, size=MOVEMENTS)
    data = place | _credit(user, credit) | wording.rows("movements", moved, lambda found: _movement(user, found))
    return ToolResult.success(f"Credit of {project.name}: {_in_words(user, credit)}", data)


def _list_overdrawn_projects(call: Call) -> ToolResult:
    user, given = call.user, call.arguments
    organization = naming.organization(user, given["organization"]) if "organization" in given else None
    page = credits.overdrawn(user, size=MOST_ROWS, organization_id=organization.id if organization else None)
    data = wording.rows(
        "projects", page, lambda credit: _share(user, credit) | {"organization": credit.organization.name}
    )
    told = names(f"{_project_name(credit)} ({money(user, credit.balance)})" for credit in page.items)
    head = f"{counted(len(page.items), 'project')} overdrawn"
    return ToolResult.success(f"{head}: {told}." if told else f"{head}.", data)


def _explain_resource_paused_reason(call: Call) -> ToolResult:
    user, resource = call.user, naming.resource(call.user, call.arguments["resource"])
    credit = _credit_of_project(user, resource.project_id)
    data = known(
        uuid=str(resource.id),
        resource=resource.name,
        project=resource.project.name,
        state=resource.state,
        reason=resource.reason,
        since=wording.day(resource.modified),
        project_credit=_credit(user, credit) if credit else None,
    )
    if resource.state not in (ResourceState.PAUSED, ResourceState.ERRED):
        return ToolResult.success(f"{resource.name} is not paused: it is {resource.state}.", data)
    reason = resource.reason or "No reason was given."
    return ToolResult.success(f"{resource.name} is {resource.state}: {reason}", data)


def _get_customer_credit_overview(call: Call) -> ToolResult:
    user = call.user
    organization = _owned(user, call.arguments["organization"])
    overview = credits.of_organization(user, organization.id)
    data: Json = {"organization": organization.name, "uuid": str(organization.id)}
    data |= bounded("projects", [_share(user, credit) for credit in overview.projects])
    if overview.own is None or overview.left_to_share is None:
        text = f"{organization.name} has no credit; {counted(len(overview.projects), 'project')} with a share."
        return ToolResult.success(text, data)
    data |= {"credit": _credit(user, overview.own), "not_shared_out": money(user, overview.left_to_share)}
    shares = names(f"{_project_name(credit)} {money(user, credit.balance)}" for credit in overview.projects)
    told = f" Shares left: {shares}." if shares else " No project has a share of it."
    return ToolResult.success(f"Credit of {organization.name}: {_in_words(user, overview.own)}{told}", data)


def _explain_invoice_compensations(call: Call) -> ToolResult:
    user = call.user
    organization = _owned(user, call.arguments["organization"])
    view = _invoice(user, organization, call.arguments.get("month"))
    month, state = wording.month(view.invoice.month), view.invoice.state
    sums = {
        "consumed": money(user, view.total),
        "paid_by_credit": money(user, view.compensated),
        "to_pay": money(user, view.to_pay),
    }
    data = {"organization": organization.name, "invoice": str(view.invoice.id), "month": month, "state": state}
    data |= sums | bounded("items", [_item(user, item, project) for item, project in view.items])
    data["organization_credit"] = _organization_credit(user, organization)
    told = ", ".join(f"{amount} {name.replace('_', ' ')}" for name, amount in sums.items())
    return ToolResult.success(f"Invoice of {organization.name} for {month} ({state}): {told}.", data)


def _invoice(user: User, organization: Organization, month: str | None) -> InvoiceView:
    """Of the month, or the latest. Raises ToolRefused."""
    try:
        if month:
            return invoices.of_month(user, organization.id, date.fromisoformat(f"{month}-01"))
        latest = invoices.of_organization(user, organization.id, size=1).items
        if latest:
            return invoices.get(user, latest[0].id)
    except (NotFound, ValueError):
        pass
    raise ToolRefused(f"{organization.name} has no invoice{' of that month' if month else ' yet'}.")


def _owned(user: User, given: str) -> Organization:
    """An organization whose bills the person sees. Raises ToolRefused."""
    organization = naming.organization(user, given)
    if not credits.owns(user, organization.id):
        raise ToolRefused(OWNERS_ONLY)
    return organization


def _organization_credit(user: User, organization: Organization) -> str:
    own = credits.of_organization(user, organization.id).own
    if own is None:
        return "None: nothing pays for what is consumed but the organization itself."
    return _in_words(user, own)


def _credit_of_project(user: User, project_id: UUID) -> Credit | None:
    try:
        return credits.of_project(user, project_id)
    except NotFound:
        return None


def _in_words(user: User, credit: Credit) -> str:
    text = f"{money(user, credit.balance)} left of {money(user, credit.granted)} granted"
    if _is_expired(credit):
        return f"{text}, but it expired on {credit.expires_on}: nothing new can be ordered on it."
    if credit.balance < 0:
        return f"{text}: it is overdrawn, and nothing new can be ordered until more is granted."
    return f"{text}, valid until {credit.expires_on}." if credit.expires_on else f"{text}."


def _is_expired(credit: Credit) -> bool:
    return credit.expires_on is not None and credit.expires_on < now().date()


def _credit(user: User, credit: Credit) -> Json:
    return known(
        balance=money(user, credit.balance),
        granted=money(user, credit.granted),
        consumed=money(user, credit.granted - credit.balance),
        expires_on=str(credit.expires_on or ""),
        expired=_is_expired(credit) or None,
        overdrawn=credit.balance < 0 or None,
    )


def _share(user: User, credit: Credit) -> Json:
    return {"uuid": str(credit.project_id), "name": _project_name(credit)} | _credit(user, credit)


def _project_name(credit: Credit) -> str:
    return credit.project.name if credit.project else ""


def _movement(user: User, found: CreditMovement) -> Json:
    return known(day=wording.day(found.created), kind=found.kind, amount=money(user, found.amount), note=found.note)


def _item(user: User, item: InvoiceItem, project: str) -> Json:
    return known(
        what=item.name,
        project=project,
        price=money(user, item.price),
        paid_by_credit=money(user, item.compensated),
        to_pay=money(user, item.price - item.compensated),
    )


TOOLS = (
    Tool(
        "explain_project_credit_balance",
        "What is left of a project's credit, what was granted and consumed, when it expires, and its latest movements.",
        schema({"project": naming.argument("the project")}, ["project"]),
        _explain_project_credit_balance,
        Category.ACCOUNT,
        deterministic=False,
        crystallizable=True,
    ),
    Tool(
        "list_overdrawn_projects",
        "The projects that have consumed more than their credit, the most overdrawn first. They cannot order anything.",
        schema({"organization": naming.argument("an organization: only its projects")}),
        _list_overdrawn_projects,
        Category.ACCOUNT,
        deterministic=False,
        crystallizable=True,
    ),
    Tool(
        "explain_resource_paused_reason",
        "Why a resource is paused or has failed, since when, and how the credit of its project stands.",
        schema({"resource": naming.argument("the resource")}, ["resource"]),
        _explain_resource_paused_reason,
        Category.ACCOUNT,
        deterministic=False,
        crystallizable=True,
    ),
    Tool(
        "explain_invoice_compensations",
        "What an organization's invoice of a month comes to, item by item: the price, what credit has paid of it "
        "(compensation), and what is to be paid. For the organization's owners.",
        schema(
            {
                "organization": naming.argument("the organization"),
                "month": {
                    "type": "string",
                    "pattern": MONTH,
                    "description": "For example 2026-10. The latest if not given.",
                },
            },
            ["organization"],
        ),
        _explain_invoice_compensations,
        Category.ACCOUNT,
        deterministic=False,
        crystallizable=True,
    ),
    Tool(
        "get_customer_credit_overview",
        "An organization's credit, its projects' shares of it, and what is not shared out. For its owners.",
        schema({"organization": naming.argument("the organization (customer)")}, ["organization"]),
        _get_customer_credit_overview,
        Category.ACCOUNT,
        deterministic=False,
        crystallizable=True,
    ),
)
