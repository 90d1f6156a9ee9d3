"""The open part of a Markdown block as HTML, and how to bring a client's copy of it up to date.

Finished items of a list and rows of a table are rendered once; only what follows them is rendered again when it grows.
The result is a good likeness: what counts is the rendering of the whole part when it settles.
"""

from __future__ import annotations

import re

from markupsafe import Markup

from chatapp.values import Json
from chatapp.web.render.markdown import render_markdown, render_rows
from chatapp.web.render.parts import Kind, PartSplitter

LARGE = 2048  # from this length on a piece is rendered again only
GROWTH = 0.15  # when it has grown by this share of itself, so that the work stays proportional to the text

CELL = 16  # how much more of a table's row is worth rendering it again

_TABLE_END = "</tbody></table></div>"
_ROW_END = f"</tr>{_TABLE_END}"
# Words that follow a word change nothing but the text; whatever else they may do is seen when more is rendered.
_WORDS = re.compile(r"""(?! )(?:[^\W_]|[ ,;.:!?'"(–—-])+""")
# What may yet become a marker, an underline or a table's border.
_UNDECIDED = re.compile(r"(?:[-=+*_#>|:~ \t]+|[ \t]*\d{1,9}[.)]?[ \t]*)$")


class Tail:
    """What the client shows of the open part.

    The client's copy leaves out the end tags at its end: its parser supplies them, and they need not be sent again.
    """

    def __init__(self) -> None:
        self._rendered = 0  # how many of the part's items are in `_stable`
        self._stable: list[str] = []
        self._stable_units = 0
        self._hot = ""
        self._source = ""  # what `_hot` shows
        self._hot_length = 0  # how much text `_hot` was made of,
        self._fed = 0  # and how much text there had been by then
        self._seen = 0  # how much there was at the last update

    @property
    def html(self) -> Markup:
        """The open part as it was rendered last, with all end tags."""
        return Markup("".join([*self._stable, self._hot]))  # noqa: S704  # pieces of rendered HTML

    def update(self, part: PartSplitter) -> list[Json]:
        """The operation that shows the open part as it is now; none when nothing visible changed."""
        if part.fed == self._seen:
            return []
        self._seen = part.fed
        fresh = part.items[self._rendered :]
        # The beginning of a table's row, when rows before it are shown now, waits: it would cost as much as they do.
        waits = _UNDECIDED.match(part.partial) or (fresh and part.kind is Kind.TABLE)
        source = part.hot + ("" if waits else part.partial)
        if not fresh and source == self._source:
            return []
        if not fresh and (words := self._words(source)):
            return [{"tail": self._append(words, source)}]
        if not fresh and self._can_wait(part, source):
            return []
        stable = _without_end(_render(part, "".join(fresh), self._rendered), part.kind) if fresh else ""
        self._rendered += len(fresh)
        hot = _render(part, source, self._rendered)
        change = _change(without_end_tags(self._hot), stable + without_end_tags(hot), self._stable_units)
        self._stable.append(stable)
        self._stable_units += units(stable)
        self._hot, self._source, self._hot_length, self._fed = hot, source, len(source), part.fed
        return [change] if change else []

    def _can_wait(self, part: PartSplitter, source: str) -> bool:
        """Whether what is new is too little for what rendering costs."""
        if part.kind is Kind.TABLE and len(source) < len(self._source) + CELL:
            return True
        return self._hot_length > LARGE and part.fed - self._fed < self._hot_length * GROWTH

    def _words(self, source: str) -> str:
        """What `source` has more than is shown, if that is words after a word; else nothing."""
        shown = self._source.rstrip(" ")
        if not shown or not source.startswith(shown):
            return ""
        more = source[len(shown) :].rstrip(" ")
        # The last letter of the text is the last one of its HTML too: no markup has been closed behind it.
        is_open = without_end_tags(self._hot).endswith(shown[-1])
        return more if is_open and _WORDS.fullmatch(shown[-1] + more) else ""

    def _append(self, words: str, source: str) -> str:
        shown = without_end_tags(self._hot)
        self._hot, self._source = shown + words + self._hot[len(shown) :], source
        return words

    def settle(self, html: str) -> Json:
        """The operation that shows `html` instead and hands it over to the settled parts; the last of this tail."""
        return {**_change(self._copy, without_end_tags(html), 0), "settle": True}

    def resume(self) -> Json:
        """The operation for a client whose copy is unknown."""
        return {"tail": self._copy, "keep": 0}

    @property
    def _copy(self) -> str:
        return "".join([*self._stable, without_end_tags(self._hot)])


def units(text: str) -> int:
    """The length of `text` as JavaScript counts it."""
    return len(text.encode("utf-16-le")) // 2


def without_end_tags(html: str) -> str:
    """`html` without the end tags at its very end."""
    while html.endswith(">") and html.startswith("</", begin := html.rfind("<")):
        html = html[:begin]
    return html


def _change(old: str, new: str, offset: int) -> Json:
    """How `old`, which the client has from `offset` on, becomes `new`: keep so much, then add."""
    if old == new:
        return {}
    kept = _common_prefix(old, new)
    change: Json = {"tail": new[kept:]}
    if kept < len(old):
        change["keep"] = offset + units(old[:kept])
    return change


def _common_prefix(one: str, two: str) -> int:
    low, high = 0, min(len(one), len(two))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == two[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _render(part: PartSplitter, source: str, position: int) -> str:
    """The HTML of a piece of the part; a later piece without what the first one opened."""
    if position and not source:  # all rows of a table are finished
        return _TABLE_END
    if position == 0:
        return str(render_markdown(source))
    if part.kind is Kind.TABLE:
        rows = str(render_rows(part.head, source)).partition("<tbody>")[2]
        return rows if source.endswith("\n") else _without_cells_to_come(rows)
    start, opening, rest = str(render_markdown(source)).partition(">")
    return rest if opening else start


def _without_cells_to_come(rows: str) -> str:
    """`rows` without the empty cells that the parser gives a row that is being written: its HTML ends in its text."""
    if not rows.endswith(_ROW_END):  # it may be no row at all
        return rows
    end = len(rows) - len(_ROW_END)
    while rows.endswith("></td>", 0, end) and rows.find(">", begin := rows.rfind("<td", 0, end)) == end - 6:
        end = begin
    return rows[:end] + _ROW_END


def _without_end(html: str, kind: Kind) -> str:
    """The HTML of a finished piece, open for the next one."""
    return html.removesuffix(_TABLE_END) if kind is Kind.TABLE else html[: html.rfind("</")]
