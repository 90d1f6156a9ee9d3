"""`/api/v1/access-tokens`: the secrets one calls with (turns-api 1.2)."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from flask import Response
from flask.typing import ResponseReturnValue

from chatapp.core import tokens
from chatapp.models import ApiToken
from chatapp.values import Json
from chatapp.web.api_v1 import bp
from chatapp.web.api_v1.auth import caller
from chatapp.web.api_v1.cursors import Cursor, page
from chatapp.web.api_v1.fields import Count, Flag, Text, WholeNumber
from chatapp.web.api_v1.reading import Input, takes
from chatapp.web.api_v1.schemas import NewTokenOutput, TokenOutput, TokenPage, dump, listed
from chatapp.web.contract import answers
from chatapp.web.responses import empty


class TokenQuery(Input):
    limit = Count(1, 200, load_default=50)
    cursor = Cursor()
    include_revoked = Flag(load_default=False)


class TokenInput(Input):
    name = Text(tokens.NAME_LENGTH, 1, required=True)
    expires_in_days = WholeNumber(1, tokens.MOST_DAYS, load_default=tokens.DEFAULT_DAYS)


def present(token: ApiToken) -> Json:
    return dump(TokenOutput, token)


@bp.get("/access-tokens")
@takes(query=TokenQuery)
@answers(TokenPage)
def list_access_tokens(query: Json) -> Json:
    fetch = partial(tokens.page, caller(), with_revoked=query["include_revoked"])
    rows, cursor = page(query, fetch, lambda token: (token.created, token.id))
    return listed(map(present, rows), cursor)


@bp.post("/access-tokens")
@takes(body=TokenInput)
@answers(NewTokenOutput, status=201)
def create_access_token(body: Json) -> ResponseReturnValue:
    secret, token = tokens.create(caller(), body["name"], body["expires_in_days"])
    return {"plaintext": secret, "token": present(token)}, 201


@bp.delete("/access-tokens/<token_id>")
@takes()
@answers(status=204)
def revoke_access_token(token_id: UUID) -> Response:
    tokens.revoke(caller(), token_id)
    return empty(204)
