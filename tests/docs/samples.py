"""The samples of a document: fenced blocks, each with its language; what is to be typed, and what is printed then."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.servers import ROOT

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.M | re.S)
FENCE_LINE = re.compile(r"^[ >]*(?:```|~~~)", re.M)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
HERE = re.compile(r"<<'?(\w+)'?$")
HISTORY = re.compile(r"CHANGELOG\.md|docs/adr/.*")


@dataclass(frozen=True)
class Sample:
    language: str
    text: str
    document: str
    line: int

    @property
    def first_line(self) -> str:
        return self.text.partition("\n")[0]

    @property
    def typed(self) -> str:
        """Of a console: what follows its prompts, with the lines that go on."""
        return "".join(f"{line}\n" for line, is_typed in self._console() if is_typed)

    @property
    def printed(self) -> str:
        """Of a console: what it shows in between."""
        return "".join(f"{line}\n" for line, is_typed in self._console() if not is_typed)

    def _console(self) -> Iterator[tuple[str, bool]]:
        goes_on, end = False, ""
        for line in self.text.splitlines():
            is_typed = bool(goes_on or end or line.startswith("$ "))
            yield line.removeprefix("$ ") if is_typed and not end else line, is_typed
            if end:
                end = "" if line == end else end
            elif here := HERE.search(line):
                end = here[1]
            goes_on = is_typed and not end and line.endswith("\\")

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


@cache
def documents() -> list[str]:
    """All of the repository but those that tell what was."""
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.splitlines() if not HISTORY.fullmatch(name)]


def samples(document: str, *languages: str) -> list[Sample]:
    """Those of a document, in its order; of some languages only, if any are named."""
    text = Path(ROOT, document).read_text()
    found = [
        Sample(match[2], match[3], document, text.count("\n", 0, match.start()) + 1) for match in FENCE.finditer(text)
    ]
    return [sample for sample in found if not languages or sample.language in languages]


def spans(document: str) -> list[str]:
    """What stands between single backquotes in its running text."""
    return SPAN.findall(FENCE.sub("", Path(ROOT, document).read_text()))
