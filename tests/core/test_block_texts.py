"""Answers as text for people."""

from __future__ import annotations

from typing import Any

import pytest

from chatapp.core.block_texts import as_markdown
from chatapp.core.blocks import as_text, parse
from tests.web.render.corpus import ANSWERS


def block(key: str, **fields: Any) -> dict[str, Any]:
    return {"id": "b", "key": key, "status": "complete", **fields}


@pytest.mark.parametrize("name", ANSWERS)
def test_prose_alone_is_its_text(name: str) -> None:
    blocks = parse(ANSWERS[name])
    assert as_markdown(blocks) == as_text(blocks).strip("\n")


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (
            block("vm_order", order_status="success", name="web-1", order_id="o-1", message="Done."),
            "**Virtual machine ordered**\n\n- Name: web-1\n- Order: o-1\nDone.",
        ),
        (block("vm_order", order_status="error", error="No."), "**The virtual machine was not ordered**\n\nNo."),
        (block("vm_order", order_status="form"), "**Virtual machine**"),
        (block("resource_list"), "*A list of resources.*"),
        (block("homeport_nav", links=[{"label": "Docs", "url": "/x/"}], content="See"), "See\n- [Docs](/x/)"),
        (block("homeport_nav", links=[], content="See"), ""),
        (block("ask_user_form", questions=[{"question": "Why?"}]), "- Why?"),
        (
            block("tool", tool={"name": "x", "summary": "a\nb", "denied": True}, result=block("markdown", content="")),
            "> Tool `x` was not allowed: a b",
        ),
        (block("tool", tool={"name": "x", "summary": "y"}), "> Tool `x` was used: y"),
    ],
)
def test_what_is_no_prose_is_told(shown: dict[str, Any], text: str) -> None:
    assert as_markdown([shown]) == text
    said = block("markdown", content="Before")
    assert as_markdown([said, shown]) == (f"Before\n\n{text}" if text else "Before")
