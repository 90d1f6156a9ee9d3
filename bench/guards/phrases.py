"""Texts written for training: lines in which `{a|b}` stands for either, spelled out a few times each."""

from __future__ import annotations

import random
import re
from pathlib import Path

HERE = Path(__file__).parent
CHOICE = re.compile(r"\{([^{}]*\|[^{}]*)\}")
PER_LINE = 5


def phrases(name: str, seed: int = 1) -> list[str]:
    """Up to PER_LINE different texts for each line of `<name>.txt`, the same ones each time."""
    chance = random.Random(seed)
    texts: list[str] = []
    for line in (HERE / f"{name}.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            texts += sorted({_spelled_out(line, chance) for _ in range(PER_LINE)})
    return texts


def _spelled_out(line: str, chance: random.Random) -> str:
    return CHOICE.sub(lambda match: chance.choice(match[1].split("|")), line)
