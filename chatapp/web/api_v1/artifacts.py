"""`/api/v1/artifacts`: stored content (turns-api 3.13)."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from flask import Response, request
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError, fields, validates_schema
from werkzeug.exceptions import RequestEntityTooLarge

from chatapp.core import artifacts
from chatapp.core.artifacts import INLINE_TYPES, KINDS, LARGEST_FILE, LONGEST_TITLE
from chatapp.errors import TooLarge
from chatapp.models import Artifact
from chatapp.values import Json
from chatapp.web.api_v1 import bp
from chatapp.web.api_v1.auth import caller
from chatapp.web.api_v1.fields import LARGEST, Choice, Count, Text, Uuid
from chatapp.web.api_v1.problems import Problem, Unprocessable, entries, entry
from chatapp.web.api_v1.reading import Input, takes
from chatapp.web.api_v1.schemas import ArtifactList, ArtifactOutput, dump
from chatapp.web.contract import answers, reads
from chatapp.web.downloads import content_of
from chatapp.web.responses import empty

FORM = "multipart/form-data"
AROUND = 64 * 1024  # bytes of a form around its file

MANY = Problem("value_error", "There should be exactly one file")

Title = partial(Text, LONGEST_TITLE, blank_is_null=True, load_default=None)


class ArtifactQuery(Input):
    kind = Choice(KINDS, load_default=None)
    turn_id = Uuid(data_key="turn_id", load_default=None)
    limit = Count(1, 100, load_default=100)
    offset = Count(0, LARGEST, load_default=0)


class ArtifactInput(Input):
    """Text or JSON. Null is a JSON value like any other."""

    kind = Choice(INLINE_TYPES, required=True)
    title = Title()
    content = fields.Raw(allow_none=True)

    @validates_schema(skip_on_field_errors=True)
    def _check_content(self, data: Json, **_: Any) -> None:
        if "content" not in data:
            raise ValidationError({"content": [Problem.of("missing")]})
        if data["kind"] == "text":
            try:
                data["content"] = Text(artifacts.LARGEST_INLINE, raw=True).deserialize(data["content"])
            except ValidationError as error:
                raise ValidationError({"content": error.messages}) from error


class FormInput(Input):
    title = Title()


@bp.post("/artifacts")
@reads(ArtifactInput, "body")
@answers(ArtifactOutput, status=201, refusals=(413, 415))
def create_artifact() -> ResponseReturnValue:
    make: Any = _uploaded if request.mimetype == FORM else _put_down
    artifact: Artifact = make()
    return dump(ArtifactOutput, artifact), 201, {"Location": f"/api/v1/artifacts/{artifact.id}"}


@bp.get("/artifacts")
@takes(query=ArtifactQuery)
@answers(ArtifactList)
def list_artifacts(query: Json) -> Json:
    found, total = artifacts.listing(caller(), **query)
    limit, offset = query["limit"], query["offset"]
    return {
        "artifacts": [dump(ArtifactOutput, artifact) for artifact in found],
        "hasNext": offset + len(found) < total,
        "limit": limit,
        "offset": offset,
        "total": total,
    }


@bp.get("/artifacts/<artifact_id>")
@takes()
@answers(ArtifactOutput)
def show_artifact(artifact_id: UUID) -> Json:
    return dump(ArtifactOutput, artifacts.get_own(caller(), artifact_id))


@bp.get("/artifacts/<artifact_id>/content")
@takes()
@answers(mimetype="application/octet-stream")
def artifact_content(artifact_id: UUID) -> Response:
    return content_of(artifacts.get_own(caller(), artifact_id))


@bp.delete("/artifacts/<artifact_id>")
@takes()
@answers(status=204, refusals=(409,))
def delete_artifact(artifact_id: UUID) -> Response:
    artifacts.delete_own(caller(), artifact_id)
    return empty(204)


@takes(body=ArtifactInput)
def _put_down(body: Json) -> Artifact:
    return artifacts.create(caller(), body["kind"], body["content"], body["title"])


def _uploaded() -> Artifact:
    """The one file of a form. Raises Unprocessable and what `artifacts.upload` raises."""
    request.max_content_length = LARGEST_FILE + AROUND
    try:
        files = request.files.getlist("file")
    except RequestEntityTooLarge:
        raise TooLarge(LARGEST_FILE) from None
    wrong = [] if len(files) == 1 else [entry(("body", "file"), MANY if files else Problem.of("missing"))]
    try:
        title = FormInput().load(request.form.to_dict())["title"]
    except ValidationError as error:
        wrong += entries(("body",), error.messages)
    if wrong:
        raise Unprocessable(wrong)
    file = files[0]
    return artifacts.upload(caller(), file.stream, file.filename or "", file.mimetype, title)
