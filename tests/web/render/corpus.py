"""Answers as models write them, with the awkward places they have."""

from __future__ import annotations

import random
from collections.abc import Iterator

ANSWERS: dict[str, str] = {
    "sentence": "Hello there.",
    "one word": "Yes",
    "two paragraphs": "First paragraph\nover two lines.\n\nSecond one.\n",
    "many blank lines": "\n\n\nFirst.\n\n\n\n\nSecond.\n\n\n",
    "crlf": "First.\r\n\r\n- a\r\n- b\r\n\r\nLast.\r\n",
    "heading directly before text": "# Title\nText right below.\n## Next\nMore.\n",
    "heading after paragraph": "Text\n### Heading\nText",
    "heading with closing hashes": "## Title ##\n\nText",
    "not a heading": "#hashtag and #another\n\nText",
    "setext headings": "Title\n=====\n\nSub\n---\n\nText\n",
    "rules": "a\n\n---\n\nb\n\n* * *\n\nc\n***\nd\n",
    "emphasis": "*a* **b** ***c*** _d_ __e__ ~~f~~ `g`\n",
    "unclosed emphasis": "This **never closes\n\nand *neither does this",
    "unclosed code": "Run `systemctl status\n\nand then",
    "emphasis in words": "snake_case_name and 2*3*4 and **bold**text\n",
    "hard breaks": "line one  \nline two\\\nline three\n",
    "escapes": "\\*not emphasis\\* \\# \\[x\\] &amp; &copy; &#x41; < > & \"quotes\"\n",
    "tight list": "- a\n- b\n- c\n",
    "loose list": "- a\n\n- b\n\n- c\n\nAfter.",
    "list turning loose": "- a\n- b\n\n- c\n- d\n",
    "list right after text": "Here is what I found:\n- one\n- two\n\nThat is all.",
    "ordered list right after text": "Steps:\n1. one\n2. two\n3. three\nand a lazy line\n",
    "number that is no list": "It happened in\n1984. It was cold.\n",
    "list from seven": "7. seven\n8. eight\n",
    "parentheses": "1) one\n2) two\n",
    "nested lists": "- a\n  - b\n    - c\n      1. d\n      2. e\n  - f\n- g\n",
    "nested by four": "1. a\n    - b\n    - c\n2. d\n    * e\n",
    "list kinds in a row": "- a\n- b\n* c\n* d\n1. e\n2. f\n",
    "list kinds with blanks": "- a\n\n* b\n\n1. c\n\n2) d\n",
    "item with paragraphs": "1. First\n\n   more of it\n\n   and more\n\n2. Second\n\n   more\n\nDone.",
    "item with quote": "- a\n  > quoted\n  > more\n- b\n",
    "item with tilde fence": "- a\n  ~~~sh\n  ls\n\n  pwd\n  ~~~\n- b\n\nEnd",
    "item with indented code": "1. a\n\n       code\n\n2. b\n",
    "item with table": "1. a\n\n   | x | y |\n   |---|---|\n   | 1 | 2 |\n\n2. b\n\nafter",
    "item with backtick fence": "1. Do this:\n   ```sh\n   ls -l\n   ```\n2. Then that:\n   ```\n   pwd\n   ```\nDone.",
    "ten items": "".join(f"{n}. **Item {n}**: text\n   - detail\n" for n in range(1, 13)),
    "empty items": "-\n- a\n-\n- b\n",
    "tasks": "- [ ] open\n- [x] done\n\n- [ ] loose\n",
    "rule ends list": "- a\n- b\n---\n- c\n",
    "heading ends list": "- a\n- b\n# Heading\n- c\n",
    "quote": "> a\n> b\n\n> c\n\ntext\n",
    "lazy quote": "> a\nlazy\n\nnot quoted\n",
    "nested quote": "> a\n> > b\n> - c\n>   - d\n\nend",
    "quote then list": "> a\n- b\n- c\n",
    "table": "| a | b |\n|---|:-:|\n| 1 | 2 |\n| **3** | `4` |\n\nAfter.",
    "table after text": "Compare:\n| a | b |\n|--:|:--|\n| 1 | 2 |\nAfter",
    "table without borders": "a | b\n--|--\n1 | 2\n3 | 4\n",
    "table with few cells": "| a | b | c |\n|---|---|---|\n| 1 |\n| 1 | 2 | 3 | 4 |\n|\n",
    "table with pipes and breaks": "| a | b |\n|---|---|\n| x \\| y | one<br>two |\n",
    "not a table": "| a | b |\n|---|\n| 1 | 2 |\n",
    "table header only": "| a | b |\n|---|---|\n",
    "indented code": "Text:\n\n    x = 1\n\n    y = 2\n\nText.\n",
    "tab code": "Text:\n\n\tx = 1\n\ty = 2\n",
    "tilde fence": "~~~python\nx = 1\n\n# not a heading\n- not a list\n~~~\nAfter",
    "long tilde fence": "~~~~\n~~~\nstill code\n~~~~\nAfter",
    "open tilde fence": "Look:\n~~~\ncode\n\nmore code",
    "backtick fence": "Look:\n```python\nx = 1 < 2\n\ny = '''a'''\n```\nAfter.\n",
    "unknown language": "```nosuchlanguage\n<b>&amp;</b>\n```\n",
    "no language": "```\n\n  plain\n\n```\n\ntext",
    "empty fence": "```js\n```\nafter",
    "open backtick fence": "Look:\n```js\nlet x = `a`;\n",
    "two fences": "```js\na\n```\n```css\nb {}\n```\n",
    "diagram": "See:\n\n```mermaid\ngraph TD;\n  A-->B;\n```\n\nDone.",
    "inline maths": "Einstein: $E = mc^2$ and $a < b$ cost $5 or $5-$10.\n",
    "display maths": "So:\n\n$$\n\\int_0^1 x\\,dx = \\frac{1}{2}\n$$\n\nand $$x$$.\n",
    "maths with markers": "$$\na\n- b\n= c\n$$\n",
    "html block": "<div onclick=\"x()\">\n  <b>bold</b>\n</div>\n\nText <i>it</i> <br> more\n",
    "script": "<script>\nalert(1)\n\nalert(2)\n</script>\nAfter\n",
    "comment": "<!-- one\n\ntwo -->\nAfter\n",
    "open comment": "Text\n<!-- one\n\n# two\n",
    "details": "<details>\n<summary>More</summary>\n\nInside **bold**\n\n</details>\n",
    "lone tag": "<thinking>\nhm\n</thinking>\n\nAnswer.\n",
    "links": "[a](https://example.org/?a=1&b=2 \"title\") <https://auto.example> <me@example.org> https://bare.example/x_y_z.\n",
    "images": "![alt *text*](https://example.org/x.png) ![](https://example.org/y.png) [![i](/a.png)](/b)\n",
    "broken links": "[a](javascript:alert(1)) [b](<https://x y>) [c]( [d][] [](/e)\n",
    "emoji": "😀 Hi 👩‍👩‍👧‍👦!\n\n- 🎉 **party 🎈**\n- 🇪🇺\n\n| 😀 | 🎉 |\n|---|---|\n| 👍🏽 | `🚀` |\n",
    "right to left": "שלום **עולם**\n\n- أولا\n- ثانيا\n\nEnglish again.\n",
    "chinese": "你好，世界。\n\n1. 第一\n2. 第二\n",
    "long line": "word " * 1500,
    "long word": "x" * 5000,
    "long list": "".join(f"- item {n} with **some** text\n  - and a detail\n" for n in range(150)),
    "long loose list": "".join(f"{n}. item\n\n   paragraph of it\n\n" for n in range(1, 60)),
    "long table": "| n | square |\n|---|---|\n" + "".join(f"| {n} | {n * n} |\n" for n in range(200)),
    "control characters": "a\x0bb\x0cc\u00a0d\u2028e\u200bf\x7f\x1b[0m\n\x0c\n\ttab\n",
    "only markers": "- \n* \n# \n> \n1.\n\n|\n\n---\n",
}  # fmt: skip

WITH_REFERENCES = {
    "reference at the end": "See [the docs][d].\n\n[d]: https://example.org\n",
    "reference at the start": "[d]: https://example.org\n\nSee [the docs][d] and [d].\n",
}

LINES = (
    "", "", "", "text", "more *words*", "  two", "   three", "    four", "# head", "- item", "-", "* star",
    "  - nested", "1. one", "2. two", "3) three", "   in item", "> quote", "~~~", "~~~ py", "```", "```js", "---",
    "===", "| a | b |", "|---|---|", "<div>", "</div>", "<!-- c", "-->", "$$", "\ttab", "**bold", "`code", "😀 emoji",
    "[a](/b)", "\r",
)  # fmt: skip


def chunks(text: str, seed: int = 0, longest: int = 40) -> Iterator[str]:
    """`text` in pieces of random length."""
    source = random.Random(seed)
    start = 0
    while start < len(text):
        end = start + source.randint(1, longest)
        yield text[start:end]
        start = end
