"""The texts that forms and orders in an answer send as the person's next message (waldur 4.4 and 4.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chatapp.errors import Invalid

Question = Mapping[str, Any]

CREATE_ORDER = "Yes, please create this VM."
MODIFY_ORDER = "What can be changed?"
ENDS = (".", "!", "?")
LONGEST_OWN = 2_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody picked of a question, by the ids of the options, or wrote in place of that."""

    picked: Sequence[str] = ()
    own: str = ""


def to_form(questions: Sequence[Question], answers: Mapping[str, Answer]) -> str:
    """What the answers, by the questions' ids, say. Raises Invalid for what is missing or cannot be chosen."""
    return " ".join(_sentence(question, answers.get(question["id"], Answer())) for question in questions)


def to_project_form(project_uuid: str) -> str:
    return f"project_uuid: {project_uuid}"


def to_offering_form(offering_uuid: str) -> str:
    return f"offering_uuid: {offering_uuid}"


def to_vm_form(flavor: str, image: str) -> str:
    return f"Flavor: {flavor}. Image: {image}."


def answers_in(questions: Sequence[Question], reply: str) -> list[tuple[str, str]]:
    """What `to_form` has put into the reply, as pairs of name and answer; nothing when it was not made by it."""
    starts: list[int] = []
    for question in questions:
        name = f"{name_of(question)}: "
        start = reply.find(f" {name}", starts[-1]) + 1 if starts else 0
        if (starts and not start) or not reply.startswith(name, start):
            return []
        starts.append(start)
    ends = [*(start - 1 for start in starts[1:]), len(reply)]
    parts = [reply[start:end] for start, end in zip(starts, ends, strict=True)]
    names = map(name_of, questions)
    return [(name, _bare(part.removeprefix(f"{name}: "))) for name, part in zip(names, parts, strict=True)]


def name_of(question: Question) -> str:
    return str(question.get("header") or question["question"])


def _sentence(question: Question, answer: Answer) -> str:
    part = f"{name_of(question)}: {_said(question, answer)}"
    return part if part.endswith(ENDS) else f"{part}."


def _said(question: Question, answer: Answer) -> str:
    options = question.get("options") or []
    own = " ".join(answer.own.split())
    if len(own) > LONGEST_OWN:
        raise Invalid(f"An answer has at most {LONGEST_OWN:,} characters.", question["id"])
    if own and options and question.get("allowFreeText") is False:
        raise Invalid(f"Please choose one of the answers: {name_of(question)}", question["id"])
    if own:
        return f'"{own}"'
    labels = [str(option["label"]) for option in options if option["id"] in answer.picked]
    if not labels:
        raise Invalid(f"Please answer: {name_of(question)}", question["id"])
    if len(labels) > 1 and not question.get("multiSelect"):
        raise Invalid(f"Please choose one answer only: {name_of(question)}", question["id"])
    return ", ".join(labels)


def _bare(said: str) -> str:
    said = said.removesuffix(".")
    is_own = len(said) > 1 and said[0] == said[-1] == '"'
    return said[1:-1] if is_own else said
