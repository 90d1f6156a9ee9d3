"""Artifacts and attachments: cases 86 to 95 of turns-api."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from chatapp.core import artifacts, ingestion, threads
from chatapp.db import release
from tests import files
from tests.people import People
from tests.web.api_v1.client import CHAT, RANDOM_ID, THREADS, Client, on_sqlite, problems

ARTIFACTS = "/api/v1/artifacts"
TWENTY = b"twenty bytes of text"
ARTIFACT_FIELDS = {
    "id", "kind", "title", "storageType", "content", "originalFilename", "mimeType", "sizeBytes", "sha256",
    "actionRunId", "turnId", "createdBy", "createdAt", "updatedAt",
}  # fmt: skip
ATTACHMENT_FIELDS = {
    "id", "threadId", "artifactId", "messageId", "scope", "originalFilename", "mimeType", "sizeBytes",
    "ingestionStatus", "createdBy", "createdAt", "updatedAt",
}  # fmt: skip


def form(data: bytes = TWENTY, name: str = "notes.txt", extra: bytes = b"") -> dict[str, Any]:
    """Written by hand: the test client's own would leave a temporary file open that nobody has read."""
    head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    return {"data": head + data + b"\r\n" + extra + b"--x--\r\n", "content_type": "multipart/form-data; boundary=x"}


def upload(client: Client, *args: Any, **more: Any) -> TestResponse:
    return client.post(ARTIFACTS, **form(*args, **more))


def uploaded(client: Client, *args: Any) -> str:
    response = upload(client, *args)
    assert response.status_code == 201, response.data
    return str(response.json["id"])


def attach(client: Client, thread: str, artifact: str, **body: Any) -> TestResponse:
    return client.post(f"{THREADS}/{thread}/attachments?artifact_id={artifact}", body)


def attached(client: Client, thread: str, **query: Any) -> list[Any]:
    response = client.get(f"{THREADS}/{thread}/attachments", query_string=query)
    assert isinstance(response.json, list)
    return response.json


