"""Markdown of a model or a person as HTML that cannot act.

The HTML is written from the parser's events, so an element exists only because this module names it; raw HTML in the
text is text. An allow-list sanitiser then goes over the result as a second belt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape
from typing import Any
from urllib.parse import quote

import nh3
import pyromark
from markupsafe import Markup

from chatapp.web.render import maths

_PARSER = pyromark.Markdown(
    options=pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_MATH
)

_ALIGNED = {"align-left", "align-center", "align-right"}
_SANITISER = nh3.Cleaner(
    tags={"a", "blockquote", "br", "code", "del", "div", "em", "hr", "input", "li", "ol", "p", "pre", "span", "strong"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "table", "tbody", "td", "th", "thead", "tr", "ul"}
    | maths.TAGS,
    attributes={"*": {"dir"}, "a": {"href"}, "ol": {"start"}, "th": {"scope"}} | maths.ATTRIBUTES,
    tag_attribute_values={
        "div": {"tabindex": {"0"}, "role": {"region"}, "aria-label": {"Table"}},
        "input": {"type": {"checkbox"}, "disabled": {""}, "checked": {""}, "aria-label": {"Done", "Not done"}},
    },
    allowed_classes={
        "div": {"table-scroll"},
        "mtd": maths.CLASSES,
        "span": {"math", "math-inline", "math-display"},
        "td": _ALIGNED,
        "th": _ALIGNED,
    },
    set_tag_attribute_values={"a": {"target": "_blank"}},
    link_rel="noopener noreferrer nofollow",
    url_schemes={"http", "https", "mailto"},
)

_SAFE_URL = re.compile(r"https?://|mailto:|/(?![/\\])", re.IGNORECASE)
_BARE_URL = re.compile(r"""https?://[^\s<>"'`]*[^\s<>"'`.,;:!?)\]}*_~]""", re.IGNORECASE)
_DEEPEST = 100  # elements inside each other; browsers and sanitisers get slow or lost far beyond that
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


def render_markdown(text: str) -> Markup:
    """Safe HTML of `text`, without white space between its elements.

    Links lead to http, https, mailto and this site only. Images are links: nothing is loaded by looking at an answer.
    The first paragraph of a list item stands bare, so an item looks the same in a tight and in a loose list and does
    not change when more of the list arrives.
    """
    writer = _Writer()
    for event in _PARSER.events(text):
        writer.write(event)
    return Markup(_SANITISER.clean("".join(writer.out)))  # noqa: S704  # sanitised in this very line


def render_rows(head: str, rows: str) -> Markup:
    """The rows as `render_markdown` of the whole table has them, in a table without its `head`."""
    writer = _Writer()
    events: Iterator[Any] = iter(_PARSER.events(head + rows))
    writer.begin_rows(next(events)["Start"]["Table"])
    for event in events:
        if event == _HEAD_END:
            break
    for event in events:
        writer.write(event)
    return Markup(_SANITISER.clean("".join(writer.out)))  # noqa: S704  # sanitised in this very line


def safe_url(url: str) -> str | None:
    """`url` fit for an href, or None when following it could do more than open a page or a letter."""
    return quote(url, safe="%/:;?#[]@!$&'()*+,=-._~|") if _SAFE_URL.match(url) else None


