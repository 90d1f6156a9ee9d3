"""HTML as a small tree, and a browser's copy of an answer that grows by the rules of static/js/live.js."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from typing import Any

VOID = ("br", "hr", "img", "input", "link", "meta")


@dataclass
class Element:
    tag: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element | str] = field(default_factory=list)

    def __str__(self) -> str:
        attributes = "".join(f' {name}="{escape(value)}"' for name, value in self.attributes.items())
        return f"<{self.tag}{attributes}>{self.inner}</{self.tag}>"

    @property
    def inner(self) -> str:
        return "".join(escape(child) if isinstance(child, str) else str(child) for child in self.children)

    @property
    def elements(self) -> list[Element]:
        return [child for child in self.children if isinstance(child, Element)]

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def all(self, tag: str = "", **attributes: str) -> list[Element]:
        """The descendants that have these attributes: `data_role` is data-role, `class_` one of the classes."""
        return [found for found in self._descendants() if found._is(tag, attributes)]

    def find(self, tag: str = "", **attributes: str) -> Element:
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} elements {tag} {attributes} in {self}"
        return found[0]

    def has(self, tag: str = "", **attributes: str) -> bool:
        return bool(self.all(tag, **attributes))

    def _descendants(self) -> Iterator[Element]:
        for child in self.elements:
            yield child
            yield from child._descendants()

    def _is(self, tag: str, attributes: dict[str, str]) -> bool:
        if tag and self.tag != tag:
            return False
        if name := attributes.get("class_"):
            attributes = {key: value for key, value in attributes.items() if key != "class_"}
            if name not in self.attributes.get("class", "").split():
                return False
        return all(self.attributes.get(key.replace("_", "-")) == value for key, value in attributes.items())


def parse(html: str) -> Element:
    """The tree of a page or fragment; what is still open at its end is closed there."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.root


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element()
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self._open.append(self._open[-1].elements[-1])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].tag == tag, f"</{tag}> where <{self._open[-1].tag}> is open"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


class Copy:
    """A browser's copy of an answer; `html` is what it shows, `calls` what it shows of calls without a block."""

    def __init__(self, html: str = "", calls: str = "") -> None:
        self._root = parse(html)
        self._tail = ""
        self.calls = calls

    @property
    def html(self) -> str:
        return self._root.inner

    def apply(self, ops: list[dict[str, Any]]) -> None:
        for op in ops:
            if "calls" in op:
                self.calls = op["calls"]
                continue
            if "open" in op:
                self._root.children += parse(op["open"]).children
                self._tail = ""
            block = self._root.elements[-1]
            if "text" in op:
                code = block.all("code")[0]
                code.children = [_kept(code.text, op) + op["text"]]
            if "tail" in op or op.get("settle"):
                self._grow_tail(block, op)
            if "close" in op:
                self._close(block, op["close"])

    def _grow_tail(self, block: Element, op: dict[str, Any]) -> None:
        holder = _holder(block)
        if "tail" in op:
            self._tail = _kept(self._tail, op) + op["tail"]
            holder.children = parse(self._tail).children
        if op.get("settle"):
            block.children[-1:] = [*holder.children, holder]
            holder.children, self._tail = [], ""

    def _close(self, block: Element, html: str) -> None:
        if html:
            self._root.children[-1:] = parse(html).children
            return
        block.children = [
            child for child in block.children if isinstance(child, str) or "data-tail" not in child.attributes
        ]
        block.attributes["data-block-status"] = "complete"


def _holder(block: Element) -> Element:
    holder = block.elements[-1]
    assert "data-tail" in holder.attributes, holder
    return holder


def _kept(text: str, op: dict[str, Any]) -> str:
    if "keep" not in op:
        return text
    return text.encode("utf-16-le")[: 2 * op["keep"]].decode("utf-16-le")
