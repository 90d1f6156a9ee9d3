from __future__ import annotations

from typing import Any

import pytest

from chatapp.core.blocks import parse
from chatapp.web.render import render_block, render_blocks
from chatapp.web.render.blocks import render_text


def block(key: Any, **fields: Any) -> dict[str, Any]:
    return {"id": "blk_0", "key": key, "status": "complete", **fields}


def test_prose_is_rendered_part_by_part() -> None:
    assert render_block(block("markdown", content="# a\nb")) == (
        '<div class="block block-markdown" data-block-key="markdown" data-block-status="complete"'
        ' data-block-id="blk_0"><h1 dir="auto">a</h1><p dir="auto">b</p></div>'
    )


def test_code_has_its_language_and_a_copy_button() -> None:
    html = render_block(block("code", content="x = '<'\n", tag="py"))
    assert html.startswith('<div class="block block-code" data-block-key="code" data-block-status="complete"')
    assert '<span class="block-label">Python</span>' in html
    assert '<button type="button" data-wrap aria-pressed="false">Wrap</button>' in html
    assert '<button type="button" data-copy>Copy</button>' in html
    assert "<span class=\"s1\">'&lt;'</span>" in html


def test_a_diagram_shows_its_source() -> None:
    html = render_block(block("mermaid", content="A-->B;</pre><script>\n"))
    assert '<span class="block-label">Diagram</span>' in html
    assert (
        '<mermaid-diagram><pre class="mermaid-source" tabindex="0" dir="ltr">'
        "<code>A--&gt;B;&lt;/pre&gt;&lt;script&gt;\n</code></pre></mermaid-diagram>" in html
    )


@pytest.mark.parametrize("key", ["nosuch", "../pages/x", "", None, 7, ["markdown"], "<script>"])
def test_an_unknown_kind_renders_nothing(key: Any) -> None:
    assert render_block(block(key, content="x")) == ""
    assert render_block({}) == ""


@pytest.mark.parametrize(
    "broken",
    [
        block("markdown", content=7),
        block("code"),
        block("ask_user_form"),
        block("ask_user_form", questions=7),
        block("vm_order", order_status="form", flavors=[{"name": "small"}]),
        block("homeport_nav", links=["/x/"]),
        block("resource_list", state=3),
    ],
)
def test_a_block_that_cannot_be_shown_does_not_take_the_others_with_it(broken: dict[str, Any]) -> None:
    html = render_blocks([block("markdown", content="before"), broken, block("markdown", content="after")])
    assert "before" in html
    assert "This part of the answer cannot be shown." in html
    assert "after" in html


@pytest.mark.parametrize("content", ["", " \n"])
def test_empty_prose_renders_nothing(content: str) -> None:
    assert render_block(block("markdown", content=content)) == ""


def test_values_cannot_leave_their_attributes() -> None:
    html = render_block({"id": '"><script>', "key": "code", "status": '"x', "content": "", "tag": "<b>"})
    assert "<script>" not in html
    assert "<b>" not in html


def test_blocks_follow_each_other() -> None:
    html = render_blocks(parse("a\n```js\nb\n```\nc"))
    assert [part.split('"')[0] for part in html.split('data-block-key="')[1:]] == ["markdown", "code", "markdown"]


def test_the_text_of_a_person_may_hold_fences() -> None:
    assert render_text("a\n```\nx\n\n# y\n```\n") == '<p dir="auto">a</p><pre><code>x\n\n# y\n</code></pre>'
