from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.web.render.blocks import render_text
from chatapp.web.render.markdown import render_markdown
from chatapp.web.render.parts import PartSplitter, split
from chatapp.web.render.tail import Tail
from tests.web.render.corpus import ANSWERS, LINES, WITH_REFERENCES, chunks

WHOLE = {
    "loose list": "- a\n\n- b\n\n  more\n\n- c\n",
    "nested list": "1. a\n   - b\n\n     c\n   - d\n2. e\n",
    "table": "| a |\n|---|\n| 1 |\n| 2 |\n",
    "quote with a lazy line": "> a\nb\n> c\n",
    "tilde fence": "~~~\na\n\n# b\n~~~\n",
    "fence in an item": "- a\n  ~~~\n  b\n\n  c\n  ~~~\n  d\n",
    "indented code": "    a\n\n    b\n",
    "display maths": "$$\na\nb\n$$\n",
    "script": "<script>\na\n\nb\n</script>\n",
    "comment": "<!-- a\n\nb -->\n",
    "html": "<div>\n# a\n</div>\n",
    "setext heading": "a\nb\n===\n",
}


def fed(pieces: list[str]) -> list[str]:
    splitter = PartSplitter()
    return [part for piece in pieces for part in splitter.feed(piece)] + splitter.finish()


@pytest.mark.parametrize("name", WHOLE)
def test_what_belongs_together_stays_one_part(name: str) -> None:
    assert [part.strip("\n") for part in split(WHOLE[name] + "\nNext.")] == [WHOLE[name].strip("\n"), "Next."]


@pytest.mark.parametrize(
    ("text", "settled", "tail"),
    [
        ("a\n", [], "a\n"),
        ("a\n\n", ["a\n\n"], ""),
        ("# a\n", ["# a\n"], ""),
        ("a\n# b\n", ["a\n", "# b\n"], ""),
        ("- a\n\n", [], "- a\n\n"),
        ("- a\n\nb", [], "- a\n\nb"),
        ("- a\n\nb\n", ["- a\n\n"], "b\n"),
        ("text:\n- a\n", ["text:\n"], "- a\n"),
        ("~~~\na\n~~~\n", ["~~~\na\n~~~\n"], ""),
        ("| a |\n|---|\n| 1 |\n\n", ["| a |\n|---|\n| 1 |\n\n"], ""),
        ("| a |\n|---|\n|\n| 1 |", ["| a |\n|---|\n"], "|\n| 1 |"),
        ("a\n---\n", ["a\n---\n"], ""),
    ],
)
def test_a_part_settles_as_soon_as_nothing_can_change_it(text: str, settled: list[str], tail: str) -> None:
    splitter = PartSplitter()
    assert splitter.feed(text) == settled
    assert splitter.tail == tail


@pytest.mark.parametrize("name", ANSWERS)
def test_parts_rendered_alone_look_like_the_whole(name: str) -> None:
    assert render_text(ANSWERS[name]) == render_markdown(ANSWERS[name])


@pytest.mark.parametrize("name", WITH_REFERENCES)
def test_references_reach_only_inside_their_part(name: str) -> None:
    text = WITH_REFERENCES[name]
    assert render_text(text) == "".join(map(render_markdown, split(text))) != render_markdown(text)


@given(st.lists(st.sampled_from(LINES)).map("\n".join), st.data())
def test_parts_do_not_depend_on_the_chunking(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert fed(pieces) == split(text)
    assert "".join(split(text)) == text


@given(st.text(alphabet=" \n\t\r-*#>|~`1.a<!$=", max_size=60))
def test_parts_put_together_are_the_text(text: str) -> None:
    assert "".join(fed(list(text))) == text
    assert fed(list(text)) == split(text)


@pytest.mark.parametrize("name", ANSWERS)
def test_settled_parts_and_tail_are_always_the_text_so_far(name: str) -> None:
    splitter, settled, so_far = PartSplitter(), "", ""
    for piece in chunks(ANSWERS[name]):
        settled += "".join(splitter.feed(piece))
        so_far += piece
        assert settled + splitter.tail == so_far


@pytest.mark.parametrize(
    "line",
    ["-" * 50_000, "|" * 50_000, "-" + " " * 50_000 + "x", "* " * 25_000 + "x", "a|b\n-|" + " -|" * 25_000 + "x"]
    + ["<a" + " " * 50_000, "#" * 50_000, "1" * 50_000, "~" * 50_000, " " * 50_000 + "x", "\t" * 50_000, "> " * 25_000],
)
def test_a_long_strange_line_takes_no_long_time(line: str) -> None:
    started = time.thread_time()
    splitter, tail = PartSplitter(), Tail()
    for text in ("a | b\n", line, "\n", line):
        splitter.feed(text)
        tail.update(splitter)
    assert "".join(splitter.finish()).endswith(line)
    assert time.thread_time() - started < 2
