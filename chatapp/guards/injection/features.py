"""What the model sees of a text: n-grams, concepts, and pairs of concepts that stand near each other."""

from __future__ import annotations

from dataclasses import dataclass

from chatapp.guards.arrays import np
from chatapp.guards.characters import code_points
from chatapp.guards.injection.folding import fold
from chatapp.guards.injection.lexicon import Lexicon
from chatapp.guards.injection.ngrams import LONGEST, Ints, ngrams

# How far apart, in characters and in concepts, two concepts may begin to count as a pair.
NEAR = 60
PARTNERS = 12


@dataclass(frozen=True, slots=True)
class Features:
    """A text as numbers. Each pair has the place of its first concept; `pairs` also holds the concepts themselves."""

    length: int
    ngrams: list[tuple[Ints, Ints | None]]
    pairs: Ints
    pair_places: Ints


def extract(text: str, lexicon: Lexicon) -> Features:
    """Features of a text of any length; what is beyond LONGEST is not looked at."""
    folded = f"{fold(text)[: LONGEST - 1]} "
    codes = code_points(folded).astype(np.uint64)
    places, concepts = lexicon.find(folded, codes)
    pairs, pair_places = concept_pairs(places, concepts, len(lexicon.concepts))
    return Features(len(folded), ngrams(codes), pairs, pair_places)


def concept_pairs(places: Ints, concepts: Ints, count: int) -> tuple[Ints, Ints]:
    """Single concepts as 0..count-1, and ordered pairs of near ones as count + first * count + second."""
    found = len(concepts)
    if found < 2:
        return concepts, places
    partners = min(PARTNERS, found - 1)
    seconds = np.arange(found)[:, None] + np.arange(1, partners + 1)
    exists = seconds < found
    seconds = np.minimum(seconds, found - 1)
    near = exists & (places[seconds] - places[:, None] <= NEAR)
    pairs = count + concepts[:, None] * count + concepts[seconds]
    first_places = np.broadcast_to(places[:, None], near.shape)
    return np.concatenate((concepts, pairs[near])), np.concatenate((places, first_places[near]))
