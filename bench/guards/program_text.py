"""Program text and its documentation, harmless as it is: excerpts of the packages that a release is tested with.

Of Python's own library the packages are read; its single modules are left for looking at false alarms.
"""

from __future__ import annotations

import random
import sysconfig
from collections.abc import Iterator
from pathlib import Path

KINDS = {"*.py": 900, "*.js": 60, "*.html": 30, "*.css": 20, "*.h": 50, "*.c": 60, "*.md": 45}
KINDS |= {"*.json": 30, "*.txt": 40, "LICENSE*": 60}
SIZES = (150, 400, 900, 2_000)
LARGEST = 400_000


def program_text(seed: int = 1) -> list[str]:
    """An excerpt of each of some hundred files, the same ones each time."""
    chance = random.Random(seed)
    excerpts: list[str] = []
    for kind, count in KINDS.items():
        files = sorted(_files(kind))
        excerpts += [_excerpt(path, chance) for path in chance.sample(files, min(count, len(files)))]
    return [excerpt for excerpt in excerpts if excerpt.strip()]


def _files(kind: str) -> Iterator[Path]:
    for name, depth in (("stdlib", "*"), ("purelib", "**")):
        for path in Path(sysconfig.get_path(name)).glob(f"{depth}/{kind}"):
            is_own = "site-packages" not in path.parts or name == "purelib"
            if is_own and 200 < path.stat().st_size < LARGEST and "test" not in str(path) and "djlint" not in str(path):
                yield path


def _excerpt(path: Path, chance: random.Random) -> str:
    text = path.read_text("utf-8", errors="replace")
    size = chance.choice(SIZES)
    begin = text.rfind("\n", 0, chance.randrange(max(1, len(text) - size))) + 1 if chance.random() < 0.7 else 0
    return text[begin : begin + size]
