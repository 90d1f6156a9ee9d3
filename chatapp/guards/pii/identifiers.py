"""The national identity numbers that are known: shapes, check digits, context words, names."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from chatapp.guards.pii.checksums import luhn, medicare, national, nhs
from chatapp.guards.pii.context import GENERIC_ID as ANY

Check = str | Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Recogniser:
    """How one national number is told from other numbers.

    `shapes` have a 9 for a digit, an A for a letter and a _ for a blank. `check` is a function on what was written, or
    the name of a module of python-stdnum. `needs` are the words of which one must stand near: None where shape and
    check are enough. A number that is the whole text needs no words. `form` is a cheap test of the bare digits.
    """

    category: str
    shapes: str
    check: Check
    needs: str | None = None
    form: re.Pattern[str] | None = None

    def accepts(self, written: str) -> bool:
        if self.form is not None and self.form.fullmatch(written) is None:
            return False
        check = national(self.check) if isinstance(self.check, str) else self.check
        return check(written)


def _plausible_ssn(written: str) -> bool:
    """Areas, groups and serials that were never issued are no numbers; 9xx is what the labelled data and ITINs hold."""
    plain = re.sub(r"\D", "", written)
    return plain[:3] not in ("000", "666") and plain[3:5] != "00" and plain[5:] != "0000" and len(set(plain)) > 1


def _latvian(written: str) -> bool:
    return written[0] in "0123" and national("lv.pvn")(written)


def _short_dni(written: str) -> bool:
    return national("es.dni")("0" + written)


def _long_nie(written: str) -> bool:
    return national("es.nie")(written[0] + written[-8:])


def _finnish(written: str) -> bool:
    hetu = national("fi.hetu")
    return hetu(written) or (written[-4] == "9" and hetu(written, allow_temporary=True))


def french(written: str) -> bool:
    return written[0] in "1278" and national("fr.nir")(written)


def _south_african(written: str) -> bool:
    plain = written.replace(" ", "")
    return "01" <= plain[2:4] <= "12" and "01" <= plain[4:6] <= "31" and plain[10] in "012" and luhn(plain)


def _german(written: str) -> bool:
    return len(set(written[:10])) in (8, 9) and national("de.idnr")(written)


def nino(written: str) -> bool:
    plain = written.replace(" ", "").upper()
    reserved = plain[:2] in ("BG", "GB", "NK", "KN", "TN", "NT", "ZZ")
    return not reserved and plain[0] not in "DFIQUV" and plain[1] not in "DFIOQUV" and plain[8] in "ABCD"


def _singapore(written: str) -> bool:
    plain = written.upper()
    total = sum(int(digit) * weight for digit, weight in zip(plain[1:8], (2, 7, 6, 5, 4, 3, 2), strict=True))
    offset = {"S": 0, "F": 0, "T": 4, "G": 4, "M": 3}.get(plain[0])
    if offset is None:
        return False
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "M": "KLJNPQRTUWX"}.get(plain[0], "XWUTRQPNMLK")
    place = (total + offset) % 11
    return plain[8] == letters[10 - place if plain[0] == "M" else place]


def _digits_only(written: str) -> bool:
    return written.isdigit()


DAY = "(?:0[1-9]|[12][0-9]|3[01])"
MONTH = "(?:0[1-9]|1[0-2])"
CENTURY_FIRST = re.compile(rf"[1-9]\d\d{MONTH}{DAY}\d+")
DAY_FIRST = re.compile(rf"(?:{DAY}{MONTH}|32\d\d)\d\d-?\d+")
PESEL = re.compile(rf"\d\d(?:[02468][1-9]|[13579][0-2]){DAY}\d{{5}}")
BELGIAN = re.compile(r"\d\d[. \-]?[0-5]\d[. \-]?[0-3]\d[. \-]?\d{3}[. \-]?\d\d")
NORWEGIAN = re.compile(r"[0-7]\d[014589]\d\d\d[ \-]?\d{5}")
EVEN = re.compile(r"[1-9]\d{9}[02468]")

BSN = r"bsn|burgerservice|citizen service|sofi"
PORTUGUESE = r"nif|contribuinte|número fiscal|tax (?:number|id)|tin\b|cart[aã]o de cidad"
SSN = r"ssn|social|itin\b|taxpayer|tax id"
NHS = r"nhs|health (?:number|service)|patient|medical"
SIN = r"sin\b|social insurance|canad"
TFN = r"tfn|tax file|austral"
ISRAELI = r"teudat|תעודת|ת\.?ז|israel|id (?:number|no)|identity"
IRD = r"ird\b|inland revenue"
RUT = r"rut\b|run\b|chile|c[eé]dula"
DNI = r"dni|nif\b|documento"
PPS = r"pps|irish|ireland|social"
PAN = r"pan\b|permanent account|income tax|india"
NIN = r"nin\b|national identification number|nigeria"
AADHAAR = "999999999999 9999_9999_9999 9999-9999-9999"

OTHER = "pii_national_id"
RECOGNISERS = (
    Recogniser("pii_estonian_id", "99999999999", "ee.ik", form=CENTURY_FIRST),
    Recogniser("pii_poland_pesel", "99999999999", "pl.pesel", form=PESEL),
    Recogniser(OTHER, "99999999999 999999-99999", _latvian, form=DAY_FIRST),
    Recogniser(OTHER, "99999999999 99.99.99-999.99 999999-999-99 999999_999_99", "be.nn", form=BELGIAN),
    Recogniser(OTHER, "99999999999 999999_99999 999999-99999", "no.fodselsnummer", form=NORWEGIAN),
    Recogniser(OTHER, "99999999999", "tr.tckimlik", form=EVEN),
    Recogniser("pii_germany_steuer_id", "99999999999 99_999_999_999", _german),
    Recogniser(OTHER, "999.999.999-99", "br.cpf"),
    Recogniser(OTHER, "99999999999 999.999.999/99", "br.cpf", ANY),
    Recogniser(OTHER, "99999999999", "hr.oib", ANY),
    Recogniser(OTHER, "99999999999", "gr.amka", ANY),
    Recogniser(OTHER, "99999999999 9999_999_9999", _digits_only, NIN),
    Recogniser(OTHER, "9999999999", "bg.egn", ANY),
    Recogniser(OTHER, "9999999999", "ua.rntrc", ANY),
    Recogniser(OTHER, "9999999999 9999_999999", "at.vnr", ANY),
    Recogniser(OTHER, "9999999999 999_999_9999 999-999-9999", nhs, NHS),
    Recogniser(OTHER, "9999999999 99999999999 9999_99999_9 9999_99999_99", medicare, r"medicare"),
    Recogniser("pii_sweden_personnummer", "99999999-9999 99999999+9999", "se.personnummer"),
    Recogniser("pii_sweden_personnummer", "999999-9999 999999+9999 9999999999 999999999999", "se.personnummer", ANY),
    Recogniser("pii_finland_hetu", "999999-9999 999999-999A 999999A9999 999999A999A 999999+9999 999999+999A", _finnish),
    Recogniser(OTHER, "999999-9999 9999999999 999999_9999", "dk.cpr", ANY),
    Recogniser(OTHER, "999999-9999 9999999999", "is_.kennitala", ANY),
    Recogniser("pii_czech_birth_number", "999999/9999 999999/999", "cz.rc"),
    Recogniser("pii_czech_birth_number", "9999999999", "cz.rc", ANY),
    Recogniser(OTHER, "999.9999.9999.99 999-9999-9999-99", "ch.ssn"),
    Recogniser(OTHER, "9999999999999 999_9999_9999_99", "ch.ssn", ANY),
    Recogniser(OTHER, "9999999999999", "ro.cnp", form=CENTURY_FIRST),
    Recogniser(OTHER, "9999999999999", "si.emso", form=DAY_FIRST),
    Recogniser(OTHER, "9-9999-99999-99-9 9_9999_99999_99_9", "th.pin"),
    Recogniser(OTHER, "9999999999999", "th.pin", ANY),
    Recogniser(OTHER, "9999999999999 999999_9999_999 999999_9999_99_9", _south_african, ANY),
    Recogniser(OTHER, "999999-9999999", "kr.rrn"),
    Recogniser(OTHER, "9999999999999", "kr.rrn", ANY),
    Recogniser("pii_france_nir", "999999999999999 9_99_99_99_999_999_99 9999999999999_99", french),
    Recogniser("pii_france_nir", "99999A999999999 9_99_9A_99_999_999_99", french),
    Recogniser(OTHER, AADHAAR, "in_.aadhaar", ANY),
    Recogniser(OTHER, AADHAAR, "jp.in_", ANY),
    Recogniser(OTHER, "999999999999 9999999999", "ru.inn", ANY),
    Recogniser("pii_netherlands_bsn", "999999999 99999999 9999.99.999 9999_99_999 999.999.999", "nl.bsn", BSN),
    Recogniser(OTHER, "999999999 999_999_999 999.999.999", "pt.nif", PORTUGUESE),
    Recogniser("pii_us_ssn", "999-99-9999", _plausible_ssn),
    Recogniser("pii_us_ssn", "999999999 999_99_9999 999.99.9999", _plausible_ssn, SSN),
    Recogniser(OTHER, "999999999 999-999-999 999_999_999", "ca.sin", SIN),
    Recogniser(OTHER, "999999999 99999999 999_999_999 999-999-999", "au.tfn", TFN),
    Recogniser(OTHER, "999999999", "il.idnr", ISRAELI),
    Recogniser(OTHER, "99999999 999999999 99-999-999 999-999-999", "nz.ird", IRD),
    Recogniser(OTHER, "99.999.999-9 99999999-9 9999999-9 9.999.999-9 99.999.999-A 99999999-A", "cl.rut", RUT),
    Recogniser(OTHER, "99999999 99.999.999", "ar.dni", DNI),
    Recogniser(OTHER, "99-99999999-9 99999999999", "ar.cuit", r"cui[lt]\b"),
    Recogniser(OTHER, "999999999999999999 99999999999999999A", "cn.ric"),
    Recogniser("pii_spain_dni", "99999999A 99999999-A", "es.dni"),
    Recogniser("pii_spain_dni", "9999999A 9999999-A", _short_dni, DNI),
    Recogniser("pii_spain_nie", "A9999999A A-9999999-A", "es.nie"),
    Recogniser("pii_spain_nie", "A99999999A A-99999999-A", _long_nie, r"nie\b"),
    Recogniser(OTHER, "9999999A 9999999AA", "ie.pps", PPS),
    Recogniser(OTHER, "A9999999A", _singapore),
    Recogniser("pii_italy_codice_fiscale", "AAAAAA99A99A999A", "it.codicefiscale"),
    Recogniser(OTHER, "AAAAA9999A", "in_.pan", PAN),
    Recogniser(OTHER, "AA999999A", nino),
    Recogniser(OTHER, "AAAA999999AAAAAA99 AAAA999999AAAAAAA9", "mx.curp"),
)


# A number that is called by its name is that number or none: another country's check digits may fit by chance.
NAMES: dict[str, tuple[str, tuple[Check, ...]]] = {
    "pesel": (r"pesel", ("pl.pesel",)),
    "estonian": (r"isikuko\w+|henkilökood\w+", ("ee.ik",)),
    "lithuanian": (r"asmens kod\w+", ("lt.asmens", "ee.ik")),
    "latvian": (r"personas kod\w+", (_latvian,)),
    "finnish": (r"hetu|henkilötunnu\w+", (_finnish,)),
    "norwegian": (r"fødselsnummer\w*", ("no.fodselsnummer",)),
    "croatian": (r"oib", ("hr.oib",)),
    "bulgarian": (r"egn|егн", ("bg.egn",)),
    "romanian": (r"cnp|cod numeric personal", ("ro.cnp",)),
    "dutch": (r"bsn|burgerservicenummer", ("nl.bsn",)),
    "brazilian": (r"cpf", ("br.cpf",)),
    "turkish": (r"tckn|tc kimlik(?: no)?", ("tr.tckimlik",)),
    "indian": (r"aadhaar(?: number)?", ("in_.aadhaar",)),
    "german": (r"steuer-?id\w*|idnr\.?", (_german,)),
    "swiss": (r"ahv(?:-nummer)?|avs(?: number)?", ("ch.ssn",)),
    "card": (r"card(?: number)?|iban|phone|tel(?:efon|\.)?|nip|regon", ()),
}
