"""Where a text says what its categories are named after: for people who look at a finding, never for the verdict.

The verdict is that of a linear model over the whole text; the categories explain it by concepts near each other. Those
concepts have places. What a text says in disguise has none, and what only the model's n-grams know has none either.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from chatapp.guards.arrays import np
from chatapp.guards.characters import code_points
from chatapp.guards.injection.explanation import RULES
from chatapp.guards.injection.features import NEAR, PARTNERS
from chatapp.guards.injection.folding import fold, fold_with_places
from chatapp.guards.injection.lexicon import lexicon
from chatapp.guards.injection.ngrams import LONGEST
from chatapp.guards.normalise import normalise

# More would help nobody who reads.
MOST = 200


class Evidence(NamedTuple):
    """A passage, in code points of the text that was given, and the category that it speaks for."""

    start: int
    end: int
    category: str


class _Said(NamedTuple):
    place: int
    concept: str


def evidence(text: str, categories: Collection[str]) -> list[Evidence]:
    """The passages that speak for these categories, in order and disjoint, at most MOST."""
    normalised = normalise(text)
    folded, places = fold_with_places(normalised.text)
    if folded != fold(normalised.text):
        return []
    folded = f"{folded[: LONGEST - 1]} "
    said = _said(folded)
    rules = [(name, rule.split()) for name in categories for rule in RULES.get(name, ())]
    found = []
    for start, end, category in _disjoint(_passages(folded, said, rules)):
        first, last = normalised.original_span(places[start], places[end - 1] + 1)
        found.append(Evidence(first, last, category))
    return found[:MOST]


def _said(folded: str) -> list[_Said]:
    concepts = lexicon().concepts
    places, numbers = lexicon().find(folded, code_points(folded).astype(np.uint64))
    return [_Said(place, concepts[number]) for place, number in zip(places.tolist(), numbers.tolist(), strict=True)]


def _passages(folded: str, said: list[_Said], rules: Iterable[tuple[str, list[str]]]) -> Iterator[Evidence]:
    """For every two concepts of a rule near each other, from the first to the last."""
    alone = {rule[0]: name for name, rule in rules if len(rule) == 1}
    pairs = {frozenset(pair): name for name, rule in rules for pair in zip(rule, rule[1:], strict=False)}
    for number, one in enumerate(said):
        if name := alone.get(one.concept):
            yield Evidence(one.place, _end(folded, one.place), name)
        for other in said[number + 1 : number + 1 + PARTNERS]:
            if other.place - one.place > NEAR:
                break
            if name := pairs.get(frozenset((one.concept, other.concept))):
                yield Evidence(one.place, _end(folded, other.place), name)


def _end(folded: str, place: int) -> int:
    """Where the word ends that begins there; of a sign, where the next blank is."""
    end = place + 1
    if folded[place].isalnum():
        while folded[end].isalnum():
            end += 1
    else:
        while folded[end] != " ":
            end += 1
    return end


def _disjoint(passages: Iterable[Evidence]) -> list[Evidence]:
    merged: list[Evidence] = []
    for passage in sorted(passages):
        if merged and passage.start < merged[-1].end:
            merged[-1] = merged[-1]._replace(end=max(merged[-1].end, passage.end))
        else:
            merged.append(passage)
    return merged
