"""What an answer costs that is made to be slow: never more for a piece because of what came before it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.guards.hostile_answers import HEADER, SIZES, answers, cost
from chatapp.guards import shield
from chatapp.guards.pii import Span
from chatapp.guards.reading import personal_data
from chatapp.guards.shield import CONTEXT, HOLD, Shield

LENGTH = 2_000
ANSWERS = dict(answers(LENGTH))


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The lengths of the texts that were looked through for personal data."""
    lengths: list[int] = []

    def counted(text: str) -> tuple[Span, ...]:
        lengths.append(len(text))
        return personal_data(text)

    monkeypatch.setattr(shield, "personal_data", counted)
    return lengths


@pytest.mark.parametrize("size", SIZES)
def test_whatever_is_repeated_little_is_held_and_each_text_is_judged_a_few_times(size: int, judged: list[int]) -> None:
    for name, text in ANSWERS.items():
        judged.clear()
        seen = Shield(lambda: ())
        for start in range(0, len(text), size):
            seen.feed(text[start : start + size])
            assert len(seen._held) <= HOLD, name
        seen.flush()
        assert max(judged, default=0) <= CONTEXT + 2 * HOLD, name
        assert sum(judged) <= 30 * len(text), f"{name}: {sum(judged) / len(text):.0f} a character"


@pytest.mark.parametrize(
    ("part", "size"),
    [("**", 1), ("sk-", 1), ("-----BEGIN PRIVATE KEY-----", 40), (f"{HEADER}AAAA", 40)],
)
def test_twice_the_length_costs_twice_as_much(part: str, size: int) -> None:
    short, long = (part * (length // len(part)) for length in (2_500, 10_000))
    cost(short, size)
    assert min(cost(long, size) for _ in range(3)) < 8 * min(cost(short, size) for _ in range(3))


def test_one_large_piece_costs_no_more_than_many_small_ones() -> None:
    text = "write to joe@corp-mail.eu -----BEGIN PRIVATE KEY-----\n" * 60
    assert min(cost(text, len(text)) for _ in range(3)) < 2 * min(cost(text, 40) for _ in range(3))


def test_the_conversation_is_asked_once_for_a_text_however_much_is_found_in_it() -> None:
    asked: list[int] = []
    prompt = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen "

    def conversation() -> tuple[str, ...]:
        asked.append(1)
        return (prompt * 3,)

    seen = Shield(conversation, prompt)
    for word in (f"{prompt} joe{number}@corp-mail.eu and on " for number in range(50)):
        seen.feed(word)
    seen.flush()
    assert 1 <= len(asked) <= 2  # for what may be repeated of personal data, and of the prompt


def test_what_the_person_said_of_the_prompt_is_shown_at_once_not_at_its_end() -> None:
    prompt = " ".join(f"word{number}" for number in range(300)) + " "
    seen = Shield(lambda: (prompt + "I read.",), prompt)
    shown = "".join(seen.feed(f"word{number} ") for number in range(200))
    assert shown.startswith("word0 word1 ") and len(shown) > 1_200
