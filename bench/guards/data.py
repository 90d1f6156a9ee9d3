"""The labelled texts, and which of them are so alike that one must not be judged by a model that has seen the other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import HashingVectorizer

FILES = ("injection.jsonl", "benign.jsonl")
DISGUISED = "injection_obfuscated.jsonl"
# Cosine of 5-grams above which two texts belong together.
ALIKE = 0.6


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled text. `original` is the plain text of a disguised one."""

    text: str
    is_attack: bool
    is_hard: bool
    category: str
    source: str
    language: str
    original: str | None = None

    @property
    def family(self) -> str:
        """Translations belong to the source they were translated from."""
        return self.source.removesuffix("-ml")


def load(path: Path) -> list[Row]:
    return list(_rows(path))


def _rows(path: Path) -> Iterator[Row]:
    for line in path.read_text().rstrip("\n").split("\n"):
        row = json.loads(line)
        yield Row(
            row["text"],
            row["label"] == "injection",
            bool(row.get("hard")),
            row.get("category", ""),
            row["source"],
            row.get("lang", ""),
            row.get("orig"),
        )


def digest(folder: Path) -> str:
    """SHA-256 over the files that the model is made from and measured with."""
    sha = hashlib.sha256()
    for name in (*FILES, DISGUISED):
        sha.update((folder / name).read_bytes())
    return sha.hexdigest()


def digest_of(texts: Iterable[str]) -> str:
    """SHA-256 over texts, so that a model made from other excerpts of other packages is told from this one."""
    sha = hashlib.sha256()
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        sha.update(len(data).to_bytes(8, "big") + data)
    return sha.hexdigest()


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def attributions(folder: Path) -> dict[str, str]:
    """Where each source of a row comes from, and its licence, from the table of the folder's README.md."""
    used = {row.source for name in FILES for row in load(folder / name)}
    cells = [line.strip("| \n").split(" | ") for line in (folder / "README.md").read_text().split("\n")]
    return {row[0]: f"{row[1]}; {row[2]}" for row in cells if len(row) > 3 and row[0] in used}


def groups(rows: list[Row]) -> NDArray[np.int64]:
    """A number for each row: near duplicates share one, and so do all translations of one technique."""
    vectors = HashingVectorizer(analyzer="char_wb", ngram_range=(5, 5), binary=True, alternate_sign=False).transform(
        [row.text for row in rows]
    )
    alike = (vectors @ vectors.T).tocoo()
    close = alike.data > ALIKE
    graph = sparse.coo_matrix((alike.data[close], (alike.row[close], alike.col[close])), shape=alike.shape)
    _, components = connected_components(graph, directed=False)
    names = [
        f"{row.family}/{row.category}" if row.family == "cyberseceval-pi" else str(component)
        for row, component in zip(rows, components, strict=True)
    ]
    numbers = {name: number for number, name in enumerate(sorted(set(names)))}
    return np.array([numbers[name] for name in names])
