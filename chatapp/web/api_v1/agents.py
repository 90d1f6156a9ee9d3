"""`/api/v1/agents/specs`: who can answer (turns-api 2.7)."""

from __future__ import annotations

from chatapp.core import agents
from chatapp.values import Json
from chatapp.web.api_v1 import bp
from chatapp.web.api_v1.fields import LARGEST, Choice, Count
from chatapp.web.api_v1.reading import Input, takes
from chatapp.web.api_v1.schemas import AgentSpecList, AgentSpecOutput, dump
from chatapp.web.contract import answers


class AgentQuery(Input):
    limit = Count(1, 100, load_default=100)
    offset = Count(0, LARGEST, load_default=0)
    mode = Choice(agents.MODES, load_default=None)


@bp.get("/agents/specs")
@takes(query=AgentQuery)
@answers(AgentSpecList)
def list_agent_specs(query: Json) -> Json:
    found, total = agents.page(query["mode"], query["offset"], query["limit"])
    return {"specs": [dump(AgentSpecOutput, spec) for spec in found], "total": total}
