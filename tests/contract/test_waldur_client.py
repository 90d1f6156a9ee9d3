"""waldur-api-client 8.1.3 as it comes, over HTTP: every chat endpoint that it has, blocking and with asyncio."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from types import ModuleType
from typing import Any
from uuid import UUID

import orjson
import pytest
from waldur_api_client.api.chat import chat_stream
from waldur_api_client.api.chat_messages import chat_messages_feedback, chat_messages_list
from waldur_api_client.api.chat_quota import chat_quota_set_quota, chat_quota_usage_retrieve
from waldur_api_client.api.chat_sessions import (
    chat_sessions_current_retrieve,
    chat_sessions_list,
    chat_sessions_retrieve,
)
from waldur_api_client.api.chat_system_prompts import (
    chat_system_prompts_activate,
    chat_system_prompts_count,
    chat_system_prompts_create,
    chat_system_prompts_deactivate,
    chat_system_prompts_destroy,
    chat_system_prompts_list,
    chat_system_prompts_partial_update,
    chat_system_prompts_retrieve,
    chat_system_prompts_update,
)
from waldur_api_client.api.chat_threads import (
    chat_threads_archive,
    chat_threads_cancel,
    chat_threads_list,
    chat_threads_retrieve,
    chat_threads_stats_retrieve,
    chat_threads_unarchive,
)
from waldur_api_client.api.chat_tools import chat_tools_execute
from waldur_api_client.errors import UnexpectedStatus
from waldur_api_client.models.chat_request_request import ChatRequestRequest
from waldur_api_client.models.chat_response import ChatResponse
from waldur_api_client.models.chat_session_field_enum import ChatSessionFieldEnum
from waldur_api_client.models.feedback_category_enum import FeedbackCategoryEnum
from waldur_api_client.models.injection_severity_enum import InjectionSeverityEnum
from waldur_api_client.models.message_feedback_request import MessageFeedbackRequest
from waldur_api_client.models.patched_system_prompt_request import PatchedSystemPromptRequest
from waldur_api_client.models.set_token_quota_request import SetTokenQuotaRequest
from waldur_api_client.models.system_prompt_request import SystemPromptRequest
from waldur_api_client.models.thread_session_field_enum import ThreadSessionFieldEnum
from waldur_api_client.models.thread_session_o_enum import ThreadSessionOEnum
from waldur_api_client.models.thread_session_request import ThreadSessionRequest
from waldur_api_client.models.thread_session_scope_enum import ThreadSessionScopeEnum
from waldur_api_client.models.tool_execute_request import ToolExecuteRequest
from waldur_api_client.models.tool_execute_request_arguments import ToolExecuteRequestArguments
from waldur_api_client.types import UNSET

from tests.contract.site import OLD_HAND, THREADS, Site
from tests.contract.waldur import Waldur, endpoints

pytestmark = pytest.mark.xdist_group("waldur")

EVERYBODY = ("ana", "sue", "stan")
SUPPORT = ("sue", "stan")
OTHERS = ("ana", "sue")  # than staff
IGNORED = ThreadSessionRequest(name="Not a name")
PROMPT = SystemPromptRequest(name="House style", custom_instructions="Be brief.")

GetClient = Callable[[str], Waldur]


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def client(site: Site, request: pytest.FixtureRequest) -> GetClient:
    """The client of a person."""
    return lambda name: site.client(name, is_async=request.param)


def test_no_chat_endpoint_of_the_client_is_left_out() -> None:
    imported = {value for value in globals().values() if isinstance(value, ModuleType)}
    assert set(endpoints()) <= imported
    assert len(set(endpoints())) == 24


# Sessions


def test_everybody_has_a_session(client: GetClient, site: Site) -> None:
    for name in EVERYBODY:
        session = client(name).call(chat_sessions_current_retrieve)
        assert (session.uuid, session.user_username) == (site.owned[name].session_id, name)
        assert client(name).call(chat_sessions_retrieve, session.uuid) == session


def test_only_support_and_staff_see_all_sessions(client: GetClient, site: Site) -> None:
    assert [row.user_username for row in client("ana").all(chat_sessions_list)] == ["ana"]
    assert client("ana").status(chat_sessions_retrieve, site.owned["ben"].session_id) == 404
    for name in SUPPORT:
        usernames = {row.user_username for row in client(name).all(chat_sessions_list)}
        assert usernames == {"ana", "ben", "sue", "stan", OLD_HAND}
        assert client(name).call(chat_sessions_retrieve, site.owned["ben"].session_id).user_username == "ben"


def test_fields_of_sessions_and_threads_can_be_chosen(client: GetClient, site: Site) -> None:
    fields = [ChatSessionFieldEnum.UUID, ChatSessionFieldEnum.USER]
    assert set(client("ana").call(chat_sessions_current_retrieve, field=fields).to_dict()) == {"uuid", "user"}
    (thread,) = client("ana").call(chat_threads_list, field=[ThreadSessionFieldEnum.NAME])
    assert set(thread.to_dict()) == {"name"}


# Threads


def test_case_109_one_follows_all_pages_of_a_thousand_threads(client: GetClient) -> None:
    threads = client(OLD_HAND).all(chat_threads_list)
    assert len({thread.uuid for thread in threads}) == len(threads) == THREADS
    assert threads == sorted(threads, key=lambda thread: thread.created, reverse=True)


def test_every_page_is_filtered_and_sorted_alike(client: GetClient, site: Site) -> None:
    owner = client(OLD_HAND).call(chat_sessions_current_retrieve).user
    order = [ThreadSessionOEnum.MODELS_USED, ThreadSessionOEnum.VALUE_5]
    for name in SUPPORT:
        threads = client(name).all(chat_threads_list, user=owner, is_archived=False, total_tokens_min=1.0, o=order)
        assert len(threads) > THREADS * 3 / 4
        keys = [(thread.models_used, -thread.total_tokens) for thread in threads]
        assert keys == sorted(keys)
    assert client("ana").all(chat_threads_list, user=owner) == []


def test_a_boolean_splits_the_threads(client: GetClient) -> None:
    person = client(OLD_HAND)
    for parameter in ("is_archived", "is_flagged", "has_feedback"):
        parts = [person.all(chat_threads_list, **{parameter: value}) for value in (True, False)]
        assert [{getattr(thread, parameter) for thread in part} for part in parts] == [{True}, {False}]
        assert sum(map(len, parts)) == THREADS


def test_threads_are_found_by_severity_days_text_and_scope(client: GetClient, site: Site) -> None:
    person = client(OLD_HAND)
    flagged = person.all(chat_threads_list, max_severity=InjectionSeverityEnum.HIGH)
    assert 0 < len(flagged) == len(person.all(chat_threads_list, is_flagged=True))
    day = flagged[0].created.date()
    found = person.all(chat_threads_list, created_after=day, created_before=day)
    assert flagged[0] in found
    assert {thread.created.date() for thread in found} == {day}
    assert flagged[0] in person.all(chat_threads_list, query=flagged[0].name)
    own = client("stan").all(chat_threads_list, scope=ThreadSessionScopeEnum.OWN)
    assert [thread.uuid for thread in own] == [site.owned["stan"].thread_id]


def test_threads_are_archived_and_unarchived(client: GetClient, site: Site) -> None:
    for name in EVERYBODY:
        person, thread_id = client(name), site.owned[name].thread_id
        for _ in range(2):
            assert person.status(chat_threads_archive, thread_id) == 204
        assert person.call(chat_threads_retrieve, thread_id).is_archived is True
        assert person.status(chat_threads_unarchive, thread_id) == 204
        assert person.call(chat_threads_retrieve, thread_id).is_archived is False


def test_an_idle_thread_can_be_cancelled_by_its_owner_only(client: GetClient, site: Site) -> None:
    for name in EVERYBODY:
        assert client(name).status(chat_threads_cancel, site.owned[name].thread_id, body=IGNORED) == 200
        assert client(name).status(chat_threads_cancel, site.owned["ben"].thread_id, body=IGNORED) == 404
        assert client(name).call(chat_threads_retrieve, site.owned[name].thread_id).name != IGNORED.name


def test_support_and_staff_see_and_archive_the_threads_of_others(client: GetClient, site: Site) -> None:
    thread_id = site.owned["ben"].thread_id
    for endpoint in (chat_threads_retrieve, chat_threads_archive, chat_threads_unarchive):
        assert client("ana").status(endpoint, thread_id) == 404
    for name in SUPPORT:
        assert client(name).call(chat_threads_retrieve, thread_id).user_username == "ben"
        assert client(name).status(chat_threads_archive, thread_id) == 204
        assert client(name).status(chat_threads_unarchive, thread_id) == 204


def test_statistics_count_what_one_may_see(client: GetClient) -> None:
    own = client(OLD_HAND).call(chat_threads_stats_retrieve)
    assert (own.threads_total, own.users_total, own.messages_total) == (THREADS, 1, 4 * THREADS)
    assert 0 < own.satisfaction_rate < 1
    assert client("ana").call(chat_threads_stats_retrieve).threads_total == 1
    for name in SUPPORT:
        assert client(name).call(chat_threads_stats_retrieve).users_total == 5
        assert client(name).call(chat_threads_stats_retrieve, is_flagged=True).threads_total == own.flagged_total


# Messages


def test_a_conversation_is_read_whole(client: GetClient, site: Site) -> None:
    for name in EVERYBODY:
        owned = site.owned[name]
        messages = client(name).all(chat_messages_list, thread=owned.thread_id, include_history=True)
        assert [message.uuid for message in messages] == [owned.question_id, owned.answer_id]
        assert [message.role for message in messages] == ["user", "assistant"]
        assert [block.key for block in messages[1].blocks] == ["markdown"]
        assert messages[1].output_tokens > 0


def test_only_support_and_staff_see_what_the_guards_found(client: GetClient, site: Site) -> None:
    for name in ("ben", *SUPPORT):
        message = client(name).call(chat_messages_list, thread=site.owned["ben"].thread_id)[0]
        found = (message.is_flagged, message.severity, message.action_taken)
        assert found == ((UNSET,) * 3 if name == "ben" else (False, "none", "allow"))


def test_categories_are_lists_though_the_client_takes_them_for_objects(client: GetClient, site: Site) -> None:
    """The wire form is right, the client's declaration is not: it cannot parse what the guards have found."""
    owned = site.owned["sue"]
    with closing(sqlite3.connect(site.database)) as connection, connection:
        statement = "update messages set pii_categories = ? where id = ?"
        connection.execute(statement, ['["credentials"]', owned.question_id.hex])
    try:
        with pytest.raises(ValueError, match="dictionary update sequence"):
            client("sue").call(chat_messages_list, thread=owned.thread_id)
    finally:
        with closing(sqlite3.connect(site.database)) as connection, connection:
            connection.execute(statement, ["[]", owned.question_id.hex])


