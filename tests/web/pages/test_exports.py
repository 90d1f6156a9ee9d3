"""Conversations as files and as a page to print."""

from __future__ import annotations

import base64
import hashlib
import re
import tracemalloc
from datetime import UTC, datetime

import orjson
import pytest
from sqlalchemy import insert, update

from chatapp.core import exports, feedback, threads
from chatapp.db import new_id, now, session, transaction
from chatapp.models import Message, Thread
from tests.people import People
from tests.web.pages.dom import parse
from tests.web.pages.visitor import Asked, Visitor


def lengthen(asked: Asked, count: int, size: int = 1) -> None:
    """More messages, as if they had been written."""
    thread = session.get_one(Thread, asked.thread_id)
    first = thread.last_index + 1
    rows = []
    for place in range(first, first + count):
        role = "user" if place % 2 else "assistant"
        text = " ".join([f"Message {place}"] * size)
        blocks = [] if place % 2 else [{"id": f"b{place}", "key": "markdown", "status": "complete", "content": text}]
        rows.append(
            {
                "id": new_id(),
                "thread_id": thread.id,
                "user_id": thread.user_id,
                "role": role,
                "sequence_index": place,
                "content": text,
                "blocks": blocks,
                "created": now(),
                "modified": now(),
            }
        )
    with transaction():
        session.execute(insert(Message), rows)
        last = {"last_index": first + count - 1, "message_count": first + count - 1}
        session.execute(update(Thread).where(Thread.id == thread.id).values(**last))
        session.expire(thread)


def address(asked: Asked, ending: str) -> str:
    return f"/chat/{asked.thread_id}/export.{ending}"


def test_markdown_holds_what_was_said_last(ana: Visitor) -> None:
    asked = ana.answer("Before")
    ana.answer("After **all**", mode="edit", thread_id=asked.thread_id, message_id=asked.message_id)
    response = ana.get(address(asked, "md"))
    assert response.mimetype == "text/markdown"
    assert re.search(r"## You\n\nAfter \*\*all\*\*\n\n## Assistant\n\nYou said: After \*\*all\*\*\n$", response.text)
    assert "Before\n" not in response.text.partition("## You")[2]


FORM = {
    "context": "First this.",
    "questions": [{"question": "Which size?", "options": [{"label": "S"}, {"label": "L"}]}],
}


def test_markdown_holds_what_tools_did_and_asked(ana: Visitor) -> None:
    asked = ana.answer(
        f'Begin\n/tool calculate {{"expression": "6 * 7"}}\n/tool ask_user {orjson.dumps(FORM).decode()}'
    )
    text = ana.get(address(asked, "md")).text
    assert "Begin\n\n> Tool `calculate` was used: 6 * 7 = 42\n\nTool calculate returned" in text
    assert text.endswith("First this.\n\n- Which size?\n    - S\n    - L\n")


def test_json_holds_every_version_and_the_feedback(ana: Visitor, people: People) -> None:
    asked = ana.answer("Before")
    feedback.rate(people.ana.user, asked.answer_id, False, "Too \u201clong\u201d", "inaccurate")
    ana.answer("After", mode="edit", thread_id=asked.thread_id, message_id=asked.message_id)
    document = orjson.loads(ana.get(address(asked, "json")).data)
    assert document["id"] == str(asked.thread_id)
    said = [(m["place"], m["role"], m["content"], m["is_current"]) for m in document["messages"]]
    assert said == [
        (1, "user", "Before", False),
        (1, "user", "After", True),
        (2, "assistant", "You said: Before", False),
        (2, "assistant", "You said: After", True),
    ]
    assert document["messages"][2]["feedback"]["comment"] == "Too \u201clong\u201d"
    assert document["messages"][3]["feedback"] is None


