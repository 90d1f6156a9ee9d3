"""The scorer counts each label and each match once, and leaves types that are not scored aside."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from bench.guards_pii import PERSONAL, Row, main, score, tallies

TEXT = "mail joe@corp-mail.eu or ann@corp-mail.eu"


def label(value: str, kind: str = "EMAIL") -> Row:
    start = TEXT.index(value)
    return {"start": start, "end": start + len(value), "type": kind}


def row(*labels: Row) -> Row:
    return {"text": TEXT, "spans": list(labels), "source": "hand"}


def test_hits_errors_and_misses_are_told_apart() -> None:
    hits, wrong, missed = score(row(label("joe@corp-mail.eu"), label("mail", "PHONE")), PERSONAL, strict=True)
    assert [hit["type"] for hit in hits] == ["EMAIL"]
    assert [TEXT[span.start : span.end] for span in wrong] == ["ann@corp-mail.eu"]
    assert [miss["type"] for miss in missed] == ["PHONE"]


def test_a_match_on_a_type_that_is_not_scored_is_no_error() -> None:
    _, wrong, _ = score(row(label("joe@corp-mail.eu"), label("ann@corp-mail.eu", "PERSON")), PERSONAL, strict=True)
    assert wrong == []


def test_a_label_that_is_covered_by_a_part_counts_only_loosely() -> None:
    partly = label("joe@corp-mail.eu") | {"end": TEXT.index("@")}
    assert score(row(partly), PERSONAL, strict=False)[0] == [partly]
    assert score(row(partly), PERSONAL, strict=True)[0] == []


def test_tallies_are_kept_by_type_and_source() -> None:
    found = tallies([row(label("joe@corp-mail.eu"))], PERSONAL, strict=False)
    assert {name: (tally.hits, tally.wrong) for name, tally in found.items()} == {
        "all": (1, 1),
        "EMAIL": (1, 1),
        "hand": (1, 1),
    }


def test_the_report_covers_all_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = json.dumps(row(label("joe@corp-mail.eu"), label("ann@corp-mail.eu"))).encode()
    (tmp_path / "pii.jsonl").write_bytes(line)
    (tmp_path / "credentials.jsonl.b64").write_bytes(base64.b64encode(line))
    (tmp_path / "pii_negative.jsonl").write_bytes(line)
    (tmp_path / "benign.jsonl").write_text('{"text": "hello"}')
    main(tmp_path)
    printed = capsys.readouterr().out
    assert "| EMAIL | 2 | 1.000 | 1.000 | 1.000 |" in printed
    assert "pii_negative.jsonl: 1 of 1 texts with a false alarm" in printed
    assert "benign.jsonl: 0 of 1 texts with a false alarm" in printed
