"""Prompt injection: how much a text looks like an attack on the model, and why (waldur-chat-api section 7.5)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from chatapp.guards.injection.allowlist import is_allowed
from chatapp.guards.injection.disguises import LEET, Reading, readings, says_leet
from chatapp.guards.injection.explanation import OTHER, categories
from chatapp.guards.injection.features import Features, extract
from chatapp.guards.injection.lexicon import lexicon
from chatapp.guards.injection.model import model
from chatapp.guards.normalise import Normalised

__all__ = ["Detection", "detect"]

# What a single attack verb in leetspeak scores (section 7.5), without being an attack otherwise.
LEET_SCORE = 0.65
# A page of ligatures that becomes a book is no honest writing.
SWOLLEN_SCORE = 0.5
# Below this score nothing needs an explanation.
NOTABLE = 0.1
# A long text with this score is an attack whatever else it may say in disguise.
CERTAIN, LONG = 0.99, 8_000


@dataclass(frozen=True, slots=True)
class Detection:
    """A score from 0 to 1, and the categories that explain it if it is notable."""

    score: float
    categories: tuple[str, ...] = ()


def detect(normalised: Normalised, allowlist: Collection[str] = ()) -> Detection:
    """The worst of a text and its plain readings. Texts that are little else than an allowed phrase score 0."""
    if is_allowed(normalised.text, allowlist):
        return Detection(0.0)
    worst = _Judged.of(Reading(normalised.text, None))
    if worst.score < CERTAIN or len(normalised.text) <= LONG:
        others = (_Judged.of(reading) for reading in readings(normalised.text))
        worst = max((worst, *others), key=lambda reading: reading.score)
    score = worst.score
    found: list[str] = []
    if score >= NOTABLE:
        found += categories(worst.features, lexicon())
        found += ["unicode_tags"] * normalised.has_tags + ["invisible_chars"] * normalised.has_hidden
        found += [worst.disguise] if worst.disguise else []
    if normalised.is_swollen and score < SWOLLEN_SCORE:
        score, found = SWOLLEN_SCORE, [OTHER]
    if says_leet(normalised.text):
        score = max(score, LEET_SCORE)
        found = [category for category in found if category != LEET] + [LEET]
    return Detection(score, tuple(found))


class _Judged(NamedTuple):
    """A reading of a text with its features and its score."""

    disguise: str | None
    features: Features
    score: float

    @classmethod
    def of(cls, reading: Reading) -> _Judged:
        features = extract(reading.text, lexicon())
        return cls(reading.category, features, model().score(model().margin(features)))