def test_case_086_a_text_file_comes_back_as_it_was(ana: Client) -> None:
    response = upload(ana)
    assert response.status_code == 201
    artifact = response.json
    assert set(artifact) == ARTIFACT_FIELDS
    assert response.headers["Location"] == f"{ARTIFACTS}/{artifact['id']}"
    assert (artifact["kind"], artifact["storageType"], artifact["content"]) == ("file", "blob", None)
    assert (artifact["originalFilename"], artifact["mimeType"], artifact["sizeBytes"]) == (
        "notes.txt",
        "text/plain",
        20,
    )
    assert ana.get(f"{ARTIFACTS}/{artifact['id']}").json == artifact
    content = ana.get(f"{ARTIFACTS}/{artifact['id']}/content")
    assert content.data == TWENTY
    assert content.headers["Content-Disposition"] == "attachment; filename=notes.txt"
    assert content.headers["X-Content-Type-Options"] == "nosniff"
    assert content.headers["Content-Security-Policy"] == "sandbox"
    assert content.headers["Content-Type"] == "text/plain"
    assert content.headers["ETag"] == f'"{artifact["sha256"]}"'
    again = ana.get(f"{ARTIFACTS}/{artifact['id']}/content", headers={"If-None-Match": content.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@on_sqlite
def test_case_087_a_file_that_is_too_large_is_refused(ana: Client) -> None:
    response = upload(ana, b"x" * (26 * 1024 * 1024))
    assert (response.status_code, response.json["code"]) == (413, "artifact_too_large")
    response = upload(ana, b"x" * (artifacts.LARGEST_FILE + 1))
    assert (response.status_code, response.json["code"]) == (413, "artifact_too_large")
    assert ana.get(ARTIFACTS).json["total"] == 0


def test_case_088_an_artifact_is_attached_to_a_thread(ana: Client, thread: str) -> None:
    artifact = uploaded(ana)
    response = attach(ana, thread, artifact)
    assert response.status_code == 201
    attachment = response.json
    assert set(attachment) == ATTACHMENT_FIELDS
    assert (attachment["scope"], attachment["messageId"], attachment["artifactId"]) == ("thread", None, artifact)
    assert (attachment["originalFilename"], attachment["mimeType"], attachment["sizeBytes"]) == (
        "notes.txt",
        "text/plain",
        20,
    )
    assert attachment["ingestionStatus"] == "pending"
    release()
    ingestion.run_pending()
    assert ana.get(f"{CHAT}/attachments/{attachment['id']}").json["ingestionStatus"] == "completed"


@on_sqlite
def test_case_089_an_artifact_has_to_be_named(ana: Client, thread: str) -> None:
    assert problems(ana.post(f"{THREADS}/{thread}/attachments", {})) == [(["query", "artifact_id"], "missing")]


@on_sqlite
def test_case_090_artifacts_of_others_are_not_found(ana: Client, ben: Client, thread: str) -> None:
    artifact = uploaded(ben)
    response = attach(ana, thread, artifact)
    assert (response.status_code, response.json["code"]) == (404, "artifact_not_found")
    assert response.data == attach(ana, thread, RANDOM_ID).data
    for path in ("", "/content"):
        assert ana.get(f"{ARTIFACTS}/{artifact}{path}").json["code"] == "artifact_not_found"
    assert ana.delete(f"{ARTIFACTS}/{artifact}").status_code == 404


def test_case_091_a_question_binds_an_attachment(ana: Client, thread: str) -> None:
    attachment = attach(ana, thread, uploaded(ana)).json["id"]
    release()
    ingestion.run_pending()
    story = ana.ask(thread, "What is in it?", attachmentIds=[attachment])
    assert "I was given `notes.txt`" in story.text
    assert story.turn["settings"]["attachmentIds"] == [attachment]
    bound = ana.get(f"{CHAT}/attachments/{attachment}").json
    assert (bound["messageId"], bound["scope"]) == (story.turn["inputMessageId"], "message")
    for wrong in (attachment, RANDOM_ID):
        response = ana.stream(thread, {"content": "Again", "attachmentIds": [wrong]})
        assert problems(response) == [(["body", "attachmentIds", 0], "value_error")]


def test_case_092_the_same_artifact_is_attached_once(ana: Client, thread: str) -> None:
    artifact = uploaded(ana)
    first, second = attach(ana, thread, artifact), attach(ana, thread, artifact)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json["id"] == second.json["id"]
    assert len(attached(ana, thread)) == 1


def test_case_093_an_attached_artifact_cannot_be_deleted(ana: Client, thread: str) -> None:
    artifact = uploaded(ana)
    attachment = attach(ana, thread, artifact).json["id"]
    response = ana.delete(f"{ARTIFACTS}/{artifact}")
    assert (response.status_code, response.json["code"]) == (409, "artifact_in_use")
    assert response.json["attachmentCount"] == 1
    assert ana.delete(f"{CHAT}/attachments/{attachment}").status_code == 204
    response = ana.delete(f"{ARTIFACTS}/{artifact}")
    assert (response.status_code, response.data) == (204, b"")
    assert ana.get(f"{ARTIFACTS}/{artifact}").status_code == 404


def test_case_094_an_attachment_is_removed_once(ana: Client, thread: str) -> None:
    artifact = uploaded(ana)
    attachment = attach(ana, thread, artifact).json["id"]
    assert ana.delete(f"{CHAT}/attachments/{attachment}").status_code == 204
    response = ana.delete(f"{CHAT}/attachments/{attachment}")
    assert (response.status_code, response.json["code"]) == (404, "attachment_not_found")
    assert ana.get(f"{ARTIFACTS}/{artifact}").status_code == 200


def test_case_095_attachments_come_as_a_bare_array(ana: Client, thread: str) -> None:
    made = [attach(ana, thread, uploaded(ana, str(number).encode())).json["id"] for number in range(3)]
    assert [each["id"] for each in attached(ana, thread)] == made
    assert [each["id"] for each in attached(ana, thread, limit=2, offset=2)] == made[2:]
    assert attached(ana, thread, offset=9) == []
    response = ana.get(f"{THREADS}/{thread}/attachments", query_string={"limit": 101, "offset": -1})
    assert [kind for _, kind in problems(response)] == ["less_than_equal", "greater_than_equal"]


@on_sqlite
def test_attachments_are_those_of_visible_threads(app: Flask, people: People, ana: Client, ben: Client) -> None:
    thread = ana.new_thread()
    attachment = attach(ana, thread, uploaded(ana)).json["id"]
    assert ben.get(f"{CHAT}/attachments/{attachment}").data == ben.get(f"{CHAT}/attachments/{RANDOM_ID}").data
    threads.archive(people.ana.user, UUID(thread))
    for method, path in (
        ("GET", f"{CHAT}/attachments/{attachment}"),
        ("DELETE", f"{CHAT}/attachments/{attachment}"),
        ("GET", f"{THREADS}/{thread}/attachments"),
        ("POST", f"{THREADS}/{thread}/attachments?artifact_id={RANDOM_ID}"),
    ):
        assert ana.request(method, path).status_code == 404, path


@on_sqlite
def test_files_belong_to_questions(ana: Client, thread: str) -> None:
    story, artifact = ana.ask(thread, "Hello"), uploaded(ana)
    assert attach(ana, thread, artifact, messageId=story.turn["inputMessageId"]).json["scope"] == "message"
    answer = attach(ana, thread, artifact, messageId=story.turn["outputMessageId"])
    assert problems(answer) == [(["body", "messageId"], "value_error")]
    assert attach(ana, thread, artifact, messageId=RANDOM_ID).json["code"] == "message_not_found"
    assert ana.ask(thread, "Hello again", attachmentIds=[]).turn["status"] == "completed"


@on_sqlite
@pytest.mark.parametrize(
    ("body", "content"),
    [
        ({"kind": "json", "content": {"a": [1, None]}, "title": " T "}, b'{"a":[1,null]}'),
        ({"kind": "json", "content": None}, b"null"),
        ({"kind": "text", "content": "Grüße"}, "Grüße".encode()),
    ],
)
def test_text_and_json_are_put_down_inline(ana: Client, body: dict[str, Any], content: bytes) -> None:
    response = ana.post(ARTIFACTS, body)
    assert response.status_code == 201, response.data
    assert response.json["content"] == {"kind": body["kind"], "storage": "inline", "data": body["content"]}
    assert response.json["storageType"] == "inline"
    assert response.json["title"] == (body.get("title", "").strip() or None)
    assert ana.get(f"{ARTIFACTS}/{response.json['id']}/content").data == content


@on_sqlite
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, [(["body", "kind"], "missing")]),
        ({"kind": "file", "content": "x"}, [(["body", "kind"], "enum")]),
        ({"kind": "text"}, [(["body", "content"], "missing")]),
        ({"kind": "text", "content": 5}, [(["body", "content"], "string_type")]),
        ({"kind": "text", "content": "a\x00"}, [(["body", "content"], "value_error")]),
        ({"kind": "json", "content": 1, "title": "x" * 256}, [(["body", "title"], "string_too_long")]),
    ],
)
def test_what_cannot_be_put_down_is_named(ana: Client, body: dict[str, Any], expected: list[Any]) -> None:
    assert problems(ana.post(ARTIFACTS, body)) == expected


