"""The time grows with the text, not with its square, also for texts that are made to be hard."""

from __future__ import annotations

import time

import pytest

from chatapp.guards.pii import find
from tests.guards.pii.samples import body

PARTS = {
    "digits": "1234567890",
    "at signs": "@",
    "dots": "a.",
    "one-letter addresses": "a@",
    "a blob": body(997),
    "numbers": "75622317571 ",
    "pairs of digits": "12 34 ",
    "phones": "+372 5128 5644 ",
    "addresses": "joe@corp-mail.eu ",
    "assignments": "token=",
    "names": "password ",
    "address heads": "://a:",
    "key heads": "-----BEGIN PRIVATE KEY-----\n",
    "pieces": "aaaaaaaaaaa1.",
    "quotes": '("a", ',
    "token heads": "eyJhbGciOi.",
    "bank accounts": "GB29",
    "commands": "curl -u ",
    "blanks": " \n",
}
SHORT, LONG = 5_000, 40_000


def spent(text: str) -> float:
    times = []
    for _ in range(3):
        begun = time.process_time()
        find(text)
        times.append(time.process_time() - begun)
    return min(times)


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS.keys())
def test_time_grows_with_the_text(part: str) -> None:
    find(part)
    short = spent((part * SHORT)[:SHORT])
    long = spent((part * LONG)[:LONG])
    assert long < 3 * (LONG / SHORT) * short + 0.02
