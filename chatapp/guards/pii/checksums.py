"""Check digits of cards, bank accounts and national numbers."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module

LUHN_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of the others (ISO/IEC 7812-1)."""
    values = [int(digit) for digit in reversed(digits)]
    return (sum(values[::2]) + sum(LUHN_DOUBLED[value] for value in values[1::2])) % 10 == 0


def mod_97(account: str) -> bool:
    """Whether an IBAN without blanks, in upper case, leaves 1 (ISO 7064 mod 97-10)."""
    return int("".join(str(int(character, 36)) for character in account[4:] + account[:4])) % 97 == 1


def nhs(digits: str) -> bool:
    """Whether ten digits are an NHS number of England (modulus 11)."""
    digits = _compact(digits)
    check = sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return check != 1 and int(digits[9]) == (11 - check) % 11


def medicare(digits: str) -> bool:
    """Whether ten or eleven digits are an Australian Medicare number."""
    digits = _compact(digits)
    weights = (1, 3, 7, 9, 1, 3, 7, 9)
    total = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))
    return digits[0] in "23456" and total % 10 == int(digits[8])


def _compact(written: str) -> str:
    return written.replace(" ", "").replace("-", "")


@cache
def national(name: str) -> Callable[..., bool]:
    """The check of python-stdnum with this name, as `ee.ik`; loaded when the first candidate asks for it."""
    is_valid: Callable[..., bool] = import_module(f"stdnum.{name}").is_valid
    return is_valid
