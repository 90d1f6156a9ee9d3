"""How good the guards are on labelled texts: the table of `flask guards report`."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, quantiles
from time import process_time

import orjson

from chatapp.guards import Verdict, check
from chatapp.values import Action, Json, Severity

SCORED = ("EMAIL", "PHONE", "IBAN", "CREDIT_CARD", "NATIONAL_ID")
# What the speed is measured on.
LONGEST = 8_000


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled text with the verdict on it and the milliseconds of processor time that the verdict took."""

    row: Json
    verdict: Verdict
    duration: float

    @property
    def is_attack(self) -> bool:
        return bool(self.row["label"] == "injection")

    @property
    def is_flagged(self) -> bool:
        return self.verdict.injection.action is not Action.ALLOW

    @property
    def is_blocked(self) -> bool:
        return self.verdict.injection.action is Action.BLOCK

    @property
    def family(self) -> str:
        return str(self.row["source"]).removesuffix("-ml")


def lines(folder: Path) -> Iterator[str]:
    """The table as Markdown, part by part; files that are not in the folder are left out."""
    check("The first text is slower: it reads the model.")
    plain = [*_judged(folder / "injection.jsonl"), *_judged(folder / "benign.jsonl")]
    disguised = _judged(folder / "injection_obfuscated.jsonl")
    personal = _judged(folder / "pii.jsonl")
    ordinary = _judged(folder / "pii_negative.jsonl")
    credentials = _judged(folder / "credentials.jsonl.b64")
    yield from ("| figure | value |", "|---|---|")
    if plain:
        yield from _injection(plain)
    if plain and disguised:
        yield from _disguises(plain, disguised)
    if personal:
        yield _row("personal data: F1 (precision, recall)", _spans(personal, SCORED))
    if credentials:
        yield _row("credentials: F1 (precision, recall)", _spans(credentials, ("CREDENTIAL",)))
    if ordinary:
        yield from _look_alikes(ordinary)
    yield from _speed([*plain, *disguised, *personal, *ordinary, *credentials])


def _judged(path: Path) -> list[Judged]:
    if not path.exists():
        return []
    rows = path.read_bytes().rstrip(b"\n").split(b"\n")
    if path.suffix == ".b64":
        rows = list(map(base64.b64decode, rows))
    return [_judge(orjson.loads(row)) for row in rows]


def _judge(row: Json) -> Judged:
    begin = process_time()
    verdict = check(row["text"])
    return Judged(row, verdict, (process_time() - begin) * 1000)


def _injection(texts: list[Judged]) -> Iterator[str]:
    attacks = [text for text in texts if text.is_attack]
    harmless = [text for text in texts if not text.is_attack]
    hard = [text for text in harmless if text.row.get("hard")]
    easy = [text for text in harmless if not text.row.get("hard")]
    flagged = [text for text in texts if text.is_flagged]
    blocked = [text for text in texts if text.is_blocked]
    recall, precision = _share(text.is_flagged for text in attacks), _share(text.is_attack for text in flagged)
    yield _row("injection, flag or higher: recall / F1", f"{recall:.3f} / {_f1(precision, recall):.3f}")
    yield _row("false alarms easy / hard", _pair(easy, hard, "is_flagged"))
    families = {text.family for text in attacks}
    recalls = [_share(text.is_flagged for text in attacks if text.family == family) for family in families]
    yield _row(f"mean recall over {len(families)} families", f"{mean(recalls or [0.0]):.3f}")
    block_precision, block_recall = _share(text.is_attack for text in blocked), _share(t.is_blocked for t in attacks)
    yield _row("block: precision / recall", f"{block_precision:.3f} / {block_recall:.3f}")
    yield _row("block: false alarms easy / hard", _pair(easy, hard, "is_blocked"))
    yield _row("hard harmless texts judged harmless", f"{1 - _share(text.is_flagged for text in hard):.3f}")


def _disguises(plain: list[Judged], disguised: list[Judged]) -> Iterator[str]:
    known = {text.row["text"]: text.is_flagged for text in plain}
    attacks = [text for text in disguised if text.is_attack]
    for text in attacks:
        if text.row["orig"] not in known:
            known[text.row["orig"]] = _judge({"text": text.row["orig"]}).is_flagged
    originals = _share(known[text.row["orig"]] for text in attacks)
    relative = _share(text.is_flagged for text in attacks) / max(originals, 1e-9)
    yield _row("disguised attacks: recall relative to plain", f"{relative:.3f}")
    alarms = _share(text.is_flagged for text in disguised if not text.is_attack)
    yield _row("disguised harmless texts: false alarms", f"{alarms:.2%}")
    for disguise in sorted({text.row["category"] for text in attacks}):
        found = _share(text.is_flagged for text in attacks if text.row["category"] == disguise)
        yield _row(f"- {disguise.removeprefix('obf:')}: recall", f"{found:.3f}")


def _spans(texts: list[Judged], types: tuple[str, ...]) -> str:
    """Spans of these types: found when one of the same type overlaps; hits on other marked spans do not count."""
    count: Counter[str] = Counter()
    for text in texts:
        marked = [span for span in text.row["spans"] if span["type"] in types]
        found = [span for span in text.verdict.pii.spans if span.type in types]
        count["marked"] += len(marked)
        count["recalled"] += sum(any(_same(span, hit) for hit in found) for span in marked)
        for hit in found:
            right = any(_same(span, hit) for span in marked)
            count["right"] += right
            count["wrong"] += not right and not any(_overlap(span, hit) for span in text.row["spans"])
    recall = count["recalled"] / max(count["marked"], 1)
    precision = count["right"] / max(count["right"] + count["wrong"], 1)
    return f"{_f1(precision, recall):.3f} ({precision:.3f}, {recall:.3f})"


def _look_alikes(texts: list[Judged]) -> Iterator[str]:
    for name, is_decoy in (("look-alikes", True), ("ordinary texts", False)):
        chosen = [text for text in texts if (text.row["source"] == "own-decoy") is is_decoy]
        share = _share(text.verdict.pii.severity is not Severity.NONE for text in chosen)
        yield _row(f"personal data: false alarms on {len(chosen)} {name}", f"{share:.2%}")


def _speed(texts: list[Judged]) -> Iterator[str]:
    durations = [text.duration for text in texts if len(text.row["text"]) <= LONGEST]
    if len(durations) > 1:
        percentiles = quantiles(durations, n=100)
        yield _row(
            "both guards, milliseconds of processor time: p50 / p99", f"{percentiles[49]:.2f} / {percentiles[98]:.2f}"
        )


def _same(span: Json, hit: object) -> bool:
    return span["type"] == getattr(hit, "type", None) and _overlap(span, hit)


def _overlap(span: Json, hit: object) -> bool:
    return bool(span["start"] < getattr(hit, "end", 0) and getattr(hit, "start", 0) < span["end"])


def _share(values: Iterable[bool]) -> float:
    counted = list(values)
    return sum(counted) / len(counted) if counted else 0.0


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _pair(easy: list[Judged], hard: list[Judged], figure: str) -> str:
    return " / ".join(f"{_share(getattr(text, figure) for text in texts):.2%}" for texts in (easy, hard))


def _row(name: str, value: str) -> str:
    return f"| {name} | {value} |"