@on_sqlite
def test_what_cannot_be_uploaded_is_named(ana: Client) -> None:
    title = b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\n' + b"t" * 256 + b"\r\n"
    second = b'--x\r\nContent-Disposition: form-data; name="file"; filename="b"\r\n\r\nb\r\n'
    assert problems(upload(ana, b"")) == [(["body", "file"], "value_error")]
    assert problems(upload(ana, extra=second)) == [(["body", "file"], "value_error")]
    assert problems(upload(ana, extra=title)) == [(["body", "title"], "string_too_long")]
    assert problems(ana.post(ARTIFACTS, data={}, content_type="multipart/form-data; boundary=x")) == [
        (["body", "file"], "missing")
    ]
    response = upload(ana, b"MZ\0\0", "x.pdf")
    assert (response.status_code, response.json["code"]) == (415, "unsupported_media_type")
    assert ana.post(ARTIFACTS, data=b"x", content_type="text/plain").status_code == 415


@on_sqlite
def test_lists_of_artifacts_are_paged_and_chosen(ana: Client, ben: Client) -> None:
    made = [uploaded(ana, str(number).encode()) for number in range(3)]
    note = ana.post(ARTIFACTS, {"kind": "text", "content": "x"}).json["id"]
    page = ana.get(ARTIFACTS, query_string={"limit": 2, "offset": 1}).json
    assert [each["id"] for each in page.pop("artifacts")] == [made[2], made[1]]
    assert page == {"hasNext": True, "limit": 2, "offset": 1, "total": 4}
    page = ana.get(ARTIFACTS, query_string={"kind": "text"}).json
    assert ([each["id"] for each in page["artifacts"]], page["hasNext"]) == ([note], False)
    assert ana.get(ARTIFACTS, query_string={"turn_id": RANDOM_ID}).json["artifacts"] == []
    assert problems(ana.get(ARTIFACTS, query_string={"turn_id": "x", "kind": "y"})) == [
        (["query", "kind"], "enum"),
        (["query", "turn_id"], "uuid_parsing"),
    ]
    assert ben.get(ARTIFACTS).json["total"] == 0


@on_sqlite
def test_the_type_is_the_one_of_the_bytes(ana: Client) -> None:
    assert upload(ana, files.png(), "notes.txt").json["mimeType"] == "image/png"
    assert upload(ana, files.docx("Hello"), "x.pdf").json["mimeType"] == files.DOCX
