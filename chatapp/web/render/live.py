"""An answer as HTML while it is being written.

`LiveRenderer` turns block events into operations on the client's copy, a list of blocks (`static/js/live.js` applies
them). When the answer is complete that copy equals `render_blocks` of the stored blocks, as long as nothing in them can
be used. All operations but `open` concern the block opened last:

    {"open": html}                           append a block
    {"tail": html, "keep": n}                the open part's HTML is the first n characters it had, and this
    {"tail": ..., "settle": true}            the same, then the open part joins the settled ones
    {"text": text, "keep": n}                as `tail`, for the text of a code block or diagram
    {"close": html}                          the block is complete; html, unless empty, replaces it

Beside them stands, outside of the blocks and so of what is stored,

    {"calls": html}                          the cards of the calls that have no block yet (`calls.OpenCalls`)

Without `keep` everything is kept. Characters are counted in UTF-16 code units. Call `feed` once per flush: however many
events it gets, it answers with a handful of operations.

`GrowingHtml` is the same for a page without JavaScript: HTML to which is only ever appended.
"""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape

from chatapp.core.block_events import BlockEvent, Closed, Grew, Opened, Placed
from chatapp.core.blocks import stored_block
from chatapp.values import BlockKey, Json
from chatapp.web.render.blocks import frame, render_block
from chatapp.web.render.markdown import render_markdown
from chatapp.web.render.parts import PartSplitter
from chatapp.web.render.situation import WRITING, Situation
from chatapp.web.render.tail import Tail

_CONTENT = Markup("\ue000")  # stands for what a frame is put around
STREAMING = {"status": "streaming"}


class LiveRenderer:
    """The operations that show one answer as it grows. Needs an application context."""

    def __init__(self) -> None:
        self._complete: list[Markup] = []
        self._open: _Prose | _Source | None = None

    def feed(self, events: Iterable[BlockEvent]) -> list[Json]:
        """The operations that show what the events added."""
        ops: list[Json] = []
        for event in events:
            match event:
                case Opened():
                    self._open = _Prose(event) if event.key is BlockKey.MARKDOWN else _Source(event)
                    ops.append({"open": str(self._open.html())})
                case Grew() if self._open:
                    self._open.grow(event.delta)
                case Closed():
                    ops += self.finish()
                case Placed(block):
                    html = render_block(block, WRITING)
                    ops += [*self.finish(), {"open": str(html)}, {"close": ""}] if html else self.finish()
                    self._complete.append(html)
        return ops + self._open.flush() if self._open else ops

    def finish(self) -> list[Json]:
        """The operations that complete the open block, if there is one."""
        if self._open is None:
            return []
        ops, html = self._open.close()
        self._complete.append(html)
        self._open = None
        return ops

    def resume(self) -> list[Json]:
        """For a client that saw everything up to here and lost its open part: what makes it whole.

        Send them in front of the next operations, in the same message.
        """
        return [self._open.resume()] if self._open else []

    def snapshot(self) -> Markup:
        """Everything so far as the client has it, for a page that goes on from here (after `resume`)."""
        return Markup("").join([*self._complete, self._open.html() if self._open else Markup()])


class _Prose:
    """An open markdown block: settled parts, then a holder with the open one."""

    def __init__(self, opened: Opened) -> None:
        self._block = _empty_block(opened)
        self._splitter = PartSplitter()
        self._tail = Tail()
        self._settled: list[Markup] = []
        self._fresh: list[Markup] = []  # settled since the last flush

    def grow(self, delta: str) -> None:
        self._fresh += map(render_markdown, self._splitter.feed(delta))

    def flush(self) -> list[Json]:
        return self._hand_over() + self._tail.update(self._splitter)

    def close(self) -> tuple[list[Json], Markup]:
        self._fresh += map(render_markdown, self._splitter.finish())
        return [*self._hand_over(), {"close": ""}], frame(self._block, Markup("").join(self._settled))

    def resume(self) -> Json:
        return self._tail.resume()

    def html(self) -> Markup:
        holder = Markup("<div data-tail>{}</div>").format(self._tail.html)
        return frame({**self._block, **STREAMING}, Markup("").join([*self._settled, holder]))

    def _hand_over(self) -> list[Json]:
        if not self._fresh:
            return []
        op = self._tail.settle("".join(self._fresh))
        self._tail = Tail()
        self._settled += self._fresh
        self._fresh.clear()
        return [op]


class _Source:
    """An open code block or diagram: text until it is closed and coloured."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._text: list[str] = []
        self._fresh: list[str] = []

    def grow(self, delta: str) -> None:
        self._fresh.append(delta)

    def flush(self) -> list[Json]:
        if not self._fresh:
            return []
        delta = "".join(self._fresh)
        self._text.append(delta)
        self._fresh.clear()
        return [{"text": delta}]

    def close(self) -> tuple[list[Json], Markup]:
        last = self.flush()
        html = render_block({**_empty_block(self._opened), "content": self._source})
        plain = html == frame(_empty_block(self._opened), escape(self._source))
        return ([*last, {"close": ""}] if plain else [{"close": str(html)}]), html

    def resume(self) -> Json:
        return {"text": self._source, "keep": 0}

    def html(self) -> Markup:
        return frame({**_empty_block(self._opened), **STREAMING}, escape(self._source))

    @property
    def _source(self) -> str:
        return "".join(self._text)


class GrowingHtml:
    """Settled parts and complete blocks only: what it returns, put together, is `render_blocks` of the answer.

    Nothing of it is exchanged later, so what can be used when it is complete can be used at once: `situation`.
    """

    def __init__(self, situation: Situation = WRITING) -> None:
        self._situation = situation
        self._opened: Opened | None = None
        self._splitter = PartSplitter()
        self._foot = Markup()

    def feed(self, events: Iterable[BlockEvent]) -> Markup:
        """The HTML to append for what the events settled. Needs an application context."""
        html: list[Markup] = []
        for event in events:
            match event:
                case Opened(key=BlockKey.MARKDOWN):
                    self._opened, self._splitter = event, PartSplitter()
                    head, _, self._foot = frame(_empty_block(event), _CONTENT).partition(_CONTENT)
                    html.append(head)
                case Opened():
                    self._opened = event
                case Grew() if self._in_prose:
                    html += map(render_markdown, self._splitter.feed(event.delta))
                case Closed() if self._in_prose:
                    html += [*map(render_markdown, self._splitter.finish()), self._foot]
                case Placed(block):
                    html.append(render_block(block, self._situation))
                case Closed() if self._opened:
                    html.append(render_block({**_empty_block(self._opened), "content": event.content}))
        return Markup("").join(html)

    @property
    def _in_prose(self) -> bool:
        return self._opened is not None and self._opened.key is BlockKey.MARKDOWN


def _empty_block(opened: Opened) -> Json:
    return stored_block(opened.index, opened.key, "", opened.tag)
