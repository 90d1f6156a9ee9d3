"""Parts of the suite about lists and searches in little and in very much."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bench.fill import MESSAGES
from bench.lists import OWN_BOUND, SEARCH, SEARCH_BOUND, times
from bench.measured import Figure, Outcome
from tests.servers import ROOT


@dataclass(frozen=True)
class Lists:
    """First pages of a database that holds so many messages."""

    messages: int

    @property
    def title(self) -> str:
        return f"Lists and searches among {self.messages:,} messages (SQLite, server time)"

    def quick(self) -> Lists:
        return replace(self, messages=4_000)

    def __call__(self) -> Outcome:
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{folder}/chatapp.db"
            began = time.monotonic()
            _fill(url, self.messages, Path(folder))
            filled = Figure("everybody", "filling the database", time.monotonic() - began, "s")
            found = list(times(url))
        searches = [entry for entry in found if entry[0].startswith(SEARCH)]
        lists = [entry for entry in found if entry not in searches]
        return Outcome([*_figures("list", lists, OWN_BOUND), *_figures("search", searches, SEARCH_BOUND), filled])


def _figures(kind: str, found: list[tuple[str, float, float]], bound: float) -> list[Figure]:
    """The plain one and the slowest of all, of one's own threads and of everybody's."""
    plain, slowest = found[0], max(found, key=lambda entry: entry[1])
    worst = max(found, key=lambda entry: entry[2])
    return [
        Figure("own", f"{kind}: {plain[0]}", plain[1], "ms", most=bound),
        Figure("own", f"{kind}, slowest of {len(found)}: {slowest[0]}", slowest[1], "ms", most=bound),
        Figure("everybody", f"{kind}: {plain[0]}", plain[2], "ms", most=200),
        Figure("everybody", f"{kind}, slowest of {len(found)}: {worst[0]}", worst[2], "ms", most=200),
    ]


def _fill(url: str, messages: int, folder: Path) -> None:
    environ = os.environ | {"DATABASE_URL": url, "INSTANCE_PATH": str(folder)}
    people = max(10, messages // MESSAGES // 1_000)
    size = ["--threads", str(messages // MESSAGES), "--users", str(people)]
    for command in (["flask", "--app", "wsgi", "db", "upgrade"], ["bench.fill", "--database", url, *size]):
        subprocess.run([sys.executable, "-m", *command], cwd=ROOT, env=environ, check=True, capture_output=True)


PARTS: Mapping[str, Lists] = {
    "lists-10k": Lists(10_000),
    "lists-100k": Lists(100_000),
    "lists-1m": Lists(1_000_000),
    "lists-4m": Lists(4_000_000),
}
