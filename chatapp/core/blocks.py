"""From a model's raw text to typed blocks, and back.

`BlockParser` is a pure state machine: whatever the chunking of the text, the blocks are the same. Only markdown, code
and mermaid blocks come from text. A run of three or more backticks opens a fence, a run at least as long closes it.
Tool-call markup that a model leaks into its prose is left out of markdown, never out of code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any

from chatapp.core.block_events import Assembler, BlockEvent, Closed, Opened
from chatapp.values import BlockKey, Json, ToolResult

FENCE = 3  # backticks that open a fence, at least
NO_TAG = "code"
DENIED = "The person did not allow this call."
_TICKS = re.compile("`+")


def parse(text: str, first: int = 0) -> list[Json]:
    """The stored blocks of a complete text, numbered from `first` on."""
    parser = BlockParser(first)
    opened: dict[int, Opened] = {}
    blocks: list[Json] = []
    for event in parser.feed(text) + parser.finish():
        match event:
            case Opened(index):
                opened[index] = event
            case Closed(index, content):
                blocks.append(stored_block(index, opened[index].key, content, opened[index].tag))
    return blocks


def stored_block(index: int, key: BlockKey, content: str, tag: str = "") -> Json:
    """A text block as it is kept in a message."""
    block = {"id": f"blk_{index}", "key": key.value, "status": "complete", "content": content}
    if key is BlockKey.CODE:
        block["tag"] = tag or NO_TAG
    return block


def tool_block(index: int, call: Json, result: ToolResult | None) -> Json:
    """An executed call as it is kept, around what it shows: an empty text when that is nothing (waldur section 4)."""
    shown: Json = {"id": f"blk_{index}_r", "key": BlockKey.MARKDOWN.value, "status": "complete", "content": ""}
    if result and result.ui_component:
        fields = dict(result.ui_data or {})
        if result.ui_component is BlockKey.VM_ORDER and "status" in fields:
            fields["order_status"] = fields.pop("status")
        shown = {**fields, "id": shown["id"], "key": result.ui_component.value, "status": "complete"}
    return {
        "id": f"blk_{index}",
        "key": BlockKey.TOOL.value,
        "status": "complete",
        "tool": call,
        "result": shown,
    }


def as_text(blocks: Sequence[Mapping[str, Any]]) -> str:
    """The text of a message: code and mermaid as fences, a tool's textual result, nothing for other blocks.

    Every block begins on a line of its own. Parsing the text again gives the same text blocks up to white space at
    their borders.
    """
    parts: list[str] = []
    for text in filter(None, map(_block_text, blocks)):
        if parts and not parts[-1].endswith("\n") and not text.startswith("\n"):
            parts.append("\n")
        parts.append(text)
    return "".join(parts)


def _block_text(block: Mapping[str, Any]) -> str:
    match block["key"]:
        case BlockKey.MARKDOWN:
            return str(block["content"])
        case BlockKey.CODE:
            tag = block.get("tag", NO_TAG)
            return _fenced(block["content"], "" if tag == NO_TAG else tag)
        case BlockKey.MERMAID:
            return _fenced(block["content"], BlockKey.MERMAID)
        case BlockKey.TOOL:
            return _block_text(block["result"]) if block.get("result") else ""
    return ""


def _fenced(body: str, tag: str) -> str:
    longest = max(map(len, _TICKS.findall(body)), default=0)
    fence = "`" * max(FENCE, longest + 1)
    end = "" if not body or body.endswith("\n") else "\n"
    return f"{fence}{tag}\n{body}{end}{fence}"


_TICK_OR_ANGLE = re.compile("[`<]")
_TICK_OR_BREAK = re.compile("[`\n]")

# Leaked tool-call markup. The length of a tag is bounded, so that what is held back while it may become one is too.
_CANDIDATE = re.compile(r"</?[a-z_:]*(?:[ =][^<>`\n]{0,200})?")
_NAME = re.compile(r"[a-z_:]+")
_NAMESPACES = ("", "antml:")
_CONTAINERS = ("tool_call", "tool_calls", "function_call", "function_calls")
_ATTRIBUTED = ("invoke name=", "function name=", "function=", "parameter name=", "parameter=")
_BARE_TAGS = frozenset(f"<{slash}{ns}{name}" for slash in ("", "/") for ns in _NAMESPACES for name in _CONTAINERS)
_TAG_STARTS = tuple(f"<{ns}{start}" for ns in _NAMESPACES for start in (*(f"{c} " for c in _CONTAINERS), *_ATTRIBUTED))
_TAG_PREFIXES = frozenset(tag[:end] for tag in (*_BARE_TAGS, *_TAG_STARTS) for end in range(1, len(tag) + 1))


def _find(pattern: re.Pattern[str], text: str, pos: int) -> tuple[int, str]:
    """Where the pattern occurs next and what is there; the end of the text and "" when it does not."""
    found = pattern.search(text, pos)
    return (found.start(), found[0]) if found else (len(text), "")


class _State(Enum):
    PROSE = auto()
    TAG = auto()  # after an opening run, before the line break that makes it a fence
    SPAN = auto()  # inside inline code: literal up to its closing run or the end of the line
    BODY = auto()  # inside a fence


class BlockParser:
    """Feed it text as it arrives; it returns what became certain. Linear in the size of the text in any chunking."""

    def __init__(self, first: int = 0) -> None:
        self._out = Assembler(first)
        self._state = _State.PROSE
        self._held = ""  # the beginning of what may become a tag of leaked markup
        self._run = 0  # length of the backtick run at the end of the text so far
        self._opening = 0  # length of the run that opened the fence or the span
        self._tag: list[str] = []
        self._closer = ""  # the closing tag of the leaked element that is being read, "" outside of one
        self._element: list[str] = []

    def feed(self, text: str) -> list[BlockEvent]:
        """The events that `text` makes certain."""
        text, self._held = self._held + text, ""
        pos, end = 0, len(text)
        while pos < end:
            pos = self._count_run(text, pos) if self._run or text[pos] == "`" else self._scan(text, pos)
        return self._out.take()

    @property
    def next_index(self) -> int:
        """The number of the block that would come next."""
        return self._out.next_index

    def finish(self) -> list[BlockEvent]:
        """The events left at the end of the text: held back text is released, the open block closed."""
        self._write(self._held)
        self._held = ""
        if self._run:
            self._end_run("")
        if self._state is _State.TAG:
            self._write("`" * self._opening + "".join(self._tag))
        self._release_element()
        self._out.close()
        self._state = _State.PROSE
        return self._out.take()

    def _scan(self, text: str, pos: int) -> int:
        """Consumes text up to the next backtick or change of state and returns where it stopped."""
        match self._state:
            case _State.PROSE:
                return self._scan_prose(text, pos)
            case _State.TAG:
                return self._scan_tag(text, pos)
            case _State.SPAN:
                return self._scan_span(text, pos)
            case _State.BODY:
                return self._scan_body(text, pos)

    def _scan_prose(self, text: str, pos: int) -> int:
        end, stop = _find(_TICK_OR_ANGLE, text, pos)
        self._write(text[pos:end])
        if stop != "<":
            return end
        return self._scan_element_end(text, end) if self._closer else self._scan_markup(text, end)

    def _scan_tag(self, text: str, pos: int) -> int:
        end, stop = _find(_TICK_OR_BREAK, text, pos)
        self._tag.append(text[pos:end])
        if stop == "\n":
            self._open_fence()
            end += 1
        return end

    def _scan_span(self, text: str, pos: int) -> int:
        end, stop = _find(_TICK_OR_BREAK, text, pos)
        if stop == "\n":
            self._state = _State.PROSE
            end += 1
        self._write(text[pos:end])
        return end

    def _scan_body(self, text: str, pos: int) -> int:
        end, _ = _find(_TICKS, text, pos)
        self._out.write(text[pos:end])
        return end

    def _scan_markup(self, text: str, pos: int) -> int:
        """`text[pos]` is a "<" in prose: drops a tag of leaked markup, holds back what may become one."""
        match = _CANDIDATE.match(text, pos)
        candidate = match[0] if match else ""
        end = pos + len(candidate)
        has_start = candidate.startswith(_TAG_STARTS)
        if not has_start and candidate not in _TAG_PREFIXES:
            self._write("<")
            return pos + 1
        if end == len(text):
            self._held = candidate
            return end
        if text[end] == ">" and (has_start or candidate in _BARE_TAGS):
            self._drop_tag(candidate + ">")
            return end + 1
        # A "<" that cuts a tag short begins none itself: dropping that one would join its neighbours to a new tag.
        end += text[end] == "<"
        self._write(text[pos:end])
        return end

    def _drop_tag(self, tag: str) -> None:
        if not tag.startswith("</") and not tag.endswith("/>"):
            self._closer = f"</{_NAME.findall(tag)[0]}>"
            self._element = [tag]

    def _scan_element_end(self, text: str, pos: int) -> int:
        """`text[pos]` is a "<" inside a leaked element: drops the whole element if this is its end."""
        rest = text[pos : pos + len(self._closer)]
        if rest == self._closer:
            self._closer = ""
            self._element = []
        elif self._closer.startswith(rest):
            self._held = rest
        else:
            rest = "<"
            self._write(rest)
        return pos + len(rest)

    def _count_run(self, text: str, pos: int) -> int:
        run = _TICKS.match(text, pos)
        end = run.end() if run else pos
        self._run += end - pos
        if end < len(text):
            self._end_run(text[end])
        return end

    def _end_run(self, following: str) -> None:
        length, self._run = self._run, 0
        match self._state:
            case _State.PROSE:
                self._run_in_prose(length, following)
            case _State.TAG:
                self._write("`" * self._opening + "".join(self._tag))
                self._run_in_span(length, following)
            case _State.SPAN:
                self._run_in_span(length, following)
            case _State.BODY if length >= self._opening:
                self._out.close()
                self._state = _State.PROSE
            case _State.BODY:
                self._out.write("`" * length)

    def _run_in_prose(self, length: int, following: str) -> None:
        if length < FENCE:
            self._write_run(length, following)
        else:
            self._state = _State.TAG
            self._opening = length
            self._tag = []

    def _run_in_span(self, length: int, following: str) -> None:
        if length < self._opening:
            self._state = _State.SPAN
            self._write("`" * length)
        elif self._opening < FENCE:
            self._state = _State.PROSE
            self._run_in_prose(length, following)
        else:
            self._write_run(length, following)

    def _write_run(self, length: int, following: str) -> None:
        """Writes a run that is no fence; markup directly after it is meant to be read and begins inline code."""
        self._write("`" * length)
        self._state = _State.SPAN if following == "<" else _State.PROSE
        self._opening = length

    def _open_fence(self) -> None:
        # Code is never dropped, so a fence inside a leaked element means that the element was meant to be read.
        self._release_element()
        tag = "".join(self._tag).strip()
        if tag.lower() == BlockKey.MERMAID:
            self._out.open(BlockKey.MERMAID, "")
        else:
            self._out.open(BlockKey.CODE, tag or NO_TAG)
        self._state = _State.BODY

    def _write(self, text: str) -> None:
        """Text of a markdown block, or of a leaked element as long as that is not known to end."""
        if self._closer:
            self._element.append(text)
        else:
            self._out.write(text)

    def _release_element(self) -> None:
        if self._closer:
            self._closer = ""
            self._out.write("".join(self._element))
            self._element = []
