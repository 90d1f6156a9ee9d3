from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from chatapp.web.render import stylesheet
from chatapp.web.render.code import LONGEST, highlight, language_label

STYLESHEET = Path(stylesheet.__file__).parents[2] / "static/css/code.css"
BODIES = ["x = 1", "x = 1\n", "\n\n  x\n\n", "", "if a < b & c:\n\tprint('<script>')\n", "# 😀\n"]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("tag", ["python", "html", "json", "console", "nosuch"])
def test_colouring_changes_no_character(body: str, tag: str) -> None:
    assert unescape(re.sub(r"</?span[^>]*>", "", highlight(body, tag))) == body


def test_tokens_have_classes_and_nothing_else() -> None:
    html = highlight("def f():\n    return 'x'\n", "python")
    assert '<span class="k">def</span>' in html
    assert not re.search(r'<(?!/?span)|<span (?!class="\w+">)', html)


@pytest.mark.parametrize("tag", ["", "code", "nosuch", "text/../../etc", "<script>", "🚀"])
def test_unknown_languages_are_plain_text(tag: str) -> None:
    assert highlight("<b>", tag) == "&lt;b&gt;"


def test_a_very_long_body_is_plain_text() -> None:
    assert highlight("x = 1\n" * (LONGEST // 6 + 1), "python") == "x = 1\n" * (LONGEST // 6 + 1)


@pytest.mark.parametrize(
    ("tag", "label"),
    [
        ("", "Code"),
        ("code", "Code"),
        ("py", "Python"),
        ("Python", "Python"),
        ('python title="a.py"', "Python"),
        ("{.js}", "JavaScript"),
        ("c++", "C++"),
        ("jsonc", "JSON5"),
        ("r", "R"),
        ("nosuch", "nosuch"),
        ("x" * 99, "x" * 40),
    ],
)
def test_a_language_is_named_for_people(tag: str, label: str) -> None:
    assert language_label(tag) == label


def test_the_stylesheet_is_up_to_date() -> None:
    assert STYLESHEET.read_text() == stylesheet.stylesheet()


def test_every_colour_is_legible() -> None:
    background = ""
    for selectors, rules in re.findall(r"([^{}]+)\{([^{}]*)\}", STYLESHEET.read_text()):
        background = next(iter(re.findall("background: (#.{6})", rules)), background)
        for colour in re.findall("(?<!-)color: (#.{6})", rules):
            assert stylesheet.contrast(colour, background) >= 4.5, selectors
