"""More awkward answers: everything inside everything, answers that stop in the middle, and what else was met."""

from __future__ import annotations

from tests.web.render.corpus import ANSWERS as MET_BEFORE

CONTENTS = {
    "a fence": "```sh\nls -l\n\npwd\n```",
    "an open fence": "```py\nx = 1\n\ny = 2",
    "a tilde fence": "~~~\n- not a list\n~~~",
    "a table": "| a | b |\n|---|:-:|\n| 1 | `2` |",
    "display maths": "$$\n\\frac{a}{b}\n$$",
    "inline maths": "with $x^2 < y$ and $5",
    "html": "<div>\n<b>bold</b>\n</div>",
    "a comment": "<!-- open\n\nstill",
    "right to left": "مرحبا **بالعالم** و $x$",
    "emoji": "👩🏽‍🚀 **🎉** `🚀`",
    "a long line": "https://example.org/" + "long/" * 60 + " " + "w" * 200,
    "open emphasis": "**never *closed ~~at `all",
    "an image": "![alt](https://example.org/x.png) and [![x](/y.png)](/z)",
    "a heading": "## Title\ntext",
    "tasks": "- [ ] one\n- [x] two",
}
CONTAINERS = {
    "in an item": lambda text: "1. first\n\n" + _indented(text, "   ") + "\n\n2. second\n",
    "in an item at once": lambda text: "- " + _indented(text, "  ").lstrip() + "\n- next\n",
    "in a quote": lambda text: "".join(f"> {line}\n" for line in text.split("\n")) + "\nafter\n",
    "in an item in an item": lambda text: "- a\n  - b\n\n" + _indented(text, "    ") + "\n\n  - c\n- d\n",
}
OTHERS: dict[str, str] = {
    "maths by brackets": "\\(a+b\\) and\n\n\\[\nc = d\n\\]\n",
    "maths with unknown command": "$\\unknown{x}$ and $\\frac{1}$\n",
    "maths in bold": "**$x$** and *$y$* and ~~$z$~~\n",
    "maths in a heading": "# About $\\pi$\n\nText\n",
    "maths in a table": "| $a$ | b |\n|---|---|\n| $\\|x\\|$ | $$y$$ |\n",
    "maths in a link": "[see $x$](https://example.org/)\n",
    "maths over lines": "so $a\n+ b$ ends\n",
    "maths that never closes": "so $a + b\n\nand $$c\n\nend\n",
    "maths with macros": "$\\def\\a{b}\\a$ and $\\newcommand{\\x}{y}\\x$\n",
    "a matrix": "$$\\begin{pmatrix}1 & 2 \\\\ 3 & 4\\end{pmatrix}$$\n",
    "aligned equations": "$$\\begin{aligned}a &= b \\\\ &= c\\end{aligned}$$\n",
    "three dollars": "$$$x$$$ and $ x $ and $$ $$\n",
    "many formulas": "".join(f"$x_{n}$, " for n in range(80)),
    "money": "from $5 to $10, $1,000-$2,000, US$3 (or 4$)\n",
    "dollars in code": "`$x$` and\n\n```sh\necho $HOME $$\n```\n",
    "windows ends": "# T\r\n\r\n| a |\r\n|---|\r\n| 1 |\r\n\r\n```js\r\nx\r\n```\r\nend",
    "old mac ends": "a\rb\r\rc",
    "fence with info": '```python title="a.py" {1,3}\nx\n```\n',
    "fence with attributes": "```{.js .numberLines}\nx\n```\n",
    "fence directly after text": "Run this:```\nls\n```done",
    "four backticks": "````md\n```py\nx\n```\n````\nafter\n",
    "fence in the last line": "text\n```",
    "fence with trailing space": "```py  \nx\n```  \nafter\n",
    "inline triple": "use ```x``` here\n",
    "backticks in backticks": "`` a`b `` and ``` `` ```\n",
    "diff": "```diff\n- a\n+ b\n@@ 1 @@\n```\n",
    "console": "```console\n$ ls\nfile\n```\n",
    "json with nested": '```json\n{"a": [1, {"b": null}]}\n```\n',
    "html in code": "```html\n<script>alert('</script>')</script>\n```\n",
    "two diagrams": "```mermaid\ngraph TD\nA-->B\n```\n\n```mermaid\npie\n\"a\": 1\n```\n",
    "broken diagram": "```mermaid\ngraph <b>\n```\n",
    "open diagram": "```mermaid\nsequenceDiagram\nA->>B: hi",
    "list after heading": "# T\n- a\n- b\n## U\n1. c\n",
    "list with stars and dashes": "* a\n  - b\n    + c\n* d\n",
    "deep list": "".join("  " * depth + f"- level {depth}\n" for depth in range(14)),
    "deep quote": "".join(">" * depth + f" level {depth}\n" for depth in range(1, 14)),
    "list interrupted by text": "- a\n- b\n\ntext\n\n- c\n- d\n",
    "list with blank items": "1.\n2. b\n3.\n\n4. d\n",
    "lettered list": "a) one\nb) two\ni. three\n",
    "huge number": "999999999. a\n1000000000. b\n",
    "definition": "Term\n: what it means\n\nOther\n: more\n",
    "footnote": "Text[^1].\n\n[^1]: The note.\n",
    "alert": "> [!NOTE]\n> Take care.\n",
    "front matter": "---\ntitle: x\n---\n\nText\n",
    "wiki link": "[[Page]] and [[Page|name]]\n",
    "subscript": "H~2~O and x^2^ and ==marked==\n",
    "autolinks": "www.example.org, https://example.org/a_(b), http://x.y?q=a&b=c#d and mail me@x.org\n",
    "link with spaces": "[a]( https://example.org/a b ) [b](<https://example.org/a b>)\n",
    "link over lines": "[a\nb](https://example.org\n\"title\")\n",
    "link in link": "[a [b](https://x.example) c](https://y.example)\n",
    "entities": "&lt;b&gt; &nbsp; &#0; &#xD800; &bogus; &amp;amp;\n",
    "nul and friends": "a\x00b\ufffdc\ufeffd\u2066e\u2069f\n",
    "combining": "Z̸̢̛a̷̡l̶̨g̴o e\u0301 \u0915\u094d\u0937\n",
    "mixed directions": "Hello שלום and 123 عربي.\n\n> ציטוט\n\n| שם | name |\n|---|---|\n| א | b |\n",
    "thin table": "|a|\n|-|\n|1|\n",
    "wide table": "|" + "h|" * 40 + "\n|" + "-|" * 40 + "\n|" + "1|" * 40 + "\n",
    "table with fence": "| a |\n|---|\n| ``` |\n\n```\nx\n```\n",
    "table then table": "| a |\n|---|\n| 1 |\n\n| b |\n|---|\n| 2 |\n",
    "table with long cells": "| a | b |\n|---|---|\n| " + "word " * 80 + " | " + "x" * 300 + " |\n",
    "rule kinds": "***\n---\n___\n- - -\n* * *\n",
    "dashes after text": "text\n-\nmore\n--\nend\n",
    "equals signs": "=\n==\ntext\n=\n",
    "html with blank lines": "<table>\n<tr>\n\n<td>a</td>\n\n</tr>\n</table>\n",
    "svg": "<svg><circle r='1'/></svg>\n\ntext <svg onload=x>\n",
    "tool markup": "Before <tool_call>{\"name\": \"x\"}</tool_call> after\n",
    "breaks in html": "a<br>b<br/>c<BR />d\n",
    "only white space": " \n\t\n  ",
    "one dash": "-",
    "one dollar": "$",
    "one backtick": "`",
    "one angle": "<",
    "trailing backslash": "a\\",
    "ellipsis and quotes": "\"quoted\" ... -- --- 'it' (c)\n",
    "many short paragraphs": "a\n\n" * 120,
    "many fences": "```py\nx = 1\n```\ntext\n" * 30,
    "a long paragraph of emphasis": "**a** *b* `c` " * 300,
}  # fmt: skip


def _indented(text: str, by: str) -> str:
    return "\n".join(by + line if line else "" for line in text.split("\n"))


def _nested() -> dict[str, str]:
    return {f"{what} {where}": put(text) for where, put in CONTAINERS.items() for what, text in CONTENTS.items()}


def _cut(answers: dict[str, str]) -> dict[str, str]:
    """Every sixth answer, ended in its middle."""
    return {f"{name}, cut": text[: len(text) // 2 + 1] for name, text in list(answers.items())[::6] if len(text) > 12}


ANSWERS = MET_BEFORE | OTHERS | _nested() | _cut(MET_BEFORE | OTHERS)
