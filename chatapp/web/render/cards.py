"""What the partials of the platform's blocks are given: orders, lists of resources, links, forms (waldur 4.4 to 4.7).

Here they are shown as they are kept. Whatever would act is disabled, with `reason` beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Block = Mapping[str, Any]

READ_ONLY = "This can be used only while the conversation is open for writing."
FINAL = ("success", "error")
MOST_PILLS = 8  # options; more of them are a list to choose from
VARIANTS = ("primary", "secondary", "info")

_LINK = re.compile(r"https?://|/(?![/\\])", re.IGNORECASE)
_ACCEPTED = ("project_form", "offering_form", "form", "preview", *FINAL)


def vm_order(block: Block) -> dict[str, Any]:
    """The order's state, and what is known of it as pairs of label and text."""
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
    return {
        "state": _order_state(block),
        "facts": [(label, text) for label, text in pairs if text],
        "choices": _choices(block),
        "reason": READ_ONLY,
    }


def resource_list(block: Block) -> dict[str, Any]:
    """The states that are asked for; none means everything that is not terminated."""
    return {"states": [str(state) for state in block.get("state") or []]}


def homeport_nav(block: Block) -> dict[str, Any]:
    """The links that lead to http, https or this site."""
    links = [link for link in block.get("links") or [] if _LINK.match(str(link.get("url", "")))]
    variants = [link.get("variant") if link.get("variant") in VARIANTS else "primary" for link in links]
    return {"links": list(zip(links, variants, strict=True))}


def ask_user_form(block: Block) -> dict[str, Any]:
    questions = [{**question, "kind": _kind(question)} for question in block["questions"]]
    return {"questions": questions, "reason": READ_ONLY}


def _order_state(block: Block) -> str:
    state = block.get("order_status")
    if state in _ACCEPTED:
        return str(state)
    if block.get("error"):
        return "error"
    return "success" if block.get("order_id") else "preview"


def _choices(block: Block) -> list[tuple[str, list[str]]]:
    """What the older forms let choose from: labels of selects and their options."""
    match block.get("order_status"):
        case "project_form":
            return [("Project", [_named(entry, "organization") for entry in block.get("projects") or []])]
        case "offering_form":
            return [("Offering", [_named(entry) for entry in block.get("offerings") or []])]
        case "form":
            flavors = [f"{f['name']}: {f['cores']} cores, {f['ram'] / 1024:g} GiB" for f in block.get("flavors") or []]
            return [("Flavor", flavors), ("Image", [_named(entry) for entry in block.get("images") or []])]
    return []


def _named(entry: Block, also: str = "") -> str:
    more = entry.get(also)
    return f"{entry['name']} ({more})" if more else str(entry["name"])


def _gibibytes(mebibytes: object) -> str:
    return f"{mebibytes / 1024:g} GiB" if isinstance(mebibytes, int | float) else ""


def _kind(question: Block) -> str:
    options = question.get("options") or []
    if not options:
        return "text"
    if len(options) > MOST_PILLS:
        return "select"
    return "checkbox" if question.get("multiSelect") else "radio"
