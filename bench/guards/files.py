"""What the guards make of files that nobody wrote for them: `python -m bench.guards.files [PATH ...]`.

Each file is judged in excerpts of 2,000 characters, as an attached one is, and whole, as it would be if it were pasted.
Without a path: the single modules of Python's own library, of which the model has seen none. A path may be one file.
"""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from chatapp import guards
from chatapp.guards.pii import scan
from chatapp.guards.pii.effort import Effort
from chatapp.values import Action

KINDS = {".py", ".js", ".css", ".html", ".md", ".txt", ".rst", ".json", ".toml", ".yaml", ".yml", ".sh", ".log"}
EXCERPT = 2_000
LONG = 20_000


class Watched(Effort):
    """Remembers whether there was more in a text than is judged closely."""

    is_flood = False

    def flood(self) -> list[tuple[int, int, str]]:
        found = super().flood()
        Watched.is_flood = bool(found)
        return found


def files(path: Path) -> Iterator[str]:
    """The texts of a file or folder, the beginning of each that is judged."""
    for one in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if one.is_file() and (one == path or one.suffix in KINDS):
            yield one.read_text("utf-8", errors="replace")[: guards.LONGEST]


def row(name: str, texts: list[str]) -> str:
    """How many texts and excerpts there are, and what becomes of them."""
    excerpts = [text[start : start + EXCERPT] for text in texts for start in range(0, len(text), EXCERPT)]
    cells = [share([guards.check(text) for text in part]) for part in (excerpts, texts)]
    long = [text for text in texts if len(text) >= LONG]
    floods = 0
    for text in long:
        scan.find(text)
        floods += Watched.is_flood
    return f"| {name} | {len(excerpts):,} | {cells[0]} | {len(texts):,} | {cells[1]} | {floods} of {len(long)} |"


def share(verdicts: list[guards.Verdict]) -> str:
    """How many are flagged as attacks, and blocked as such."""
    flagged = sum(verdict.injection.action is not Action.ALLOW for verdict in verdicts)
    blocked = sum(verdict.injection.action is Action.BLOCK for verdict in verdicts)
    return f"{flagged / len(verdicts):.1%}, {blocked / len(verdicts):.1%}"


def main(*paths: str) -> None:
    scan.Effort = Watched  # type: ignore[misc]
    print(f"| path | excerpts | flagged, blocked | files | flagged, blocked | floods in files of {LONG:,} and more |")
    print("|---|---:|---:|---:|---:|---:|")
    if not paths:
        modules = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
        print(row("single modules of Python", [text for module in modules for text in files(module)]))
    for path in paths:
        print(row(path, list(files(Path(path)))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
