"""What a search has found, cut out of its text."""

from __future__ import annotations

import time

import pytest

from chatapp.core.excerpts import LENGTH, excerpt, marked


def hits(text: str, query: str) -> list[str]:
    return [part.text for part in excerpt(text, query) if part.is_hit]


def line(text: str, query: str) -> str:
    return "".join(part.text for part in excerpt(text, query))


@pytest.mark.parametrize(
    ("text", "query", "found"),
    [
        ("It was raining.", "rain", ["raining"]),
        ("The query", "queries", ["query"]),
        ("Runs well", "running", ["Runs"]),
        ("Über den Fluss", "uber", ["Über"]),
        ("ÉCOLE", "école", ["ÉCOLE"]),
        ("a cat", "cat a", ["a", "cat"]),
        ("training", "rain", []),
        ("stop the old machine, stop", '"old machine"', ["old machine"]),
        ("snake_case here", "snake_case", ["snake_case"]),
        ("c++ and c", "c++", ["c", "c"]),
        ("hello", "***", []),
        ("hello", "", []),
        ("数据库 备份", "备份", ["备份"]),
    ],
)
def test_hits_are_words_however_they_end(text: str, query: str, found: list[str]) -> None:
    assert hits(text, query) == found


def test_the_excerpt_stands_around_the_first_hit() -> None:
    text = "before " * 100 + "the **needle**\n\nin a `haystack` " + "after " * 100
    shown = line(text, "needle")
    assert "the needle in a haystack" in shown
    assert shown.startswith("\u2026 before")
    assert shown.endswith("after \u2026")
    assert len(shown) <= LENGTH + 4


def test_without_a_hit_it_is_the_beginning() -> None:
    assert line("One two. " * 50, "xyz").startswith("One two.")


@pytest.mark.parametrize("text", ["", " \n ", "x", "x" * 5_000, "\u0301" * 300, "😀" * 300])
def test_any_text_has_an_excerpt(text: str) -> None:
    assert len(line(text, "x")) <= max(LENGTH, len(text)) + 4


def test_nothing_of_a_text_is_lost_or_added() -> None:
    name = "Straße nach İzmir & <b>zurück</b>"
    assert "".join(part.text for part in marked(name, "izmir")) == name


def test_a_fragment_of_a_name_is_marked() -> None:
    assert [part.text for part in marked("Budget 2026", "udge") if part.is_hit] == ["udge"]


def test_the_cost_grows_with_the_text_and_no_faster() -> None:
    def seconds(text: str) -> float:
        begun = time.process_time()
        excerpt(text, '"aa bb" aa bb*')
        return time.process_time() - begun

    seconds("aa " * 10_000)
    short, long = (min(seconds("aa !" * size) for _ in range(3)) for size in (25_000, 100_000))
    assert long < 0.02 + 8 * short
