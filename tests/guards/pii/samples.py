"""Values that are made when a test runs, so that no scanner takes the repository for a leak."""

from __future__ import annotations

import random
import string

from stdnum import luhn, verhoeff

WORD = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


def body(length: int, characters: str = WORD, seed: int = 7) -> str:
    """A random run of characters; of letters and digits it holds small ones, capitals and digits."""
    made = random.Random(seed + length)
    run = "".join(made.choice(characters) for _ in range(length))
    return "a7Q" + run[3:] if characters is WORD and length >= 3 else run


def iban(country: str, account: str) -> str:
    number = int("".join(str(int(character, 36)) for character in f"{account}{country}00"))
    return f"{country}{98 - number % 97:02d}{account}"


def card(prefix: str, length: int) -> str:
    digits = prefix + body(length - len(prefix) - 1, string.digits)
    return digits + luhn.calc_check_digit(digits)


def aadhaar() -> str:
    return "5" + (digits := body(10, string.digits)) + verhoeff.calc_check_digit("5" + digits)


def in_groups(digits: str, *sizes: int, by: str = " ") -> str:
    groups, start = [], 0
    for size in sizes:
        groups.append(digits[start : start + size])
        start += size
    return by.join(groups)


def estonian(first: str = "38001085") -> str:
    """An Estonian personal code; the check digit is the one of ten that python-stdnum accepts."""
    from stdnum.ee import ik

    digits = first + "71"
    return digits + ik.calc_check_digit(digits + "0")


PRIVATE_KEY = "\n".join(
    ("-----BEGIN " + "EC PRIVATE KEY-----", body(64), body(64, seed=8), "-----END " + "EC PRIVATE KEY-----")
)
PUTTY_KEY = "\n".join(
    (
        "PuTTY-User-Key-File-3: " + "ssh-rsa",
        "Encryption: aes256-cbc",
        "Comment: rsa-key-20240612",
        "Public-Lines: 6",
        *(body(64, seed=seed) for seed in range(5)),
        body(44) + "==",
        "Key-Derivation: Argon2id",
        "Argon2-Memory: 8192",
        "Argon2-Salt: " + HEX[:32],
        "Private-Lines: 14",
        *(body(64, seed=seed) for seed in range(20, 33)),
        body(20) + "=",
        "Private-MAC: " + HEX,
    )
)
