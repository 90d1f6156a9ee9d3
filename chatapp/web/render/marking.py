"""A text as it is, with passages of it marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup, escape

from chatapp.core.marks import Mark

# What a mark stands for is read out, and shown to whoever points at it.
MARK = Markup('<mark class="{}" title="{}">{}<span class="visually-hidden"> ({})</span></mark>')


def marked(text: str, marks: Sequence[Mark], name: Callable[[str], str]) -> Markup:
    """`name` says what a rule is called. Marks are in order and do not overlap."""
    parts: list[Markup] = []
    done = 0
    for mark in marks:
        label = f"{name(mark.rule)}, removed" if mark.is_mask else name(mark.rule)
        kind = "mark-gone" if mark.is_mask else "mark-data" if mark.rule.startswith("pii_") else "mark-attack"
        parts += escape(text[done : mark.start]), MARK.format(kind, label, text[mark.start : mark.end], label)
        done = mark.end
    return Markup("").join([*parts, escape(text[done:])])
