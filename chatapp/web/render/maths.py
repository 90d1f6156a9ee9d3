"""Formulas as MathML, made here and not in the browser: the same live, on reload and without JavaScript.

Macros cannot be defined, and what is too long or too deep stays source text: the converter calls itself for what stands
inside something else, and the longest formula it is given needs a fifth of a thread's stack at most.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape

from math_core import LatexError, LatexToMathML

LONGEST = 3_000  # characters of one formula
DEEPEST = 60  # elements inside each other

TAGS = {"b", "code", "i", "math", "menclose", "mfrac", "mi", "mn", "mo", "mover", "mpadded", "mphantom"}
TAGS |= {
    "mroot",
    "mrow",
    "mspace",
    "msqrt",
    "msub",
    "msubsup",
    "msup",
    "mtable",
    "mtd",
    "mtext",
    "mtr",
    "munder",
    "munderover",
}
_DISPLAY = {"displaystyle", "scriptlevel"}
ATTRIBUTES = {
    "math": {"display"},
    "menclose": {"notation"},
    "mfrac": {"displaystyle", "linethickness"},
    "mi": {"mathvariant"},
    "mo": {"form", "lspace", "maxsize", "minsize", "rspace", "stretchy"},
    "mover": {"accent"},
    "mpadded": {"voffset"},
    "mrow": {*_DISPLAY, "mathcolor"},
    "mspace": {"width"},
    "mtable": _DISPLAY,
    "munder": {"accentunder"},
}
CLASSES = {"math-left", "math-right", "math-gap", "math-line-right", "math-line-top"}

_CONVERTER = LatexToMathML(fancy_error=False, max_expansions=0)
_TAG = re.compile(r"<(/?)m\w+[^>]*?(/?)>")
_STYLE = re.compile(r' style="([^"]*)"')
_COLOUR = re.compile(r"color:(#[0-9A-Fa-f]{3,8});?$")
# The page's policy allows no style attributes; these are the ones that the converter writes.
_LOOKS = (
    ("text-align: left", "math-left"),
    ("text-align: right", "math-right"),
    ("padding-left:1em", "math-gap"),
    ("border-right", "math-line-right"),
    ("border-top", "math-line-top"),
)
_AMOUNT = re.compile(r"\d[^\\^_=+{}]*\s\(?[A-Za-z]{2,}")


@lru_cache(maxsize=512)
def formula(source: str, *, display: bool) -> str:
    """`source` as a MathML element in a span, or itself between its dollars when it is no formula we can read."""
    mathml = _mathml(source, display)
    kind = "math-display" if display else "math-inline"
    if mathml is None:
        dollars = "$$" if display else "$"
        return f'<span class="math {kind}"><code>{escape(f"{dollars}{source}{dollars}")}</code></span>'
    return f'<span class="math {kind}">{mathml}</span>'


def is_money(source: str) -> bool:
    """Whether what stands between two dollars reads as an amount and words, as in "$5 (or 5$)"."""
    return _AMOUNT.match(source) is not None


def _mathml(source: str, display: bool) -> str | None:
    if len(source) > LONGEST:
        return None
    try:
        mathml = _CONVERTER.convert_with_local_state(source, displaystyle=display)
    except LatexError:
        return None
    return _STYLE.sub(_as_class, mathml) if _depth(mathml) <= DEEPEST else None


def _depth(mathml: str) -> int:
    depth = deepest = 0
    for tag in _TAG.finditer(mathml):
        depth += -1 if tag[1] else 0 if tag[2] else 1
        deepest = max(depth, deepest)
    return deepest


def _as_class(style: re.Match[str]) -> str:
    if colour := _COLOUR.match(style[1]):
        return f' mathcolor="{colour[1]}"'
    classes = " ".join(name for look, name in _LOOKS if look in style[1])
    return f' class="{classes}"' if classes else ""
