"""Splits Markdown into its top-level blocks while it is being written.

Each part is rendered on its own, live and on reload, so both give the same HTML. A part is given out when nothing that
may follow can change it. Where the grammar leaves room the part stays whole: a late border costs a moment, an early one
would change what a list or a table looks like.

Known difference from rendering the text as one document: a link reference (`[text][label]`) is resolved only by a
definition in the same part.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum, auto

_BLANK = " \t\r"
_NO_ROW = _BLANK + "\v\f"
_HEADING = re.compile(r" {0,3}#{1,6}(?:[ \t]|$)")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)[ \t]*$")
_FENCE = re.compile(r" {0,3}(?:(`{3,})[^`]*|(~{3,}).*)$")
_QUOTE = re.compile(r" {0,3}>")
_MARKER = re.compile(r"( {0,3})([-+*]|\d{1,9}[.)])( +|$)(.*)$")
_DELIMITERS = re.compile(r" {0,3}(?:\| *)?:?-+:?(?: *\| *:?-+:?)*(?: *\|)?$")
_UNTIL_BLANK = re.compile(
    r" {0,3}</?(?:address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir"
    r"|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link"
    r"|main|menu|menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead"
    r"|title|tr|track|ul)(?:[ \t]|/?>|$)",
    re.IGNORECASE,
)
_LONE_TAG = re.compile(r" {0,3}</?[a-z][^<>]*>[ \t]*$", re.IGNORECASE)
_UNTIL_MARK = [
    (
        re.compile(r" {0,3}<(?:script|pre|style|textarea)(?:[ \t>]|$)", re.IGNORECASE),
        "</script|</pre|</style|</textarea",
    ),
    (re.compile(r" {0,3}<!--"), "-->"),
    (re.compile(r" {0,3}<\?"), r"\?>"),
    (re.compile(r" {0,3}<!\[CDATA\["), r"\]\]>"),
    (re.compile(r" {0,3}<![A-Za-z]"), ">"),
]


class Kind(Enum):
    """What the open part is."""

    NOTHING = auto()
    PARAGRAPH = auto()
    TABLE = auto()
    QUOTE = auto()
    LIST = auto()
    INDENTED = auto()
    FENCE = auto()
    MARKED = auto()  # HTML up to a line with its end mark
    HTML = auto()  # HTML up to a blank line
    LINE = auto()  # a heading or a rule


class PartSplitter:
    """Feed it text as it arrives; it returns the parts that became settled.

    The parts put together are the text. They do not depend on the chunking; the work is linear in the text.
    """

    def __init__(self) -> None:
        self.kind = Kind.NOTHING
        self.head = ""  # the header of an open table, without its text: what rows need to be rendered alone
        self.fed = 0  # how much text there was so far
        self.items: list[str] = []  # the finished items of an open list, the finished rows of an open table
        self._lines: list[str] = []  # complete lines after those items
        self._partial: list[str] = []  # the beginning of a line
        self._settled: list[str] = []
        self._end = re.compile("")  # what ends an open fence or HTML block
        self._bullet = ""  # what kind of marker the open list has
        self._offset = 0  # the column where the content of the open list item begins
        self._after_blank = False

    @property
    def tail(self) -> str:
        """All text that is not settled."""
        return "".join(self.items) + self.hot + self.partial

    @property
    def hot(self) -> str:
        """The complete lines of the open part that are not in `items`."""
        return "".join(self._lines)

    @property
    def partial(self) -> str:
        """The line that is being written."""
        return "".join(self._partial)

    def feed(self, text: str) -> list[str]:
        """The parts that `text` settles."""
        self.fed += len(text)
        *complete, rest = text.split("\n")
        for line in complete:
            self._partial.append(line)
            self._take("".join(self._partial) + "\n")
            self._partial.clear()
        if rest:
            self._partial.append(rest)
        return self._given_out()

    def finish(self) -> list[str]:
        """The parts left at the end of the text."""
        if self._partial:
            self._take("".join(self._partial))
            self._partial.clear()
        self._settle()
        return self._given_out()

    def _given_out(self) -> list[str]:
        settled, self._settled = self._settled, []
        return settled

    def _take(self, line: str) -> None:
        plain = line.rstrip("\r\n").expandtabs(4)
        if plain.strip(_BLANK):
            _LINES[self.kind](self, line, plain)
            self._after_blank = False
        else:
            self._lines.append(line)
            self._after_blank = True
            if self.kind in (Kind.PARAGRAPH, Kind.TABLE, Kind.QUOTE, Kind.HTML):
                self._settle()

    def _settle(self) -> None:
        if self.items or self._lines:
            self._settled.append("".join(self.items) + "".join(self._lines))
            self.items, self._lines = [], []
        self.kind, self.head = Kind.NOTHING, ""

    def _open(self, line: str, plain: str) -> None:
        """Begins a part, after settling the one before."""
        if self.kind is not Kind.NOTHING:
            self._settle()
        self._lines.append(line)
        self.kind = self._kind_of(plain)
        if self.kind is Kind.LINE or (self.kind is Kind.MARKED and self._end.search(plain)):
            self._settle()

    def _kind_of(self, plain: str) -> Kind:
        if _indent(plain) > 3:
            return Kind.INDENTED
        if _HEADING.match(plain) or _RULE.match(plain):
            return Kind.LINE
        if fence := _FENCE.match(plain):
            run = fence[1] or fence[2]
            self._end = re.compile(rf" {{0,3}}{run[0]}{{{len(run)},}}[ \t]*$")
            return Kind.FENCE
        for begin, end in _UNTIL_MARK:
            if begin.match(plain):
                self._end = re.compile(end, re.IGNORECASE)
                return Kind.MARKED
        if _UNTIL_BLANK.match(plain) or _LONE_TAG.match(plain):
            return Kind.HTML
        if _QUOTE.match(plain):
            return Kind.QUOTE
        if marker := _MARKER.match(plain):
            self._bullet, self._offset = _bullet(marker), _content_offset(marker)
            return Kind.LIST
        return Kind.PARAGRAPH

    def _in_paragraph(self, line: str, plain: str) -> None:
        if self._lines and _DELIMITERS.match(plain.rstrip()) and _columns(plain) == _columns(self._lines[-1]) > 0:
            self.kind = Kind.TABLE
            self.head = "| " * _columns(plain) + f"|\n{line}"
            self._finish_item(line)
        elif _UNDERLINE.match(plain):
            self._lines.append(line)
            self._settle()
        elif _interrupts(plain):
            self._open(line, plain)
        else:
            self._lines.append(line)

    def _in_table(self, line: str, plain: str) -> None:
        if plain.strip(_NO_ROW) in ("", "|") or _interrupts(plain):
            self._open(line, plain)
        else:
            self._finish_item(line)

    def _in_quote(self, line: str, plain: str) -> None:
        if not _QUOTE.match(plain) and (_MARKER.match(plain) or _interrupts(plain)):
            self._open(line, plain)
        else:
            self._lines.append(line)

    def _in_list(self, line: str, plain: str) -> None:
        marker = _MARKER.match(plain)
        if _indent(plain) >= self._offset:
            self._lines.append(line)
        elif marker and _bullet(marker) == self._bullet and not _RULE.match(plain):
            self._finish_item()
            self._lines.append(line)
            self._offset = _content_offset(marker)
        elif marker or self._after_blank or _interrupts(plain):
            self._open(line, plain)
        else:
            self._lines.append(line)

    def _finish_item(self, last_line: str = "") -> None:
        self.items.append(self.hot + last_line)
        self._lines = []

    def _in_indented(self, line: str, plain: str) -> None:
        if _indent(plain) > 3:
            self._lines.append(line)
        else:
            self._open(line, plain)

    def _in_marked(self, line: str, plain: str) -> None:
        self._lines.append(line)
        if self._end.search(plain) if self.kind is Kind.MARKED else self._end.match(plain):
            self._settle()

    def _in_html(self, line: str, plain: str) -> None:
        self._lines.append(line)


_LINES: dict[Kind, Callable[[PartSplitter, str, str], None]] = {
    Kind.NOTHING: PartSplitter._open,
    Kind.PARAGRAPH: PartSplitter._in_paragraph,
    Kind.TABLE: PartSplitter._in_table,
    Kind.QUOTE: PartSplitter._in_quote,
    Kind.LIST: PartSplitter._in_list,
    Kind.INDENTED: PartSplitter._in_indented,
    Kind.FENCE: PartSplitter._in_marked,
    Kind.MARKED: PartSplitter._in_marked,
    Kind.HTML: PartSplitter._in_html,
}


def split(text: str) -> list[str]:
    """The parts of a complete text."""
    splitter = PartSplitter()
    return splitter.feed(text) + splitter.finish()


def _indent(plain: str) -> int:
    return len(plain) - len(plain.lstrip(" "))


def _content_offset(marker: re.Match[str]) -> int:
    """The column that continuation lines of a list item must reach."""
    indent, bullet, spaces, rest = marker.groups()
    gap = len(spaces) if rest and len(spaces) < 5 else 1
    return len(indent) + len(bullet) + gap


def _bullet(marker: re.Match[str]) -> str:
    """What markers of the same list have in common: the character, or the punctuation after the number."""
    return marker[2][-1]


def _columns(row: str) -> int:
    """How many cells a table row has; 0 when it has no border at all."""
    row = row.strip().replace("\\|", "")
    return row.strip("|").count("|") + 1 if "|" in row else 0


def _interrupts(plain: str) -> bool:
    """Whether a line ends the paragraph before it by beginning another block."""
    if _HEADING.match(plain) or _RULE.match(plain) or _FENCE.match(plain) or _QUOTE.match(plain):
        return True
    if _UNTIL_BLANK.match(plain) or any(begin.match(plain) for begin, _ in _UNTIL_MARK):
        return True
    marker = _MARKER.match(plain)
    return bool(marker and marker[4] and marker[2] in ("-", "+", "*", "1.", "1)"))
