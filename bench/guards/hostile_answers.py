"""What answers cost the shield that are made to be slow: `python -m bench.guards.hostile_answers [CHARACTERS]`.

Every repetition is fed in pieces of three sizes, as it is and behind the first line of a key block. Twice the length
takes twice the time, or something grows with the square.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from time import process_time

from chatapp import guards
from chatapp.guards.shield import Shield

SIZES = (1, 13, 40)
HEADER = "-----BEGIN RSA PRIVATE KEY-----\n"
PROMPT = "you are the one who is the one who you are"
REPEATED = (
    "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\n", "-----BEGIN RSA PRIVATE KEY-----\nAAAA",
    "-----BEGIN", "-----END", "-----BEGIN PRIVATE KEY-----\n\n", "-----BEGIN a\nAAAA ", "Proc-Type: 4 ",
    "> ", "> A\n", "\\n", "A- ", "- ", "-", "--x", "=", "**", "sk-", "?a?", "a:b;c/", "@", "a@", "a@b.cc ",
    "a", "A", "é", "密", "密1",
    "a\u00a0", "\u3000", "\n", "\t", "1", "1 ", "1\t", "1\n", "0 1-", "1234 5678 ", "GB29 ", "EE38",
    "AKIA", "ghp_", "eyJ", "eyJa.", "http://", "a:b@", "/", "\\", "`", "%", "=\"", "a='b ", "x: \"", "key = '",
    "password=", "password: x\n", PROMPT + " ", "you are ", "you  ",
)  # fmt: skip


def answers(length: int) -> Iterator[tuple[str, str]]:
    """Name and text of each."""
    for head in ("", HEADER):
        for part in REPEATED:
            yield f"{head!r} and {part!r}", (head + part * (length // len(part) + 1))[:length]


def cost(text: str, size: int) -> float:
    """Seconds of processor time for one answer."""
    shield = Shield(lambda: (PROMPT * 20,), PROMPT * 20)
    begun = process_time()
    for start in range(0, len(text), size):
        shield.feed(text[start : start + size])
    shield.flush()
    return process_time() - begun


def main(length: int = 20_000) -> None:
    guards.warm_up()
    cost("password: Tr0ub4dor&3x a@b.ee +372 5128 5644 " * 20, 40)
    texts = dict(answers(length))
    results = []
    for name, text in texts.items():
        for size in SIZES:
            whole, half = cost(text, size), cost(text[: length // 2], size)
            results.append((whole / len(text) * 1e6, whole / half, size, name))
    print("| µs a character | twice the length | pieces of | answer |\n|---:|---:|---:|---|")
    for each, ratio, size, name in sorted(results, reverse=True):
        print(f"| {each:.1f} | {ratio:.1f} | {size} | {name} |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
