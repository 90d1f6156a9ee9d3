"""Fixed words, found all at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatapp.guards.terms import SHORT, Terms

WORDS = ("pw", "pass", "password", "key", "密码", "密碼", "\U0001f600x", "rot 13")
TERMS = Terms(WORDS)


@given(st.lists(st.sampled_from((*WORDS, " ", "p", "e", "秘")), max_size=60), st.booleans())
def test_every_word_is_found_where_it_stands(parts: list[str], is_long: bool) -> None:
    text = "".join(parts) + "." * (SHORT * is_long)
    expected = {word: [place for place in range(len(text)) if text.startswith(word, place)] for word in WORDS}
    assert TERMS.places(text) == {word: places for word, places in expected.items() if places}
