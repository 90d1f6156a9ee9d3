"""What forms and orders send as the person's next message."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.core import replies
from chatapp.core.replies import Answer
from chatapp.errors import Invalid


def question(number: int = 0, *labels: str, **fields: Any) -> dict[str, Any]:
    options = [{"id": f"q{number}o{at}", "label": label} for at, label in enumerate(labels)]
    return {
        "id": f"q{number}",
        "question": "Where should it live?",
        **({"options": options} if labels else {}),
        **fields,
    }


PLACE = question(0, "Alpha", "Beta", header="Project")
SIZES = question(1, "Small", "Large", question="Which sizes?", multiSelect=True)
NOTE = question(2, question="Anything else?")


def test_answers_become_one_line_of_sentences() -> None:
    answers = {"q0": Answer(["q0o1"]), "q1": Answer(["q1o0", "q1o1"]), "q2": Answer(own=" no\n thanks ")}
    text = 'Project: Beta. Which sizes?: Small, Large. Anything else?: "no thanks".'
    assert replies.to_form([PLACE, SIZES, NOTE], answers) == text


@pytest.mark.parametrize(("label", "end"), [("Yes!", "Yes!"), ("Why?", "Why?"), ("Inc.", "Inc."), ("Beta", "Beta.")])
def test_what_ends_a_sentence_gets_no_full_stop(label: str, end: str) -> None:
    assert replies.to_form([question(0, "x", label)], {"q0": Answer(["q0o1"])}).endswith(end)


def test_own_words_take_the_place_of_what_was_picked() -> None:
    assert replies.to_form([PLACE], {"q0": Answer(["q0o0"], "Gamma")}) == 'Project: "Gamma".'


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (PLACE, Answer()),
        (PLACE, Answer(own="  ")),
        (PLACE, Answer(["nonsense"])),
        (PLACE, Answer(["q0o0", "q0o1"])),
        (PLACE | {"allowFreeText": False}, Answer(own="Gamma")),
        (PLACE, Answer(own="x" * (replies.LONGEST_OWN + 1))),
    ],
)
def test_what_is_missing_or_cannot_be_chosen_is_refused(asked: dict[str, Any], answer: Answer) -> None:
    with pytest.raises(Invalid) as refusal:
        replies.to_form([asked], {"q0": answer})
    assert refusal.value.field == "q0"


def test_a_question_without_options_takes_words_whatever_it_says_of_them() -> None:
    assert replies.to_form([NOTE | {"allowFreeText": False}], {"q2": Answer(own="no")}) == 'Anything else?: "no".'


def test_the_answers_are_found_again_in_the_reply() -> None:
    text = 'Project: Beta. Which sizes?: Small, Large. Anything else?: "no thanks".'
    found = replies.answers_in([PLACE, SIZES, NOTE], text)
    assert found == [("Project", "Beta"), ("Which sizes?", "Small, Large"), ("Anything else?", "no thanks")]


@pytest.mark.parametrize(
    "reply", ["", "Beta", "Project: Beta.", "Which sizes?: Small. Project: Beta.", "the Project: Beta"]
)
def test_other_words_are_no_answers(reply: str) -> None:
    assert replies.answers_in([PLACE, SIZES], reply) == []


WORDS = st.text(st.characters(whitelist_categories=["L", "P"]), min_size=1, max_size=20).filter(
    lambda text: text.strip()
)


@given(WORDS, WORDS, WORDS)
def test_whatever_is_answered_is_found_again(first: str, second: str, third: str) -> None:
    asked = [question(0, first, f"{first}2"), NOTE, PLACE | {"id": "q3"}]
    answers = {"q0": Answer(["q0o0"]), "q2": Answer(own=second + third), "q3": Answer(["q0o1"])}
    found = replies.answers_in(asked, replies.to_form(asked, answers))
    assert [name for name, _ in found] == ["Where should it live?", "Anything else?", "Project"]
    assert found[2][1] == "Beta"
    assert found[0][1] == first.removesuffix(".") or '"' in first


def test_the_older_forms_name_what_was_chosen() -> None:
    assert replies.to_project_form("6f") == "project_uuid: 6f"
    assert replies.to_offering_form("70") == "offering_uuid: 70"
    assert replies.to_vm_form("m1.small", "Debian 12") == "Flavor: m1.small. Image: Debian 12."
