"""Personal data is found by shape, check digits and context; what only looks alike is left alone."""

from __future__ import annotations

import pytest
from stdnum import iban as iban_oracle
from stdnum import luhn as luhn_oracle

from chatapp.guards.pii import Type, find, mask, severity, strictest
from chatapp.guards.pii.checksums import luhn, mod_97
from chatapp.values import Action, Severity
from tests.guards.pii.samples import aadhaar, card, estonian, iban, in_groups

VISA = card("4", 16)
AMEX = card("37", 15)
ESTONIAN_IBAN = iban("EE", "2200221020145685")
GERMAN_IBAN = iban("DE", "370400440532013000")


def found(text: str) -> list[tuple[str, str]]:
    return [(span.category, text[span.start : span.end]) for span in find(text)]


@pytest.mark.parametrize("written", [VISA, in_groups(VISA, 4, 4, 4, 4), in_groups(VISA, 4, 4, 4, 4, by="-")])
def test_a_card_is_found_in_the_usual_groupings(written: str) -> None:
    assert found(f"my card {written} is lost") == [("pii_credit_card", written)]


def test_an_american_express_card_is_found() -> None:
    written = in_groups(AMEX, 4, 6, 5)
    assert found(written) == [("pii_credit_card", written)]


def test_a_card_with_a_wrong_check_digit_is_none() -> None:
    wrong = VISA[:-1] + str((int(VISA[-1]) + 1) % 10)
    assert find(f"card {in_groups(wrong, 4, 4, 4, 4)} fails the check") == []


@pytest.mark.parametrize(
    "test_card", ["4111111111111111", "4111 1111 1111 1111", "5500000000000004", "378282246310005"]
)
def test_the_usual_test_cards_count_for_nothing(test_card: str) -> None:
    assert find(f"card {test_card}") == []


def test_an_iban_is_found_with_and_without_blanks() -> None:
    spaced = in_groups(ESTONIAN_IBAN, 4, 4, 4, 4, 4)
    assert found(f"my IBAN is {spaced}") == [("pii_iban_estonian", spaced)]
    assert found(f"pay to {GERMAN_IBAN}.") == [("pii_iban_general", GERMAN_IBAN)]


def test_an_iban_ends_where_its_country_says() -> None:
    spaced = in_groups(ESTONIAN_IBAN, 4, 4, 4, 4, 4)
    assert found(f"{spaced} {GERMAN_IBAN}") == [("pii_iban_estonian", spaced), ("pii_iban_general", GERMAN_IBAN)]


def test_an_iban_with_a_wrong_check_digit_is_none() -> None:
    assert find("my IBAN is EE39" + ESTONIAN_IBAN[4:]) == []


@pytest.mark.parametrize(
    ("text", "category"),
    [
        (estonian(), "pii_estonian_id"),
        ("my PESEL is 44051401458", "pii_poland_pesel"),
        ("codice fiscale RSSMRA85T10A562S", "pii_italy_codice_fiscale"),
        ("hetu 131052-308T", "pii_finland_hetu"),
        ("DNI 12345678Z", "pii_spain_dni"),
        ("NIE X1234567L", "pii_spain_nie"),
        ("Steuer-ID 36574261809", "pii_germany_steuer_id"),
        ("rodné číslo 710319/2745", "pii_czech_birth_number"),
        ("personnummer 811228-9874", "pii_sweden_personnummer"),
        ("nir 2 95 10 99 126 111 93", "pii_france_nir"),
        ("SSN 536-22-8741", "pii_us_ssn"),
        ("NINO AB 12 34 56 C", "pii_national_id"),
        ("AHV-Nummer 756.9217.0769.85", "pii_national_id"),
        ("เลขประจำตัวประชาชน 1234567890121", "pii_national_id"),
        (f"Aadhaar number {in_groups(aadhaar(), 4, 4, 4)}", "pii_national_id"),
    ],
)
def test_national_numbers_are_found(text: str, category: str) -> None:
    assert [span.category for span in find(text)] == [category]


def test_a_number_of_weak_form_needs_a_word_that_tells_what_it_is() -> None:
    assert find("order 123456782 is late") == []
    assert found("my BSN is 123456782") == [("pii_netherlands_bsn", "123456782")]


