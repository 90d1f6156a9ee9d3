from __future__ import annotations

import codecs
import random
from collections.abc import Callable
from itertools import pairwise
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.core.block_events import BlockEvent, Closed, Grew, Opened
from chatapp.core.blocks import BlockParser, as_text, parse, stored_block
from chatapp.values import BlockKey, Json

Block = tuple[str, str, str]  # key, tag, content

TOKENS = [
    *(
        "`",
        "``",
        "```",
        "````",
        "`````",
        "\n",
        "\r\n",
        " ",
        "\t",
        "<",
        ">",
        "/",
        "a",
        "b ",
        "é",
        "日本",
        "👩‍💻",
        "\u200b",
    ),
    *("python", "mermaid", "Mermaid", "code", "<b>", "name=", '"x"', "=f", "tool_call", "_call>", "<tool_", "</"),
    *("<tool_call>", "</tool_call>", "<tool_calls>", "</tool_calls>", "<tool_call/>", '<tool_call id="1">'),
    *("<function_calls>", "</function_calls>", '<invoke name="f">', '<invoke name="f"/>', "</invoke>"),
    *("<function=f>", "</function>", "<parameter=p>", '<parameter name="p">', "</parameter>", "<invoke name="),
    *("```python\n", "```mermaid\n", "\n```\n", "```\n", "`<tool_call>x</tool_call>`", "```x```"),
]
texts = st.lists(st.one_of(st.sampled_from(TOKENS), st.text(max_size=3)), max_size=25).map("".join)
markup_free = st.text(alphabet=st.sampled_from("````\n\n \tab:é日👍>-"), max_size=60)


def run(chunks: list[str]) -> list[BlockEvent]:
    parser = BlockParser()
    return [event for chunk in chunks for event in parser.feed(chunk)] + parser.finish()


def assemble(events: list[BlockEvent]) -> list[Block]:
    """What a reader of the events ends up with; checks that they are well formed on the way."""
    blocks: list[Block] = []
    opened: Opened | None = None
    written = ""
    for event in events:
        if isinstance(event, Opened):
            assert opened is None and event.index == len(blocks)
            opened, written = event, ""
        elif isinstance(event, Grew):
            assert opened is not None and event.index == opened.index and event.delta
            written += event.delta
        else:
            assert opened is not None and event.index == opened.index and event.content == written
            blocks.append((opened.key.value, opened.tag, written))
            opened = None
    assert opened is None
    return blocks


def blocks_of(text: str) -> list[Block]:
    return assemble(run([text]))


def cut(text: str, places: list[int]) -> list[str]:
    return [text[start:end] for start, end in pairwise([0, *sorted(places), len(text)])]


@st.composite
def chunked(draw: st.DrawFn) -> list[str]:
    text = draw(texts)
    return cut(text, draw(st.lists(st.integers(0, len(text)), max_size=12)))


def md(content: str) -> Block:
    return ("markdown", "", content)


def code(content: str, tag: str = "code") -> Block:
    return ("code", tag, content)


def mermaid(content: str) -> Block:
    return ("mermaid", "", content)


