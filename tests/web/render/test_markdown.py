from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chatapp
from chatapp.web.render.markdown import render_markdown
from tests.web.render.corpus import ANSWERS, LINES

ELEMENTS = {
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "div",
    "em",
    "hr",
    "input",
    "li",
    "ol",
    "p",
    "pre",
    "span",
    "strong",
}
ELEMENTS |= {"h1", "h2", "h3", "h4", "h5", "h6", "table", "tbody", "td", "th", "thead", "tr", "ul"}
MATHS = {
    "math": "display",
    "mo": "form lspace rspace stretchy",
    "mi": "",
    "mn": "",
    "msup": "",
    "msubsup": "",
    "mfrac": "",
}
MATHS |= {"mfrac": "", "mspace": "width", "mrow": "", "mtext": ""}
ELEMENTS |= set(MATHS)
ATTRIBUTES = {tag: set(names.split()) for tag, names in MATHS.items()} | {
    "a": {"href", "target", "rel"},
    "div": {"class", "tabindex", "role", "aria-label"},
    "input": {"type", "disabled", "checked", "aria-label"},
    "ol": {"start"},
    "span": {"class"},
    "td": {"class"},
    "th": {"class", "scope"},
}
PROSE_CSS = (Path(chatapp.__file__).parent / "static/css/prose.css").read_text()
LINK = 'target="_blank" rel="noopener noreferrer nofollow"'


class Inspector(HTMLParser):
    """Collects whatever is not on this test's own list."""

    def __init__(self) -> None:
        super().__init__()
        self.alien: list[str] = []
        self.urls: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ELEMENTS:
            self.alien.append(tag)
        for name, value in attrs:
            if name not in ATTRIBUTES.get(tag, set()) | {"dir"}:
                self.alien.append(f"{tag}.{name}")
            if name == "href":
                self.urls.append(value or "")

    def handle_comment(self, data: str) -> None:
        self.alien.append("comment")


def assert_inert(html: str) -> None:
    inspector = Inspector()
    inspector.feed(html)
    assert inspector.alien == []
    for url in inspector.urls:
        assert re.match(r"https?://|mailto:|/(?![/\\])", url, re.IGNORECASE), url


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
        "text <script>alert(1)</script> text",
        "<img src=x onerror=alert(1)>",
        "a <img src=x onerror=alert(1)> b",
        "<svg onload=alert(1)>",
        "<svg><script>alert(1)</script></svg>",
        "<svg><style><img src=x onerror=alert(1)></style></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<style>body { display: none }</style>",
        "<link rel=stylesheet href=//evil.example>",
        "<meta http-equiv=refresh content='0;url=//evil.example'>",
        "<base href=//evil.example>",
        "<iframe src=javascript:alert(1)></iframe>",
        "<iframe srcdoc='<script>alert(1)</script>'>",
        "<object data=x><embed src=x>",
        "<form action=//evil.example><input name=password><button>Go</button></form>",
        "<a href=javascript:alert(1)>x</a>",
        "<div style='position:fixed;inset:0'>x</div>",
        "<div id=composer class=block hx-get=/logout hx-trigger=load>x</div>",
        "<p onmouseover=alert(1)>x</p>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "<textarea></textarea><script>alert(1)</script>",
        "<title></title><script>alert(1)</script>",
        "<!--><script>alert(1)</script>-->",
        "<![CDATA[<script>alert(1)</script>]]>",
        "<?php echo 1 ?><!DOCTYPE html>",
        "<scr<script>ipt>alert(1)</scr</script>ipt>",
        "<img src='x' onerror='alert(1)'",
        "<<script>alert(1)//<</script>",
        "<br onclick=alert(1)> <br/onclick=alert(1)>",
        "`<script>alert(1)</script>`",
        "~~~html\n<script>alert(1)</script>\n~~~",
        "~~~\"><script>alert(1)</script>\nx\n~~~",
        "    <script>alert(1)</script>",
        "# <script>alert(1)</script>",
        "| <script>alert(1)</script> |\n|---|\n| <img src=x onerror=alert(1)> |",
        "- <svg onload=alert(1)>",
        "> <svg onload=alert(1)>",
        "$</span><script>alert(1)</script>$",
        "$$\n</span><img src=x onerror=alert(1)>\n$$",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "&#60;script&#62;alert(1)",
        "\\<script>alert(1)\\</script>",
        "[<img src=x onerror=alert(1)>](https://example.org)",
        "![<img src=x onerror=alert(1)>](https://example.org/x.png)",
        "[a](https://example.org 'x\" onmouseover=\"alert(1)')",
        "[a](https://example.org/\"onmouseover=\"alert(1))",
        "![\" onerror=\"alert(1)](https://example.org/x.png)",
        "<https://example.org/\"onmouseover=alert(1)>",
        "https://example.org/'onmouseover=alert(1)<script>",
    ],
)  # fmt: skip
def test_html_in_the_text_never_acts(text: str) -> None:
    assert_inert(render_markdown(text))


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "&#106;avascript:alert(1)",
        "java&#10;script:alert(1)",
        "java&Tab;script:alert(1)",
        "&#1;javascript:alert(1)",
        "javascript&colon;alert(1)",
        "\\javascript:alert(1)",
        "<javascript:alert(1)>",
        "< javascript:alert(1)>",
        "vbscript:msgbox(1)",
        "data:text/html,<script>alert(1)</script>",
        "data:text/html;base64,PHNjcmlwdD4=",
        "blob:https://example.org/1",
        "file:///etc/passwd",
        "view-source:https://example.org",
        "intent://x",
        "//evil.example",
        "/\\evil.example",
        "/%5C/evil",
        "\\\\evil.example",
        "http:javascript:alert(1)",
        "https:evil.example",
        "#fragment",
        "relative/path",
        "?query",
        "</&#9;/evil.example>",
        "",
    ],
)
@pytest.mark.parametrize("form", ["[x]({})", "![x]({})", "[![x]({0})]({0})", "<{}>", "[x][r]\n\n[r]: {}"])
def test_links_lead_to_web_mail_and_this_site_only(form: str, url: str) -> None:
    assert_inert(render_markdown(form.format(url)))


