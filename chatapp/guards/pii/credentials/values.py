"""Whether a value looks like a secret, like a placeholder for one, or like something else."""

from __future__ import annotations

import re
from collections import Counter
from math import log2

# Signs and words of values that stand for others, and the forms of variables.
STAND_INS_TEXT = """
    ${ {{ xxxx **** .... … •• ____ your- your_ yourp yourk yourt yours changeme change_me change-me placeholder
    redacted dummy example
"""
STAND_INS = tuple(STAND_INS_TEXT.split())
VARIABLE = re.compile(
    r"[<\[{(].*|.*[>\]]|\$\w+|\$\(.*|%\w+%|#\{.*|@\w+|(?:my|the|insert|enter|replace|put|add)[_\-][a-z_\-]+", re.DOTALL
)
EMPTY_WORDS_TEXT = """
    true false none null nil undefined yes no on off required optional string str int bool char text varchar
    value values token tokens secret key keys auth basic bearer hidden masked here self this that the and for
    not new old get set user username admin name email default input prompt stdin env process config settings
    params request response data object array function return const let var public private static
"""
EMPTY_WORDS = frozenset(EMPTY_WORDS_TEXT.split())
CODE = re.compile(
    r"[A-Za-z_$][A-Za-z_$]*(?:\.[A-Za-z_]+)+\(?|[A-Za-z_$][\w$.\[\]'\"]*\(.*"
    r"|(?:os|process|env|self|this|config|settings|req|request|params|args|ctx)[.\[].*"
    r"|[A-Za-z_]\w*\[.*|.*(?:&&|\|\||==\s*[^\s=]).*"
    r"|[\w.]+\.(?:com|org|net|io|json|ya?ml|txt|pem|py|js|html?|md|sh|env|conf|cfg|ini|xml)"
)
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
PATH = re.compile(r"(?:[~.]{0,2}/|[A-Za-z]:[\\/]|https?:|s3:|file:|\w+://).*")
DATE = re.compile(r"\d{4}-\d\d-\d\d.*|\d\d:\d\d.*|\d[\d.,:\-/]*")
TURN = re.compile(r"(?<=[a-z])[A-Z]|(?<=[A-Z])[a-z]")
SERIAL = re.compile(r"[A-Za-z]{1,12}[\-_/#:]?\d[\d\-/._:]*[A-Za-z]?|\d[\d\-/._:]*[A-Za-z]{0,2}")
WORDY = re.compile(r"[A-Za-zÀ-ɏ][a-zß-ɏ]*(?:[\-_'][A-Za-z][a-z]*)*[.,:;!?]*")


def is_placeholder(value: str) -> bool:
    """Whether a value stands for a secret instead of being one: `<token>`, `${TOKEN}`, `your-key-here`, `********`."""
    lowered = value[:128].lower()
    return (
        len(set(lowered)) < 3
        or any(stand_in in lowered for stand_in in STAND_INS)
        or VARIABLE.fullmatch(lowered) is not None
        or lowered.strip(".,:;") in EMPTY_WORDS
    )


def is_code(value: str) -> bool:
    """Whether a value is an expression of a program, a path or an address, as `os.environ["KEY"]`."""
    return CODE.fullmatch(value) is not None or PATH.match(value) is not None


def is_password(value: str) -> bool:
    """Whether a word after "password:" is one and not the next word of a sentence: it has more than small letters."""
    return WORDY.fullmatch(value) is None and DATE.fullmatch(value) is None


def is_strong_password(value: str) -> bool:
    """Whether a word of a sentence can only be a password: digits or signs inside of it, or capitals in disorder."""
    if not is_password(value):
        return False
    letters = value.rstrip("?!.,:;'\"").replace("-", "").replace("'", "")
    return not letters.isalpha() or len(value) >= 10 and switches(value) >= 3


def is_serial(value: str) -> bool:
    """Whether a value is a stock number, a version or a date: `ZAM-0603`, `v1.2.3`."""
    return SERIAL.fullmatch(value) is not None


def switches(value: str) -> int:
    """How often small letters and capitals take turns."""
    return sum(1 for _ in TURN.finditer(value, 0, 64))


def is_random(value: str, fewest: int = 16) -> bool:
    """Whether a value of at least so many characters mixes letters and digits as generated keys do."""
    if len(value) < fewest or DATE.fullmatch(value):
        return False
    value = value[:64]
    digits = sum(map(str.isdigit, value))
    letters = sum(map(str.isalpha, value))
    if not letters or digits < 2 and len(value) < 24 or not digits and switches(value) < len(value) // 5:
        return False
    return entropy(value) >= (2.5 if len(value) < 20 else 2.75)


def entropy(value: str) -> float:
    """Bits a character, from the frequencies in the value itself."""
    size = len(value)
    return -sum(count / size * log2(count / size) for count in Counter(value).values())