FENCES: list[tuple[str, str, list[Block]]] = [
    ("nothing", "", []),
    ("prose", "Hello *you*.", [md("Hello *you*.")]),
    (
        "code between prose",
        "short script:\n```bash\nls\n```\nAsk again",
        [md("short script:\n"), code("ls\n", "bash"), md("\nAsk again")],
    ),
    ("no tag", "```\nx\n```", [code("x\n")]),
    ("tag is trimmed", "```  python x=1 \nx\n```", [code("x\n", "python x=1")]),
    ("mermaid", "```mermaid\ngraph TD\n```", [mermaid("graph TD\n")]),
    ("mermaid in capitals", "```Mermaid\ngraph TD\n```", [mermaid("graph TD\n")]),
    ("mid-line fences", "a ```py\nx``` b", [md("a "), code("x", "py"), md(" b")]),
    ("empty body", "```py\n```", [code("", "py")]),
    ("adjacent fences", "```a\n1\n```\n \n```b\n2\n```\n", [code("1\n", "a"), code("2\n", "b")]),
    ("longer run holds shorter ones", "````md\n```py\nx\n```\n````\n", [code("```py\nx\n```\n", "md")]),
    ("longer run closes a shorter one", "```\nx\n`````\ny", [code("x\n"), md("\ny")]),
    ("single backticks in a body", "```\na `b` ``c``\n```", [code("a `b` ``c``\n")]),
    ("end inside a body", "```py\nx = 1", [code("x = 1", "py")]),
    ("end inside a body with stray backticks", "```py\nx``", [code("x``", "py")]),
    ("end right after the tag line", "```py\n", [code("", "py")]),
    ("end inside the tag", "see ```py", [md("see ```py")]),
    ("end at the opening run", "see ```", [md("see ```")]),
    ("stray backticks", "a ` b `` c", [md("a ` b `` c")]),
    (
        "inline code with three backticks",
        "a ```b``` c ```d``` e\n```\nx\n```",
        [md("a ```b``` c ```d``` e\n"), code("x\n")],
    ),
    ("inline code holds shorter runs", "a ```b `c` d``` e\n", [md("a ```b `c` d``` e\n")]),
    (
        "unfinished inline code ends with its line",
        "a ```b ` c\n```py\nx\n```",
        [md("a ```b ` c\n"), code("x\n", "py")],
    ),
    ("fence after inline code on a line", "```a``` ```py\nx\n```", [md("```a``` "), code("x\n", "py")]),
    ("carriage returns", "a\r\n```py\r\nx\r\n```\r\nb", [md("a\r\n"), code("x\r\n", "py"), md("\r\nb")]),
    ("white space only", " \n\t ", []),
    ("leading white space stays with its text", "\n\n  a", [md("\n\n  a")]),
]

