"""The linear model: a weight for every bucket of n-grams and for every pair of concepts (written by bench/guards)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import exp
from pathlib import Path

from chatapp.guards.arrays import NDArray, np
from chatapp.guards.injection.features import Features

PATH = Path(__file__).with_name("weights.npz")
# A text longer than a window is also judged window by window, so that an attack inside of it stands out.
# Windows overlap by half; a very long text has wider ones instead of more.
STRIDE = 160
MOST_WINDOWS = 128

# A text says a thing once however often it repeats it: an n-gram counts OFTEN times, and once more in RARE characters.
OFTEN = 4
RARE = 2_000
MOST = 8
SLOTS = 1 << 12
LONG = 800

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Model:
    """Weights as whole numbers from -127 to 127, their scales, and how a margin becomes a score."""

    ngrams: NDArray[np.int8]
    ngram_scale: float
    concepts: NDArray[np.int8]
    concept_scale: float
    bias: float
    # What a window must exceed the whole text by to count as much, and the line from margin to log-odds.
    window_discount: float
    slope: float
    intercept: float

    def margin(self, features: Features) -> float:
        """How far on the side of attacks the text, or the worst window of it, is."""
        whole, *windows = self.margins(features).tolist()
        return float(max(whole, max(windows, default=whole) - self.window_discount))

    def margins(self, features: Features) -> Floats:
        """Of the whole text, then of each window of a longer one."""
        stride = features.length if features.length <= 3 * STRIDE else max(STRIDE, features.length // MOST_WINDOWS)
        weights, counts = self._cells(features, stride)
        kinds = _kinds(features, stride, len(self.concepts))
        concepts = (kinds.astype(np.float32) @ self.concepts.astype(np.float32)).astype(np.float64)
        margins: Floats = self.bias + self.ngram_scale * weights / _root(counts)
        margins += self.concept_scale * concepts / _root(np.count_nonzero(kinds, axis=1))
        return margins

    def score(self, margin: float) -> float:
        """The probability-like score, 0..1, in which the severities are expressed."""
        return 1 / (1 + exp(-(self.slope * margin + self.intercept)))

    def _cells(self, features: Features, stride: int) -> tuple[Floats, Floats]:
        """The sums of the weights of the n-grams of the whole text and its windows, and how many they are."""
        size = -(-features.length // stride)
        weights = np.zeros(size * stride)
        counts = np.zeros(size * stride)
        most = min(OFTEN + features.length / RARE, MOST)
        for buckets, starts in features.ngrams:
            places = slice(0, len(buckets)) if starts is None else starts
            shares = _shares(buckets, most)
            weights[places] += self.ngrams[buckets] * shares
            counts[places] += shares
        return _stretches(weights.reshape(size, stride)), _stretches(counts.reshape(size, stride))


def _stretches(cells: Floats) -> Floats:
    """The sums of the whole text and of its windows, two neighbouring cells."""
    sums = cells.sum(axis=1)
    return np.concatenate(([sums.sum()], sums[:-1] + sums[1:]))


def _kinds(features: Features, stride: int, count: int) -> NDArray[np.bool_]:
    """Which pairs of concepts occur in the whole text and in each of its windows."""
    size = -(-features.length // stride)
    cells = np.zeros((size, count), dtype=bool)
    cells.reshape(-1)[features.pair_places // stride * count + features.pairs] = True
    return np.concatenate((cells.any(axis=0, keepdims=True), cells[:-1] | cells[1:]))


def _root(counts: Floats) -> Floats:
    return np.sqrt(np.maximum(counts, 1.0))


def _shares(buckets: NDArray[np.int64], most: float) -> Floats | float:
    """What each n-gram of a text counts, when none may count more than `most` all in all."""
    # As many as would fill more than all slots need no look at them.
    if len(buckets) <= most * SLOTS and (len(buckets) <= most or np.bincount(buckets & (SLOTS - 1)).max() <= most):
        return 1.0
    if len(buckets) > LONG:
        return np.minimum(1.0, most / np.bincount(buckets)[buckets])
    _, places, often = np.unique(buckets, return_inverse=True, return_counts=True)
    return np.minimum(1.0, most / often)[places]


@cache
def model() -> Model:
    """The model of the product, read on first use."""
    with np.load(PATH) as stored:
        numbers = {name: float(stored[name]) for name in stored.files if name not in ("ngrams", "concepts")}
        return Model(ngrams=stored["ngrams"], concepts=stored["concepts"], **numbers)
