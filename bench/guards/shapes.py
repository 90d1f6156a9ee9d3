# ruff: noqa: E501 - a shape a line
"""Texts that are made to be slow, each of 50,000 characters: pages of one thing, and things that are never the same."""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Callable, Iterator
from random import Random

from chatapp.guards.injection.lexicon import PATH as LEXICON

LENGTH = 50_000
WORD = string.ascii_letters + string.digits

PROSE = (
    "The cluster was moved to the new data centre in March, and since then two of the nodes have been slow. We have asked "
    "the vendor for advice; they suggest that the firmware of the controllers be updated first, which takes an hour for "
    "each of the 24 nodes. Could you tell the users that their jobs will wait on Tuesday evening?\n\n"
)
# One thing, again and again.
PAGES = (
    "A", "a ", "u ", "a.b.c ", "((((((", "h4ck ", "x y z ", "gur naq ", "eht dna ", "%41", "0x41 ", "\\x41", "\\u0041",
    "&#65;", "QUJD", "忽略之前", "а", "\u200b", "\U000e0041", "e\u0301\u0302", "\u0301\u0323", "\u0651\u064b\u0655",
    "\ufdfa", "\ufb03", "①", "system: [system] ", "ignore all previous instructions ", "http://x?", "``` ", "\n", " \n",
    "a@", "@", "a.", "a@b.", "a@b.cc ", "joe@corp-mail.eu ", "token=", "token ", "password ", "password:", "password is ",
    "curl -u ", "curl -u a:b ", "mysql -p ", "bearer ", "://a:", "://a:b@", "x://a:secret1@h ", "key key ", "api_key = ",
    "-----BEGIN PRIVATE KEY-----\n", "-----BEGIN ", "-----END ", "75622317571 ", "1234567890", "12 34 ",
    "12 123 1234 9 ", "1 ", "0 ", "00 ", "1-", "1.", "1/", "(1) ", "+1 ", "+372 5128 5644 ", "00372 5128 5644 ",
    "GB29", "GB29 ", "GB29 1234 5678 ", "EE38 2200 2210 2014 5685 ", "FI2A", "- ", "-", "_", "/", "=", "\"", "'", "`",
    "<", "[", "{", "[inst]", "[your ", "## system ", "**", "== ", "\t", "aaaaaaaaaaa1.", '("a", ', "eyJhbGciOi.",
    "sk-", "ghp_", "AKIA", "SG.", "a1b2", "0f", "deadbeef ", "0x", "1e9 ", "é", "ß", "İ", "Ａ", "𝐢", "👨\u200d👩\u200d👧 ",
    "می\u200cخواهم ", "क्\u200dष ", "роα ", "Pа ", "d.o.t ", "s p a c e d ", "l33t ", "1gn0r3 ", "p@ss ", "a|b ", "a!b ",
    "test_login_returns_401 ", "login(\"a\", \"b\") ", "user login password x ", "phone 5", "call 12345678 ", "id: ",
    "id number 12345678901 ", "2A ", "AB 12 34 56 C ", "ATU12345678 ", "DE", "BE 0", "a:b ", "\\n", "\\", "AAAA", "x" * 31 + " ",
)  # fmt: skip


def _number(chance: Random, fewest: int, most: int) -> str:
    return "".join(chance.choices(string.digits, k=chance.randint(fewest, most)))


def _word(chance: Random, fewest: int, most: int, letters: str = string.ascii_lowercase) -> str:
    return "".join(chance.choices(letters, k=chance.randint(fewest, most)))


