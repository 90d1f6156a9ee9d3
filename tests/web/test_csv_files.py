"""CSV files open in a spreadsheet without executing anything."""

from __future__ import annotations

import csv
import io

import pytest

from chatapp.web import csv_files


def cells(*row: csv_files.Cell) -> list[str]:
    text = b"".join(csv_files._pieces(["a"], [row])).decode()
    return list(csv.reader(io.StringIO(text, newline="")))[1]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_what_would_be_a_formula_is_text(start: str) -> None:
    assert cells(f"{start}1+1") == [f"'{start}1+1"]


def test_everything_else_stays_as_it_is() -> None:
    assert cells("a=b", -5, 0, 1.5, None, 'quo"te, comma\nline', "ü") == [
        "a=b",
        "-5",
        "0",
        "1.5",
        "",
        'quo"te, comma\nline',
        "ü",
    ]