class _Writer:
    """Turns parser events into HTML. Every start leaves its end on a stack."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self._ends: list[tuple[str, int, str]] = []  # closing tag, where the content begins, label if there is none
        self._in_link = False
        self._cell = "td"
        self._alignments: tuple[str, ...] = ()
        self._column = 0
        self._formula = (-1, "")  # where the last inline formula is in `out`, and its source

    def write(self, event: Any) -> None:
        """`event` is a bare name, or a dictionary of one entry for a name with data."""
        if isinstance(event, str):
            self.out.append(_MARKS[event])
            return
        for name, value in event.items():
            _WRITERS[name](self, value)

    def begin_rows(self, alignments: tuple[str, ...]) -> None:
        """In place of a table's start and its head."""
        self._alignments = alignments
        self._open("<div><table><tbody>", "</tbody></table></div>")

    def _start(self, tag: Any) -> None:
        if isinstance(tag, str):
            self._element(tag, None)
        else:
            for name, data in tag.items():
                self._element(name, data)

    def _element(self, name: str, data: Any) -> None:
        direction = "" if self._ends else ' dir="auto"'
        match name:
            case "Paragraph":
                bare = self.out[-1:] == ["<li>"]
                self._open(*("", "") if bare else (f"<p{direction}>", "</p>"))
            case "Heading":
                level = data["level"].lower()
                self._open(f"<{level}{direction}>", f"</{level}>")
            case "BlockQuote":
                self._open(f"<blockquote{direction}>", "</blockquote>")
            case "List":
                number = f' start="{data}"' if data not in (None, 1) else ""
                tag = "ul" if data is None else "ol"
                self._open(f"<{tag}{number}{direction}>", f"</{tag}>")
            case "CodeBlock" | "HtmlBlock":
                self._open("<pre><code>", "</code></pre>")
            case "Link" | "Image":
                self._link(data)
            case _ if name.startswith("Table"):
                self._table(name, data, direction)
            case _:
                tag = _PLAIN[name]
                self._open(f"<{tag}>", f"</{tag}>")

    def _open(self, tag: str, end: str, label: str = "") -> None:
        if len(self._ends) >= _DEEPEST:
            tag = end = label = ""
        self.out.append(tag)
        self._ends.append((end, len(self.out), label))

    def _end(self, _: Any) -> None:
        end, begin, label = self._ends.pop()
        if label and not "".join(self.out[begin:]).strip():
            self.out.append(escape(label))
        self.out.append(end)
        if end == "</a>":
            self._in_link = False

    def _table(self, name: str, data: Any, direction: str) -> None:
        match name:
            case "Table":
                self._alignments = data
                scroller = '<div class="table-scroll" tabindex="0" role="region" aria-label="Table">'
                self._open(f"{scroller}<table{direction}>", "</tbody></table></div>")
            case "TableHead":
                self._cell, self._column = "th", 0
                self._open("<thead><tr>", "</tr></thead><tbody>")
            case "TableRow":
                self._cell, self._column = "td", 0
                self._open("<tr>", "</tr>")
            case "TableCell":
                alignment = self._alignments[self._column].lower()
                classes = "" if alignment == "none" else f' class="align-{alignment}"'
                scope = ' scope="col"' if self._cell == "th" else ""
                self._column += 1
                self._open(f"<{self._cell}{scope}{classes}>", f"</{self._cell}>")

    def _link(self, data: Any) -> None:
        url = safe_url(("mailto:" if data["link_type"] == "Email" else "") + data["dest_url"])
        if self._in_link or url is None:
            self._open("", "")
        else:
            self._in_link = True
            self._open(f'<a href="{escape(url)}">', "</a>", label=data["dest_url"])

    def _text(self, text: str) -> None:
        place, source = self._formula
        if place == len(self.out) - 1 and text[0].isdigit():
            # A closing dollar is not followed by a digit: "$5-$10" is money.
            self.out[place] = escape(source, quote=False)
        if self._in_link or "://" not in text:
            self.out.append(escape(text, quote=False))
            return
        end = 0
        for url in _BARE_URL.finditer(text):
            self.out.append(escape(text[end : url.start()], quote=False))
            self.out.append(f'<a href="{escape(safe_url(url[0]) or "")}">{escape(url[0])}</a>')
            end = url.end()
        self.out.append(escape(text[end:], quote=False))

    def _code(self, text: str) -> None:
        self.out.append(f"<code>{escape(text)}</code>")

    def _raw(self, html: str) -> None:
        self.out.append("<br>" if _LINE_BREAK.fullmatch(html) else escape(html))

    def _inline_math(self, source: str) -> None:
        self._formula = (len(self.out), f"${source}$")
        money = maths.is_money(source)
        self.out.append(escape(f"${source}$", quote=False) if money else maths.formula(source, display=False))

    def _display_math(self, source: str) -> None:
        self.out.append(maths.formula(source, display=True))

    def _checkbox(self, done: bool) -> None:
        state = 'checked aria-label="Done"' if done else 'aria-label="Not done"'
        self.out.append(f'<input type="checkbox" disabled {state}> ')


_HEAD_END = {"End": "TableHead"}
_MARKS = {"SoftBreak": "\n", "HardBreak": "<br>", "Rule": "<hr>"}
_PLAIN = {"Emphasis": "em", "Strong": "strong", "Strikethrough": "del", "Item": "li"}
_WRITERS: dict[str, Callable[[_Writer, Any], None]] = {
    "Text": _Writer._text,
    "Start": _Writer._start,
    "End": _Writer._end,
    "Code": _Writer._code,
    "Html": _Writer._raw,
    "InlineHtml": _Writer._raw,
    "InlineMath": _Writer._inline_math,
    "DisplayMath": _Writer._display_math,
    "TaskListMarker": _Writer._checkbox,
}
