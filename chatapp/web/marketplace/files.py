"""The catalogue as a YAML file: taken, changed, given back."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chatapp.errors import BadFile
from chatapp.marketplace import access, yaml_files
from chatapp.marketplace.maintenance import KINDS
from chatapp.web.auth import sign_in_required, signed_in_user
from chatapp.web.marketplace import bp


@bp.get("/manage/yaml/")
@sign_in_required
def yaml_page() -> ResponseReturnValue:
    return _page()


@bp.get("/manage/marketplace.yaml")
@sign_in_required
def export_yaml() -> ResponseReturnValue:
    headers = {"Content-Disposition": 'attachment; filename="marketplace.yaml"'}
    return Response(yaml_files.dump(signed_in_user()), mimetype="application/yaml", headers=headers)


@bp.post("/manage/yaml/")
@sign_in_required
def import_yaml() -> ResponseReturnValue:
    """A file, or what was pasted."""
    file = request.files.get("file")
    try:
        text = file.read().decode() if file and file.filename else request.form.get("text", "")
        imported = yaml_files.load(signed_in_user(), text)
    except UnicodeDecodeError:
        return _page(["The file is not text in UTF-8."]), 400
    except BadFile as error:
        return _page(error.faults), 400
    flash(f"Imported: {imported}.")
    return redirect(url_for("marketplace.yaml_page"), 303)


def _page(faults: list[str] | tuple[str, ...] = ()) -> str:
    user = signed_in_user()
    access.require_overview(user)
    return render_template(
        "pages/manage_yaml.html",
        here="manage",
        kinds=KINDS,
        faults=faults,
        text=request.form.get("text", ""),
        user=user,
    )
