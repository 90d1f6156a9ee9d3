from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from chatapp.web.api import gate
from tests.web.api.client import Client
from tests.web.pages.dom import parse

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
ELSE = ("/api/v1/", "/api/schema/", "/api/docs/")


@pytest.fixture
def anybody(app: Flask) -> FlaskClient:
    """Somebody without token or cookie."""
    return app.test_client()


@pytest.fixture
def document(anybody: FlaskClient) -> Any:
    return anybody.get("/api/schema/").json


def routes(app: Flask) -> set[tuple[str, str]]:
    """Method and path of all that the dialect serves."""
    return {
        (method, re.sub(r"<[^>]*?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) & METHODS
        if rule.rule.startswith("/api/") and not rule.rule.startswith(ELSE)
    }


def described(document: Any) -> dict[tuple[str, str], Any]:
    return {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method != "parameters"
    }


def named(document: Any, method: str, path: str) -> dict[str, Any]:
    """The parameters of an operation by name."""
    return {parameter["name"]: parameter for parameter in described(document)[method, path]["parameters"]}


def test_the_document_is_valid(document: Any) -> None:
    validate(document)
    assert document["openapi"].startswith("3.1.")


def test_every_route_is_described_and_nothing_else(app: Flask, document: Any) -> None:
    assert len(routes(app)) > 20
    assert {key for key in described(document) if key[0] != "HEAD"} == routes(app)


def test_every_operation_has_a_name_of_its_own(document: Any) -> None:
    names = [operation["operationId"] for operation in described(document).values()]
    assert len(set(names)) == len(names)


def test_bodies_have_the_limits_that_are_enforced(document: Any) -> None:
    schemas = document["components"]["schemas"]
    question = schemas["StreamInput"]
    assert question["required"] == ["input"]
    assert (question["properties"]["input"]["minLength"], question["properties"]["input"]["maxLength"]) == (1, 50_000)
    assert question["properties"]["mode"] == {
        "type": ["string", "null"],
        "enum": ["reload", "edit", None],
        "default": None,
    }
    assert schemas["FeedbackInput"]["properties"]["comment"]["maxLength"] == 2000
    assert schemas["LimitsInput"]["properties"]["daily_limit"] == {"type": ["integer", "null"], "minimum": -1}


def test_a_patch_needs_no_field(document: Any) -> None:
    assert document["components"]["schemas"]["PromptInput"]["required"] == ["name"]
    assert "required" not in document["components"]["schemas"]["PatchPromptInput"]


def test_filters_have_their_types(document: Any) -> None:
    filters = {name: given["schema"] for name, given in named(document, "GET", "/api/chat-threads/").items()}
    assert filters["user"] == {"type": "string", "format": "uuid"}
    assert filters["is_archived"] == {"type": "boolean"}
    assert filters["created_after"] == {"type": "string", "format": "date"}
    assert filters["total_tokens_min"] == {"type": "number"}
    assert filters["max_severity"]["enum"] == ["none", "low", "medium", "high", "critical"]
    assert {"created", "-models_used"} < set(filters["o"]["items"]["enum"])


@pytest.mark.parametrize("path", ["/api/chat-sessions/", "/api/chat-threads/", "/api/chat-system-prompts/"])
def test_lists_are_paged_and_counted(document: Any, path: str) -> None:
    for method in ("GET", "HEAD"):
        assert {"page", "page_size"} <= set(named(document, method, path))
        answers = described(document)[method, path]["responses"]
        assert set(answers["200"]["headers"]) == {"X-Result-Count", "Link"}
        assert ("content" in answers["200"]) == (method == "GET")
        assert "404" in answers


def test_messages_are_not_paged(document: Any) -> None:
    assert "page" not in named(document, "GET", "/api/chat-messages/")


def test_the_stream_answers_with_lines(document: Any) -> None:
    responses = described(document)["POST", "/api/chat/stream/"]["responses"]
    lines = responses["200"]["content"]["application/x-ndjson"]["schema"]
    assert lines == {"type": "array", "items": {"$ref": "#/components/schemas/StreamLine"}}
    assert {"400", "401", "403", "404", "409", "413", "415", "424", "429", "503"} < set(responses)


def test_only_what_is_behind_the_gate_can_be_switched_off(document: Any) -> None:
    for (_, path), operation in described(document).items():
        is_behind = path.split("/")[2] in gate.BEHIND
        assert ("424" in operation["responses"]) == is_behind, path
        assert {"401", "403"} <= set(operation["responses"]), path


def test_the_token_is_asked_for_everywhere(app: Flask, document: Any) -> None:
    assert document["security"] == [{"token": []}]
    assert document["components"]["securitySchemes"]["token"]["name"] == "Authorization"
    for (method, path), operation in described(document).items():
        assert "security" not in operation, path
        address = re.sub(r"{\w+}", "0" * 32, path)
        assert Client(app).request(method, address).status_code == 401, (method, address)


def test_the_page_tells_anybody_about_every_operation(anybody: FlaskClient, document: Any) -> None:
    response = anybody.get("/api/docs/")
    assert response.status_code == 200
    page = parse(response.text)
    for (method, path), operation in described(document).items():
        assert f"{method} {path}" in response.text
        assert page.find(id=operation["operationId"])


def test_the_page_needs_nothing_from_elsewhere(anybody: FlaskClient) -> None:
    page = parse(anybody.get("/api/docs/").text)
    assert page.all("script") == []
    assert [element for element in page.all() if "style" in element.attributes] == []
    for sheet in page.all("link"):
        assert sheet.attributes["href"].startswith(("/static/", "/manifest"))


def test_every_link_of_the_page_leads_somewhere(anybody: FlaskClient) -> None:
    page = parse(anybody.get("/api/docs/").text)
    links = [link.attributes["href"] for link in page.all("a")]
    assert len(links) > 50
    for link in links:
        assert page.has(id=link[1:]) if link.startswith("#") else anybody.get(link).status_code == 200, link
