from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest
from werkzeug.test import TestResponse

from chatapp.core import threads, titles
from chatapp.db import session, transaction
from chatapp.models import Thread
from chatapp.values import Usage
from tests.people import People, Person
from tests.web.api.client import THREADS, Client
from tests.web.api.rows import audit_trail

LINK = re.compile(r'<([^<>]+)>; rel="(\w+)"')
FIELDS = {
    *("uuid", "name", "chat_session", "flags", "is_archived", "message_count", "input_tokens", "output_tokens"),
    *("total_tokens", "title_gen_input_tokens", "title_gen_output_tokens", "models_used", "is_flagged", "max_severity"),
    *("has_feedback", "user_username", "user_full_name", "created", "modified"),
}


def make_threads(person: Person, count: int) -> list[UUID]:
    """Oldest first."""
    with transaction():
        return [threads.create(person.user).id for _ in range(count)]


def uuids(response: TestResponse) -> list[UUID]:
    return [UUID(thread["uuid"]) for thread in response.json]


def links(response: TestResponse) -> dict[str, str]:
    """As generated clients read the header: split at commas, then at semicolons."""
    items = [item.strip().split(";") for item in response.headers["Link"].split(",")]
    assert all(len(item) == 2 for item in items)
    return {rel: url for url, rel in LINK.findall(response.headers["Link"])}


def query_of(url: str) -> dict[str, Sequence[str]]:
    return parse_qs(urlsplit(url).query)


def test_case_11_the_first_page(ana: Client, people: People) -> None:
    made = make_threads(people.ana, 25)

    response = ana.get(THREADS)

    assert uuids(response) == made[:-11:-1]
    assert response.headers["X-Result-Count"] == "25"
    assert links(response) == {
        "first": "http://localhost/api/chat-threads/",
        "next": "http://localhost/api/chat-threads/?page=2",
        "last": "http://localhost/api/chat-threads/?page=3",
    }


def test_case_12_the_last_page_and_beyond(ana: Client, people: People) -> None:
    made = make_threads(people.ana, 25)

    response = ana.get(f"{THREADS}?page=3")

    assert uuids(response) == made[4::-1]
    assert set(links(response)) == {"first", "prev", "last"}
    assert uuids(ana.get(f"{THREADS}?page=last")) == made[4::-1]
    for page in ("4", "0", "-1", "x", "9" * 30, "1.0"):
        beyond = ana.get(f"{THREADS}?page={page}")
        assert (beyond.status_code, beyond.json) == (404, {"detail": "Invalid page."})


def test_case_13_page_size_is_capped_and_forgiving(ana: Client, people: People) -> None:
    make_threads(people.ana, 301)

    assert len(ana.get(f"{THREADS}?page_size=1000").json) == 300
    assert len(ana.get(f"{THREADS}?page_size={'9' * 30}").json) == 10
    assert [len(ana.get(f"{THREADS}?page_size={size}").json) for size in ("abc", "0", "-5", "", "7")] == [
        *(10, 10, 10, 10, 7)
    ]


def test_case_14_an_empty_list(ana: Client) -> None:
    response = ana.get(THREADS)

    assert (response.status_code, response.json) == (200, [])
    assert response.headers["X-Result-Count"] == "0"
    assert set(links(response)) == {"first", "last"}


def test_head_has_the_headers_only(ana: Client, people: People) -> None:
    make_threads(people.ana, 11)

    response = ana.request("HEAD", THREADS)

    assert response.data == b""
    assert response.headers["X-Result-Count"] == "11"
    assert "next" in links(response)


def test_case_15_archived_threads_are_listed_unless_filtered(ana: Client, people: People) -> None:
    kept, archived = make_threads(people.ana, 2)
    ana.post(f"{THREADS}{archived}/archive/")

    assert set(uuids(ana.get(THREADS))) == {kept, archived}
    assert uuids(ana.get(f"{THREADS}?is_archived=TRUE")) == [archived]
    assert uuids(ana.get(f"{THREADS}?is_archived=0")) == [kept]
    assert len(ana.get(f"{THREADS}?is_archived=maybe").json) == 2


def test_case_16_links_repeat_every_other_parameter(ana: Client, people: People) -> None:
    make_threads(people.ana, 3)

    response = ana.get(f"{THREADS}?page_size=1&is_archived=false&field=uuid&field=name&x=a,b;c&page=2")

    for url in links(response).values():
        query = query_of(url)
        assert (query["field"], query["is_archived"], query["x"]) == (["uuid", "name"], ["false"], ["a,b;c"])
    assert query_of(links(response)["next"])["page"] == ["3"]
    assert "page" not in query_of(links(response)["prev"])


def test_case_17_staff_can_ask_for_their_own(stan: Client, ana: Client, people: People) -> None:
    (foreign,), (own,) = make_threads(people.ana, 1), make_threads(people.stan, 1)

    assert uuids(stan.get(THREADS)) == [own, foreign]
    assert uuids(stan.get(f"{THREADS}?scope=own")) == [own]
    assert uuids(ana.get(f"{THREADS}?scope=own")) == [foreign]
    refused = stan.get(f"{THREADS}?scope=all")
    assert refused.status_code == 400
    assert refused.json == {"scope": ["Select a valid choice. all is not one of the available choices."]}


def test_regular_users_see_only_their_own(ana: Client, sue: Client, people: People) -> None:
    make_threads(people.ben, 1)
    own = make_threads(people.ana, 1)

    assert uuids(ana.get(THREADS)) == own
    assert len(sue.get(THREADS).json) == 2


