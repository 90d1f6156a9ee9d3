"""Planning a machine step by step, and ordering what has been planned and confirmed (waldur section 9)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from chatapp.confirming import confirms
from chatapp.core import messages
from chatapp.errors import KeyReused, NotFound, OrderRefused
from chatapp.market import Component, Draft, OfferingKind, Problem
from chatapp.marketplace import catalogue, orders, organizations, plans
from chatapp.marketplace.plans import Plan
from chatapp.models import Flavor, Image, Offering, Project, User
from chatapp.tools import Call, Category, Tool, schema
from chatapp.tools.meta import FEWEST_OPTIONS, MOST_OPTIONS, form
from chatapp.values import BlockKey, Json, Role, ToolResult

PLAN, CREATE = "plan_vm", "create_vm"
UNCONFIRMED = (
    "Nothing was created: there is no preview of exactly this machine that the person has confirmed. "
    "Call plan_vm with the same arguments, and let the person confirm."
)
LONGEST = 200
FACTS = re.compile(r" \(\d+ vCPU, [^()]* RAM\)$")

_PROPERTIES: Mapping[str, Json] = {
    "project_uuid": {"type": "string", "maxLength": LONGEST, "description": "UUID of the project that pays."},
    "project_name": {"type": "string", "maxLength": LONGEST, "description": "Its name, where the UUID is not known."},
    "offering_uuid": {"type": "string", "maxLength": LONGEST, "description": "UUID or name of the offering."},
    "flavor": {"type": "string", "maxLength": LONGEST, "description": "Name of the flavor."},
    "image": {"type": "string", "maxLength": LONGEST, "description": "Name of the image."},
    "name": {"type": "string", "maxLength": LONGEST, "description": "Host name: letters, digits and hyphens."},
    "network_uuid": {"type": "string", "maxLength": LONGEST, "description": "UUID or name of the network."},
    "ssh_key_name": {"type": "string", "maxLength": LONGEST, "description": "Name of one of the person's SSH keys."},
    "security_groups": {"type": "array", "items": {"type": "string", "maxLength": LONGEST}, "maxItems": 20},
    "system_volume_size": {"type": "integer", "minimum": 1, "description": "Size of the system volume in MiB."},
    "user_data": {"type": "string", "maxLength": 16_000, "description": "cloud-init data."},
}


def _plan(call: Call) -> ToolResult:
    """The next question, or the preview when nothing is left to ask."""
    plan = plans.check(call.user, _draft(call.user, call.arguments))
    missing = {problem.field for problem in plan.problems if problem.code in ("missing", "unknown")}
    wrong = {problem.field: problem for problem in plan.problems}
    for field, ask in (("project", _ask_project), ("offering", _ask_offering), ("flavor", _ask_sizes)):
        if field in missing or (field == "flavor" and missing & {"flavor", "image"}):
            return ask(call.user, plan, _words(plan, (field, "image") if field == "flavor" else (field,)))
    if {"flavor", "system_volume_size"} & set(wrong):
        return _ask_sizes(call.user, plan, _words(plan, ("flavor", "system_volume_size")))
    if "name" in wrong:
        return _ask("Name", "What should the machine be called?", [], _words(plan, ("name",)))
    if plan.problems:
        return _refused(plan, plan.problems)
    return ToolResult.success(
        f"Preview shown, not ordered: {_in_words(plan)}. Wait for the person to confirm, then call create_vm.",
        None,
        BlockKey.VM_ORDER,
        {"status": "preview", **_facts(plan)},
    )


def _create(call: Call) -> ToolResult:
    key = confirmed_preview(call)
    if key is None:
        return ToolResult.invalid(UNCONFIRMED, BlockKey.VM_ORDER, {"status": "error", "error": UNCONFIRMED})
    draft = _draft(call.user, call.arguments)
    plan = plans.check(call.user, draft)
    try:
        order = orders.place(call.user, draft, key)
    except OrderRefused as refused:
        return _refused(plan, refused.problems)
    except KeyReused:
        return ToolResult.invalid(UNCONFIRMED, BlockKey.VM_ORDER, {"status": "error", "error": UNCONFIRMED})
    facts = _facts(plan) | {"name": order.resource.name}
    message = f"The order for {order.resource.name} was placed. The machine is being created."
    shown = {"status": "success", "order_id": str(order.id), "message": message, **facts}
    summary = f"Ordered: {order.resource.name}, order {order.id}, resource {order.resource_id}."
    return ToolResult.success(summary, None, BlockKey.VM_ORDER, shown)


def confirmed_preview(call: Call) -> str | None:
    """Names the preview that the person has answered, when it shows what is to be created now; None when it does not.

    It is in the answer before the person's last message: the model cannot confirm its own preview.
    """
    if call.thread_id is None:
        return None
    asked = messages.current(call.thread_id, Role.USER)
    before = messages.current(call.thread_id, Role.ASSISTANT)
    if not (asked and before and before.sequence_index < asked.sequence_index and confirms(asked.content)):
        return None
    for block in reversed(before.blocks):
        if block["key"] != BlockKey.TOOL or block["result"].get("order_status") != "preview":
            continue
        if block["tool"]["name"] == PLAN and _same(call, block["tool"]["arguments"]):
            return f"chat:{before.id}:{block['tool']['call_id']}"
    return None


def _same(call: Call, previewed: Mapping[str, Any]) -> bool:
    """Whether what is to be created is what was shown, whichever way it is named."""
    return _identity(plans.check(call.user, _draft(call.user, call.arguments))) == _identity(
        plans.check(call.user, _draft(call.user, previewed))
    )


def _identity(plan: Plan) -> tuple[Any, ...]:
    named = (plan.project, plan.offering, plan.flavor, plan.image, plan.network, plan.ssh_key)
    draft = plan.draft
    return (
        *(thing.id if thing else None for thing in named),
        plan.volume,
        draft.name.strip(),
        draft.security_groups,
        draft.user_data,
    )


def _complete(call: Call) -> Mapping[str, Any]:
    """The arguments with what goes without saying: the only project, offering, flavor or image that there is."""
    given = dict(call.arguments)
    if not (given.get("project_uuid") or given.get("project_name")):
        projects = organizations.page_of_projects(call.user, to_order=True, size=2).items
        _add_only(given, "project_uuid", [str(project.id) for project in projects])
    if not given.get("offering_uuid"):
        _add_only(given, "offering_uuid", [str(offering.id) for offering in _machines(call.user)])
    offering = _offering(call.user, given.get("offering_uuid", ""))
    if offering and not given.get("flavor"):
        _add_only(given, "flavor", [flavor.name for flavor in catalogue.flavors(offering)])
    if offering and not given.get("image"):
        _add_only(given, "image", [image.name for image in catalogue.images(offering)])
    return given


def _add_only(given: Json, name: str, options: Sequence[str]) -> None:
    if len(options) == 1:
        given[name] = options[0]


def _draft(user: User, given: Mapping[str, Any]) -> Draft:
    """What is wished, with names made ids where the verbs want ids. What is not known stays open."""
    project_id = _uuid(given.get("project_uuid"))
    project_name = given.get("project_name") or ("" if project_id else given.get("project_uuid", ""))
    offering = _offering(user, given.get("offering_uuid", ""))
    network = given.get("network_uuid", "")
    return Draft(
        project_id=project_id,
        project_name=project_name,
        offering_id=offering,
        flavor=_without_facts(given.get("flavor", "")),
        image=given.get("image", ""),
        name=given.get("name", ""),
        network_id=_network(offering, network),
        ssh_key_name=given.get("ssh_key_name", ""),
        system_volume_size=given.get("system_volume_size"),
        security_groups=tuple(given.get("security_groups", ())),
        user_data=given.get("user_data", ""),
    )


def _offering(user: User, wanted: str) -> UUID | None:
    if found := _uuid(wanted):
        return found
    name = wanted.strip().casefold()
    return next(
        (offering.id for offering in _machines(user) if name in (offering.name.casefold(), offering.slug)), None
    )


def _machines(user: User) -> Sequence[Offering]:
    return catalogue.search(user, kind=OfferingKind.MACHINE, orderable=True, size=MOST_OPTIONS).items


def _network(offering: UUID | None, wanted: str) -> UUID | None:
    if not wanted or offering is None:
        return None
    if found := _uuid(wanted):
        return found
    networks = catalogue.networks(offering)
    named = wanted.strip().casefold()
    return next((n.id for n in networks if named in (n.name.casefold(), n.slug)), UUID(int=0))


def _without_facts(flavor: str) -> str:
    """People are shown flavors with their sizes behind the name."""
    return FACTS.sub("", flavor).strip()


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


def _ask_project(user: User, plan: Plan, context: str) -> ToolResult:
    projects = organizations.page_of_projects(user, to_order=True, size=MOST_OPTIONS).items
    if not projects:
        return ToolResult.error("The person has no project in which they may create machines.")
    options = [
        {"label": _label(project, projects), "description": project.organization.name, "value": str(project.id)}
        for project in projects
    ]
    return _ask("Project", "Which project should it belong to?", options, context)


def _label(project: Project, among: Sequence[Project]) -> str:
    """The name, or what names it alone where several are called the same."""
    alike = sum(other.name.casefold() == project.name.casefold() for other in among)
    return project.name if alike == 1 else project.slug


def _ask_offering(user: User, plan: Plan, context: str) -> ToolResult:
    machines = _machines(user)
    if not machines:
        return ToolResult.error("No offering of machines can be ordered at the moment.")
    options = [
        {"label": offering.name, "description": offering.description[:160], "value": str(offering.id)}
        for offering in machines
    ]
    return _ask("Offering", "Which offering should it come from?", options, context)


def _ask_sizes(user: User, plan: Plan, context: str) -> ToolResult:
    """Flavor and image, whichever is missing or does not fit, in one form."""
    if plan.offering is None:
        raise NotFound("offering")
    wrong = {problem.field for problem in plan.problems}
    questions = []
    if wrong & {"flavor", "system_volume_size"} or plan.flavor is None:
        flavors = catalogue.flavors(plan.offering.id)
        questions.append(_question("Flavor", "How large should it be?", [_flavor_option(f) for f in flavors]))
    if "image" in wrong or plan.image is None:
        images = catalogue.images(plan.offering.id)
        questions.append(_question("Image", "Which system should run on it?", [_image_option(i) for i in images]))
    return _form(questions, context)


def _flavor_option(flavor: Flavor) -> Json:
    return {"label": flavor.name, "description": _size(flavor), "value": flavor.slug}


def _image_option(image: Image) -> Json:
    needs = f"needs {plans.gibibytes(image.min_ram)} memory, {plans.gibibytes(image.min_disk)} disk"
    return {"label": image.name, "description": needs, "value": image.slug}


def _size(flavor: Flavor) -> str:
    return f"{flavor.cores} vCPU, {plans.gibibytes(flavor.ram)} RAM"


def _ask(header: str, question: str, options: Sequence[Json], context: str) -> ToolResult:
    return _form([_question(header, question, options)], context)


def _question(header: str, question: str, options: Sequence[Json]) -> Json:
    """One with a choice cannot be answered in other words; a single option is still a choice to confirm."""
    asked: Json = {"header": header, "question": question}
    if len(options) >= FEWEST_OPTIONS:
        return asked | {"options": list(options[:MOST_OPTIONS]), "allowFreeText": False}
    hint = f" There is only {options[0]['label']}." if options else ""
    return asked | {"question": question + hint}


def _form(questions: Sequence[Json], context: str) -> ToolResult:
    problem, shown = form(questions)
    if problem:
        return ToolResult.error(problem)
    asked = "; ".join(f"{q['header']}: {_choices(q)}" for q in shown)
    data: Json = {"questions": shown} | ({"context": context[:400]} if context else {})
    return ToolResult.success(f"The person was asked for {asked}.", None, BlockKey.ASK_USER_FORM, data)


def _choices(question: Json) -> str:
    labels = [option["label"] for option in question.get("options", ())]
    return " / ".join(labels) if labels else "free text"


def _refused(plan: Plan, problems: Sequence[Problem]) -> ToolResult:
    words = " ".join(problem.message for problem in problems)
    shown = {"status": "error", "error": words, **_facts(plan)}
    return ToolResult.invalid(f"This cannot be ordered. {words}", BlockKey.VM_ORDER, shown)


def _words(plan: Plan, fields: Sequence[str]) -> str:
    """What is wrong with what was said already: what was not said yet needs no words."""
    return " ".join(p.message for p in plan.problems if p.field in fields and p.code != "missing")


def _facts(plan: Plan) -> Json:
    """The fields of a vm_order frame, without those that are not known."""
    project = plan.project
    facts: Json = {
        "name": plan.draft.name.strip(),
        "flavor": f"{plan.flavor.name} ({_size(plan.flavor)})" if plan.flavor else "",
        "image": plan.image.name if plan.image else "",
        "project": project.name if project else "",
        "organization": project.organization.name if project else "",
        "project_uuid": str(project.id) if project else "",
        "network": plan.network.name if plan.network else "",
        "ssh_key_name": plan.ssh_key.name if plan.ssh_key else "",
        "system_volume_size": plan.takes.get(Component.STORAGE),
    }
    return {name: value for name, value in facts.items() if value}


def _in_words(plan: Plan) -> str:
    facts = _facts(plan)
    return ", ".join(f"{name} {facts[name]}" for name in ("name", "flavor", "image", "project") if name in facts)


TOOLS = (
    Tool(
        PLAN,
        "Plan a virtual machine. Give what is known; the tool asks the person for the next thing that is missing with "
        "a form, and shows a preview when nothing is. It creates nothing. Call it again with everything known so far "
        "after each answer.",
        schema(_PROPERTIES),
        _plan,
        complete=_complete,
        category=Category.VM,
        deterministic=False,
    ),
    Tool(
        CREATE,
        "Order the virtual machine of the preview that the person has just confirmed, with the same arguments as "
        "plan_vm.",
        schema(_PROPERTIES, ["name", "flavor", "image"])
        | {"anyOf": [{"required": ["project_uuid"]}, {"required": ["project_name"]}]},
        _create,
        complete=_complete,
        category=Category.VM,
        writes=True,
        deterministic=False,
    ),
)