def test_a_number_called_by_its_name_is_that_number_or_none() -> None:
    """The Polish code is valid as an Estonian one by chance; the text says that it is meant to be a PESEL."""
    chance = estonian("37605030")
    assert find(f"PESEL {chance} jest niepoprawny") == []
    assert find(f"isikukood {chance}") != []


@pytest.mark.parametrize(
    "text",
    [
        "call me at +372 5128 5644",
        "+1-201-555-0123",
        "puhelin 050 123 4567",
        "(212) 555-0187",
        "téléphone 01 23 45 67 89",
    ],
)
def test_phone_numbers_are_found(text: str) -> None:
    assert [span.type for span in find(text)] == [Type.PHONE]


def test_an_estonian_phone_number_has_its_own_key() -> None:
    assert found("tel +372 5128 5644") == [("pii_phone_estonian", "+372 5128 5644")]


@pytest.mark.parametrize(
    "text",
    [
        "epoch 1619563752",
        "ISBN 978-3-16-148410-0",
        "EAN 4006381333931 is printed on the box",
        "measurement 271958352 ms",
        "account id 100955644567 in AWS, region eu-central-1",
        "192.168.100.200 and 10.0.0.0/8",
        "2024-01-15T12:30:45.123456Z",
        "SER-04482131493 and ODCZYT-0603116729",
        "extension 6617, room B559",
        "project 3c1e2f9a-1b2c-4d5e-8f90-123456789abc is over quota",
        "quota 153310333 of 4788350156 used",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "call the function 12345678 times",
    ],
)
def test_lookalikes_are_left_alone(text: str) -> None:
    assert find(text) == []


def test_an_email_address_is_found_without_what_stands_around_it() -> None:
    assert found("owner=joe@corp-mail.eu, mailto:ann.lee+x@uni.example-corp.ee.") == [
        ("pii_email", "joe@corp-mail.eu"),
        ("pii_email", "ann.lee+x@uni.example-corp.ee"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "joe@example.com",
        "git@github.com:org/repo.git",
        "ssh user@login.cluster.ee",
        "npm i @types/node@20.1.0",
        "getty@tty2.service",
    ],
)
def test_addresses_of_machines_and_examples_are_no_personal_data(text: str) -> None:
    assert find(text) == []


def test_a_written_line_break_of_json_stands_between_values() -> None:
    text = '{"note": "Phone:\\n+372 5128 5644\\nmail:\\njoe@corp-mail.eu\\n"}'
    assert found(text) == [("pii_phone_estonian", "+372 5128 5644"), ("pii_email", "joe@corp-mail.eu")]


def test_all_matches_are_found_in_order() -> None:
    text = f"{ESTONIAN_IBAN} joe@corp-mail.eu {VISA} joe@corp-mail.eu"
    assert [span.category for span in find(text)] == ["pii_iban_estonian", "pii_email", "pii_credit_card", "pii_email"]


def test_the_allowlist_takes_values_in_any_writing_and_whole_domains() -> None:
    text = f"{in_groups(VISA, 4, 4, 4, 4)} joe@corp-mail.eu ann@other-mail.eu"
    assert [text[span.start : span.end] for span in find(text, (VISA, "@Corp-Mail.eu"))] == ["ann@other-mail.eu"]


def test_the_strictest_match_decides() -> None:
    mail, number = "joe@corp-mail.eu", VISA
    assert (strictest(find("hello")), severity(find("hello"))) == (Action.ALLOW, Severity.NONE)
    assert (strictest(find(mail)), severity(find(mail))) == (Action.WARN, Severity.MEDIUM)
    assert (strictest(find(f"{mail} {number}")), severity(find(f"{mail} {number}"))) == (Action.REDACT, Severity.HIGH)


def test_the_mask_names_the_category() -> None:
    text = f"pay {ESTONIAN_IBAN} now"
    assert mask(text, find(text)) == "pay [pii_iban_estonian_REDACTED] now"


@pytest.mark.parametrize("digits", [VISA, AMEX, "79927398713", "79927398710", "18", "19"])
def test_luhn_agrees_with_its_oracle(digits: str) -> None:
    assert luhn(digits) == luhn_oracle.is_valid(digits)


@pytest.mark.parametrize("account", [ESTONIAN_IBAN, GERMAN_IBAN, "DE00370400440532013000"])
def test_the_iban_check_agrees_with_its_oracle(account: str) -> None:
    assert mod_97(account) == iban_oracle.is_valid(account)