def test_case_28_other_peoples_threads_do_not_exist(ana: Client, people: People) -> None:
    (thread,) = make_threads(people.ben, 1)

    for path in (f"{THREADS}{thread}/", f"{THREADS}{uuid4()}/"):
        responses = [ana.get(path), *(ana.post(f"{path}{action}/") for action in ("archive", "unarchive", "cancel"))]
        assert [response.status_code for response in responses] == [404] * 4
        assert all("not found" in response.json["detail"].lower() for response in responses)


@pytest.mark.parametrize("reader", ["stan", "sue"])
def test_looking_at_other_peoples_threads_is_written_down(
    request: pytest.FixtureRequest, ana: Client, people: People, reader: str
) -> None:
    (thread,) = make_threads(people.ana, 1)
    client = request.getfixturevalue(reader)
    ana.get(f"{THREADS}{thread}/")
    client.get(THREADS)
    client.get(f"{THREADS}{uuid4()}/")
    client.post(f"{THREADS}{thread}/archive/")
    assert audit_trail() == []

    assert client.get(f"{THREADS}{thread}/").json["uuid"] == str(thread)

    assert audit_trail() == [("chat_thread_accessed", getattr(people, reader).id, people.ana.id, thread)]


def test_case_29_archiving_twice(ana: Client, people: People) -> None:
    (thread,) = make_threads(people.ana, 1)

    for _ in range(2):
        response = ana.post(f"{THREADS}{thread}/archive/")
        assert (response.status_code, response.data) == (204, b"")
    assert ana.thread(str(thread))["is_archived"] is True


@pytest.mark.parametrize("body", [b"", b"{}", b"not json", b'{"is_archived": true}'])
def test_case_30_unarchiving_ignores_the_body(ana: Client, people: People, body: bytes) -> None:
    (thread,) = make_threads(people.ana, 1)
    ana.post(f"{THREADS}{thread}/archive/")

    response = ana.post(f"{THREADS}{thread}/unarchive/", data=body, content_type="application/json")

    assert (response.status_code, response.data) == (204, b"")
    assert ana.thread(str(thread))["is_archived"] is False


def test_case_31_staff_archives_and_does_not_cancel(stan: Client, people: People) -> None:
    (thread,) = make_threads(people.ana, 1)

    assert stan.post(f"{THREADS}{thread}/archive/").status_code == 204
    assert stan.thread(str(thread))["is_archived"] is True
    assert stan.post(f"{THREADS}{thread}/cancel/").status_code == 404


def test_case_32_cancelling_an_idle_thread(ana: Client) -> None:
    thread = ana.ask("hello").thread

    for _ in range(2):
        response = ana.post(f"{THREADS}{thread}/cancel/", json={"name": "ignored"})
        assert (response.status_code, response.data) == (200, b"")
    assert ana.ask("again", thread_uuid=thread).text == "You said: again"


def test_case_33_an_archived_thread_takes_messages_and_stays_archived(ana: Client) -> None:
    thread = ana.ask("hello").thread
    ana.post(f"{THREADS}{thread}/archive/")

    answer = ana.ask("again", thread_uuid=thread)

    assert answer.text == "You said: again"
    assert ana.thread(thread)["is_archived"] is True


def test_a_new_thread_shows_everything(ana: Client, people: People) -> None:
    (thread,) = make_threads(people.ana, 1)

    shown = ana.thread(str(thread))

    assert set(shown) == FIELDS
    assert shown["name"] == "New chat"
    assert (shown["flags"], shown["is_flagged"], shown["max_severity"]) == ({}, False, "none")
    assert (shown["user_username"], shown["models_used"], shown["message_count"]) == ("ana", "", 0)
    assert shown["chat_session"] == ana.get("/api/chat-sessions/current/").json["uuid"]
    assert shown["created"].endswith("Z")


def test_case_35_totals_include_the_title(ana: Client, people: People) -> None:
    thread, silent, half = make_threads(people.ana, 3)
    with transaction():
        threads.add_tokens(session.get_one(Thread, thread), 10, 20)
        threads.add_tokens(session.get_one(Thread, half), None, 7)
    titles.store(thread, titles.Attempt("", Usage(3, 1)))

    def totals(thread_id: UUID) -> tuple[int | None, ...]:
        shown = ana.thread(str(thread_id))
        return shown["input_tokens"], shown["output_tokens"], shown["total_tokens"]

    assert totals(thread) == (13, 21, 34)
    assert totals(silent) == (None, None, None)
    assert totals(half) == (None, 7, 7)


def test_fields_can_be_picked(ana: Client, people: People) -> None:
    (thread,) = make_threads(people.ana, 1)

    assert ana.get(f"{THREADS}?field=uuid&field=nonsense").json == [{"uuid": str(thread)}]
    assert ana.get(f"{THREADS}{thread}/?field=name").json == {"name": "New chat"}
    assert set(ana.get(f"{THREADS}{thread}/?field=nonsense").json) == FIELDS


def test_case_112_identifiers_in_every_spelling(ana: Client) -> None:
    answer = ana.ask("hello")
    thread = UUID(answer.thread)

    for spelling in (str(thread), thread.hex, thread.hex.upper(), str(thread).upper()):
        assert ana.get(f"{THREADS}{spelling}/").json["uuid"] == str(thread)
        assert ana.get(f"{THREADS}{spelling}").json["uuid"] == str(thread)
        assert len(ana.messages(spelling)) > 0
        assert ana.ask("again", thread_uuid=spelling).thread == str(thread)
