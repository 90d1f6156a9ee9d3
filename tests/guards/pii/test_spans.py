"""Whatever the text: spans are valid, sorted and disjoint, and nothing that was found outlives the mask."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatapp.guards.pii import CATEGORIES, Span, disjoint, find, mask
from tests.guards.pii.samples import PRIVATE_KEY, body, card, estonian, iban

VALUES = [
    card("4", 16),
    iban("EE", "2200221020145685"),
    estonian(),
    "joe@corp-mail.eu",
    "+372 5128 5644",
    "gh" + "p_" + body(36),
    "password: kT7#" + body(8),
    "postgres://u:" + body(12) + "@db/x",
    PRIVATE_KEY,
    "api_key=" + body(32),
]
GLUE = st.text(max_size=12) | st.sampled_from(
    [" ", "\n", ", ", "\\n", '"', "'", ";", "😀", "İ", "\u200b", "=", ": ", "://"]
)
TEXTS = st.lists(st.sampled_from(VALUES) | GLUE, max_size=12).map("".join) | st.text(max_size=200)
SPANS = st.lists(
    st.builds(
        lambda start, length, category: Span(start, start + length, category),
        st.integers(0, 60),
        st.integers(1, 20),
        st.sampled_from(sorted(CATEGORIES)),
    ),
    max_size=8,
)


@given(TEXTS)
def test_spans_are_valid_sorted_and_disjoint(text: str) -> None:
    end = 0
    for span in find(text):
        assert end <= span.start < span.end <= len(text)
        assert span.category in CATEGORIES
        end = span.end


@given(TEXTS)
def test_the_mask_takes_every_span_out_and_leaves_the_rest(text: str) -> None:
    spans = find(text)
    masked = mask(text, spans)
    rest = masked
    done = 0
    for span in spans:
        kept = text[done : span.start]
        token = f"[{span.category}_REDACTED]"
        assert rest.startswith(kept + token)
        rest = rest[len(kept) + len(token) :]
        done = span.end
    assert rest == text[done:]


@given(st.lists(st.sampled_from(VALUES), max_size=6).map(" and ".join))
def test_a_masked_text_has_no_original_and_nothing_left_to_find(text: str) -> None:
    spans = find(text)
    masked = mask(text, spans)
    assert find(masked) == []
    assert all(text[span.start : span.end] not in masked for span in spans)


@given(SPANS)
def test_overlapping_spans_become_one_that_covers_all(spans: list[Span]) -> None:
    merged = disjoint(spans)
    places = {place for span in spans for place in range(span.start, span.end)}
    assert {place for span in merged for place in range(span.start, span.end)} == places
    assert all(first.end <= second.start for first, second in zip(merged, merged[1:], strict=False))


@given(SPANS, st.text(min_size=80, max_size=90))
def test_the_first_of_overlapping_spans_gives_the_category(spans: list[Span], text: str) -> None:
    masked = mask(text, spans)
    for span in disjoint(spans):
        begins = [one for one in spans if one.start == span.start]
        assert span.category in {one.category for one in begins}
        assert f"[{span.category}_REDACTED]" in masked
