"""The words around a number that tell what it is, in the languages of the people who use this product."""

from __future__ import annotations

import re
from typing import NamedTuple

BEFORE = 64
AFTER = 32
LETTER = re.compile(r"[^\W\d_]")


def words(expression: str) -> re.Pattern[str]:
    """An expression for words in small letters, found at their beginning; where words are not set apart, anywhere."""
    return re.compile(rf"(?<![a-z])(?:{expression})")


class Nearby(NamedTuple):
    """What stands before and after a match, in small letters; both empty where there are no words."""

    before: str
    after: str

    def tells(self, expression: re.Pattern[str]) -> bool:
        """Whether one of the words stands near."""
        return expression.search(self.before) is not None or expression.search(self.after) is not None


NOWHERE = Nearby("", "")


def nearby(text: str, start: int, end: int) -> Nearby:
    before, after = text[max(0, start - BEFORE) : start], text[end : end + AFTER]
    if LETTER.search(before) is None and LETTER.search(after) is None:
        return NOWHERE
    return Nearby(before.lower(), after.lower())


PHONE = words(
    r"(?:tele)?(?:phone|fon|fono|foon|fón|fonn|vopp?n)|t[eé]l(?:[eé](?:fon|phon|fax)|\b)|teléf|tlf"
    r"|mobi|mob\b|móvil|movil|mobtel|cell(?:ulare|ulaire|ular|\b)|gsm|handy|fax|hotline|call|dial|ring|reach|sms"
    r"|text (?:me|him|her|us)|whats ?app|signal|telegram\b|viber|pager|callback|voicemail|answering|desk\b"
    r"|main line|ops\b|puhelin|puh\b|matkapuhelin|kännykkä|soit[at]|helista|kõne|tālru|telefonu|zvan|skamb|mobilus"
    r"|zadzwo|komórk|dzwo|numer (?:tel|kom)|rufen? |anruf|rufnummer|appel|joindre|portable|llam|móvil|chiam"
    r"|cellulare|recapito|ligar|telem[oó]vel|bel(?:len)? |zavol|volat|ringe?r?\b|hívj|sun(?:ați|ati)|tel\.|телефон"
    r"|тел\.|звон|мобильн|телефонувати|дзвон|обад|τηλ|電話|电话|手机|전화|फ़ोन|phone"
)
NUMBER = words(
    r"(?:my|our|his|her|mon|notre|mi|mio|nostro|meine?|min|mitt|minu|meie|mano|mans|mana|mój|moj"
    r"|mijn|oma|meu|můj|мой|мій) "
    r"(?:\w+ )?(?:n[uúü]m|nomer|nr\b|číslo|номер)|numbril|contact|kontakt|registered|номер|nummer"
)
GENERIC_ID = words(
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
