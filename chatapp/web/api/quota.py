"""`/api/chat-quota/`: what a user has used and may use (waldur 1.6, 2.5)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import Schema, fields, validate

from chatapp.core import accounts, quota_lists, quotas
from chatapp.errors import Forbidden
from chatapp.models import User
from chatapp.values import Json
from chatapp.web.api import bp
from chatapp.web.api.auth import caller, sees_everything, support_only
from chatapp.web.api.parsing import Input, Uuid, WholeNumber, parser
from chatapp.web.api.schemas import Moment
from chatapp.web.contract import answers
from chatapp.web.responses import empty

LIMIT = validate.Range(min=quotas.UNLIMITED, error="Ensure this value is greater than or equal to -1.")


class UsageQuery(Input):
    user_uuid = Uuid(load_default=None)


class LimitsInput(Input):
    user_uuid = Uuid(required=True)
    daily_limit = WholeNumber(allow_none=True, validate=LIMIT)
    weekly_limit = WholeNumber(allow_none=True, validate=LIMIT)
    monthly_limit = WholeNumber(allow_none=True, validate=LIMIT)


def _outputs(period: str) -> dict[str, fields.Field[Any]]:
    return {
        f"{period}_limit": fields.Integer(attribute=f"{period}.limit", allow_none=True),
        f"{period}_usage": fields.Integer(attribute=f"{period}.usage"),
        f"{period}_remaining": fields.Integer(attribute=f"{period}.remaining", allow_none=True),
        f"{period}_reset_at": Moment(attribute=f"{period}.reset_at"),
        f"{period}_system_default": fields.Integer(attribute=f"{period}.system_default"),
    }


UsageOutput = Schema.from_dict(_outputs("daily") | _outputs("weekly") | _outputs("monthly"), name="UsageOutput")


@bp.get("/chat-quota/usage/")
@parser.use_args(UsageQuery, location="query")
@answers(UsageOutput, refusals=(404, 409))
def show_usage(query: Json) -> Json:
    document: Json = UsageOutput().dump(quotas.usage(_whose(query["user_uuid"])))
    return document


@bp.post("/chat-quota/set_quota/")
@support_only
@parser.use_args(LimitsInput, location="body")
@answers(refusals=(404,))
def set_quota(values: Json) -> Response:
    given = {period: values[f"{period}_limit"] for period in quotas.PERIODS if f"{period}_limit" in values}
    quota_lists.change(caller(), values["user_uuid"], given)
    return empty(200)


def _whose(user_id: UUID | None) -> User:
    """The caller, or for staff and support anybody. Raises Forbidden, NotFound."""
    user = caller()
    if user_id is None or user_id == user.id:
        return user
    if not sees_everything(user):
        raise Forbidden("You may only see your own usage.")
    return accounts.require_user(user_id)