@pytest.mark.parametrize(
    "url", ["https://example.org/a?b=1#c", "HTTP://example.org", "mailto:a@example.org", "/threads/1"]
)
def test_safe_links_open_in_a_new_tab_without_a_trace(url: str) -> None:
    assert render_markdown(f"[x]({url})") == f'<p dir="auto"><a href="{url}" {LINK}>x</a></p>'


def test_an_unsafe_link_leaves_its_text() -> None:
    assert render_markdown("[x](javascript:alert(1))") == '<p dir="auto">x</p>'


def test_links_do_not_nest() -> None:
    html = render_markdown("[a [b](https://b.example) ![c](https://c.example)](https://a.example) [![i](/i.png)](/l)")
    assert html.count("<a ") == html.count("</a>")
    assert not re.search(r"<a [^>]*>(?:(?!</a>).)*<a ", html)
    assert f'<a href="/l" {LINK}>i</a>' in html


def test_an_image_is_a_link_and_loads_nothing() -> None:
    html = render_markdown("![a *cat*](https://example.org/cat.png) ![](https://example.org/dog.png)")
    assert "<img" not in html
    assert f'<a href="https://example.org/cat.png" {LINK}>a <em>cat</em></a>' in html
    assert f'<a href="https://example.org/dog.png" {LINK}>https://example.org/dog.png</a>' in html


def test_bare_and_bracketed_addresses_become_links() -> None:
    html = render_markdown("See https://example.org/a_b?x=1&y=2. Or <https://b.example>, <me@example.org>.")
    assert f'<a href="https://example.org/a_b?x=1&amp;y=2" {LINK}>https://example.org/a_b?x=1&amp;y=2</a>. Or' in html
    assert f'<a href="mailto:me@example.org" {LINK}>me@example.org</a>' in html


def test_raw_html_is_shown_as_text() -> None:
    assert render_markdown("a <b>c</b>") == '<p dir="auto">a &lt;b&gt;c&lt;/b&gt;</p>'
    assert render_markdown("<div>\nx\n</div>") == "<pre><code>&lt;div&gt;\nx\n&lt;/div&gt;</code></pre>"


def test_a_break_tag_breaks_the_line() -> None:
    assert render_markdown("a<br>b<BR />c") == '<p dir="auto">a<br>b<br>c</p>'


def test_a_table_scrolls_and_names_its_header_cells() -> None:
    assert render_markdown("| a | b |\n|---|--:|\n| 1 | 2 |") == (
        '<div class="table-scroll" tabindex="0" role="region" aria-label="Table"><table dir="auto"><thead><tr>'
        '<th scope="col">a</th><th scope="col" class="align-right">b</th></tr></thead><tbody><tr>'
        '<td>1</td><td class="align-right">2</td></tr></tbody></table></div>'
    )


def test_an_item_looks_the_same_in_a_tight_and_in_a_loose_list() -> None:
    assert render_markdown("- a\n- b") == render_markdown("- a\n\n- b") == '<ul dir="auto"><li>a</li><li>b</li></ul>'
    assert render_markdown("- a\n\n  b") == '<ul dir="auto"><li>a<p>b</p></li></ul>'


def test_a_list_keeps_its_first_number() -> None:
    assert render_markdown("7. a\n8. b") == '<ol start="7" dir="auto"><li>a</li><li>b</li></ol>'


def test_tasks_are_checkboxes_that_say_their_state() -> None:
    html = render_markdown("- [ ] a\n- [x] b")
    assert '<input type="checkbox" disabled="" aria-label="Not done"> a' in html
    assert '<input type="checkbox" disabled="" checked="" aria-label="Done"> b' in html


def test_prices_are_not_maths() -> None:
    assert render_markdown("$5-$10, $5/$7 or $5 and $6") == '<p dir="auto">$5-$10, $5/$7 or $5 and $6</p>'
    maths = '<span class="math math-inline"><math><mi>x</mi></math></span>'
    assert render_markdown("$x$`c`9") == f'<p dir="auto">{maths}<code>c</code>9</p>'


def test_deep_nesting_is_cut_off() -> None:
    html = render_markdown(">" * 5000 + " deep")
    assert html.count("<blockquote") <= 100
    assert "deep" in html


@pytest.mark.parametrize("name", ANSWERS)
def test_no_answer_brings_alien_elements(name: str) -> None:
    assert_inert(render_markdown(ANSWERS[name]))


@given(
    st.lists(st.sampled_from([*LINES, "<script>", "<img src=x onerror=y>", "![x](", ")", "](javascript:", "<a href='"]))
)
def test_no_combination_brings_alien_elements(lines: list[str]) -> None:
    assert_inert(render_markdown("\n".join(lines)))
    assert_inert(render_markdown("".join(lines)))


@given(st.text())
def test_any_text_is_rendered(text: str) -> None:
    assert_inert(render_markdown(text))


@pytest.mark.parametrize(("dashes", "side"), [(":--", "left"), (":-:", "center"), ("--:", "right")])
def test_a_column_stands_where_its_dashes_say(dashes: str, side: str) -> None:
    html = render_markdown(f"| a |\n|{dashes}|\n| 1 |")
    assert f'<td class="align-{side}">1</td>' in html
    assert f".align-{side} {{\n  text-align: {side};" in PROSE_CSS
