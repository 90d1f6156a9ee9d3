"""Texts that are rewritten character by character."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from chatapp.guards.characters import Rewriting, as_text, code_points, kinds, one_kind, runs

PIECES = {"ß": "ss", "ﬃ": "ffi", "\u200b": "", "é": "e"}


@given(st.text(st.sampled_from("aßﬃé\u200b😀") | st.characters(categories=["L", "M", "Cs"])))
def test_it_is_what_its_characters_are_read_as(text: str) -> None:
    rewriting = Rewriting(lambda char: PIECES.get(char, char))
    codes = code_points(text)
    widths = rewriting.widths(codes)
    assert widths.tolist() == [len(PIECES.get(char, char)) for char in text]
    assert as_text(rewriting.read(codes, widths)) == "".join(PIECES.get(char, char) for char in text)


def test_pieces_that_may_not_grow_stay_as_they_are() -> None:
    rewriting = Rewriting(lambda char: PIECES.get(char, char))
    codes = code_points("ﬃ\u200bé")
    widths = rewriting.widths(codes).clip(max=1)
    assert as_text(rewriting.read(codes, widths)) == "ﬃe"


def test_characters_have_kinds() -> None:
    assert b"a1\xff".translate(kinds({"a": "A", "1": "0"})) == b"A0x"


@given(st.text("ab- é\n", max_size=40))
def test_long_runs_are_those_that_an_expression_finds(written: str) -> None:
    found = [match.span() for match in re.finditer("[ab]{3,}", written)]

    assert list(runs(written, one_kind("ab"), 3)) == found
