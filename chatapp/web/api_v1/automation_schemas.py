"""What automations and their runs look like (turns-api 5.3, 5.4)."""

from __future__ import annotations

from collections.abc import Sequence

from marshmallow import fields

from chatapp.automations import catalogue, progress
from chatapp.models import Automation, AutomationRun
from chatapp.values import Json
from chatapp.web.api_v1.fields import Choice
from chatapp.web.api_v1.reading import Output
from chatapp.web.api_v1.schemas import Moment, NullableId, NullableMoment, NullableText, dump

RUN_STATES = (*progress.UNDER_WAY, "awaiting_approval", *progress.FINAL)
VERSION = 1  # there is one of each automation


class CrystallizedOutput(Output):
    automation_id = fields.UUID()


class LatestRunOutput(Output):
    id = fields.UUID()
    status = Choice(RUN_STATES)
    started_at = NullableMoment()
    completed_at = NullableMoment()
    version_number = fields.Constant(VERSION)


class VersionsOutput(Output):
    count = fields.Integer()
    active_count = fields.Integer()
    has_draft = fields.Boolean()


class AutomationOutput(Output):
    """Of `{"automation": ..., "latest": ...}`."""

    id = fields.UUID(attribute="automation.id")
    name = fields.String(attribute="automation.name")
    description = NullableText(attribute="automation.description")
    status = Choice(catalogue.STATES, attribute="automation.status")
    trigger_type = fields.Constant("manual")
    orchestrator_type = fields.Constant("dag")
    source_type = fields.Constant("chat_thread")
    source_thread_id = NullableId(attribute="automation.source_thread_id")
    source_agent_run_id = fields.Constant(None, metadata={"type": ["string", "null"]})
    source_agent_spec_id = NullableId(attribute="automation.source_agent_spec_id")
    template_id = fields.Constant(None, metadata={"type": ["string", "null"]})
    config = fields.Dict(attribute="automation.config")
    latest_run = fields.Nested(LatestRunOutput, attribute="latest", allow_none=True)
    versions_summary = fields.Method("_versions", metadata={"type": "object"})
    created_at = Moment(attribute="automation.created")
    updated_at = Moment(attribute="automation.modified")

    def _versions(self, found: Json) -> Json:
        status = found["automation"].status
        return {"count": 1, "activeCount": int(status == "active"), "hasDraft": status == "draft"}


class AutomationList(Output):
    items = fields.List(fields.Nested(AutomationOutput))
    total = fields.Integer()


class RunErrorOutput(Output):
    code = fields.String()
    message = fields.String()


class RunOutput(Output):
    id = fields.UUID()
    automation_id = fields.UUID()
    status = Choice(RUN_STATES)
    version_number = fields.Constant(VERSION)
    trigger_type = fields.Constant("manual")
    trigger_source_type = fields.Constant("user")
    trigger_source_id = fields.UUID(attribute="user_id")
    orchestrator_type = fields.Constant("dag")
    concurrency_key = fields.Constant(None, metadata={"type": ["string", "null"]})
    error = fields.Nested(RunErrorOutput, allow_none=True)
    started_at = NullableMoment()
    completed_at = NullableMoment()
    duration_seconds = fields.Method("_duration", metadata={"type": ["number", "null"]})
    created_at = Moment(attribute="created")
    updated_at = Moment(attribute="modified")

    def _duration(self, run: AutomationRun) -> float | None:
        if not (run.started_at and run.completed_at):
            return None
        return max(0.0, (run.completed_at - run.started_at).total_seconds())


class RunDetails(RunOutput):
    steps = fields.Method("_steps", metadata={"type": "array", "items": {"type": "object"}})

    def _steps(self, run: AutomationRun) -> list[Json]:
        optional = ("output", "error", "startedAt", "completedAt", "decidedBy", "reason")
        always = ("key", "kind", "status", "inputs")
        return [{**{n: step[n] for n in always}, **{n: step.get(n) for n in optional}} for step in run.steps]


class RunList(Output):
    items = fields.List(fields.Nested(RunOutput))
    total = fields.Integer()


def present(found: Sequence[Automation]) -> list[Json]:
    """Automations with the newest run of each."""
    latest = catalogue.latest_runs(found)
    return [dump(AutomationOutput, {"automation": one, "latest": latest.get(one.id)}) for one in found]