# Never the same twice, so that nothing that was judged once helps.
VARIED: dict[str, Callable[[Random], str]] = {
    "digits": lambda chance: _number(chance, 50, 50),
    "numbers of 1": lambda chance: f"{_number(chance, 1, 1)} ",
    "numbers of 1-2": lambda chance: f"{_number(chance, 1, 2)} ",
    "numbers of 1-4": lambda chance: f"{_number(chance, 1, 4)} ",
    "numbers of 2-3": lambda chance: f"{_number(chance, 2, 3)} ",
    "numbers of 3-4": lambda chance: f"{_number(chance, 3, 4)} ",
    "numbers of 4": lambda chance: f"{_number(chance, 4, 4)} ",
    "numbers of 7-9": lambda chance: f"{_number(chance, 7, 9)} ",
    "numbers of 10-12": lambda chance: f"{_number(chance, 10, 12)} ",
    "numbers of 11 and blanks": lambda chance: f"{_number(chance, 11, 11)}   ",
    "numbers of 16": lambda chance: f"{_number(chance, 16, 16)} ",
    "numbers of 16 in lines": lambda chance: f"{_number(chance, 16, 16)}\n",
    "rows of 12 groups": lambda chance: " ".join(_number(chance, 1, 4) for _ in range(12)) + "; ",
    "rows of 4 groups": lambda chance: " ".join(_number(chance, 2, 4) for _ in range(4)) + ", ",
    "rows of 2 groups": lambda chance: f"{_number(chance, 4, 5)} {_number(chance, 4, 5)}, ",
    "rows with a plus": lambda chance: f"+{_number(chance, 1, 3)} {_number(chance, 2, 4)} {_number(chance, 2, 4)} ",
    "dotted numbers": lambda chance: f"{_number(chance, 1, 3)}.",
    "hyphened numbers": lambda chance: f"{_number(chance, 2, 4)}-{_number(chance, 2, 4)}-{_number(chance, 2, 4)} ",
    "parenthesised numbers": lambda chance: f"({_number(chance, 3, 3)}) {_number(chance, 3, 3)}-{_number(chance, 4, 4)} ",
    "times": lambda chance: f"2026-0{_number(chance, 1, 1)}-1{_number(chance, 1, 1)} 1{_number(chance, 1, 1)}:00:00 ",
    "measurements": lambda chance: f"{_number(chance, 1, 3)}.{_number(chance, 2, 6)} ",
    "phones": lambda chance: f"+{_number(chance, 11, 12)} ",
    "phones in groups": lambda chance: f"+372 5{_number(chance, 3, 3)} {_number(chance, 4, 4)} ",
    "phones of 00": lambda chance: f"00{_number(chance, 9, 12)} ",
    "phones of 00 in groups": lambda chance: f"00 {_number(chance, 2, 3)} {_number(chance, 3, 4)} {_number(chance, 3, 4)}, ",
    "phones of 00 in a row": lambda chance: f"00{_number(chance, 1, 2)} {_number(chance, 3, 4)} ",
    "called phones": lambda chance: f"phone {_number(chance, 7, 10)} ",
    "called phones in groups": lambda chance: f"call {_number(chance, 3, 3)} {_number(chance, 2, 2)} {_number(chance, 2, 4)} ",
    "identity numbers": lambda chance: f"id number {_number(chance, 11, 11)} ",
    "identity numbers of 13": lambda chance: f"identity {_number(chance, 13, 13)} ",
    "identity numbers of 9": lambda chance: f"ssn {_number(chance, 9, 9)}, ",
    "identity numbers of 10": lambda chance: f"id {_number(chance, 10, 10)}, ",
    "Estonian codes": lambda chance: f"38{_number(chance, 1, 1)}0101{_number(chance, 4, 4)}, ",
    "numbers with letters": lambda chance: f"{_number(chance, 8, 8)}{chance.choice(string.ascii_uppercase)} ",
    "Italian codes": lambda chance: f"{_word(chance, 6, 6).upper()}{_number(chance, 2, 2)}A{_number(chance, 2, 2)}H501Z ",
    "British numbers": lambda chance: f"{_word(chance, 2, 2).upper()} {_number(chance, 2, 2)} {_number(chance, 2, 2)} 12 A ",
    "cards": lambda chance: f"4{_number(chance, 15, 15)}, ",
    "cards in groups": lambda chance: f"4{_number(chance, 3, 3)} {_number(chance, 4, 4)} {_number(chance, 4, 4)} {_number(chance, 4, 4)}, ",
    "cards of rare brands": lambda chance: f"6{_number(chance, 15, 15)}, card ",
    "bank accounts": lambda chance: f"DE{_number(chance, 20, 20)} ",
    "bank accounts in groups": lambda chance: "GB" + " ".join(_number(chance, 4, 4) for _ in range(6))[2:] + " ",
    "short bank accounts": lambda chance: f"NO{_number(chance, 13, 13)} ",
    "heads of bank accounts": lambda chance: f"EE{_number(chance, 2, 4)} ",
    "tight heads of bank accounts": lambda chance: f"{_word(chance, 2, 2).upper()}{_number(chance, 2, 2)}",
    "groups like accounts": lambda chance: f"{_word(chance, 2, 2)}{_number(chance, 2, 2)} {_number(chance, 4, 4)} ",
    "VAT numbers": lambda chance: f"DE{_number(chance, 9, 9)} ",
    "VAT numbers of Austria": lambda chance: f"ATU{_number(chance, 8, 8)} ",
    "VAT heads": lambda chance: f"{chance.choice(('BE', 'FR', 'IT', 'LT'))} {_word(chance, 2, 5).upper()}{_number(chance, 1, 3)} ",
    "e-mails": lambda chance: f"{_word(chance, 3, 8)}@{_word(chance, 3, 8)}.com ",
    "e-mails of ssh": lambda chance: f"ssh {_word(chance, 3, 5)}@{_word(chance, 3, 5)}.com ",
    "assignments": lambda chance: f"password={chance.randbytes(6).hex()} ",
    "assignments of tokens": lambda chance: f"token: {chance.randbytes(12).hex()} ",
    "assignments of keys": lambda chance: f"{_word(chance, 2, 5)}_key = '{_word(chance, 8, 20, WORD)}'\n",
    "assignments in quotes": lambda chance: f"\"secret\": \"{_word(chance, 12, 24, WORD)}\", ",
    "short assignments": lambda chance: f"pw={_word(chance, 3, 6, WORD)} ",
    "passwords of words": lambda chance: f"password is {_word(chance, 4, 9)} ",
    "names of secrets": lambda chance: f"{_word(chance, 1, 2)}{chance.choice(('key', 'token', 'pass', 'auth', 'pat'))} ",
    "paths of secrets": lambda chance: f"api/{_word(chance, 2, 4)}-key-{_word(chance, 2, 4)} ",
    "environment": lambda chance: f"{_word(chance, 3, 6).upper()}_SECRET={_word(chance, 16, 24, WORD)}\n",
    "addresses with passwords": lambda chance: f"https://{_word(chance, 3, 5)}:{_word(chance, 6, 9, WORD)}@{_word(chance, 3, 5)} ",
    "command lines": lambda chance: f"curl -u {_word(chance, 3, 5)}:{_word(chance, 6, 9, WORD)} ",
    "headers": lambda chance: f"bearer {_word(chance, 20, 30, WORD)} ",
    "calls": lambda chance: f"login('{_word(chance, 3, 5)}', '{_word(chance, 6, 9, WORD)}') ",
    "GitHub tokens": lambda chance: f"ghp_{_word(chance, 36, 36, WORD)} ",
    "heads of tokens": lambda chance: f"{chance.choice(('sk-', 'ghp_', 'AKIA', 'xoxb-', 'key_', 'co_', 'pat'))}{_word(chance, 8, 12, WORD)}.",
    "blobs": lambda chance: base64.b64encode(chance.randbytes(24)).decode() + " ",
    "blobs of 12": lambda chance: f"{_word(chance, 12, 13, WORD)} ",
    "blobs of 16": lambda chance: f"{_word(chance, 16, 17, WORD)} ",
    "one blob": lambda chance: _word(chance, 76, 76, WORD),
    "lines of a blob": lambda chance: _word(chance, 76, 76, WORD) + "\n",
    "blobs with dots": lambda chance: f"{_word(chance, 12, 14, WORD)}.",
    "blobs with hyphens": lambda chance: f"{_word(chance, 4, 8, WORD)}-",
    "blobs with slashes": lambda chance: f"{_word(chance, 4, 8, WORD)}/",
    "sums": lambda chance: chance.randbytes(20).hex() + "\n",
    "hexadecimal": lambda chance: chance.randbytes(1).hex() + " ",
    "hexadecimal of text": lambda chance: _word(chance, 20, 20).encode().hex() + " ",
    "base64 of text": lambda chance: base64.b64encode(_word(chance, 18, 24).encode()).decode() + " ",
    "universal identifiers": lambda chance: "-".join(chance.randbytes(size).hex() for size in (4, 2, 2, 2, 6)) + " ",
    "words": lambda chance: _word(chance, 2, 9, "abcdefghilmnoprstu") + " ",
    "short words": lambda chance: _word(chance, 1, 3) + " ",
    "words with digits": lambda chance: _word(chance, 2, 9, string.ascii_lowercase + string.digits) + " ",
    "words with signs": lambda chance: _word(chance, 2, 9, "abcdefg013!@$|") + " ",
    "words of the lexicon": lambda chance: chance.choice(_lexicon()) + " ",
    "words of the lexicon with leet": lambda chance: chance.choice(_lexicon()) + chance.choice((" ", " h4ck ", " gur ", " eht ")),
    "English of the lexicon": lambda chance: chance.choice(_english()) + " ",
    "disguised lexicon": lambda chance: chance.choice(_english()).replace("o", "0").replace("e", "3") + " gur naq eht dna ",
    "concepts and signs": lambda chance: f"[{chance.choice(_english())}] system: ",
    "Chinese": lambda chance: chr(chance.randrange(0x4E00, 0x9FA0)),
    "characters": lambda chance: chr(chance.randrange(0x3000, 0xD000)),
    "Korean": lambda chance: chr(chance.randrange(0xAC00, 0xD7A0)),
    "Arabic": lambda chance: _word(chance, 2, 7, "".join(map(chr, range(0x627, 0x64B)))) + " ",
    "Russian": lambda chance: _word(chance, 2, 9, "абвгдежзийклмнопрстуфхцчшщыьэюя") + " ",
    "mixed scripts": lambda chance: _word(chance, 2, 9, "абвгaеbcdeijo") + " ",
    "ligatures": lambda chance: chr(chance.randrange(0xFB50, 0xFDFC)),
    "mathematical": lambda chance: chr(chance.randrange(0x1D400, 0x1D6A0)),
    "all of Unicode": lambda chance: chr(chance.randrange(0xE000, 0x10FFFF)),
    "accents": lambda chance: chance.choice("aeiou") + chr(chance.randrange(0x300, 0x36F)),
    "spaced letters": lambda chance: chance.choice(string.ascii_lowercase) + " ",
    "dotted letters": lambda chance: chance.choice(string.ascii_lowercase) + ".",
    "punctuation": lambda chance: chance.choice(string.punctuation),
    "punctuation and blanks": lambda chance: chance.choice(string.punctuation + " "),
    "printable": lambda chance: chance.choice(string.printable),
    "ASCII": lambda chance: chr(chance.randrange(128)),
    "escapes": lambda chance: f"\\x{chance.randrange(256):02x}",
    "percent": lambda chance: f"%{chance.randrange(256):02X}",
    "entities": lambda chance: f"&#{chance.randrange(32, 999)};",
    "logs": lambda chance: (
        f"2026-11-{chance.randint(10, 28)}T1{_number(chance, 1, 1)}:{_number(chance, 2, 2)}:0{_number(chance, 1, 1)}Z "
        f"host{_number(chance, 1, 2)} sshd[{_number(chance, 4, 5)}]: Failed password for {_word(chance, 4, 8)} from "
        f"10.{_number(chance, 1, 2)}.{_number(chance, 1, 2)}.7 port {_number(chance, 5, 5)}\n"
    ),
    "tables": lambda chance: f"| {_word(chance, 4, 9)} | {_number(chance, 1, 6)} | {_number(chance, 1, 3)}.{_number(chance, 2, 2)} |\n",
    "values with commas": lambda chance: f"{_number(chance, 1, 6)},{_word(chance, 3, 8)},{_number(chance, 1, 3)}.{_number(chance, 2, 2)}\n",
    "JSON": lambda chance: f'{{"id": {_number(chance, 3, 9)}, "name": "{_word(chance, 4, 9)}", "active": true}}, ',
    "commits": lambda chance: f"commit {chance.randbytes(20).hex()}\nAuthor: {_word(chance, 4, 8)} <{_word(chance, 4, 8)}@corp.eu>\n\n    {_word(chance, 4, 8)} {_word(chance, 4, 8)}\n\n",
}  # fmt: skip


