"""The words around a number that tell what it is, in the languages of the people who use this product."""

from __future__ import annotations

import re
from functools import cache

BEFORE = 64
AFTER = 32
# A part of a text that is searched for context words at once.
BLOCK = 256
# Between a label and its number stand at most so many characters that are no letters.
LABEL_END = 5
LETTER = re.compile(r"[^\W\d_]")


# A bar between alternatives, not one inside of parentheses.
BAR = re.compile(r"\|(?![^(]*\))")


@cache
def words(expression: str) -> re.Pattern[str]:
    """An expression for words in small letters, found at their beginning; where words are not set apart, anywhere.

    Made when the first number asks for it, and not at start-up. All begin with a letter, which is asked first: most
    places in a page of numbers have none. Then those with the same first letter are tried, and not all of them.
    """
    by_letter: dict[str, list[str]] = {}
    for word in BAR.split(expression):
        letter = word[0] if word[0].isalpha() else ""
        by_letter.setdefault(letter, []).append(word.removeprefix(letter))
    grouped = "|".join(f"{letter}(?:{'|'.join(rests)})" for letter, rests in by_letter.items())
    return re.compile(rf"(?<![a-z])(?=[^\W\d_])(?:{grouped})")


class Surroundings:
    """The words of a text around its numbers: each part of the text is searched once for each expression."""

    def __init__(self, text: str) -> None:
        self._lowered = lower(text)
        self._found: dict[tuple[str, int], tuple[tuple[int, int], ...]] = {}
        self._told: dict[tuple[int, int], bool] = {}

    def at(self, start: int, end: int) -> Nearby:
        return Nearby(self, start, end)

    def tell(self, expression: str, start: int, end: int) -> bool:
        """Whether one of these `words` stands between two places."""
        for block in range(max(start, 0) // BLOCK, (end - 1) // BLOCK + 1):
            for begin, stop in self._words(expression, block):
                if start <= begin and stop <= end:
                    return True
        return False

    def has_letters(self, start: int, end: int) -> bool:
        return LETTER.search(self._lowered, max(start, 0), end) is not None

    def has_words(self, start: int, end: int) -> bool:
        """Whether there are letters in the parts of the text around a place: it looks further than `at`."""
        return self.has_letters(*_parts(start, end))

    def is_told_roughly(self, start: int, end: int) -> bool:
        """Whether there are words of phone numbers in the same parts, once for all that stands in them."""
        begin, stop = _parts(start, end)
        told = self._told.get((begin, stop))
        if told is None:
            told = self._told[begin, stop] = self.tell(PHONE, begin, stop)
        return told

    def part(self, start: int, end: int) -> str:
        """What stands between two places, in small letters."""
        return self._lowered[max(start, 0) : end]

    def _words(self, expression: str, block: int) -> tuple[tuple[int, int], ...]:
        key = (expression, block)
        found = self._found.get(key)
        if found is None:
            begin = block * BLOCK
            found = ()
            if self.has_letters(begin, begin + BLOCK):
                matches = words(expression).finditer(self._lowered, begin, begin + BLOCK + AFTER)
                found = tuple(match.span() for match in matches if match.start() < begin + BLOCK)
            self._found[key] = found
        return found


class Nearby:
    """What stands before and after a match, in small letters."""

    __slots__ = ("_around", "_end", "_is_bare", "_start")

    def __init__(self, around: Surroundings, start: int, end: int) -> None:
        self._around = around
        self._start = start
        self._end = end
        self._is_bare: bool | None = None

    def is_bare(self) -> bool:
        """Whether there are no words near."""
        if self._is_bare is None:
            around, start, end = self._around, self._start, self._end
            self._is_bare = not (around.has_letters(start - BEFORE, start) or around.has_letters(end, end + AFTER))
        return self._is_bare

    def tells(self, expression: str) -> bool:
        """Whether one of these `words` stands near."""
        if self.is_bare():
            return False
        around, start, end = self._around, self._start, self._end
        return around.tell(expression, start - BEFORE, start) or around.tell(expression, end, end + AFTER)

    def label(self, expression: re.Pattern[str]) -> re.Match[str] | None:
        """The words right before, found by an expression that ends with them, at most LABEL_END signs away."""
        if not self._around.has_letters(self._start - LABEL_END, self._start):
            return None
        return expression.search(self._around.part(self._start - BEFORE, self._start))

    def is_followed_by(self, expression: re.Pattern[str]) -> bool:
        return expression.match(self._around.part(self._end, self._end + AFTER)) is not None


def _parts(start: int, end: int) -> tuple[int, int]:
    """The parts of a text in which the words around a place stand, whole."""
    return max(start - BEFORE, 0) // BLOCK * BLOCK, ((end + AFTER - 1) // BLOCK + 1) * BLOCK


def lower(text: str) -> str:
    """The text in lower case with every character in its place."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := character.lower()) == 1 else character for character in text)


PHONE = (
    r"(?:tele)?(?:phone|fon|fono|foon|fón|fonn|vopp?n)|t[eé]l(?:[eé](?:fon|phon|fax)|\b)|teléf|tlf"
    r"|mobi|mob\b|móvil|movil|mobtel|cell(?:ulare|ulaire|ular|\b)|gsm|handy|fax|hotline|call|dial|ring|reach|sms"
    r"|text (?:me|him|her|us)|whats ?app|signal|telegram\b|viber|pager|callback|voicemail|answering|desk\b"
    r"|main line|ops\b|puhelin|puh\b|matkapuhelin|kännykkä|soit[at]|helista|kõne|tālru|telefonu|zvan|skamb|mobilus"
    r"|zadzwo|komórk|dzwo|numer (?:tel|kom)|rufen? |anruf|rufnummer|appel|joindre|portable|llam|móvil|chiam"
    r"|cellulare|recapito|ligar|telem[oó]vel|bel(?:len)? |zavol|volat|ringe?r?\b|hívj|sun(?:ați|ati)|tel\.|телефон"
    r"|тел\.|звон|мобильн|телефонувати|дзвон|обад|τηλ|電話|电话|手机|전화|फ़ोन"
    r"|(?:my|our|his|her|mon|notre|mi|mio|nostro|meine?|min|mitt|minu|meie|mano|mans|mana|mój|moj"
    r"|mijn|oma|meu|můj|мой|мій)(?= (?:\w+ )?(?:n[uúü]m|nomer|nr\b|číslo|номер))"
    r"|numbril|contact|kontakt|registered|номер|nummer"
)
GENERIC_ID = (
    r"national (?:id|identi|insurance|number|registration)|identi|identy|id-?kood|fiscal code"
    r"|id (?:number|code|card|no)"
    r"|personal (?:code|id|number|identi)|social security|social(?: insurance)?\b"
    r"|tax(?:payer)? (?:id|number|code|file)|tin\b|citizen|resident|birth number|passport|ssn\b|isikukood"
    r"|asmens kod|personas kod|personkod|hen?kil[oö]tunnu|hetu\b|person(?:nummer|al)|personn|f[oø]dsels|cpr\b"
    r"|kennital|pesel|rodn[eéý]|nin\b|steuer|identifikationsn|idnr|ausweis|sozialversich|svnr|ahv|avs\b"
    r"|num[eé]ro de s[eé]cu|s[eé]curit[eé] sociale|nir\b|insee|codice fiscale|documento|c[eé]dula|rut\b|curp|dni\b"
    r"|nie\b|nif\b|nif[:\s]|contribuinte|cpf\b|cnp\b|cod numeric|numeric personal|cuil|cuit|egn\b|егн"
    r"|единен граждан|oib\b|emšo|emso|jmbg|мбг|матичен|amka|αμκα|αφμ|afm\b|bsn\b|burgerservice|sofinummer"
    r"|rijksregister|registre national|numéro national|niss\b|insz\b|kimlik|tckn|t\.?c\.? |vatanda|aadhaar|aadhar"
    r"|uidai|आधार|pan\b|nhs\b|health (?:number|card)|medicare|tfn\b|sin\b|ird\b|my ?number"
    r"|マイナンバー|身份证|身分證|주민|rrn\b"
    r"|บัตรประชาชน|ประชาชน|tnin|thai|rsa id|south african|инн\b|снилс|рнокпп|ідентифікац|паспорт|תעודת זהות|nik\b"
    r"|ktp\b|adószám|személyi|taj\b|itin\b|pps\b|nino\b|ni (?:number|no)|kişi|\bid[:#]"
)
LOOKALIKE = re.compile(
    r"(?:isbn|issn|ean|upc|gtin|sku|barcode|order|invoice|ticket|job|build|version|epoch|timestamp|hash|commit"
    r"|sha\d*|md5|port|pid|size|bytes"
    r"|quota|account id|error|request id|uuid|measurement|serial"
    r"|faktura|rechnung|bestellung|commande|tellimus|tilaus|zamówieni\w*|pozycj\w*)"
    r"(?: ?(?:code|number|id|no|nr|in|of))?\.?[\s:#=\"'(]{0,3}$"
)
