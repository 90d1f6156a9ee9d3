"""Formulas become MathML on the server; what cannot be read stays what was written."""

from __future__ import annotations

import pytest

from chatapp.web.render.markdown import render_markdown
from chatapp.web.render.maths import DEEPEST, LONGEST, formula


def test_a_formula_becomes_mathml() -> None:
    assert render_markdown("$a<b$") == (
        '<p dir="auto"><span class="math math-inline"><math><mi>a</mi><mo>&lt;</mo><mi>b</mi></math></span></p>'
    )
    assert '<span class="math math-display"><math display="block"><mi>a</mi>' in render_markdown("$$\na - b\n$$")


def test_looks_come_as_classes_and_attributes_not_as_styles() -> None:
    html = render_markdown(r"$$\begin{aligned} a &= b \\ \color{red}{c} &= d \end{aligned}$$")
    assert 'class="math-right"' in html
    assert 'class="math-left"' in html
    assert 'mathcolor="#FF0000"' in html
    assert " style=" not in html


@pytest.mark.parametrize(
    "source",
    [
        r"\nosuchcommand{x}",
        "{",
        r"\href{javascript:alert(1)}{x}",
        r"\htmlClass{x}{y}",
        r"\includegraphics{https://evil.example/x.png}",
        r"\def\a{\a\a}\a",
        r"\newcommand{\x}{<b>}\x",
        "x" * (LONGEST + 1),
        r"\sqrt{" * DEEPEST + "x" + "}" * DEEPEST,
    ],
)
def test_what_cannot_be_read_is_shown_as_written(source: str) -> None:
    html = formula(source, display=False)
    assert html.startswith('<span class="math math-inline"><code>$')
    assert html.endswith("$</code></span>")
    assert "<math" not in html


@pytest.mark.parametrize("unit", ["{", r"\sqrt", r"\left(", r"\frac", r"\hat ", r"\color{red}", "x^{"])
def test_depth_does_no_harm(unit: str) -> None:
    assert "<code>" in formula((unit * LONGEST)[:LONGEST], display=True)


@pytest.mark.parametrize("text", ["$5 and $10", "$5-$10", "between $5M or $50M", "it costs $5 (or 5$)", "US$ 5, CA$ 6"])
def test_money_is_not_maths(text: str) -> None:
    assert render_markdown(text) == f'<p dir="auto">{text}</p>'
