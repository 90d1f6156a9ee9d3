"""What is installed is what was looked at: every package is pinned with the hashes of its files."""

from __future__ import annotations

import re
from functools import cache

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.servers import ROOT

FILES = ("requirements.txt", "requirements-dev.txt", "requirements-otel.txt")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


@cache
def entries(file: str) -> list[tuple[Requirement, int]]:
    """What a file asks for, and how many files each may be."""
    text = (ROOT / file).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    return [(Requirement(line.partition("--hash")[0]), len(HASH.findall(line))) for line in lines]


def pins(file: str) -> set[tuple[str, str]]:
    return {(canonicalize_name(entry.name), str(entry.specifier)) for entry, _ in entries(file)}


@pytest.mark.parametrize("file", FILES)
def test_everything_is_pinned_with_hashes_and_names_no_place(file: str) -> None:
    assert len(entries(file)) > 50
    for entry, hashes in entries(file):
        assert re.fullmatch(r"==[\w.]+", str(entry.specifier)) and not entry.url, entry
        assert hashes, entry
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", (ROOT / file).read_text())


@pytest.mark.parametrize("file", FILES)
def test_what_is_asked_for_is_in_it(file: str) -> None:
    asked = [Requirement(line) for line in wanted(file) if line and not line.startswith(("#", "-"))]
    assert {(canonicalize_name(entry.name), str(entry.specifier)) for entry in asked} <= pins(file)


def wanted(file: str) -> list[str]:
    return (ROOT / file).with_suffix(".in").read_text().splitlines()


@pytest.mark.parametrize("file", FILES[1:])
def test_it_is_what_is_shipped_and_more(file: str) -> None:
    assert pins("requirements.txt") <= pins(file)


def test_nothing_is_installed_without_its_hash() -> None:
    for file in ("Makefile", "deploy/Dockerfile"):
        installs = [line for line in (ROOT / file).read_text().splitlines() if re.search(r"pip install\b", line)]
        assert installs and all("--require-hashes" in line for line in installs), file
