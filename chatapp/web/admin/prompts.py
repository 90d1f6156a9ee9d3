"""System prompts: which are in use, writing them with a preview, who gets them (waldur 10.13)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chatapp import config
from chatapp.core import prompt_figures, prompt_versions, screening, system_prompts
from chatapp.errors import Conflict, Invalid
from chatapp.models import SystemPrompt
from chatapp.web.admin import bp, prompt_preview
from chatapp.web.admin.access import staff_only
from chatapp.web.auth import signed_in_user

PAGE = 30
VERSIONS = 20
Errors = dict[str | None, str]


@bp.get("/prompts/")
@staff_only
def prompts() -> ResponseReturnValue:
    before = request.args.get("before", type=UUID)
    in_use = system_prompts.in_use() if before is None else []
    others = system_prompts.unused(before, PAGE + 1)
    shown = [*in_use, *others[:PAGE]]
    return render_template(
        "admin/prompts.html",
        in_use=in_use,
        others=others[:PAGE],
        next=others[PAGE - 1].id if len(others) > PAGE else None,
        is_first=before is None,
        left=100 - sum(prompt.share for prompt in in_use),
        versions=prompt_versions.numbers(prompt.version_id for prompt in shown),
        figures=prompt_figures.of_versions(prompt.version_id for prompt in shown),
        median=prompt_figures.median,
        fallback=config.current().ai_assistant_system_prompt_custom_instructions.strip(),
    )


@bp.get("/prompts/add/")
@staff_only
def new_prompt() -> ResponseReturnValue:
    """With the words of the version `from`, where there is one."""
    source = request.args.get("from", type=UUID)
    version = prompt_versions.get(source) if source else None
    return _adding({name: getattr(version, name) if version else "" for name in prompt_versions.CONTENT})


@bp.post("/prompts/add/")
@staff_only
def add_prompt() -> ResponseReturnValue:
    values = _values()
    if "preview" in request.form:
        return _adding(values)
    try:
        prompt = system_prompts.create(signed_in_user(), **values)
    except Invalid as error:
        return _adding(values, {error.field: str(error)}), 400
    return _saved("The prompt is saved. Nobody gets it yet.", prompt)


@bp.post("/prompts/preview/")
@staff_only
def preview_prompt() -> ResponseReturnValue:
    """What the model would be told, as the form stands."""
    return render_template("admin/_prompt_preview.html", **_preview(_field("custom_instructions")))


@bp.get("/prompts/<uuid:prompt_id>/")
@staff_only
def prompt(prompt_id: UUID) -> ResponseReturnValue:
    return _page(system_prompts.get(prompt_id))


@bp.post("/prompts/<uuid:prompt_id>/")
@staff_only
def save_prompt(prompt_id: UUID) -> ResponseReturnValue:
    stored, values = system_prompts.get(prompt_id), _values()
    if "preview" in request.form:
        return _page(stored, values, based_on=_based_on())
    try:
        if "copy" in request.form:
            return _saved("This is a prompt of its own now. Nobody gets it yet.", _copy(stored, values))
        changed = system_prompts.change(signed_in_user(), prompt_id, values, based_on=_based_on())
    except Invalid as error:
        return _page(stored, values, {error.field: str(error)}, _based_on()), 400
    except Conflict:
        return _page(system_prompts.get(prompt_id), values, conflict=True), 409
    return _saved("The prompt is saved.", changed)


@bp.post("/prompts/<uuid:prompt_id>/activate/")
@staff_only
def activate_prompt(prompt_id: UUID) -> ResponseReturnValue:
    system_prompts.activate(signed_in_user(), prompt_id)
    return _done("The prompt is active: it counts from the next answer on.", prompt_id)


@bp.post("/prompts/<uuid:prompt_id>/deactivate/")
@staff_only
def deactivate_prompt(prompt_id: UUID) -> ResponseReturnValue:
    system_prompts.deactivate(signed_in_user(), prompt_id)
    return _done("The prompt is not active any more.", prompt_id)


@bp.post("/prompts/<uuid:prompt_id>/share/")
@staff_only
def share_prompt(prompt_id: UUID) -> ResponseReturnValue:
    share = request.form.get("share", type=int)
    try:
        system_prompts.set_share(signed_in_user(), prompt_id, -1 if share is None else share)
    except Invalid as error:
        return _page(system_prompts.get(prompt_id), errors={error.field: str(error)}), 400
    return _done(f"It gets {share} % of new conversations." if share else "It gets no new conversations.", prompt_id)


@bp.post("/prompts/<uuid:prompt_id>/delete/")
@staff_only
def delete_prompt(prompt_id: UUID) -> ResponseReturnValue:
    system_prompts.delete(signed_in_user(), prompt_id)
    flash("The prompt is deleted.")
    return redirect(url_for("admin.prompts"), 303)


def _adding(values: dict[str, str], errors: Errors | None = None) -> str:
    preview = _preview(values["custom_instructions"])
    return render_template("admin/prompt_add.html", prompt=None, values=values, errors=errors or {}, **preview)


def _page(
    prompt: SystemPrompt,
    values: dict[str, str] | None = None,
    errors: Errors | None = None,
    based_on: UUID | None = None,
    *,
    conflict: bool = False,
) -> str:
    """`values` is what stands in the form, if it is not what is stored."""
    values = values or {name: getattr(prompt, name) for name in prompt_versions.CONTENT}
    versions = prompt_versions.page(prompt.id, request.args.get("before", type=int), VERSIONS + 1)
    shown = versions[:VERSIONS]
    return render_template(
        "admin/prompt.html",
        prompt=prompt,
        values=values,
        errors=errors or {},
        conflict=conflict,
        based_on=based_on or prompt.version_id,
        current=prompt_versions.get(prompt.version_id),
        versions=shown,
        older=shown[-1].number if len(versions) > VERSIONS else None,
        authors=prompt_versions.authors(shown),
        figures=prompt_figures.of_versions(version.id for version in shown),
        median=prompt_figures.median,
        **_preview(values["custom_instructions"]),
    )


def _preview(text: str) -> dict[str, Any]:
    preview = prompt_preview.of(signed_in_user(), request.form.get("role", ""), text)
    return {"preview": preview, "roles": prompt_preview.ROLES}


def _copy(stored: SystemPrompt, values: dict[str, str]) -> SystemPrompt:
    if values["name"] == stored.name:
        values["name"] = f"{stored.name[: system_prompts.LONGEST['name'] - 7]} (copy)"
    return system_prompts.create(signed_in_user(), **values)


def _values() -> dict[str, str]:
    return {
        "name": _field("name").strip(),
        "description": _field("description").strip(),
        "custom_instructions": _field("custom_instructions"),
    }


def _based_on() -> UUID | None:
    return request.form.get("based_on", type=UUID)


def _field(name: str) -> str:
    return request.form.get(name, "").replace("\x00", "").replace("\r\n", "\n")


def _saved(text: str, prompt: SystemPrompt) -> ResponseReturnValue:
    if advice := screening.advise(prompt.custom_instructions):
        flash(f"{text} {advice}")
        return redirect(url_for("admin.prompt", prompt_id=prompt.id), 303)
    return _done(text, prompt.id)


def _done(text: str, prompt_id: UUID) -> ResponseReturnValue:
    flash(text)
    return redirect(url_for("admin.prompt", prompt_id=prompt_id), 303)
