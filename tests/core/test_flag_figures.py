"""How often the guards are right."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chatapp.core import flag_figures, flag_reviews
from chatapp.core.flag_figures import Precision, wilson
from chatapp.values import Severity
from tests.flagging import attack, card, flagged
from tests.people import People


@pytest.mark.parametrize(
    ("found", "of", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (1, 1, 0.2065, 1.0),
        (81, 263, 0.2553, 0.3662),
    ],
)
def test_the_interval_is_that_of_the_textbook(found: int, of: int, low: float, high: float) -> None:
    assert wilson(found, of) == pytest.approx((low, high), abs=1e-4)


def test_nothing_is_claimed_where_nothing_is_decided() -> None:
    undecided = Precision("jailbreak", 7, 0, 0)
    assert (undecided.decided, undecided.share, undecided.interval) == (0, None, None)


def test_a_rule_is_judged_by_what_people_decided(people: People) -> None:
    stan = people.stan.user
    both = flagged(people.ana, verdict=attack(Severity.HIGH, "jailbreak", "prompt_leak"))
    flag_reviews.decide(stan, both, "confirmed", wrong=["prompt_leak"])
    flag_reviews.decide(stan, flagged(people.ana, verdict=attack(Severity.HIGH, "jailbreak")), "confirmed")
    flag_reviews.decide(stan, flagged(people.ana, verdict=attack(Severity.LOW, "jailbreak")), "false_alarm")
    flag_reviews.decide(stan, flagged(people.ben, verdict=card()), "follow_up")

    assert list(flag_figures.by_rule()) == [
        Precision("jailbreak", 3, 2, 1),
        Precision("pii_credit_card", 1, 0, 0),
        Precision("prompt_leak", 1, 0, 1),
    ]
    assert list(flag_figures.by_action()) == [
        Precision("block", 2, 2, 0),
        Precision("redact", 1, 0, 0),
        Precision("flag", 1, 0, 1),
    ]


def test_days_are_whole_and_both_included(people: People) -> None:
    for day in (1, 2, 3):
        flagged(people.ana, created=datetime(2026, 3, day, 23, 59, tzinfo=UTC))
    first, last = datetime(2026, 3, 2).date(), datetime(2026, 3, 3).date()  # noqa: DTZ001

    assert [row.flagged for row in flag_figures.by_rule(first, last)] == [2]
    assert [row.flagged for row in flag_figures.by_rule(last=first)] == [2]
    assert [row.flagged for row in flag_figures.by_action(first=last)] == [1]
