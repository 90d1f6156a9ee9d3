"""How well personal data and credentials are found in a directory of labelled texts.

`python -m bench.guards_pii DIR` reads the files that the directory's README describes. A match counts when it has the
type of a labelled span and they overlap (`strict`: by at least half of what they cover together); each counts once.
A match on a span of a type that is not scored is no error.
"""

from __future__ import annotations

import base64
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatapp.guards.pii import Span, find

PERSONAL = ("EMAIL", "PHONE", "IBAN", "CREDIT_CARD", "NATIONAL_ID")
CREDENTIALS = ("CREDENTIAL",)
SCORED = PERSONAL + CREDENTIALS
Row = dict[str, Any]


@dataclass
class Tally:
    hits: int = 0
    wrong: int = 0
    missed: int = 0

    def line(self, name: str) -> str:
        precision = self.hits / max(1, self.hits + self.wrong)
        recall = self.hits / max(1, self.hits + self.missed)
        f1 = 2 * self.hits / max(1, 2 * self.hits + self.wrong + self.missed)
        labelled = self.hits + self.missed
        return f"| {name} | {labelled} | {precision:.3f} | {recall:.3f} | {f1:.3f} |"


def rows(path: Path) -> Iterator[Row]:
    """The labelled texts of a file of JSON lines, `.b64` ones decoded."""
    for line in path.read_bytes().splitlines():
        yield json.loads(base64.b64decode(line) if path.suffix == ".b64" else line)


def matches(span: Span, label: Row, *, strict: bool) -> bool:
    shared = min(span.end, label["end"]) - max(span.start, label["start"])
    if span.type != label["type"] or shared <= 0:
        return False
    covered = max(span.end, label["end"]) - min(span.start, label["start"])
    return not strict or shared * 2 >= covered


def score(row: Row, types: Iterable[str], *, strict: bool) -> tuple[list[Row], list[Span], list[Row]]:
    """What was hit, what was found wrongly and what was missed, for the types that are asked for."""
    types = set(types)
    open_labels = [label for label in row["spans"] if label["type"] in types]
    others = [label for label in row["spans"] if label["type"] not in types]
    hits: list[Row] = []
    wrong: list[Span] = []
    for span in find(row["text"]):
        if span.type not in types:
            continue
        label = next((label for label in open_labels if matches(span, label, strict=strict)), None)
        if label is not None:
            open_labels.remove(label)
            hits.append(label)
        elif not any(span.start < other["end"] and other["start"] < span.end for other in others):
            wrong.append(span)
    return hits, wrong, open_labels


def tallies(labelled: list[Row], types: Iterable[str], *, strict: bool) -> dict[str, Tally]:
    found: dict[str, Tally] = defaultdict(Tally)
    for row in labelled:
        hits, wrong, missed = score(row, types, strict=strict)
        for name, group in (("hits", hits), ("wrong", wrong), ("missed", missed)):
            for item in group:
                kind = item.type.value if isinstance(item, Span) else item["type"]
                for key in ("all", kind, row["source"]):
                    setattr(found[key], name, getattr(found[key], name) + 1)
    return found


def false_alarms(harmless: list[Row]) -> int:
    return sum(any(span.type in SCORED for span in find(row["text"])) for row in harmless)


def percentiles(texts: list[str]) -> tuple[float, float]:
    """The p50 and p99 of the processor time of one text, in milliseconds."""
    spent = []
    for text in texts:
        begun = time.process_time_ns()
        find(text)
        spent.append((time.process_time_ns() - begun) / 1e6)
    spent.sort()
    return spent[len(spent) // 2], spent[int(len(spent) * 0.99)]


def main(directory: Path) -> None:
    for file, types in (("pii.jsonl", PERSONAL), ("credentials.jsonl.b64", CREDENTIALS)):
        labelled = list(rows(directory / file))
        for strict in (False, True):
            print(f"\n{file}{', strict' if strict else ''}\n\n| | labelled | precision | recall | F1 |")
            print("|---|---:|---:|---:|---:|")
            for name, tally in sorted(tallies(labelled, types, strict=strict).items()):
                print(tally.line(name))
    for file in ("pii_negative.jsonl", "benign.jsonl"):
        harmless = list(rows(directory / file))
        alarms = false_alarms(harmless)
        p50, p99 = percentiles([row["text"][:8000] for row in harmless])
        print(f"\n{file}: {alarms} of {len(harmless)} texts with a false alarm, {alarms / len(harmless):.2%};", end=" ")
        print(f"p50 {p50:.3f} ms, p99 {p99:.3f} ms of processor time")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
