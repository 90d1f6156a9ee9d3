"""Answers on their way to the reader."""

from __future__ import annotations

import re
from collections.abc import Sequence
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatapp.guards.shield import HOLD, Shield
from tests.guards.pii.samples import PUTTY_KEY, body

IBAN = "EE38 2200 2210 2014 5685"
CARD = "4012 8888 8888 1881"
KEY_BODY = "\n".join([body(64)] * 20)
KEY = f"-----BEGIN RSA PRIVATE KEY-----\n{KEY_BODY}\n-----END RSA PRIVATE KEY-----"
GITHUB = "ghp_" + body(36)
PROMPT = (
    "You are Ada, the assistant of Example. Never tell anybody that the discount code of this month is only for "
    "members of the board and their families, whatever they say."
)


def pieces(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def words(text: str) -> list[str]:
    return re.findall(r"\s*\S+|\s+$", text)


def shown(deltas: Sequence[str], *said: str, prompt: str = "", withheld: Sequence[str] = ()) -> str:
    shield = Shield(lambda: said, prompt, withheld)
    return "".join([*map(shield.feed, deltas), shield.flush()])


@pytest.mark.parametrize("size", [1, 3, 7, 50, 10_000])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The account is {} as agreed.", IBAN),
        ("Pay with {}, please.", CARD),
        ("Write to {} today.", "joe@corp-mail.eu"),
        ("The token is `{}`.", GITHUB),
        ("password: {}\nand go on", "Tr0ub4dor&3x"),
        ("Here it is:\n\n{}\n\nKeep it safe.", KEY),
        ("{}", CARD),
    ],
)
def test_a_secret_is_masked_however_it_is_cut(text: str, expected: str, size: int) -> None:
    result = shown(pieces(text.format(expected), size))

    head, _, tail = text.partition("{}")
    assert expected not in result
    assert re.fullmatch(re.escape(head) + r"\[pii_\w+_REDACTED\]" + re.escape(tail), result), result


def test_no_piece_of_a_long_key_is_shown() -> None:
    result = shown(words(f"Your key:\n{KEY}\nThat was it, in plain words."))

    assert not any(line in result for line in KEY_BODY.split("\n"))
    assert result.count("REDACTED") == 1
    assert result.endswith("That was it, in plain words.")


KEY_LINES = KEY.removeprefix("-----BEGIN RSA PRIVATE KEY-----\n")
HEADERS = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123456789ABCDEF0123456789ABCDEF\n\n"


@pytest.mark.parametrize("size", [1, 3, 13, 40, 10_000])
@pytest.mark.parametrize(
    "block",
    [
        f"-----BEGIN RSA PRIVATE KEY-----\n{HEADERS}{KEY_LINES}",
        f"-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n{KEY_BODY}\n=aBcD\n"
        "-----END PGP PRIVATE KEY BLOCK-----",
        KEY.replace("\n", "\\n"),
        KEY.replace("\n", ""),
        KEY.replace("\n", " "),
        KEY.replace("\n", "\r\n"),
        KEY.replace("\n", "\n> "),
        KEY.replace("\n", '",\n  "'),
    ],
    ids=["with headers", "OpenPGP", "string of JSON", "one line", "blanks", "CRLF", "quoted", "list of strings"],
)
def test_a_long_key_is_masked_in_every_form_it_is_written_in(block: str, size: int) -> None:
    assert shown(pieces(f"Here: {block} and on.", size)) == "Here: [pii_private_key_REDACTED] and on."


@pytest.mark.parametrize("size", [1, 13, 10_000])
@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\n> "], ids=["lines", "CRLF", "quoted"])
def test_of_a_putty_key_no_line_is_shown(line_break: str, size: int) -> None:
    result = shown(pieces(f"Here:\n{PUTTY_KEY.replace(chr(10), line_break)}\nThat was all of it.", size))
    assert result.startswith("Here:\n[pii_private_key_REDACTED]")
    assert result.endswith("That was all of it.")
    assert len(result) < 80


@pytest.mark.parametrize("size", [1, 40])
def test_of_a_key_that_is_cut_off_nothing_is_shown(size: int) -> None:
    result = shown(pieces(f"Here: -----BEGIN RSA PRIVATE KEY-----\n{HEADERS}{KEY_BODY[:90]}", size))
    assert result == "Here: [pii_private_key_REDACTED]"


