"""Bank accounts and payment cards."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

from chatapp.guards.characters import kinds
from chatapp.guards.pii.checksums import luhn, mod_97
from chatapp.guards.pii.context import LOOKALIKE, Nearby
from chatapp.guards.pii.digits import Digits
from chatapp.guards.pii.effort import Effort
from chatapp.guards.pii.spans import Span

# The registered lengths (SWIFT IBAN registry), and those of the countries that use IBANs unregistered.
LENGTHS = {
    code: int(length)
    for length, codes in {
        "15": "NO", "16": "BE", "18": "DK FI FO GL NL SD FK", "19": "MK SI", "20": "AT BA EE KZ LT LU XK MN",
        "21": "CH HR LI LV", "22": "BG BH CR DE GB GE IE ME RS VA", "23": "AE GI IL IQ OM SO TL",
        "24": "AD CZ ES MD PK RO SA SE SK TN VG AO DZ CV", "25": "LY PT ST MZ", "26": "IS TR IR DJ",
        "27": "BI CF CG CM FR GA GQ GR IT MC MG MR SM KM TD",
        "28": "AL AZ BF BY CI CY DO GT HU LB NI PL SV ML BJ SN MA GW TG HN",
        "29": "BR EG PS QA UA", "30": "JO KW MU YE", "31": "MT SC", "32": "LC", "33": "RU",
    }.items()
    for code in codes.split()
}  # fmt: skip
# A UUID is no account, and neither is the end of one.
IBAN = re.compile(
    r"[A-Za-z](?<![0-9A-Za-z].)[A-Za-z][0-9]{2}"
    r"(?<![0-9a-f]{4}-.{4})(?!(?<=[0-9a-f]{4})[0-9a-f]{4}-[0-9a-f]{4}-)(?:[ \u00a0\-]?[0-9A-Za-z]){11,36}+"
)
# What each begins with, in kinds of characters: found without a search.
KINDS = kinds(dict.fromkeys(string.ascii_letters, "a") | dict.fromkeys(string.digits, "0"))
HEAD = b"aa00"
SEPARATORS = " \u00a0-"
COST = 20

BRANDS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[689]\d)\d{11}|(?:6011|64[4-9]\d|65\d\d|6[02]\d\d|8[12]\d\d|508\d|220[0-4]|35(?:2[89]|[3-8]\d))\d{12}"
    r"|62\d{15,17}|(?:5[06-8]|6[0-9])\d{10,17}|1\d{14}"
)
CARD_SHAPES = frozenset(
    " ".join(groups) if separator == " " else separator.join(groups)
    for groups in (
        ["9999"] * 4,
        ["9999", "999999", "99999"],
        ["9999", "999999", "9999"],
        ["9999"] * 4 + ["999"],
        ["9999", "9999", "9999", "9"],
        ["9999", "9999", "9999", "999"],
        ["999999", "9999", "9999", "99"],
    )
    for separator in " -."
)
RARE = re.compile(r"5[06-8]|6(?!011|5|4[4-9]|2)|1|2[02]0|8|4(?=\d{12}$)")
KNOWN_TEST_CARDS = frozenset(("4111111111111111", "5500000000000004", "378282246310005"))
CARD_WORDS = (
    r"card|visa|master ?card|maestro|amex|american express|discover|diners|jcb"
    r"|rupay|unionpay|uatp|kaar[dt]|krediit|pank|kort|kredit|karte|carta"
    r"|carte|tarjeta|cartão|cartao|kart[aęyu]|kortel|luottokor|pankkikor|kártya|карт|картк"
    r"|κάρτα|カード|卡|카드|cc\b|pan\b|cvv|cvc"
)


def ibans(text: str, effort: Effort) -> Iterator[Span]:
    letters = text.encode("ascii", "replace").translate(KINDS)
    position = 0
    while (start := letters.find(HEAD, position)) >= 0:
        position = start + 2
        length = LENGTHS.get(text[start:position].upper())
        match = IBAN.match(text, start) if length else None
        if length is None or match is None:
            continue
        if not effort.allows("accounts", COST):
            effort.mask(*match.span(), "pii_iban_general")
            position = match.end()
            continue
        written = match[0]
        end = _end_of_account(written, length)
        if end is None:
            continue
        account = written[:end].translate({ord(separator): None for separator in SEPARATORS}).upper()
        if mod_97(account):
            category = "pii_iban_estonian" if account.startswith("EE") else "pii_iban_general"
            position = start + end
            yield Span(start, position, category)


def _end_of_account(written: str, length: int) -> int | None:
    """Where the account of this many characters ends in what was written, None where it is shorter or glued to more."""
    seen = 0
    for place, character in enumerate(written):
        seen += character not in SEPARATORS
        if seen == length:
            return None if written[place + 1 : place + 2].isalnum() else place + 1
    return None


def card(digits: Digits, near: Nearby) -> Span | None:
    """The payment card in these digits: a brand's prefix and length, its usual grouping and the check digit."""
    plain = digits.plain
    if not (12 <= len(plain) <= 19 and (digits.shape in CARD_SHAPES or len(digits.shape) == len(plain))):
        return None
    if not BRANDS.fullmatch(plain) or len(set(plain)) == 1 or not luhn(plain) or plain in KNOWN_TEST_CARDS:
        return None
    if digits.plus or near.label(LOOKALIKE):
        return None
    if RARE.match(plain) and not digits.alone and not near.tells(CARD_WORDS):
        return None
    return Span(digits.start, digits.end, "pii_credit_card")
