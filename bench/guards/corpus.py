"""Everything that a model is made from, read and counted once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from bench.guards import data, fitting
from bench.guards.data import Row
from bench.guards.made import made
from bench.guards.phrases import phrases
from bench.guards.program_text import program_text
from chatapp.guards.injection.disguises import readings
from chatapp.guards.injection.features import Features, extract
from chatapp.guards.injection.lexicon import lexicon
from chatapp.guards.injection.model import Model
from chatapp.guards.normalise import normalise

FOLDS = 5
# The row of a window that is in every fold.
EVERY = -1
Numbers = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Corpus:
    """Labelled rows, disguised ones, and texts written for training."""

    rows: list[Row]
    disguised: list[Row]
    written: list[str]
    written_labels: NDArray[np.int64]

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        return np.array([row.is_attack for row in self.rows], dtype=np.int64)

    @cached_property
    def hard(self) -> NDArray[np.bool_]:
        return np.array([row.is_hard for row in self.rows])

    @cached_property
    def families(self) -> NDArray[np.str_]:
        return np.array([row.family for row in self.rows])

    @cached_property
    def groups(self) -> Places:
        return data.groups(self.rows)

    @cached_property
    def readings(self) -> list[list[Features]]:
        return [features_of_readings(row.text) for row in self.rows]

    @cached_property
    def disguised_readings(self) -> list[list[Features]]:
        return [features_of_readings(row.text) for row in self.disguised]

    @cached_property
    def matrix(self) -> sparse.csr_matrix:
        return fitting.matrix([plain for plain, *_ in self.readings])

    @cached_property
    def written_matrix(self) -> sparse.csr_matrix:
        return fitting.matrix([fitting.features_of(text) for text in self.written])

    @cached_property
    def windows(self) -> tuple[sparse.csr_matrix, Places]:
        """The windows and readings of harmless texts and the rows they are of, EVERY for texts written for training.

        A text is as bad as the worst of them: what is harmless must be so in each.
        """
        texts = [(row.text, place) for place, row in enumerate(self.rows) if not row.is_attack]
        texts += [(text, EVERY) for text, label in zip(self.written, self.written_labels, strict=True) if not label]
        cut = [(window, place) for text, place in texts for window in fitting.windows(text)]
        return fitting.matrix([extract(window, lexicon()) for window, _ in cut]), np.array([place for _, place in cut])

    def model(self, places: Places) -> Model:
        """Fitted to the rows at these places and to what was written for training."""
        weights = np.where(self.hard[places], fitting.HARD, 1.0)
        windows, rows = self.windows
        own = np.flatnonzero(np.isin(rows, [EVERY, *places]))
        return fitting.fit(
            sparse.vstack([self.matrix[places], self.written_matrix, windows[own]]).tocsr(),
            np.concatenate([self.labels[places], self.written_labels, np.zeros(len(own), dtype=np.int64)]),
            np.concatenate([weights, np.full(len(self.written), fitting.WRITTEN), np.full(len(own), fitting.WINDOW)]),
        )

    def folds(self, seed: int) -> list[tuple[Places, Places]]:
        """Places to train on and to judge; near duplicates stay together."""
        splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
        return list(splitter.split(self.rows, self.labels, self.groups))

    def out_of_fold(self, seed: int) -> tuple[Numbers, Numbers]:
        """Margins of all rows and of all disguised ones, each by a model that saw neither it nor its original."""
        margins = np.zeros(len(self.rows))
        disguised = np.zeros(len(self.disguised))
        for seen, unseen in self.folds(seed):
            model = self.model(seen)
            for place in unseen:
                margins[place] = worst(model, self.readings[place])
            originals = {self.rows[place].text for place in unseen}
            for place, row in enumerate(self.disguised):
                if row.original in originals:
                    disguised[place] = worst(model, self.disguised_readings[place])
        return margins, disguised


def read(folder: Path) -> Corpus:
    """The corpus in a folder that is laid out as docs/guards.md says."""
    attacks = phrases("attacks")
    harmless = [*phrases("harmless"), *made(), *program_text()]
    return Corpus(
        rows=[row for name in data.FILES for row in data.load(folder / name)],
        disguised=data.load(folder / data.DISGUISED),
        written=attacks + harmless,
        written_labels=np.array([1] * len(attacks) + [0] * len(harmless)),
    )


def features_of_readings(text: str) -> list[Features]:
    """The text as it is, then each of its plain readings."""
    plain = normalise(text).text
    return [extract(reading, lexicon()) for reading in (plain, *(found.text for found in readings(plain)))]


def worst(model: Model, features: list[Features]) -> float:
    return max(map(model.margin, features))
