"""Crystallizing, automations and their runs (turns-api section 5)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask.typing import ResponseReturnValue
from marshmallow import pre_load

from chatapp.automations import catalogue, crystallizing, progress, running
from chatapp.values import Json
from chatapp.web.api_v1 import bp
from chatapp.web.api_v1.auth import caller
from chatapp.web.api_v1.automation_schemas import (
    AutomationList,
    AutomationOutput,
    CrystallizedOutput,
    RunDetails,
    RunList,
    RunOutput,
    present,
)
from chatapp.web.api_v1.fields import LARGEST, Choice, Count, Objects, Text
from chatapp.web.api_v1.idempotency import KeyHeaders, once
from chatapp.web.api_v1.reading import Input, takes
from chatapp.web.api_v1.schemas import dump
from chatapp.web.contract import answers
from chatapp.web.responses import empty


class CrystallizeInput(Input):
    name = Text(catalogue.NAME_LENGTH, 1, load_default=None)


class AutomationQuery(Input):
    limit = Count(1, 1000, load_default=100)
    offset = Count(0, LARGEST, load_default=0)
    status = Choice(catalogue.STATES, load_default=None)


class RunQuery(Input):
    limit = Count(1, 1000, load_default=100)
    offset = Count(0, LARGEST, load_default=0)
    status = Choice((*progress.UNDER_WAY, "awaiting_approval", *progress.FINAL), load_default=None)


class AutomationPatch(Input):
    """Null clears the description; a name cannot be cleared."""

    name = Text(catalogue.NAME_LENGTH, 1)
    description = Text(catalogue.DESCRIPTION_LENGTH, blank_is_null=True, allow_none=True)
    status = Choice(catalogue.STATES)

    @pre_load
    def _without_nulls(self, data: Json, **_: Any) -> Json:
        return data


class RunInput(Input):
    inputs = Objects(running.MOST_INPUT, load_default=dict)


class GateInput(Input):
    reason = Text(running.REASON_LENGTH, blank_is_null=True, load_default=None)


@bp.post("/chat/threads/<thread_id>/crystallize")
@takes(headers=KeyHeaders, body=CrystallizeInput)
@answers(CrystallizedOutput, status=201, refusals=(409,))
def crystallize(thread_id: UUID, headers: Json, body: Json) -> ResponseReturnValue:
    fresh = False

    def make() -> Json:
        nonlocal fresh
        automation, fresh = crystallizing.crystallize(caller(), thread_id, body["name"])
        return {"automationId": str(automation.id)}

    document, status, more = once(headers["idempotency_key"], body, 201, make)
    return document, status if fresh or more else 200, more


@bp.get("/automations")
@takes(query=AutomationQuery)
@answers(AutomationList)
def list_automations(query: Json) -> Json:
    found, total = catalogue.page(caller(), query["status"], query["offset"], query["limit"])
    return {"items": present(found), "total": total}


@bp.get("/automations/<automation_id>")
@takes()
@answers(AutomationOutput)
def show_automation(automation_id: UUID) -> Json:
    return present([catalogue.get(caller(), automation_id)])[0]


@bp.patch("/automations/<automation_id>")
@takes(body=AutomationPatch)
@answers(AutomationOutput)
def change_automation(automation_id: UUID, body: Json) -> Json:
    return present([catalogue.change(caller(), automation_id, body)])[0]


@bp.delete("/automations/<automation_id>")
@takes()
@answers(status=204)
def delete_automation(automation_id: UUID) -> Response:
    catalogue.delete(caller(), automation_id)
    return empty(204)


@bp.post("/automations/<automation_id>/runs")
@takes(headers=KeyHeaders, body=RunInput)
@answers(RunOutput, status=202, refusals=(409,))
def start_run(automation_id: UUID, headers: Json, body: Json) -> ResponseReturnValue:
    def make() -> Json:
        return dump(RunOutput, running.start(caller(), automation_id, body["inputs"]))

    return once(headers["idempotency_key"], body, 202, make)


@bp.get("/automations/<automation_id>/runs")
@takes(query=RunQuery)
@answers(RunList)
def list_runs_of(automation_id: UUID, query: Json) -> Json:
    return _runs(automation_id, query)


@bp.get("/automation-runs")
@takes(query=RunQuery)
@answers(RunList)
def list_runs(query: Json) -> Json:
    return _runs(None, query)


@bp.get("/automation-runs/<run_id>")
@takes()
@answers(RunDetails)
def show_run(run_id: UUID) -> Json:
    return dump(RunDetails, catalogue.get_run(caller(), run_id))


@bp.post("/automation-runs/<run_id>/approve")
@takes(body=GateInput)
@answers(RunDetails, refusals=(409,))
def approve_run(run_id: UUID, body: Json) -> Json:
    return dump(RunDetails, running.decide(caller(), run_id, True, body["reason"]))


@bp.post("/automation-runs/<run_id>/reject")
@takes(body=GateInput)
@answers(RunDetails, refusals=(409,))
def reject_run(run_id: UUID, body: Json) -> Json:
    return dump(RunDetails, running.decide(caller(), run_id, False, body["reason"]))


@bp.post("/automation-runs/<run_id>/cancel")
@takes()
@answers(status=204)
def cancel_run(run_id: UUID) -> Response:
    running.cancel(caller(), run_id)
    return empty(204)


def _runs(automation_id: UUID | None, query: Json) -> Json:
    found, total = catalogue.page_of_runs(caller(), automation_id, query["status"], query["offset"], query["limit"])
    return {"items": [dump(RunOutput, run) for run in found], "total": total}