def test_an_opinion_replaces_the_one_before(client: GetClient, site: Site) -> None:
    for name in EVERYBODY:
        person, owned = client(name), site.owned[name]
        wrong = MessageFeedbackRequest(False, "Not at all", FeedbackCategoryEnum.INACCURATE)
        rated = person.call(chat_messages_feedback, owned.answer_id, body=wrong)
        assert (rated.feedback_score, rated.feedback_comment) == (False, "Not at all")
        assert rated.feedback_category is FeedbackCategoryEnum.INACCURATE
        assert ids(person.all(chat_messages_list, thread=owned.thread_id, feedback_score=False)) == [owned.answer_id]
        rated = person.call(chat_messages_feedback, owned.answer_id, body=MessageFeedbackRequest(True))
        assert (rated.feedback_score, rated.feedback_comment, rated.feedback_category) == (True, None, None)
        assert person.all(chat_messages_list, thread=owned.thread_id, feedback_score=False) == []


def test_nobody_has_an_opinion_on_the_answers_of_others(client: GetClient, site: Site) -> None:
    for name in EVERYBODY:
        answer_id = site.owned["ben"].answer_id
        assert client(name).status(chat_messages_feedback, answer_id, body=MessageFeedbackRequest(True)) == 404


# System prompts


def test_staff_keeps_system_prompts(client: GetClient) -> None:
    stan = client("stan")
    before = stan.call(chat_system_prompts_count)
    first, second = (stan.call(chat_system_prompts_create, body=PROMPT) for _ in range(2))
    assert stan.call(chat_system_prompts_count) == len(stan.all(chat_system_prompts_list)) == before + 2
    for prompt in (first, second):
        assert stan.call(chat_system_prompts_activate, prompt.uuid, body=PROMPT).is_active is True
    assert stan.call(chat_system_prompts_retrieve, first.uuid).is_active is False
    assert stan.call(chat_system_prompts_deactivate, second.uuid, body=PROMPT).is_active is False
    patch = PatchedSystemPromptRequest(description="Short answers")
    patched = stan.call(chat_system_prompts_partial_update, first.uuid, body=patch)
    assert (patched.name, patched.description) == ("House style", "Short answers")
    renamed = stan.call(chat_system_prompts_update, first.uuid, body=SystemPromptRequest(name="Other"))
    assert (renamed.name, renamed.description) == ("Other", "Short answers")
    for prompt in (first, second):
        assert stan.status(chat_system_prompts_destroy, prompt.uuid) == 204
    assert stan.status(chat_system_prompts_retrieve, first.uuid) == 404