def test_nothing_of_the_guards_is_exported(ana: Visitor, people: People) -> None:
    asked = ana.answer("Watch me")
    found = {"is_flagged": True, "severity": "high", "pii_categories": ["SSN-FOUND"], "injection_score": 0.987}
    with transaction():
        session.execute(update(Message).where(Message.thread_id == asked.thread_id).values(**found))
    for ending in ("md", "json", "html"):
        text = ana.get(address(asked, ending)).text
        for hidden in ("SSN-FOUND", "0.987", "severity", "is_flagged", "injection", "action_taken"):
            assert hidden not in text


def test_the_file_needs_nothing_else(ana: Visitor) -> None:
    asked = ana.answer("Write a Python function that adds two numbers")
    response = ana.get(address(asked, "html"))
    assert response.headers["Content-Disposition"].startswith("attachment;")
    page = parse(response.text)
    style = page.find("style").text
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in page.find("meta", http_equiv="Content-Security-Policy").attributes["content"]
    assert not page.has("script") and not page.has("link") and not page.has("img")
    assert "@import" not in style and "url(../" not in style and 'url("../' not in style
    assert not [e for e in page.all() if "style" in e.attributes or "src" in e.attributes]
    assert page.has("code")


def test_what_somebody_wrote_stays_text(ana: Visitor) -> None:
    attack = "</style></title><script>alert(1)</script>"
    asked = ana.answer(attack)
    ana.post(f"/chat/{asked.thread_id}/rename/", data={"title": attack})
    for path in (address(asked, "html"), f"/chat/{asked.thread_id}/print/", f"/chat/{asked.thread_id}/share/"):
        text = ana.get(path).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text


def test_the_printed_page_shows_the_whole_conversation(ana: Visitor) -> None:
    asked = ana.answer("To paper")
    lengthen(asked, 148)
    articles = ana.page(f"/chat/{asked.thread_id}/print/").all("article")
    assert len(articles) == 150
    assert articles[-1].find(class_="blocks").text == "Message 150"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Plans for 2027", "Plans-for-2027-2026-11-22.md"),
        ("../../etc/passwd", "etc-passwd-2026-11-22.md"),
        ('a/b\\c:d*e?f"g<h>i|j\r\nk\x00l', "a-b-c-d-e-f-g-h-i-j-k-l-2026-11-22.md"),
        ("CON", "CON-2026-11-22.md"),
        ("   ", "Conversation-2026-11-22.md"),
        ("\u202egpj.exe", "gpj-exe-2026-11-22.md"),
        ("Tere, \u00f5htu \u2600", "Tere-\u00f5htu-2026-11-22.md"),
        (None, "Conversation-2026-11-22.md"),
        ("x" * 150, "x" * 80 + "-2026-11-22.md"),
    ],
)
def test_a_file_is_named_so_that_every_system_takes_it(title: str | None, name: str) -> None:
    assert exports.file_name(title, datetime(2026, 11, 22, tzinfo=UTC), "md") == name


def test_a_title_cannot_break_out_of_the_header(ana: Visitor) -> None:
    asked = ana.answer("x")
    ana.post(f"/chat/{asked.thread_id}/rename/", data={"title": 'a"; filename=evil.exe; \u00f5\u4e16'})
    header = ana.get(address(asked, "md")).headers["Content-Disposition"]
    assert header.startswith("attachment; filename")
    assert "evil.exe" not in header
    assert header.isascii()
    assert "filename*=UTF-8''a-filename-evil-exe-%C3%B5%E4%B8%96-" in header


def test_memory_does_not_grow_with_the_conversation(ana: Visitor, people: People) -> None:
    asked = ana.answer("Long")
    lengthen(asked, 998, size=200)  # 2.6 kB each

    def peak(places: int) -> int:
        thread = threads.get_own(people.ana.user, asked.thread_id)
        session.expunge_all()
        thread.last_index = places
        tracemalloc.start()
        for _ in exports.as_json(thread):
            pass
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(200)
    assert peak(1_000) < 1.5 * peak(200)