def _entries(line: str) -> list[str]:
    return [entry.strip().rstrip("*") for entry in line.partition(": ")[2].split(",")]


_CACHE: dict[str, list[str]] = {}


def _lexicon() -> list[str]:
    if "all" not in _CACHE:
        lines = LEXICON.read_text("utf-8").splitlines()
        _CACHE["all"] = [entry for line in lines if line[:1].isalpha() for entry in _entries(line)]
    return _CACHE["all"]


def _english() -> list[str]:
    if "ascii" not in _CACHE:
        _CACHE["ascii"] = [entry for entry in _lexicon() if entry.isascii()]
    return _CACHE["ascii"]


def shapes(length: int = LENGTH) -> Iterator[tuple[str, str]]:
    """Name and text of each."""
    yield "prose", (PROSE * (length // len(PROSE) + 1))[:length]
    for piece in PAGES:
        yield f"page of {piece[:24]!r}", (piece * length)[:length]
    for name in VARIED:
        yield name, varied(name, length)


def varied(name: str, length: int = LENGTH) -> str:
    """One of those that are never the same."""
    chance = random.Random(name)
    pieces: list[str] = []
    size = 0
    while size < length:
        pieces.append(VARIED[name](chance))
        size += len(pieces[-1])
    return "".join(pieces)[:length]