def test_system_prompts_are_closed_to_everybody_else(client: GetClient) -> None:
    prompt = client("stan").call(chat_system_prompts_create, body=PROMPT)
    for name in OTHERS:
        for endpoint in (chat_system_prompts_list, chat_system_prompts_count):
            assert client(name).status(endpoint) == 403
        for endpoint in (chat_system_prompts_retrieve, chat_system_prompts_destroy):
            assert client(name).status(endpoint, prompt.uuid) == 403
        for endpoint in (chat_system_prompts_update, chat_system_prompts_partial_update):
            assert client(name).status(endpoint, prompt.uuid, body=PROMPT) == 403
        for endpoint in (chat_system_prompts_activate, chat_system_prompts_deactivate):
            assert client(name).status(endpoint, prompt.uuid, body=PROMPT) == 403
        assert client(name).status(chat_system_prompts_create, body=PROMPT) == 403
    assert client("stan").status(chat_system_prompts_destroy, prompt.uuid) == 204


# Quota


def test_support_and_staff_set_limits_that_their_owner_sees(client: GetClient, site: Site) -> None:
    user_id = site.owned["ben"].user_id
    for name in SUPPORT:
        limits = SetTokenQuotaRequest(user_id, daily_limit=-1, weekly_limit=50_000)
        assert client(name).status(chat_quota_set_quota, body=limits) == 200
        for reader in (name, "ben"):
            usage = client(reader).call(chat_quota_usage_retrieve, user_uuid=user_id)
            assert (usage.daily_limit, usage.daily_remaining, usage.weekly_limit) == (-1, None, 50_000)
            assert usage.weekly_remaining == 50_000 - usage.weekly_usage
        reset = SetTokenQuotaRequest(user_id, daily_limit=None, weekly_limit=None)
        assert client(name).status(chat_quota_set_quota, body=reset) == 200
        assert client("ben").call(chat_quota_usage_retrieve, user_uuid=user_id).weekly_limit is None


