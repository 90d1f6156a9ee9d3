"""Versions of system prompts: reading, comparing, bringing back and trying one."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chatapp.core import prompt_choice, prompt_diffs, prompt_figures, system_prompts
from chatapp.core import prompt_versions as versions
from chatapp.errors import NotFound
from chatapp.models import SystemPrompt
from chatapp.web.admin import bp
from chatapp.web.admin.access import staff_only
from chatapp.web.auth import signed_in_user


@bp.get("/prompts/versions/<uuid:version_id>/")
@staff_only
def prompt_version(version_id: UUID) -> ResponseReturnValue:
    """Of a prompt that is gone, too."""
    version = versions.get(version_id)
    return render_template(
        "admin/prompt_version.html",
        version=version,
        prompt=_prompt(version.prompt_id),
        authors=versions.authors([version]),
        figures=prompt_figures.of_versions([version.id]),
        median=prompt_figures.median,
    )


@bp.get("/prompts/<uuid:prompt_id>/compare/")
@staff_only
def compare_prompt_versions(prompt_id: UUID) -> ResponseReturnValue:
    """The versions with the numbers `from` and `to`."""
    old, new = (versions.numbered(prompt_id, request.args.get(end, 0, type=int)) for end in ("from", "to"))
    changes = {field: prompt_diffs.between(getattr(old, field), getattr(new, field)) for field in versions.CONTENT}
    return render_template(
        "admin/prompt_compare.html",
        old=old,
        new=new,
        prompt=_prompt(prompt_id),
        authors=versions.authors([old, new]),
        changes={field: lines for field, lines in changes.items() if lines},
        fields={"name": "Name", "description": "Description", "custom_instructions": "Instructions"},
    )


@bp.post("/prompts/versions/<uuid:version_id>/restore/")
@staff_only
def restore_prompt_version(version_id: UUID) -> ResponseReturnValue:
    version = versions.get(version_id)
    before = system_prompts.get(version.prompt_id).version_id
    prompt = system_prompts.roll_back(signed_in_user(), version)
    if prompt.version_id == before:
        flash(f"Nothing has changed: it says what version {version.number} says.")
    else:
        flash(f"It says again what version {version.number} said.")
    return redirect(url_for("admin.prompt", prompt_id=prompt.id), 303)


@bp.post("/prompts/versions/<uuid:version_id>/try/")
@staff_only
def try_prompt_version(version_id: UUID) -> ResponseReturnValue:
    """To a new conversation of one's own in which it answers."""
    thread = prompt_choice.try_out(signed_in_user(), version_id)
    return redirect(f"/chat/{thread.id}/", 303)


def _prompt(prompt_id: UUID) -> SystemPrompt | None:
    try:
        return system_prompts.get(prompt_id)
    except NotFound:
        return None
