"""Pages lead to pages that are there, and name files that are there."""

from __future__ import annotations

import re

import pytest

from tests.docs.samples import documents, spans
from tests.servers import ROOT

LINK = re.compile(r"\]\((?!https?:|#)([^)\s#]+)")
FILE = re.compile(r"(?:\.ci|bench|chatapp|deploy|docs|migrations|tests)/[\w./-]+")


@pytest.mark.parametrize("page", documents())
def test_links_between_pages_lead_somewhere(page: str) -> None:
    path = ROOT / page
    broken = [link for link in LINK.findall(path.read_text()) if not (path.parent / link).exists()]
    assert broken == []


@pytest.mark.parametrize("page", documents())
def test_files_that_a_page_names_are_there(page: str) -> None:
    named = [span for span in spans(page) if FILE.fullmatch(span)]
    assert [name for name in named if not any((top / name).exists() for top in (ROOT, (ROOT / page).parent))] == []
