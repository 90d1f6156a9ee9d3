"""Files that people give to their questions: sent beforehand, looked at, taken back.

In a browser with JavaScript each file goes up as soon as it is chosen (static/js/attach.js), and the question names
those it comes with. Without it the form of the question brings them along: `received`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from flask import Response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from htmx_flask import request as htmx_request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from chatapp.core import artifacts, attachments
from chatapp.core.artifacts import LARGEST_FILE
from chatapp.errors import Conflict, Invalid, TooLarge
from chatapp.models import Artifact
from chatapp.web.auth import sign_in_required, signed_in_user
from chatapp.web.downloads import content_of
from chatapp.web.pages import bp, shown_files

AROUND = 64 * 1024  # bytes of a form around a file
MOST_AT_ONCE = 5  # files that a form without script brings along
PREVIEW = 5_000  # characters


@bp.post("/chat/files/")
@sign_in_required
def upload_file() -> ResponseReturnValue:
    """Store one file; what is answered is how the composer shows it."""
    request.max_content_length = LARGEST_FILE + AROUND
    try:
        file = request.files.get("file")
    except RequestEntityTooLarge:
        raise TooLarge(LARGEST_FILE) from None
    if file is None:
        raise Invalid("There is no file in the request.", "file")
    return _chips([_store(file)]), 201


@bp.get("/chat/files/")
@sign_in_required
def files_of_draft() -> ResponseReturnValue:
    """The composer's view of files that were sent before; those that are gone are left out."""
    return _chips(chosen(request.args.getlist("file")))


@bp.get("/chat/files/<uuid:artifact_id>/")
@sign_in_required
def show_file(artifact_id: UUID) -> ResponseReturnValue:
    """What it is and what the assistant reads in it: a dialog, or a page without JavaScript."""
    artifact = artifacts.get_own(signed_in_user(), artifact_id)
    values: dict[str, Any] = {"file": shown_files.ShownFile.of(artifact)}
    values["reading"] = attachments.read_artifact(artifact, 0, PREVIEW)
    return render_template("partials/_file_dialog.html" if htmx_request.htmx else "pages/file.html", **values)


@bp.get("/chat/files/<uuid:artifact_id>/state/")
@sign_in_required
def state_of_file(artifact_id: UUID) -> ResponseReturnValue:
    """The composer's view of one file as it is now."""
    return _chips([artifacts.get_own(signed_in_user(), artifact_id)])


@bp.get("/chat/files/<uuid:artifact_id>/content")
@sign_in_required
def file_content(artifact_id: UUID) -> Response:
    return content_of(artifacts.get_own(signed_in_user(), artifact_id))


@bp.post("/chat/files/<uuid:artifact_id>/remove/")
@sign_in_required
def remove_file(artifact_id: UUID) -> ResponseReturnValue:
    """Take back a file that was not sent with anything; what a conversation uses is only left out of the question."""
    try:
        artifacts.delete_own(signed_in_user(), artifact_id)
    except Conflict:
        if not htmx_request.htmx:
            raise
    return ("", 204) if htmx_request.htmx else redirect("/chat/", 303)


def chosen(ids: Iterable[str]) -> list[Artifact]:
    """One's own artifacts among those that a form names. Raises Invalid for what can be nobody's id."""
    try:
        wanted = list(dict.fromkeys(map(UUID, ids)))
    except ValueError:
        raise Invalid("That is no file.", "file") from None
    return artifacts.own_among(signed_in_user(), wanted) if wanted else []


def received() -> list[Artifact]:
    """The files that the form of a question has brought along, stored. Raises what `artifacts.upload` raises."""
    files = [file for file in request.files.getlist("upload") if file.filename]
    if len(files) > MOST_AT_ONCE:
        raise Invalid(f"At most {MOST_AT_ONCE} files can be sent at once.", "file")
    return [_store(file) for file in files]


def make_room_in_form() -> None:
    """The form of a question may bring files along, if it is one that can."""
    if request.mimetype == "multipart/form-data":
        request.max_content_length = MOST_AT_ONCE * LARGEST_FILE + AROUND


def _store(file: FileStorage) -> Artifact:
    return artifacts.upload(signed_in_user(), file.stream, file.filename or "", file.mimetype)


def _chips(files: Iterable[Artifact]) -> str:
    return render_template("partials/_composer_files.html", files=shown_files.of_artifacts(files))