CALL = '{"name": "f"}'
NS = "antml:"
MARKUP: list[tuple[str, str, list[Block]]] = [
    ("tool_call", f"a <tool_call>{CALL}</tool_call> b", [md("a  b")]),
    ("nothing but a call", f"\n<tool_call>\n{CALL}\n</tool_call>\n", []),
    ("attributes", f'a<tool_call id="1">{CALL}</tool_call>b', [md("ab")]),
    ("tool_calls around calls", f"<tool_calls><tool_call>{CALL}</tool_call></tool_calls>b", [md("b")]),
    ("function_calls", '<function_calls>\n<invoke name="f">\n</invoke>\n</function_calls>b', [md("b")]),
    ("name space", f"<{NS}function_calls><{NS}invoke name=f></{NS}invoke></{NS}function_calls>b", [md("b")]),
    ("invoke", '<invoke name="f"><parameter name="p">1</parameter></invoke>b', [md("b")]),
    ("empty invoke", 'a<invoke name="f"/>b', [md("ab")]),
    ("function", "a<function=f>\n<parameter=p>\n1\n</parameter>\n</function>b", [md("ab")]),
    ("named function", 'a<function name="f">1</function>b', [md("ab")]),
    ("parameter", "a<parameter=p>1</parameter>b", [md("ab")]),
    ("named parameter", 'a<parameter name="p">1</parameter>b', [md("ab")]),
    ("end without begin", "a</tool_call>b</function_calls>c", [md("abc")]),
    ("call between fences", f"```\n1\n```\n<tool_call>{CALL}</tool_call>\n```\n2\n```", [code("1\n"), code("2\n")]),
    (
        "backticks inside a call",
        '<tool_call>{"a": "```py\\nx\\n``` `b`"}</tool_call>\nc',
        [md("\nc")],
    ),
    ("in a fence", f"```\n<tool_call>{CALL}</tool_call>\n```", [code(f"<tool_call>{CALL}</tool_call>\n")]),
    ("in inline code", "say `<tool_call>x</tool_call>` so", [md("say `<tool_call>x</tool_call>` so")]),
    (
        "nested in inline code",
        "`<tool_call><function=f></function></tool_call>`",
        [md("`<tool_call><function=f></function></tool_call>`")],
    ),
    ("in long inline code", "```a <tool_call>`</tool_call>```", [md("```a <tool_call>`</tool_call>```")]),
    ("never closed", "a <tool_call>b <c", [md("a <tool_call>b <c")]),
    (
        "a fence follows an open element",
        "The <tool_call> tag:\n```xml\n<tool_call></tool_call>\n```\nb</tool_call>",
        [md("The <tool_call> tag:\n"), code("<tool_call></tool_call>\n", "xml"), md("\nb")],
    ),
    ("end inside a tag", "a <tool_ca", [md("a <tool_ca")]),
    ("end inside an end tag", "a <tool_call>b</tool_ca", [md("a <tool_call>b</tool_ca")]),
    (
        "other tags",
        "<b>x</b> <function> <parameter> <invoke> <tool_calling> </function>",
        [md("<b>x</b> <function> <parameter> <invoke> <tool_calling> </function>")],
    ),
    ("overlong tag", f"<function={'f' * 300}>x</function>", [md(f"<function={'f' * 300}>x</function>")]),
    ("comparison", "a < b <= c", [md("a < b <= c")]),
    ("dropping joins no new tag", "<tool_<tool_call>x</tool_call>call>y", [md("<tool_<tool_call>xcall>y")]),
]


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in FENCES], ids=[case[0] for case in FENCES])
def test_fences_become_blocks(text: str, expected: list[Block]) -> None:
    assert blocks_of(text) == expected
    assert assemble(run(list(text))) == expected


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in MARKUP], ids=[case[0] for case in MARKUP])
def test_leaked_tool_call_markup_is_left_out_of_markdown_only(text: str, expected: list[Block]) -> None:
    assert blocks_of(text) == expected
    assert assemble(run(list(text))) == expected


def test_stored_blocks_have_ids_status_and_a_tag_for_code_only() -> None:
    assert parse("a\n```py\nx\n```\n```mermaid\ng\n```") == [
        {"id": "blk_0", "key": "markdown", "status": "complete", "content": "a\n"},
        {"id": "blk_1", "key": "code", "status": "complete", "content": "x\n", "tag": "py"},
        {"id": "blk_2", "key": "mermaid", "status": "complete", "content": "g\n"},
    ]
    assert stored_block(7, BlockKey.CODE, "x")["tag"] == "code"


def test_prose_is_passed_on_at_once() -> None:
    parser = BlockParser()
    assert parser.feed(" ") == []
    assert parser.feed("a") == [Opened(0, BlockKey.MARKDOWN, ""), Grew(0, " a")]
    assert parser.feed(" < b\n\n") == [Grew(0, " < b\n\n")]
    assert parser.feed("<b") == [Grew(0, "<b")]
    assert parser.finish() == [Closed(0, " a < b\n\n<b")]


def test_nothing_of_a_fence_is_shown_before_its_tag_line_ends() -> None:
    parser = BlockParser()
    assert parser.feed("a``") == [Opened(0, BlockKey.MARKDOWN, ""), Grew(0, "a")]
    assert parser.feed("`p") == []
    assert parser.feed("y") == []
    assert parser.feed("\n") == [Closed(0, "a"), Opened(1, BlockKey.CODE, "py")]
    assert parser.feed("x = ") == [Grew(1, "x = ")]
    assert parser.feed("1\n``") == [Grew(1, "1\n")]
    assert parser.feed("`") == []
    assert parser.feed("\n") == [Closed(1, "x = 1\n")]
    assert parser.finish() == []


