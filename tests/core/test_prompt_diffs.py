"""Changes between two texts, as a reader is shown them."""

from __future__ import annotations

import time

from chatapp.core.prompt_diffs import Line, between


def shown(line: Line) -> str:
    signs = {"added": "+", "removed": "-", "same": " "}
    if line.kind == "gap":
        return f"~{line.skipped}"
    text = "".join(f"[{piece.text}]" if piece.is_changed else piece.text for piece in line.pieces)
    return f"{signs[line.kind]}{line.old or ''}:{line.new or ''} {text}"


def test_lines_around_a_change_are_shown_and_what_differs_in_a_line_is_marked() -> None:
    old = "\n".join(["a", "b", "c", "d", "e", "Be brief.", "f"])
    new = "\n".join(["a", "b", "c", "d", "e", "Be very brief.", "f", "New."])
    assert [shown(line) for line in between(old, new)] == [
        *("~2", " 3:3 c", " 4:4 d", " 5:5 e"),
        *("-6: Be brief.", "+:6 Be[ very] brief.", " 7:7 f", "+:8 New."),
    ]


def test_lines_that_have_little_in_common_are_replaced_as_a_whole() -> None:
    assert [shown(line) for line in between("one two", "quite something else")] == [
        "-1: one two",
        "+:1 quite something else",
    ]


def test_texts_of_the_same_lines_have_no_changes() -> None:
    assert between("a\nb", "a\nb") == between("a\nb\n", "a\nb") == between("", "") == []
    assert [shown(line) for line in between("", "a")] == ["+:1 a"]
    assert [shown(line) for line in between("a", "")] == ["-1: a"]


def test_no_text_takes_long_to_compare() -> None:
    begun = time.process_time()
    for old, new in (
        ("x " * 50_000, "y x " * 25_000),
        ("x \n" * 30_000, "y\nx\n" * 25_000),
        ("\n".join("x " * 90 for _ in range(50)), "\n".join("y x " * 45 for _ in range(50))),
    ):
        assert between(old, new)
    assert time.process_time() - begun < 5