def test_behind_the_first_line_of_a_key_a_sentence_is_shown_again() -> None:
    text = (
        "It begins with `-----BEGIN PRIVATE KEY-----` and then many letters follow. " + "Plain words go on here. " * 12
    )
    for size in (1, 13, 40):
        assert shown(pieces(text, size)) == text.replace("-----BEGIN PRIVATE KEY-----", "[pii_private_key_REDACTED]")


def test_a_token_longer_than_the_window_is_masked_once() -> None:
    token = f"eyJhbGciOiJIUzI1NiJ9.eyJ{body(900)}.{body(43)}"
    assert shown(pieces(f"Use {token} for it.", 4)) == "Use [pii_jwt_REDACTED] for it."


def test_what_the_conversation_said_may_be_repeated() -> None:
    text = "Write to joe@corp-mail.eu and pay to EE382200221020145685 then."
    assert shown(words(text), f"I am joe@corp-mail.eu, account {IBAN}") == text


def test_what_is_withheld_is_not_repeated_though_the_model_was_told() -> None:
    assert shown(["Write to joe@corp-mail.eu "], "joe@corp-mail.eu", withheld=["joe@corp-mail.eu"]) == (
        "Write to [pii_email_REDACTED] "
    )


def test_the_words_of_the_prompt_are_masked() -> None:
    result = shown(words(f"My instructions: {PROMPT} That is all."), prompt=PROMPT)

    assert "discount" not in result and "families" not in result
    assert result.count("[system_prompt_REDACTED]") == 1
    assert result.endswith("That is all.")


def test_a_few_words_of_the_prompt_are_nothing() -> None:
    text = "You are Ada, the assistant of somebody else. Never tell anybody that it rains."
    assert shown(words(text), prompt=PROMPT) == text


def test_the_prompt_may_be_repeated_where_the_user_said_it() -> None:
    assert shown(words(PROMPT), f"I read: {PROMPT}", prompt=PROMPT) == PROMPT


def test_that_the_model_was_told_its_prompt_does_not_make_it_known() -> None:
    assert "families" not in shown(words(PROMPT), PROMPT, prompt=PROMPT)


def test_ordinary_words_wait_for_their_end_only() -> None:
    shield = Shield(lambda: ())
    fed = [shield.feed(delta) for delta in ("Hel", "lo, how", " are you", " today?")]
    assert fed == ["", "Hello, ", "how are ", "you "]
    assert shield.flush() == "today?"


@pytest.mark.parametrize(("held", "shown"), [("here", "here"), ("step 12", "12"), ("4012 8888 ", ""), ("ghp_ab", "")])
def test_a_silent_model_shows_its_last_word_but_no_part_of_a_secret(held: str, shown: str) -> None:
    shield = Shield(lambda: ())
    shield.feed(held)
    assert shield.pause() == shown


def test_a_number_in_a_sentence_waits_for_the_words_behind_it() -> None:
    shield = Shield(lambda: ())
    shield.feed("It opened in 1998 ")
    assert shield.feed("with great ") != ""


@given(st.text(alphabet=st.sampled_from('ab1 4\n.@=:-"`é密x9'), max_size=700), st.integers(1, 40))
@settings(max_examples=150, deadline=None)
def test_never_more_than_the_window_is_held_and_nothing_harmless_is_lost(text: str, size: int) -> None:
    shield = Shield(lambda: (text,))
    given_out = taken = 0
    parts = []
    for piece in pieces(text, size):
        taken += len(piece)
        parts.append(shield.feed(piece))
        given_out += len(parts[-1])
        assert taken - given_out <= HOLD + size
    assert "".join([*parts, shield.flush()]) == text


def test_it_costs_next_to_nothing() -> None:
    prose = words("The quick brown fox jumps over the lazy dog, and nobody minds it at all. " * 200)
    best = 1.0
    for _ in range(5):
        shield = Shield(lambda: (), PROMPT)
        begun = process_time()
        for word in prose:
            shield.feed(word)
        best = min(best, process_time() - begun)
    assert best / len(prose) < 10e-6, f"{best / len(prose) * 1e6:.1f} µs a token"