def test_leaked_markup_is_never_shown_live() -> None:
    parser = BlockParser()
    assert parser.feed("a <tool") == [Opened(0, BlockKey.MARKDOWN, ""), Grew(0, "a ")]
    assert [event for char in '_call>{"name": "f"}</tool_call>' for event in parser.feed(char)] == []
    assert parser.feed("b") == [Grew(0, "b")]


@given(chunked())
def test_blocks_do_not_depend_on_the_chunking(chunks: list[str]) -> None:
    text = "".join(chunks)
    assert assemble(run(chunks)) == assemble(run(list(text))) == blocks_of(text)


@given(texts, st.data())
def test_blocks_do_not_depend_on_the_splitting_of_bytes(text: str, data: st.DataObject) -> None:
    raw = text.encode("utf-8", "surrogatepass")
    places = data.draw(st.lists(st.integers(0, len(raw)), max_size=12))
    decoder = codecs.getincrementaldecoder("utf-8")("surrogatepass")
    chunks = [decoder.decode(raw[start:end]) for start, end in pairwise([0, *sorted(places), len(raw)])]
    assert assemble(run(chunks)) == blocks_of(text)


@given(texts)
def test_stored_blocks_equal_what_the_events_said(text: str) -> None:
    stored = [(block["key"], block.get("tag", ""), block["content"]) for block in parse(text)]
    assert stored == blocks_of(text)


@given(texts)
def test_markdown_is_never_empty_or_white_space(text: str) -> None:
    assert all(content.strip() for key, _, content in blocks_of(text) if key == "markdown")


def visible(text: str) -> str:
    return "".join(text.replace("`", "").split())


@given(markup_free)
def test_no_text_is_lost(text: str) -> None:
    shown = "".join(content if tag == "code" else tag + content for _, tag, content in blocks_of(text))
    assert visible(shown) == visible(text)


@given(texts)
def test_blocks_hold_nothing_that_was_not_written(text: str) -> None:
    rest = iter(text)
    assert all(char in rest for _, _, content in blocks_of(text) for char in content)


words = st.text(alphabet=st.sampled_from("abc é日👍.*#\n"), max_size=20).map(lambda text: f"w{text}w")
PARTS = st.one_of(
    words.map(lambda text: (f"\n{text}\n", md(f"\n{text}\n"))),
    words.map(lambda body: (f"```py\n{body}\n```\n", code(f"{body}\n", "py"))),
    words.map(lambda body: (f"````\n```\n{body}```````\n", code(f"```\n{body}"))),
    words.map(lambda body: (f"```mermaid \r\n<tool_call>{body}```\n", mermaid(f"<tool_call>{body}"))),
    words.map(lambda call: (f"<tool_call>{call}</tool_call>", None)),
    words.map(lambda call: (f"<function=f><parameter=p>{call}</parameter></function>", None)),
    st.sampled_from([(" \n", None), ("\n\t", None)]),
)


@given(st.lists(PARTS, max_size=8))
def test_a_text_made_of_parts_gives_exactly_the_parts(parts: list[tuple[str, Block | None]]) -> None:
    found = blocks_of("".join(text for text, _ in parts))
    expected = [block for _, block in parts if block]
    assert [block for block in found if block[0] != "markdown"] == [
        block for block in expected if block[0] != "markdown"
    ]
    assert shown_markdown(found) == shown_markdown(expected)


def shown_markdown(blocks: list[Block]) -> list[str]:
    """Words of the markdown between two other blocks, one entry for each gap."""
    gaps = [""]
    for key, _, content in blocks:
        if key == "markdown":
            gaps[-1] += content
        else:
            gaps.append("")
    return [" ".join(gap.split()) for gap in gaps]


def normal(blocks: list[Json]) -> list[Block]:
    """Blocks without the white space at their borders."""
    return [
        (block["key"], block.get("tag", ""), block["content"].strip())
        if block["key"] == "markdown"
        else (block["key"], block.get("tag", ""), block["content"].removesuffix("\n"))
        for block in blocks
    ]


