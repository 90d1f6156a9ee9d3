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
LONG = 4_000

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
        sums, counts = self._prefix_sums(features)
        order = _order(features.pair_places)
        starts, ends = _windows(features.length)
        places = features.pair_places[order]
        firsts, lasts = np.searchsorted(places, starts), np.searchsorted(places, ends)
        concepts, kinds = _distinct(features.pairs[order], self.concepts, firsts, lasts)
        margins: Floats = self.bias + self.ngram_scale * (sums[ends] - sums[starts]) / _root(
            counts[ends] - counts[starts]
        )
        margins += self.concept_scale * concepts / _root(kinds)
        return margins

    def score(self, margin: float) -> float:
        """The probability-like score, 0..1, in which the severities are expressed."""
        return 1 / (1 + exp(-(self.slope * margin + self.intercept)))

    def _prefix_sums(self, features: Features) -> tuple[Floats, Floats]:
        """Sums of the weights and numbers of the n-grams that begin before each place."""
        weights = np.zeros(features.length)
        counts = np.zeros(features.length)
        for buckets, starts in features.ngrams:
            places = slice(0, len(buckets)) if starts is None else starts
            shares = _shares(buckets, min(OFTEN + features.length / RARE, MOST))
            weights[places] += self.ngrams[buckets] * shares
            counts[places] += shares
        return np.concatenate(([0.0], np.cumsum(weights))), np.concatenate(([0.0], np.cumsum(counts)))


def _windows(length: int) -> tuple[Places, Places]:
    """Where the whole text and the windows of a longer one begin and end."""
    if length <= 3 * STRIDE:
        return np.array([0]), np.array([length])
    stride = max(STRIDE, length // MOST_WINDOWS)
    starts = np.arange(0, length - stride, stride)
    ends = np.minimum(starts + 2 * stride, length)
    return np.concatenate(([0], starts)), np.concatenate(([length], ends))


def _distinct(pairs: Places, weights: NDArray[np.int8], firsts: Places, lasts: Places) -> tuple[Floats, Floats]:
    """For each stretch of the pairs, the sum of the weights of its distinct ones and how many they are."""
    sizes = lasts - firsts
    owners = np.repeat(np.arange(len(sizes)), sizes)
    places = np.arange(len(owners)) + np.repeat(firsts - np.cumsum(sizes) + sizes, sizes)
    is_first = _earlier(pairs)[places] < firsts[owners]
    sums: Floats = np.bincount(owners, weights[pairs][places] * is_first, len(sizes)).astype(np.float64)
    kinds: Floats = np.bincount(owners, is_first, len(sizes)).astype(np.float64)
    return sums, kinds


def _root(counts: Floats) -> Floats:
    return np.sqrt(np.maximum(counts, 1.0))


def _earlier(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where the same pair was the last time, -1 where it is the first."""
    order = _order(pairs)
    again = pairs[order[1:]] == pairs[order[:-1]]
    earlier = np.full(len(pairs), -1)
    earlier[order[1:][again]] = order[:-1][again]
    return earlier


def _order(numbers: Places) -> Places:
    """The stable order; of small numbers in their short form, which numpy sorts without comparing them."""
    is_short = len(numbers) > LONG and numbers.max() < 1 << 16
    return np.argsort(numbers.astype(np.uint16) if is_short else numbers, kind="stable")


def _shares(buckets: NDArray[np.int64], most: float) -> Floats | float:
    """What each n-gram of a text counts, when none may count more than `most` all in all."""
    if len(buckets) <= most or np.bincount(buckets & (SLOTS - 1)).max() <= most:
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
