"""Files in the browser: sent beforehand or with the question, looked at, taken back."""

from __future__ import annotations

import io
import zipfile
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from chatapp.core import ingestion
from chatapp.db import release, session
from chatapp.models import Artifact, Attachment
from tests import files
from tests.web.pages.dom import Element, parse
from tests.web.pages.visitor import HTMX, Visitor

# What the store has a part in is looked at in tests/core.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

WORDS = b"The plan is simple."


def upload(browser: Visitor, data: bytes = WORDS, name: str = "plan.txt", **headers: str) -> TestResponse:
    head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = head.encode() + data + b"\r\n--x--\r\n"
    return browser.post(
        "/chat/files/", data=body, content_type="multipart/form-data; boundary=x", headers=HTMX | headers
    )


def uploaded(browser: Visitor, *args: Any) -> UUID:
    response = upload(browser, *args)
    assert response.status_code == 201, response.text
    return UUID(parse(response.text).find("li").attributes["data-file"])


def names(part: Element) -> list[str]:
    return [found.text for found in part.all(class_="file-name")]


def count(model: type) -> int | None:
    release()
    return session.scalar(select(func.count()).select_from(model))


def test_a_file_that_goes_up_is_shown_to_be_read(ana: Visitor) -> None:
    chip = parse(upload(ana).text).find("li")
    assert names(chip) == ["plan.txt"]
    assert chip.attributes["data-state"] == "reading"
    assert "Being read" in chip.text
    release()
    ingestion.run_pending()
    chip = parse(ana.get(chip.attributes["hx-get"]).text).find("li")
    assert "data-state" not in chip.attributes
    assert "hx-get" not in chip.attributes
    assert "Text, 19 bytes" in chip.text


def test_what_could_not_be_read_says_why(ana: Visitor) -> None:
    file = uploaded(ana, b"%PDF-1.7 nothing", "x.pdf")
    release()
    ingestion.run_pending()
    chip = parse(ana.get(f"/chat/files/{file}/state/").text).find("li")
    assert chip.attributes["data-state"] == "failed"
    assert "cannot read it: it is damaged" in chip.text


@pytest.mark.parametrize(
    ("data", "name", "status", "said"),
    [
        (b"", "empty.txt", 400, "empty"),
        (b"MZ\0\0\1", "invoice.pdf", 415, "not taken"),
        (b"x" * (26 * 1024 * 1024), "big.txt", 413, "at most 25 MB"),
    ],
)
def test_a_refused_file_leaves_nothing_and_says_why(
    ana: Visitor, data: bytes, name: str, status: int, said: str
) -> None:
    response = upload(ana, data, name)
    assert response.status_code == status
    assert said in parse(response.text).find(data_error_message="").text
    assert count(Artifact) == 0


def test_a_request_without_a_file_is_refused(ana: Visitor) -> None:
    assert ana.post("/chat/files/", data={"text": "x"}, headers=HTMX).status_code == 400


def test_a_question_comes_with_its_files_now_and_later(ana: Visitor) -> None:
    plan, photo = uploaded(ana), uploaded(ana, files.png(), "photo.png")
    release()
    ingestion.run_pending()
    response = ana.send("What is the plan?", file=[plan, photo])
    question = parse(response.text).all("article", data_role="user")[0]
    assert names(question) == ["plan.txt", "photo.png"]
    assert question.find("img").attributes["src"] == f"/chat/files/{photo}/content"
    thread = parse(response.text).find(id="composer-controls").find("input", name="thread_id").attributes["value"]
    page = ana.page(f"/chat/{thread}/")
    assert names(page.find("article", data_role="user")) == ["plan.txt", "photo.png"]
    assert names(page.find(id="composer-files")) == []


def test_an_edited_question_keeps_its_files(ana: Visitor) -> None:
    asked = ana.answer("One", file=uploaded(ana))
    ana.answer("Two", mode="edit", thread_id=asked.thread_id, message_id=asked.message_id)
    page = ana.page(f"/chat/{asked.thread_id}/")
    assert names(page.find("article", data_role="user")) == ["plan.txt"]


@pytest.mark.parametrize("file", [str(UUID(int=7)), "nonsense"])
def test_a_question_does_not_go_without_a_file_it_names(ana: Visitor, file: str) -> None:
    response = ana.send("Hello", file=file)
    assert response.status_code == 400
    assert count(Attachment) == 0


