from __future__ import annotations

import time
from collections.abc import Iterable

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from chatapp.core.block_events import BlockEvent
from chatapp.core.blocks import BlockParser, parse
from chatapp.values import Json
from chatapp.web.render import GrowingHtml, LiveRenderer, render_blocks
from chatapp.web.render.tail import LARGE, Tail, units, without_end_tags
from tests.web.render.awkward import ANSWERS
from tests.web.render.corpus import LINES, chunks

ADVICE = """## Restarting the service

To list the **running** services on that host you can use this short script with `inline code` and a
[link](https://example.org/docs). It goes on for a while, as answers do, until the paragraph has said it all.

1. *First* look at the log, which is most often enough to see what went wrong
2. Then restart the service
   - on the first host
   - on the second host

```python
def restart(hosts):
    # one after the other
    return [run(host) for host in hosts if host.up]
```

| host | state | comment |
|---|:-:|--:|
| alpha | up | the first of them |
| beta | down | the second |

> Never restart both at the same time.

"""


def batches(text: str, seed: int = 0) -> Iterable[list[BlockEvent]]:
    parser = BlockParser()
    for piece in chunks(text, seed):
        yield parser.feed(piece)
    yield parser.finish()


def size(ops: list[Json]) -> int:
    return len(orjson.dumps(ops)) if ops else 0


def test_there_are_two_hundred_awkward_answers() -> None:
    assert len(ANSWERS) >= 200


@pytest.mark.parametrize("name", ANSWERS)
def test_after_streaming_the_answer_is_what_a_reload_shows(name: str) -> None:
    renderer = LiveRenderer()
    for events in batches(ANSWERS[name]):
        orjson.dumps(renderer.feed(events))
    assert renderer.snapshot() == render_blocks(parse(ANSWERS[name]))


@pytest.mark.parametrize("name", ANSWERS)
def test_a_page_without_script_ends_as_what_a_reload_shows(name: str) -> None:
    growing = GrowingHtml()
    assert Markup("").join(map(growing.feed, batches(ANSWERS[name]))) == render_blocks(parse(ANSWERS[name]))


@given(st.lists(st.sampled_from(LINES)).map("\n".join), st.integers(0, 99))
def test_any_chunking_of_any_text_ends_the_same(text: str, seed: int) -> None:
    renderer, growing = LiveRenderer(), GrowingHtml()
    html = Markup("")
    for events in batches(text, seed):
        renderer.feed(events)
        html += growing.feed(events)
    assert renderer.snapshot() == html == render_blocks(parse(text))


def test_text_is_visible_before_its_block_is_complete() -> None:
    parser, renderer = BlockParser(), LiveRenderer()
    shell, tail = renderer.feed(parser.feed("Hello **wor"))
    assert 'data-block-status="streaming"' in shell["open"]
    assert tail == {"tail": '<p dir="auto">Hello **wor'}
    assert renderer.feed(parser.feed("ld** you")) == [{"tail": "<strong>world</strong> you", "keep": 20}]
    assert renderer.feed(parser.feed("\n\n")) == [{"settle": True}]


def test_code_grows_as_text_and_is_coloured_when_it_closes() -> None:
    parser, renderer = BlockParser(), LiveRenderer()
    shell, text = renderer.feed(parser.feed("```py\nx = "))
    assert '<span class="block-label">Python</span>' in shell["open"]
    assert text == {"text": "x = "}
    assert renderer.feed(parser.feed("1\n``")) == [{"text": "1\n"}]
    (close,) = renderer.feed(parser.feed("`") + parser.finish())
    assert '<span class="mi">1</span>' in close["close"]


def test_plain_code_is_not_sent_twice() -> None:
    parser, renderer = BlockParser(), LiveRenderer()
    ops = renderer.feed(parser.feed("```nosuch\n<b>\n") + parser.finish())
    assert ops[1:] == [{"text": "<b>\n"}, {"close": ""}]


def test_kept_characters_are_counted_as_the_browser_counts_them() -> None:
    parser, renderer = BlockParser(), LiveRenderer()
    renderer.feed(parser.feed("😀😀 *a"))
    (op,) = renderer.feed(parser.feed("*"))
    assert op == {"tail": "<em>a", "keep": len('<p dir="auto">') + 2 * 2 + 1}
    assert units("a😀") == 3


@pytest.mark.parametrize(
    ("before", "after", "ops"),
    [
        ("One", " two, three", [{"tail": " two, three"}]),
        ("One ", "two", [{"tail": " two"}]),
        ("*One", " two", [{"tail": " two"}]),
        ("One `two`", " three", [{"tail": "<code>two</code> three", "keep": 18}]),
        ("One **two**", "s", [{"tail": "</strong>s"}]),
        ("One", " *two*", [{"tail": " <em>two"}]),
        ("One.", " Two", [{"tail": " Two"}]),
        ("One", ". (Two: it's", [{"tail": ". (Two: it's"}]),
        ("One", "", []),
    ],
)
def test_words_after_a_word_are_only_appended(before: str, after: str, ops: list[Json]) -> None:
    parser, renderer = BlockParser(), LiveRenderer()
    renderer.feed(parser.feed(before))
    assert renderer.feed(parser.feed(after)) == ops


