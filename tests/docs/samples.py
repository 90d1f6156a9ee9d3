"""The samples of a document: fenced blocks, each with its language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.servers import ROOT

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Sample:
    language: str
    text: str
    document: str
    line: int

    @property
    def first_line(self) -> str:
        return self.text.partition("\n")[0]

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def samples(document: str, *languages: str) -> list[Sample]:
    """Those of a document, in its order; of some languages only, if any are named."""
    text = Path(ROOT, document).read_text()
    found = [
        Sample(match[1], match[2], document, text.count("\n", 0, match.start()) + 1) for match in FENCE.finditer(text)
    ]
    return [sample for sample in found if not languages or sample.language in languages]