@given(texts)
def test_text_of_blocks_parses_to_the_same_blocks(text: str) -> None:
    blocks = parse(text)
    assert normal(parse(as_text(blocks))) == normal(blocks)


def test_text_has_fences_on_lines_of_their_own() -> None:
    text = "a ```py\nx``` b\n```mermaid\ng\n```\n```\ny\n```"
    assert as_text(parse(text)) == "a \n```py\nx\n```\n b\n```mermaid\ng\n```\n```\ny\n```"


def test_text_has_a_fence_longer_than_any_run_in_the_body() -> None:
    assert as_text([stored_block(0, BlockKey.CODE, "````\n", "md")]) == "`````md\n````\n`````"


def test_text_of_other_blocks() -> None:
    call = {"call_id": "c", "name": "f", "arguments": {}, "summary": ""}
    form = {"id": "blk_1_r", "key": "ask_user_form", "status": "complete", "questions": []}
    blocks: list[Json] = [
        {
            "id": "blk_0",
            "key": "tool",
            "status": "complete",
            "tool": call,
            "result": stored_block(0, BlockKey.MARKDOWN, "a"),
        },
        {"id": "blk_1", "key": "tool", "status": "complete", "tool": call, "result": form},
        {"id": "blk_2", "key": "tool", "status": "complete", "tool": call},
        {"id": "blk_3", "key": "homeport_nav", "status": "complete", "links": [], "content": "caption"},
        stored_block(4, BlockKey.MARKDOWN, ""),
        stored_block(5, BlockKey.CODE, "", "py"),
    ]
    assert as_text(blocks) == "a\n```py\n```"


def repeated(unit: str, size: int) -> str:
    return unit * (size // len(unit))


ANSWER = (
    "Some **prose** with `code` and a < b, <b>bold</b> words.\n\n```python\nfor x in range(3):\n    print(x)\n```\n\n"
)
LONG: dict[str, Callable[[int], str]] = {
    "typical": lambda size: repeated(ANSWER, size),
    "backticks": lambda size: "`" * size,
    "angles": lambda size: "<" * size,
    "tag starts": lambda size: repeated("<tool_call", size),
    "tags": lambda size: repeated("<tool_call>", size),
    "end tags": lambda size: repeated("</tool_call>", size),
    "angles in an element": lambda size: "<tool_call>" + "<" * size,
    "long tags": lambda size: repeated("<tool_call " + "a" * 300, size),
    "empty fences": lambda size: repeated("```\n", size),
    "inline fences": lambda size: repeated("```a", size),
    "quoted angles": lambda size: repeated("`<", size),
    "unclosed fence": lambda size: "```py\n" + repeated("x = 1\n", size),
    "unclosed fence of backticks": lambda size: "````\n" + repeated("``` ", size),
    "unclosed tag line": lambda size: "```" + "a" * size,
    "unclosed element": lambda size: "<tool_call>" + repeated("a ", size),
    "white space": lambda size: " " * size,
}


def seconds(chunks: list[str]) -> float:
    start = process_time()
    run(chunks)
    return process_time() - start


def pieces(text: str) -> list[str]:
    chance = random.Random(1)
    places = [0]
    while places[-1] < len(text):
        places.append(places[-1] + chance.randint(1, 20))
    return [text[start:end] for start, end in pairwise(places)]


def whole(text: str) -> list[str]:
    return [text]


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
@pytest.mark.parametrize("split", [pieces, whole])
def test_time_grows_with_the_size_of_the_text(text: Callable[[int], str], split: Callable[[str], list[str]]) -> None:
    """Ten times the text costs about ten times as much; with its square it would be a hundred times."""
    small, large = (min(seconds(split(text(size))) for _ in range(2)) for size in (25_000, 250_000))
    assert large <= 40 * small + 0.05
