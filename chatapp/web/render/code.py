"""Program text as HTML with Pygments' classes; `static/css/code.css` colours them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:  # Pygments is slow to import: the first code block does it
    from pygments.lexer import Lexer

LONGEST = 50_000  # characters; colouring more would hold up everybody else
NO_LANGUAGE = "Code"

_ALIASES = {
    "cmd": "bat",
    "dotenv": "ini",
    "env": "ini",
    "jsonc": "json5",
    "jsonl": "json",
    "mjs": "js",
    "ndjson": "json",
    "node": "js",
    "plain": "text",
    "plaintext": "text",
    "shell-session": "console",
    "svelte": "html",
    "terminal": "console",
    "txt": "text",
}
_LABELS = {
    "Bash Session": "Shell",
    "Batchfile": "Batch",
    "Docker": "Dockerfile",
    "Nginx configuration file": "nginx",
    "PostgreSQL SQL dialect": "PostgreSQL",
    "S": "R",
    "Text only": "Text",
}
_WORD = re.compile(r"[^\s:,;{}()\[\]\"'=]+")


@lru_cache(maxsize=128)
def highlight(body: str, tag: str) -> Markup:
    """`body` with its tokens in classed spans; escaped text when the language is unknown or the body is long."""
    lexer = _lexer(tag) if len(body) <= LONGEST else None
    if lexer is None:
        return escape(body)
    from pygments import format as colour
    from pygments.formatters.html import HtmlFormatter

    tokens = list(lexer.get_tokens(body))
    if "".join(text for _, text in tokens).removesuffix("\n") != body.replace("\r\n", "\n").removesuffix("\n"):
        return escape(body)  # some lexers lose text that they do not expect
    html = colour(tokens, HtmlFormatter(nowrap=True))
    return Markup(html if body.endswith("\n") else html.removesuffix("\n"))  # noqa: S704  # Pygments escapes the text


def language_label(tag: str) -> str:
    """The language's name as people write it; the tag itself when it is unknown."""
    if tag.lower() in ("", "code"):
        return NO_LANGUAGE
    lexer = _lexer(tag)
    return _LABELS.get(lexer.name, lexer.name) if lexer else tag[:40]


@lru_cache(maxsize=128)
def _lexer(tag: str) -> Lexer | None:
    """The lexer for a fence's tag, which may say more than the language: `python title="a.py"`, `{.js}`."""
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    word = _WORD.search(tag.lower())
    name = word[0].lstrip(".") if word else ""
    try:
        return get_lexer_by_name(_ALIASES.get(name, name), stripnl=False)
    except ClassNotFound:
        return None
