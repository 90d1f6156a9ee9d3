"""The published client that is generated from the reference's description, against this server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from tests.people import People, Person
from tests.web.api.client import Client
from tests.web.api.rows import add_message, add_thread

httpx = pytest.importorskip("httpx")
pytest.importorskip("waldur_api_client")

from waldur_api_client import AuthenticatedClient, models  # noqa: E402
from waldur_api_client.api.chat_messages import chat_messages_feedback, chat_messages_list  # noqa: E402
from waldur_api_client.api.chat_quota import chat_quota_set_quota, chat_quota_usage_retrieve  # noqa: E402
from waldur_api_client.api.chat_sessions import (  # noqa: E402
    chat_sessions_current_retrieve,
    chat_sessions_list,
    chat_sessions_retrieve,
)
from waldur_api_client.api.chat_system_prompts import (  # noqa: E402
    chat_system_prompts_activate,
    chat_system_prompts_count,
    chat_system_prompts_create,
    chat_system_prompts_deactivate,
    chat_system_prompts_destroy,
    chat_system_prompts_list,
    chat_system_prompts_partial_update,
    chat_system_prompts_update,
)
from waldur_api_client.api.chat_threads import (  # noqa: E402
    chat_threads_archive,
    chat_threads_cancel,
    chat_threads_list,
    chat_threads_retrieve,
    chat_threads_stats_retrieve,
    chat_threads_unarchive,
)


@pytest.fixture
def connect(app: Flask) -> Iterator[Callable[[Person], Any]]:
    """Makes the generated client of a person."""
    opened: list[Any] = []

    def make(person: Person) -> Any:
        client = AuthenticatedClient(base_url="http://chat.test", token=person.token, prefix="Token")
        transport = httpx.WSGITransport(app=app)
        opened.append(httpx.Client(transport=transport, base_url="http://chat.test", headers=person.headers))
        return client.set_httpx_client(opened[-1])

    yield make
    for client in opened:
        client.close()


def test_case_109_all_pages_of_threads(connect: Callable[[Person], Any], people: People) -> None:
    made = {UUID(add_thread(people.ana, f"Thread {number}")) for number in range(205)}

    listed = chat_threads_list.sync_all(client=connect(people.ana))

    assert len(listed) == 205
    assert {thread.uuid for thread in listed} == made
    assert all(isinstance(thread.created.year, int) and thread.name.startswith("Thread") for thread in listed)


def test_case_109_filters_in_the_clients_words(connect: Callable[[Person], Any], people: People) -> None:
    ana = connect(people.ana)
    few, many = (
        add_thread(people.ana, input_tokens=tokens, output_tokens=0, total_tokens=tokens) for tokens in (15, 800)
    )

    found = chat_threads_list.sync(
        client=ana,
        created_after=date(2000, 1, 1),
        created_before=date(2999, 1, 1),
        is_archived=False,
        is_flagged=False,
        max_severity=models.InjectionSeverityEnum.NONE,
        scope=models.ThreadSessionScopeEnum.OWN,
        total_tokens_min=1.0,
        user=people.ana.id,
        o=[models.ThreadSessionOEnum.VALUE_5, models.ThreadSessionOEnum.CREATED],
    )

    assert {str(thread.uuid) for thread in found} == {few, many}
    only = chat_threads_list.sync(client=ana, field=[models.ThreadSessionFieldEnum.NAME], query="new")
    assert [thread.to_dict() for thread in only] == [{"name": "New chat"}] * 2


def test_threads_and_sessions(connect: Callable[[Person], Any], people: People) -> None:
    ana, stan = connect(people.ana), connect(people.stan)
    thread = UUID(add_thread(people.ana))

    assert chat_threads_retrieve.sync(thread, client=ana).chat_session
    for action in (chat_threads_archive, chat_threads_unarchive):
        assert action.sync_detailed(thread, client=ana).status_code == 204
    body = models.ThreadSessionRequest(name="ignored", is_archived=True)
    assert chat_threads_cancel.sync_detailed(thread, client=ana, body=body).status_code == 200
    assert chat_threads_retrieve.sync(thread, client=ana).is_archived is False
    assert chat_threads_stats_retrieve.sync(client=stan).threads_total == 1
    current = chat_sessions_current_retrieve.sync(client=ana)
    assert chat_sessions_retrieve.sync(current.uuid, client=stan).user_username == "ana"
    assert [session.uuid for session in chat_sessions_list.sync_all(client=stan)] == [current.uuid]


def test_messages_and_feedback(connect: Callable[[Person], Any], ana: Client, people: People) -> None:
    thread = ana.ask("hello").thread
    client = connect(people.ana)

    question, answer = chat_messages_list.sync(client=client, thread=UUID(thread))
    assert (question.role.value, answer.sequence_index) == ("user", 2)
    body = models.MessageFeedbackRequest(score=False, comment="x", category=models.FeedbackCategoryEnum.INCOMPLETE)
    rated = chat_messages_feedback.sync(answer.uuid, client=client, body=body)
    assert (rated.feedback_score, rated.feedback_category.value) == (False, "incomplete")
    assert len(chat_messages_list.sync_all(client=client, feedback_score=False)) == 1


def test_messages_for_staff_parse_while_nothing_is_found(connect: Callable[[Person], Any], people: People) -> None:
    add_message(add_thread(people.ana), "hello", "user")

    (message,) = chat_messages_list.sync(client=connect(people.stan))

    assert message.severity.value == "none"


def test_system_prompts(connect: Callable[[Person], Any], people: People) -> None:
    stan = connect(people.stan)
    wish = models.SystemPromptRequest(name="Prompt", description="d", custom_instructions="c")

    made = chat_system_prompts_create.sync(client=stan, body=wish)
    assert chat_system_prompts_count.sync(client=stan) == 1
    assert chat_system_prompts_activate.sync(made.uuid, client=stan, body=wish).is_active
    assert not chat_system_prompts_deactivate.sync(made.uuid, client=stan, body=wish).is_active
    change = models.PatchedSystemPromptRequest(description="other")
    assert chat_system_prompts_partial_update.sync(made.uuid, client=stan, body=change).description == "other"
    assert chat_system_prompts_update.sync(made.uuid, client=stan, body=wish).description == "d"
    assert [prompt.uuid for prompt in chat_system_prompts_list.sync_all(client=stan)] == [made.uuid]
    assert chat_system_prompts_destroy.sync_detailed(made.uuid, client=stan).status_code == 204


def test_quota(connect: Callable[[Person], Any], people: People) -> None:
    wish = models.SetTokenQuotaRequest(user_uuid=people.ana.id, daily_limit=5, weekly_limit=None)

    assert chat_quota_set_quota.sync_detailed(client=connect(people.sue), body=wish).status_code == 200
    shown = chat_quota_usage_retrieve.sync(client=connect(people.ana), user_uuid=people.ana.id)
    assert (shown.daily_limit, shown.daily_remaining, shown.weekly_limit) == (5, 5, None)