def test_only_the_row_that_is_being_written_is_rendered_again() -> None:
    parser, renderer = BlockParser(), LiveRenderer()
    renderer.feed(parser.feed("| a | b |\n|---|:-:|\n"))
    assert renderer.feed(parser.feed("| One")) == [], "so little can wait"
    assert renderer.feed(parser.feed(" of the first")) == [{"tail": "<tr><td>One of the first"}]
    assert renderer.feed(parser.feed(" two")) == [{"tail": " two"}], "words cost nothing"
    assert renderer.feed(parser.feed(" | *2, or a few")) == []
    (grown,) = renderer.feed(parser.feed(" more"))
    assert grown["tail"] == '</td><td class="align-center">*2, or a few more'
    (finished,) = renderer.feed(parser.feed("* |\n| 3"))
    assert finished["tail"] == "<em>2, or a few more</em></td></tr>", "the next row waits until it has more"


def test_a_lone_marker_does_not_flash_as_a_heading() -> None:
    parser, renderer = BlockParser(), LiveRenderer()
    renderer.feed(parser.feed("To do:"))
    assert renderer.feed(parser.feed("\n-")) == []
    assert renderer.feed(parser.feed(" a")) == [{"tail": '</p><ul dir="auto"><li>a'}]


def test_an_unfinished_block_can_be_finished() -> None:
    parser, renderer = BlockParser(), LiveRenderer()
    renderer.feed(parser.feed("```py\nx = 1"))
    (close,) = renderer.finish()
    assert 'data-block-status="complete"' in close["close"]
    assert renderer.finish() == []


@pytest.mark.parametrize("start", ["a\n\nb", "- a\n- b", "| a |\n|---|\n| 1 |\n| 2", "```py\nx = ", ""])
def test_a_client_that_lost_the_open_part_gets_it_back(start: str) -> None:
    parser, renderer = BlockParser(), LiveRenderer()
    renderer.feed(parser.feed(start))
    for op in renderer.resume():
        shown = op["tail"] if "tail" in op else op["text"]
        assert op["keep"] == 0
        assert shown
        assert shown in renderer.snapshot()


def test_a_snapshot_in_the_middle_has_settled_parts_and_a_holder() -> None:
    parser, renderer = BlockParser(), LiveRenderer()
    renderer.feed(parser.feed("a\n\nb"))
    assert renderer.snapshot().endswith('<p dir="auto">a</p><div data-tail><p dir="auto">b</p></div></div>')


@pytest.mark.parametrize(
    ("line", "bound"),
    [
        (ADVICE, 1.5),
        ("- **Idea**: some words about it that fill a line\n  - a detail of it\n", 1.5),
        ("| some cell | another cell | and a third one |\n|---|---|---|\n", 1.5),
        ("> some words that are quoted here\n", 1.5),
        ("one very long paragraph ", 1.5),
        ("~~~\ncode with <angles>\n", 1.5),
    ],
)
def test_bytes_and_work_grow_with_the_answer(line: str, bound: float, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (line * 20_000)[:20_000]
    parser, renderer = BlockParser(), LiveRenderer()
    rendered = 0

    from chatapp.web.render import live, tail
    from chatapp.web.render.markdown import render_markdown

    def counted(source: str) -> Markup:
        nonlocal rendered
        rendered += len(source)
        return render_markdown(source)

    monkeypatch.setattr(tail, "render_markdown", counted)
    monkeypatch.setattr(live, "render_markdown", counted)
    wire = sum(size(renderer.feed(parser.feed(text[at : at + 40]))) for at in range(0, len(text), 40))
    wire += size(renderer.feed(parser.finish()))
    assert wire < bound * len(render_blocks(parse(text)).encode())
    assert rendered < 16 * len(text)


@pytest.mark.parametrize("line", ["| | | | |", "| x" + " |" * 2_000])
def test_rows_with_many_empty_cells_take_no_long_time(line: str) -> None:
    parser, renderer = BlockParser(), LiveRenderer()
    started = time.thread_time()
    renderer.feed(parser.feed("| a" * 2_000 + "|\n" + "|-" * 2_000 + "|\n"))
    for row in [line] * 5:
        renderer.feed(parser.feed(row))
        renderer.feed(parser.feed("\n"))
    assert time.thread_time() - started < 2


def test_an_answer_four_times_as_long_takes_about_four_times_as_long() -> None:
    def seconds(text: str) -> float:
        parser, renderer = BlockParser(), LiveRenderer()
        started = time.thread_time()
        for at in range(0, len(text), 40):
            renderer.feed(parser.feed(text[at : at + 40]))
        return time.thread_time() - started

    once = "- item of a list that never ends\n" * 500
    seconds(once)
    assert min(seconds(once * 4) for _ in range(3)) < 8 * min(seconds(once) for _ in range(3))


def test_end_tags_at_the_end_are_left_to_the_parser() -> None:
    assert without_end_tags("<ul><li>a</li></ul>") == "<ul><li>a"
    assert without_end_tags("<p>a<br>") == "<p>a<br>"
    assert without_end_tags("") == ""


def test_a_large_paragraph_is_rendered_again_only_when_it_has_grown() -> None:
    parser, renderer = BlockParser(), LiveRenderer()
    renderer.feed(parser.feed("x" * LARGE * 2))
    assert renderer.feed(parser.feed("*y" * 20)) == []
    assert renderer.feed(parser.feed("*z" * LARGE)) != []
    assert Tail().html == ""
