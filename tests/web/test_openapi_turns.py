"""The description of the turns API, as tests/web/test_openapi.py looks at that of the other one."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from tests.web.api_v1.client import THREADS, Client, on_sqlite
from tests.web.pages.dom import parse
from tests.web.test_openapi import METHODS, described, named

pytestmark = on_sqlite

PAGE = "/api/v1/docs"


@pytest.fixture
def anybody(app: Flask) -> FlaskClient:
    """Somebody without a credential."""
    return app.test_client()


@pytest.fixture
def document(anybody: FlaskClient) -> Any:
    return anybody.get("/api/v1/schema").json


def test_the_document_is_valid(document: Any) -> None:
    validate(document)
    assert document["openapi"].startswith("3.1.")


def test_every_route_is_described_and_nothing_else(app: Flask, document: Any) -> None:
    served = {
        (method, re.sub(r"<(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) & METHODS
        if rule.endpoint.startswith("api_v1.")
    }
    assert len(served) > 15
    assert set(described(document)) == served


def test_every_operation_has_a_name_of_its_own(document: Any) -> None:
    names = [operation["operationId"] for operation in described(document).values()]
    assert len(set(names)) == len(names)


def test_inputs_have_the_limits_that_are_enforced(document: Any) -> None:
    schemas = document["components"]["schemas"]
    question = schemas["StreamInput"]["properties"]
    assert (question["content"]["minLength"], question["content"]["maxLength"]) == (1, 50_000)
    assert question["attachmentIds"]["maxItems"] == 20
    assert schemas["FeedbackInput"]["required"] == ["rating"]
    assert "required" not in schemas["PatchThreadChanges"]
    limit = named(document, "GET", THREADS)["limit"]["schema"]
    assert limit == {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}
    headers = {name for name, given in named(document, "POST", THREADS).items() if given["in"] == "header"}
    assert headers == {"Idempotency-Key"}


def test_answers_always_have_all_their_keys(document: Any) -> None:
    for name in ("Thread", "Message", "Turn", "Feedback", "Token"):
        schema = document["components"]["schemas"][name]
        assert set(schema["required"]) == set(schema["properties"]), name


def test_streams_are_events(document: Any) -> None:
    for (method, path), operation in described(document).items():
        if path.endswith("/stream"):
            assert list(operation["responses"]["200"]["content"]) == ["text/event-stream"], (method, path)
    following = described(document)["GET", f"{THREADS}/{{thread_id}}/turns/stream"]
    assert "204" in following["responses"]


def test_a_credential_is_asked_for_everywhere(app: Flask, document: Any) -> None:
    assert {name for way in document["security"] for name in way} == {"bearer", "key", "browser"}
    for method, path in described(document):
        response = Client(app).request(method, re.sub(r"{\w+}", "0" * 32, path))
        assert (response.status_code, response.json["code"]) == (401, "not_authenticated"), (method, path)


def test_the_page_tells_anybody_about_every_operation(anybody: FlaskClient, document: Any) -> None:
    response = anybody.get(PAGE)
    assert response.status_code == 200
    page = parse(response.text)
    for (method, path), operation in described(document).items():
        assert f"{method} {path}" in response.text
        assert page.find(id=operation["operationId"])
    for link in (link.attributes["href"] for link in page.all("a")):
        assert page.has(id=link[1:]) if link.startswith("#") else anybody.get(link).status_code == 200, link
