"""`/api/v1/chat/turns/{turn_id}/approvals`: a person allows or denies a call (turns-api 4.9)."""

from __future__ import annotations

from uuid import UUID

from chatapp.core import approvals, turns
from chatapp.core.approvals import REASON_LENGTH
from chatapp.core.snapshots import turn_json
from chatapp.values import Json
from chatapp.web.api_v1 import bp
from chatapp.web.api_v1.auth import caller
from chatapp.web.api_v1.fields import Text, Uuid, YesOrNo
from chatapp.web.api_v1.reading import Input, takes
from chatapp.web.api_v1.schemas import TurnOutput
from chatapp.web.contract import answers


class DecisionInput(Input):
    approval_id = Uuid(required=True)
    approved = YesOrNo(required=True)
    reason = Text(REASON_LENGTH, load_default="")


@bp.post("/chat/turns/<turn_id>/approvals")
@takes(body=DecisionInput)
@answers(TurnOutput, refusals=(409,))
def decide(turn_id: UUID, body: Json) -> Json:
    turn = turns.get_shown(caller(), turn_id)
    decided = approvals.decide(caller(), turn.id, body["approval_id"], body["approved"], body["reason"])
    return turn_json(decided)
