"""What the partials of the platform's blocks are given: orders, lists of resources, links, forms (waldur 4.4 to 4.7).

What somebody can do with them depends on the situation. Whatever cannot be used says why, in `reason`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from chatapp.core import replies, replying
from chatapp.web.render.situation import Situation

Block = Mapping[str, Any]
Facts = list[tuple[str, str]]
Choices = list[tuple[str, str, list[tuple[str, str]]]]

MOST_PILLS = 8  # options; more of them are a list to search in
VARIANTS = ("primary", "secondary", "info")
DECISIONS = {replies.CREATE_ORDER: "You confirmed this.", replies.MODIFY_ORDER: "You asked for a change."}

_LINK = re.compile(r"https?://|/(?![/\\])", re.IGNORECASE)
_ACCEPTED = ("project_form", "offering_form", "form", "preview", *replying.FINAL)
_HINTS = ("project_uuid", "customer_uuid", "category_uuid")


def vm_order(block: Block, situation: Situation) -> dict[str, Any]:
    """The order's state, what is known of it as pairs of label and text, and what can be chosen."""
    pairs = (
        ("Name", block.get("name")),
        ("Flavor", block.get("flavor")),
        ("Image", block.get("image")),
        ("Project", block.get("project")),
        ("Organization", block.get("organization")),
        ("Network", block.get("network")),
        ("SSH key", block.get("ssh_key_name")),
        ("System volume", _gibibytes(block.get("system_volume_size"))),
    )
    order_id = block.get("order_id")
    return {
        "state": _order_state(block),
        "facts": [(label, text) for label, text in pairs if text],
        "choices": _choices(block),
        "is_final": replying.is_final(block),
        "order_address": f"/orders/{quote(str(order_id), safe='')}/" if order_id and situation.is_own else "",
        "decision": DECISIONS.get(situation.reply, situation.reason) if situation.is_over else "",
        **_use(block, situation),
    }


def resource_list(block: Block, situation: Situation) -> dict[str, Any]:
    """The states that are asked for, none means everything that is not terminated; where the list is."""
    states = [str(state) for state in block.get("state") or []]
    hints = [(name, str(block[name])) for name in _HINTS if block.get(name)]
    query = urlencode([*hints, *(("state", state) for state in states)])
    return {"states": states, "query": query, "situation": situation}


def homeport_nav(block: Block, situation: Situation) -> dict[str, Any]:
    """The links that lead to http, https or this site."""
    links = [link for link in block.get("links") or [] if _LINK.match(str(link.get("url", "")))]
    variants = [link.get("variant") if link.get("variant") in VARIANTS else "primary" for link in links]
    return {"links": list(zip(links, variants, strict=True))}


def ask_user_form(block: Block, situation: Situation) -> dict[str, Any]:
    """The questions with the kind of their controls, or, once it was used, the answers."""
    questions = [
        {
            **question,
            "kind": _kind(question),
            "is_long": len(question.get("options") or []) > MOST_PILLS,
            "takes_own": not question.get("options") or question.get("allowFreeText") is not False,
        }
        for question in block["questions"]
    ]
    answers = replies.answers_in(block["questions"], situation.reply) if situation.is_over else []
    return {"questions": questions, "answers": answers, **_use(block, situation)}


def facts_of(arguments: Mapping[str, Any]) -> Facts:
    """The arguments of a call as people read them."""
    return [(_words(name), _readable(value)) for name, value in arguments.items() if value is not None]


def _use(block: Block, situation: Situation) -> dict[str, Any]:
    address = f"/chat/messages/{situation.message_id}/blocks/{quote(str(block.get('id')), safe='')}/reply/"
    return {"address": address if situation.is_open else "", "reason": situation.reason, "is_over": situation.is_over}


def _order_state(block: Block) -> str:
    state = block.get("order_status")
    if state in _ACCEPTED:
        return str(state)
    if block.get("error"):
        return "error"
    return "success" if block.get("order_id") else "preview"


def _choices(block: Block) -> Choices:
    """What the older forms let choose from: labels and names of selects, with values and texts of their options."""
    match block.get("order_status"):
        case "project_form":
            options = [(str(e["uuid"]), _named(e, "organization")) for e in block.get("projects") or []]
            return [("Project", "project", options)]
        case "offering_form":
            return [("Offering", "offering", [(str(e["uuid"]), _named(e)) for e in block.get("offerings") or []])]
        case "form":
            flavors = [(f["name"], _flavor(f)) for f in block.get("flavors") or []]
            images = [(image["name"], _named(image)) for image in block.get("images") or []]
            return [("Flavor", "flavor", flavors), ("Image", "image", images)]
    return []


def _flavor(flavor: Block) -> str:
    return f"{flavor['name']}: {flavor['cores']} cores, {flavor['ram'] / 1024:g} GiB"


def _named(entry: Block, also: str = "") -> str:
    more = entry.get(also)
    return f"{entry['name']} ({more})" if more else str(entry["name"])


def _gibibytes(mebibytes: object) -> str:
    return f"{mebibytes / 1024:g} GiB" if isinstance(mebibytes, int | float) else ""


def _kind(question: Block) -> str:
    if not question.get("options"):
        return "text"
    return "checkbox" if question.get("multiSelect") else "radio"


def _words(name: str) -> str:
    """threadId and thread_id are both read as Thread id."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " ").strip()
    return apart[:1].upper() + apart[1:].lower() if apart else name


def _readable(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(entry, str | int | float) for entry in value):
        return ", ".join(map(_readable, value))
    if isinstance(value, list | dict):
        return orjson.dumps(value).decode()
    return str(value)
