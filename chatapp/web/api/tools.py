"""`POST /api/chat-tools/execute/`: a tool used directly (waldur 9.1)."""

from __future__ import annotations

from marshmallow import Schema, fields

from chatapp.errors import Invalid
from chatapp.tools import executing
from chatapp.values import BlockKey, Json, ResultType
from chatapp.web.api import bp
from chatapp.web.api.auth import caller
from chatapp.web.api.parsing import Input, Text, parser
from chatapp.web.contract import answers

LONGEST_NAME = 100


class ExecuteInput(Input):
    tool = Text(required=True, max_length=LONGEST_NAME)
    arguments = fields.Dict(keys=fields.String(), load_default=dict)


class ResultOutput(Schema):
    type = fields.Enum(ResultType, by_value=True)
    summary = fields.String()
    data = fields.Raw()
    ui_component = fields.Enum(BlockKey, by_value=True)
    ui_data = fields.Dict()
    quarantined = fields.Boolean()


@bp.post("/chat-tools/execute/")
@parser.use_args(ExecuteInput, location="body")
@answers(ResultOutput, refusals=(422,))
def execute_tool(wish: Json) -> Json | tuple[Json, int]:
    try:
        return executing.execute(caller(), wish["tool"], wish["arguments"]).as_json()
    except Invalid as unknown:
        return {"tool": str(unknown)}, 400
