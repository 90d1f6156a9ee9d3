"""Rules of any length are read as short ones, however they are looked for."""

from __future__ import annotations

from random import Random

import pytest

from chatapp.guards.injection.folding import fold

FILLER = "some words of a page that is long enough " * 40


@pytest.mark.parametrize(
    ("rule", "read"),
    [("-" * 50, "---"), ("- " * 9, "---"), ("-=" * 9, "-=-="), ("-\t-\n-\x1f-", "---"), ("\x00" * 9, "\x00" * 3)],
    ids=["hyphens", "hyphens and blanks", "two signs", "other blanks", "control characters"],
)
@pytest.mark.parametrize("before", ["", FILLER], ids=["short", "long"])
def test_a_rule_is_read_as_a_short_one(rule: str, read: str, before: str) -> None:
    folded = fold(f"{before}above {rule.strip(' ')} below")
    assert folded.endswith(f"above {read} below")


@pytest.mark.parametrize("signs", ["-= ab\n", "-|", "- ", "-=+*", "-\t\x1c\x00 a"])
def test_a_long_text_is_read_like_its_short_parts(signs: str) -> None:
    """Of long texts only the places where signs repeat are looked at."""
    chance = Random(signs)
    lines = ["".join(chance.choices(signs.replace("\n", " "), k=40)) for _ in range(60)]
    # A letter at both ends of each line keeps rules from going on.
    parts = [f"x{line}y" for line in lines]
    assert fold("".join(parts)) == " " + "".join(fold(part)[1:] for part in parts)
