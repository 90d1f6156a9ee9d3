"""SECURITY.md names tests that there are."""

from __future__ import annotations

import ast
import re

import pytest

from tests.servers import ROOT

WORDS = (ROOT / "SECURITY.md").read_text()
PROOFS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", WORDS)))


@pytest.mark.parametrize(("path", "name"), PROOFS, ids="::".join)
def test_a_proof_is_a_test(path: str, name: str) -> None:
    module = ast.parse((ROOT / path).read_text())
    assert name in {node.name for node in module.body if isinstance(node, ast.FunctionDef)}


def test_every_answer_has_a_proof() -> None:
    rows = [line for line in WORDS.splitlines() if line.startswith("| ") and not line.startswith("| threat")]
    assert len(rows) >= 30
    assert [row for row in rows if not re.search(r"\| (`tests/[\w/]+\.py::test_\w+`(, )?)+ \|$", row)] == []