def test_without_script_the_form_brings_the_files_along(ana: Visitor) -> None:
    form = {"text": "What is it?", "thread_id": "", "upload": [(io.BytesIO(WORDS), "plan.txt")]}
    response = ana.post("/chat/send/", data=form)
    assert response.status_code == 303
    page = ana.page(response.location.partition("?")[0])
    assert names(page.find("article", data_role="user")) == ["plan.txt"]


def test_without_script_a_form_without_files_is_as_before(ana: Visitor) -> None:
    form = {"text": "Hello", "thread_id": "", "upload": (io.BytesIO(b""), "")}
    assert ana.post("/chat/send/", data=form).status_code == 303
    assert count(Artifact) == 0


def test_without_script_a_refused_file_costs_neither_the_words_nor_the_other_files(ana: Visitor) -> None:
    kept = uploaded(ana)
    form = {"text": "My long question", "thread_id": "", "file": str(kept)}
    response = ana.post("/chat/send/", data=form | {"upload": (io.BytesIO(b"MZ\0\0"), "x.exe")})
    assert response.status_code == 415
    page = parse(response.text)
    assert page.find("textarea", id="composer-text").text == "My long question"
    assert page.find("input", name="file").attributes["value"] == str(kept)
    assert "not taken" in page.find(id="composer-error").text


def test_the_files_of_a_draft_come_back(ana: Visitor, ben: Visitor) -> None:
    mine, his = uploaded(ana), uploaded(ben)
    found = parse(ana.get(f"/chat/files/?file={mine}&file={his}&file={UUID(int=7)}").text)
    assert [chip.attributes["data-file"] for chip in found.all("li")] == [str(mine)]


def test_a_file_can_be_taken_back_until_it_is_used(ana: Visitor) -> None:
    assert ana.post(f"/chat/files/{uploaded(ana)}/remove/", headers=HTMX).status_code == 204
    assert count(Artifact) == 0
    used = uploaded(ana)
    ana.answer("Hello", file=used)
    assert ana.post(f"/chat/files/{used}/remove/", headers=HTMX).status_code == 204
    assert ana.post(f"/chat/files/{used}/remove/").status_code == 409
    assert count(Artifact) == 1


def test_a_file_is_saved_and_never_opened(ana: Visitor) -> None:
    data = "<script>alert('Grüße')</script>".encode()
    file = uploaded(ana, data, "Grüße.html")
    response = ana.get(f"/chat/files/{file}/content")
    assert response.data == data
    assert response.headers["Content-Type"] == "text/html"
    names = "filename=Grue.html; filename*=UTF-8''Gr%C3%BC%C3%9Fe.html"
    assert response.headers["Content-Disposition"] == f"attachment; {names}"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == "sandbox"
    assert response.headers["Content-Length"] == str(len(data))
    again = ana.get(f"/chat/files/{file}/content", headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_look_at_a_file_shows_what_the_assistant_reads(ana: Visitor) -> None:
    file = uploaded(ana, b"a <b>word</b>\n" * 1000, "notes.txt")
    release()
    ingestion.run_pending()
    page = ana.page(f"/chat/files/{file}/")
    assert page.find("h1").text == "notes.txt"
    assert page.find("pre").text == ("a <b>word</b>\n" * 1000)[:5000]
    dialog = parse(ana.get(f"/chat/files/{file}/", headers=HTMX).text).find("dialog")
    assert "the first 5,000 of 14,000 characters" in " ".join(dialog.text.split())


def test_the_files_of_others_are_not_found(app: Flask, ana: Visitor, ben: Visitor) -> None:
    file = uploaded(ana)
    for part in ("", "state/", "content"):
        assert ben.get(f"/chat/files/{file}/{part}").status_code == 404
    assert ben.post(f"/chat/files/{file}/remove/", headers=HTMX).status_code == 404
    assert ben.send("Hello", file=file).status_code == 400
    assert count(Artifact) == 1


def test_exports_tell_of_files_and_the_archive_has_them(ana: Visitor) -> None:
    asked = ana.answer("What is the plan?", file=uploaded(ana))
    assert "_Attached: plan.txt_" in ana.get(f"/chat/{asked.thread_id}/export.md").text
    exported = ana.get(f"/chat/{asked.thread_id}/export.json").json
    assert exported and exported["messages"][0]["attachments"][0]["name"] == "plan.txt"
    assert "Attached: plan.txt" in ana.get(f"/chat/{asked.thread_id}/print/").text
    with zipfile.ZipFile(io.BytesIO(ana.get("/account/export.zip").data)) as archive:
        (name,) = [name for name in archive.namelist() if name.startswith("files/")]
        assert name.endswith("-plan.txt")
        assert archive.read(name) == WORDS
