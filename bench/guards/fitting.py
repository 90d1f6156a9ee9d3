"""From texts to a model: counts of features, a linear separation, whole-number weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from sklearn.svm import LinearSVC

from chatapp.guards.injection.disguises import readings
from chatapp.guards.injection.features import Features, extract
from chatapp.guards.injection.folding import fold
from chatapp.guards.injection.lexicon import lexicon
from chatapp.guards.injection.model import STRIDE, Model
from chatapp.guards.injection.ngrams import BUCKETS
from chatapp.guards.normalise import normalise

# How much the two groups of features and the kinds of rows weigh.
CONCEPTS = 0.8
RARITY = 0.27
HARD = 1.5
WRITTEN = 1.0
WINDOW = 0.5
STRENGTH = 0.5
TOLERANCE = 0.01
LARGEST = 127


def features_of(text: str) -> Features:
    return extract(normalise(text).text, lexicon())


def windows(text: str) -> list[str]:
    """What a text is judged by beside the whole: its plain readings, and the windows of what is long."""
    plain = normalise(text).text
    found: list[str] = []
    for reading in (plain, *(reading.text for reading in readings(plain))):
        folded = fold(reading)
        if len(folded) > 3 * STRIDE:
            found += [folded[place : place + 2 * STRIDE] for place in range(0, len(folded) - STRIDE, STRIDE)]
        elif reading is not plain:
            found.append(folded)
    return found


def matrix(texts: Sequence[Features]) -> sparse.csr_matrix:
    """A row for each text, made as Model.margins adds its weights up."""
    pair_count = concept_features()
    indices, values, ends = [], [], [0]
    for features in texts:
        buckets = np.concatenate([order for order, _ in features.ngrams])
        distinct, counts = np.unique(buckets, return_counts=True)
        pairs = np.unique(features.pairs)
        indices += [distinct, BUCKETS + pairs]
        values += [counts / max(len(buckets), 1) ** 0.5, np.full(len(pairs), CONCEPTS / max(len(pairs), 1) ** 0.5)]
        ends.append(ends[-1] + len(distinct) + len(pairs))
    return sparse.csr_matrix(
        (np.concatenate(values), np.concatenate(indices), ends), shape=(len(texts), BUCKETS + pair_count)
    )


def concept_features() -> int:
    count = len(lexicon().concepts)
    return count + count * count


def fit(rows: sparse.csr_matrix, labels: NDArray[np.int64], weights: NDArray[np.float64]) -> Model:
    """A model of which only the line to log-odds is still to be drawn."""
    scales = np.concatenate([RARITY * _rarity(rows[:, :BUCKETS]), np.ones(concept_features())])
    machine = LinearSVC(C=STRENGTH, random_state=1, tol=0.01).fit(
        rows @ sparse.diags(scales), labels, sample_weight=weights
    )
    plane = machine.coef_[0] * scales
    ngrams, ngram_scale = _whole(plane[:BUCKETS])
    concepts, concept_scale = _whole(plane[BUCKETS:] * CONCEPTS)
    return Model(
        ngrams=ngrams,
        ngram_scale=ngram_scale,
        concepts=concepts,
        concept_scale=concept_scale,
        bias=float(machine.intercept_[0]),
        window_discount=0.0,
        slope=1.0,
        intercept=0.0,
    )


def _rarity(counts: sparse.csr_matrix) -> NDArray[np.float64]:
    """More for n-grams of few texts: the logarithm of the inverse of their share."""
    texts = np.bincount(counts.indices, minlength=BUCKETS)
    return np.log((counts.shape[0] + 1) / (texts + 1)) + 1


def _whole(weights: NDArray[np.float64]) -> tuple[NDArray[np.int8], float]:
    """Weights as whole numbers and their unit. A few of the largest are cut, so that the small ones keep their size."""
    scale = float(np.quantile(np.abs(weights[weights != 0]), 0.9995)) / LARGEST
    return np.clip(np.rint(weights / scale), -LARGEST, LARGEST).astype(np.int8), scale