def test_regular_users_see_their_own_usage_and_set_nothing(client: GetClient, site: Site) -> None:
    own, other = site.owned["ana"].user_id, site.owned["ben"].user_id
    assert client("ana").call(chat_quota_usage_retrieve, user_uuid=own).daily_usage > 0
    assert client("ana").status(chat_quota_usage_retrieve, user_uuid=other) == 403
    assert client("ana").status(chat_quota_set_quota, body=SetTokenQuotaRequest(own, daily_limit=-1)) == 403


# Stream and tools


def test_a_stream_is_lines_of_the_clients_own_shape(site: Site) -> None:
    for name in EVERYBODY:
        response = site.people[name].stream("```python\nprint(1)\n```", thread_uuid=str(site.owned[name].thread_id))
        assert (response.status_code, response.headers["Content-Type"]) == (200, "application/x-ndjson")
        assert response.content.endswith(b"\n")
        lines = [ChatResponse.from_dict(orjson.loads(line)) for line in response.iter_lines() if line]
        assert lines[0].m["thread_uuid"] == str(site.owned[name].thread_id)
        assert set(lines[-1].m.to_dict()) == {"user_message_uuid", "assistant_message_uuid"}
        assert {line.k for line in lines if line.k} == {"markdown", "load", "code"}
        assert [line.e for line in lines if line.e] == []


def test_the_clients_own_stream_function_knows_no_success(client: GetClient, site: Site) -> None:
    """It raises for every status; what it has read is a complete answer nevertheless."""
    body = ChatRequestRequest("Hello again", thread_uuid=site.owned["ana"].thread_id)
    with pytest.raises(UnexpectedStatus) as raised:
        client("ana").call(chat_stream, body=body)
    assert raised.value.status_code == 200
    assert b'"assistant_message_uuid"' in raised.value.content.splitlines()[-1]


def test_a_tool_is_executed(client: GetClient) -> None:
    arguments = ToolExecuteRequestArguments.from_dict({"expression": "6 * 7"})
    result = client("ana").call(chat_tools_execute, body=ToolExecuteRequest("calculate", arguments=arguments))
    assert result.to_dict() == {"type": "success", "summary": "6 * 7 = 42", "data": {"result": 42}}
    assert client("ana").status(chat_tools_execute, body=ToolExecuteRequest("levitate")) == 400


# Spellings


def test_ids_are_taken_with_and_without_hyphens(client: GetClient, site: Site) -> None:
    person, owned = client("ana"), site.owned["ana"]
    for spell in (str, lambda uuid: uuid.hex, lambda uuid: uuid.hex.upper()):
        thread_id: Any = spell(owned.thread_id)
        assert person.call(chat_threads_retrieve, thread_id).uuid == owned.thread_id
        assert owned.answer_id in ids(person.call(chat_messages_list, thread=thread_id))
        assert person.status(chat_threads_cancel, thread_id, body=IGNORED) == 200
        assert person.call(chat_quota_usage_retrieve, user_uuid=spell(owned.user_id)).daily_usage > 0
        limits = SetTokenQuotaRequest(spell(owned.user_id), daily_limit=None)
        assert client("stan").status(chat_quota_set_quota, body=limits) == 200


def ids(rows: list[Any]) -> list[UUID]:
    return [row.uuid for row in rows]
