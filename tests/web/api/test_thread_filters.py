"""Which threads a list shows, and in which order."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

from tests.people import People
from tests.web.api.client import THREADS, Client
from tests.web.api.rows import add_message, add_thread

STATISTICS = f"{THREADS}stats/"
EVERYTHING = {
    "user": str(uuid4()),
    "scope": "own",
    "is_archived": "false",
    "is_flagged": "false",
    "max_severity": "none",
    "has_feedback": "false",
    "query": "a, b; c",
    **{f"{name}{end}": "2030-01-02" for name in ("created", "modified") for end in ("", "_after", "_before")},
    **{f"{name}_tokens_{end}": "1" for name in ("input", "output", "total") for end in ("min", "max")},
    "o": ["-created", "modified,total_tokens"],
    "field": ["uuid", "name"],
}


SYNTAX = [
    *('"', '""', "'", '"resize', "said:resize", "resize*", "owner : x", "NEAR(a b)", "(", ")", "{a b}: c", "^a", "--"),
    *("!", "a:*", "a & | b", "<->", "something or nothing", "\\", "%", "_", "?", "☃", "resize OR", "NOT resize", "AND"),
    *("a\nb", "\u202e", "x" * 1000, "a " * 500, '"' * 999, '"a" ' * 250),
]


def listed(client: Client, query: str = "") -> list[str]:
    """The ids, in order."""
    response = client.get(f"{THREADS}?{query}")
    assert response.status_code == 200, response.json
    return [thread["uuid"] for thread in response.json]


def refusal(client: Client, query: str) -> Any:
    """What both the list and the figures answer."""
    responses = [client.get(f"{path}?{query}") for path in (THREADS, STATISTICS)]
    assert [response.status_code for response in responses] == [400, 400]
    assert responses[0].json == responses[1].json
    return responses[0].json


def search(client: Client, query: str, **other: str) -> set[str]:
    response = client.get(THREADS, query_string={"query": query, **other})
    assert response.status_code == 200, response.json
    return {thread["uuid"] for thread in response.json}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_case_16_links_repeat_every_filter(stan: Client, people: People) -> None:
    day = {"created": at("2030-01-02T10:00"), "modified": at("2030-01-02T10:00")}
    tokens = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 1}
    for _ in range(3):
        add_thread(people.stan, "a, b; c", **day, **tokens)
    wanted = EVERYTHING | {"user": str(people.stan.id), "page_size": "1", "page": "2"}

    response = stan.get(THREADS, query_string=wanted)

    assert response.headers["X-Result-Count"] == "3"
    for item in response.headers["Link"].split(","):
        url, _ = item.strip().split(";")
        query = parse_qs(urlsplit(url.strip("<>")).query)
        query.pop("page", None)
        expected = {name: value if isinstance(value, list) else [value] for name, value in wanted.items()}
        assert query == {name: value for name, value in expected.items() if name != "page"}


def test_all_filters_apply_to_the_figures_too(ana: Client) -> None:
    assert ana.get(STATISTICS, query_string=EVERYTHING).json["threads_total"] == 0


def test_case_18_threads_of_one_user(ana: Client, stan: Client, people: People) -> None:
    his, hers = add_thread(people.ben), add_thread(people.ana)

    assert listed(ana, f"user={people.ben.id}") == []
    assert listed(ana, f"user={people.ana.id}") == [hers]
    assert listed(stan, f"user={people.ben.id}") == listed(stan, f"user={people.ben.id.hex.upper()}") == [his]
    assert listed(stan, f"user={uuid4()}") == []
    assert refusal(stan, "user=xyz") == {"user": ["Must be a valid UUID."]}


def test_case_19_names_and_owners_are_searched(ana: Client, sue: Client, people: People) -> None:
    budget, trip = add_thread(people.ana, "The Budget 100%"), add_thread(people.ana, "Trip")
    foreign = add_thread(people.ben, "budgets_of Ben")

    assert search(ana, "budg") == search(ana, "BUDG") == search(ana, " budget ") == {budget}
    assert search(sue, "budg") == {budget, foreign}
    for fragment in ("ana", "ANA", "almond", "na Alm", "ana@corp"):
        assert search(ana, fragment) == search(sue, fragment) == {budget, trip}, fragment
    assert search(sue, "corp-mail") == {budget, trip, foreign}
    assert search(sue, "ben") == {foreign}
    assert search(ana, "ben") == search(ana, "birch") == set()
    assert search(sue, "0%") == search(ana, "0%") == search(ana, "%") == {budget}
    assert search(sue, "s_o") == {foreign}
    assert search(sue, "budget", user=str(people.ben.id)) == {foreign}
    assert search(sue, "budget", scope="own") == set()


def test_a_thread_without_a_name_is_found_by_what_it_is_called(ana: Client, people: People) -> None:
    unnamed, _ = add_thread(people.ana), add_thread(people.ana, "Named")

    assert search(ana, "new CHAT") == search(ana, "chat") == {unnamed}


def test_case_20_messages_are_searched(ana: Client, ben: Client, stan: Client, people: People) -> None:
    thread = add_thread(people.ana)
    add_message(thread, "Please resize the volume of web-1, don't ask", "user")
    add_message(thread, "Resized: the volume has 20 GB.")
    add_thread(people.ana)

    for query in ("resize", "RESIZE", "volume resizing", '"resize the volume"', '"the volume" resize', "web-1"):
        assert search(ana, query) == search(stan, query) == {thread}, query
        assert search(ben, query) == set(), query
    for query in ('"volume the resize"', "resize nothing", '"resize volume"'):
        assert search(ana, query) == search(stan, query) == set(), query
    assert len(listed(ana, "query=volume")) == 1


def test_the_syntax_of_full_text_queries_is_plain_text(ana: Client, stan: Client, people: People) -> None:
    for person in (people.ana, people.ben):
        add_message(add_thread(person), "something else")

    for query in SYNTAX:
        assert search(ana, query) == search(stan, query) == set(), query


def test_signs_between_words_do_not_count(ana: Client, stan: Client, people: People) -> None:
    thread = add_thread(people.ana)
    add_message(thread, "resize the volume")

    for query in ("resize & volume", "resize - volume", '"resize" the !! "volume"', "(resize) -volume"):
        assert search(ana, query) == search(stan, query) == {thread}, query


def test_queries_that_no_store_takes(ana: Client, stan: Client) -> None:
    for client in (ana, stan):
        assert refusal(client, "query=a%00b") == {"query": ["This field has characters that cannot be stored."]}
        too_long = "Ensure this field has no more than 1000 characters."
        assert refusal(client, f"query={'x' * 60_000}") == {"query": [too_long]}
        assert search(client, "  ") == set()
        assert listed(client, "query=%ED%A0%80") == []


def test_case_21_days_include_their_last_minute(ana: Client, people: People) -> None:
    late = add_thread(people.ana, created=at("2030-01-02T23:30"), modified=at("2030-02-02T00:00"))

    for query in (
        *("created=2030-01-02", "created_before=2030-01-02", "created_after=2030-01-02"),
        *("created_after=2030-01-01&created_before=2030-01-03", "modified=2030-02-02"),
        *("modified_before=2030-02-02&modified_after=2030-02-02", "created_before=9999-12-31", "created_after="),
    ):
        assert listed(ana, query) == [late], query
    for query in (
        *("created=2030-01-03", "created=2030-01-01", "created_before=2030-01-01", "created_after=2030-01-03"),
        *("modified=2030-01-02", "modified_before=2030-02-01", "modified_after=2030-02-03"),
        *("created=2030-01-02&modified=2030-01-02", "created_after=9999-12-31", "created_before=0001-01-01"),
    ):
        assert listed(ana, query) == [], query


def test_case_22_bad_dates(ana: Client) -> None:
    for name in ("created", "modified", "created_after", "modified_before"):
        assert refusal(ana, f"{name}=notadate") == {name: ["Enter a valid date."]}
    for day in ("2030-13-01", "2030-02-30", "20300101", "1", "%00", "2030-01-01T00:00:00", "9" * 5000):
        assert refusal(ana, f"created={day}") == {"created": ["Enter a valid date."]}, day


def test_case_23_tokens_filter(ana: Client, people: People) -> None:
    few, many, _ = _spent(people)

    assert listed(ana, "total_tokens_min=100") == listed(ana, "total_tokens_min=800") == [many]
    assert listed(ana, "total_tokens_max=15") == listed(ana, "total_tokens_max=15.5") == [few]
    assert listed(ana, "total_tokens_min=1e1&total_tokens_max=100") == [few]
    assert listed(ana, "total_tokens_min=-1&o=total_tokens") == [few, many]
    assert listed(ana, "total_tokens_max=1e300&o=total_tokens") == [few, many]
    assert listed(ana, "input_tokens_min=11") == listed(ana, "output_tokens_min=6") == [many]
    assert listed(ana, "input_tokens_max=299") == listed(ana, "output_tokens_max=499") == [few]


def test_case_24_tokens_sort_with_the_unknown_last(ana: Client, people: People) -> None:
    few, many, silent = _spent(people)

    for key in ("total_tokens", "input_tokens", "output_tokens"):
        assert listed(ana, f"o={key}") == [few, many, silent]
        assert listed(ana, f"o=-{key}") == [many, few, silent]


def _spent(people: People) -> tuple[str, str, str]:
    """Threads that have cost little, much, and nobody knows what."""
    few = add_thread(people.ana, input_tokens=10, output_tokens=5, total_tokens=15)
    many = add_thread(people.ana, input_tokens=300, output_tokens=500, total_tokens=800)
    return few, many, add_thread(people.ana)


def test_bad_numbers(ana: Client) -> None:
    for number in ("many", "nan", "inf", "-Infinity", "1e400", "9" * 5000, "0x10", "1,5", "%00"):
        assert refusal(ana, f"total_tokens_min={number}") == {"total_tokens_min": ["Enter a number."]}, number


def test_case_25_order(ana: Client, people: People) -> None:
    first = add_thread(people.ana, created=at("2030-01-01"), modified=at("2030-03-02"), models_used="b")
    second = add_thread(people.ana, created=at("2030-01-01"), modified=at("2030-03-01"), models_used="a")
    third = add_thread(people.ana, created=at("2030-01-02"), modified=at("2030-03-03"))

    assert listed(ana) == listed(ana, "o=-created") == [third, second, first]
    assert listed(ana, "o=-created&o=-modified") == [third, first, second]
    assert listed(ana, "o=-created&o=modified") == listed(ana, "o=-created,modified") == [third, second, first]
    assert listed(ana, "o=created,,&o=-modified,created") == [first, second, third]
    assert listed(ana, "o=models_used") == [second, first, third]
    assert listed(ana, "o=-models_used") == [first, second, third]
    assert listed(ana, "&".join(["o=modified"] * 3000)) == [second, first, third]


def test_an_order_is_stable_over_pages(ana: Client, people: People) -> None:
    made = {add_thread(people.ana, created=at("2030-01-01")) for _ in range(7)}

    for order in ("", "o=created", "o=total_tokens", "o=-models_used"):
        pages = [listed(ana, f"{order}&page_size=2&page={number}") for number in range(1, 5)]
        assert {thread for page in pages for thread in page} == made


def test_case_25_unknown_keys(ana: Client) -> None:
    assert refusal(ana, "o=color") == {"o": ["Select a valid choice. color is not one of the available choices."]}
    for key in ("--created", "-", "Created", "created;", "%00", "title"):
        assert list(refusal(ana, f"o=created&o={key}")) == ["o"], key


def test_case_26_flags(ana: Client, people: People) -> None:
    clean = add_thread(people.ana)
    high, critical = (
        add_thread(people.ana, is_flagged=True, max_severity=severity, flags={"is_flagged": True, "x": 1})
        for severity in ("high", "critical")
    )

    assert listed(ana, "is_flagged=false") == listed(ana, "max_severity=none") == [clean]
    assert set(listed(ana, "is_flagged=true")) == {high, critical}
    assert listed(ana, "max_severity=high") == [high]
    assert listed(ana, "max_severity=medium") == []
    assert len(listed(ana, "is_flagged=perhaps&max_severity=")) == 3
    expected = "Select a valid choice. huge is not one of the available choices."
    assert refusal(ana, "max_severity=huge") == {"max_severity": [expected]}


def test_case_27_feedback(ana: Client, people: People) -> None:
    rated, silent = add_thread(people.ana, has_feedback=True), add_thread(people.ana)

    assert listed(ana, "has_feedback=true") == [rated]
    assert listed(ana, "has_feedback=False") == [silent]


def test_case_111_an_exact_day_as_older_clients_ask(ana: Client, people: People) -> None:
    _, wanted, _ = (add_thread(people.ana, created=at(f"2030-01-0{day}T12:00")) for day in (1, 2, 3))

    assert listed(ana, "created=2030-01-02") == [wanted]


def test_every_refused_parameter_is_named(ana: Client) -> None:
    named = refusal(ana, "user=x&scope=x&max_severity=x&created=x&total_tokens_min=x&o=x&query=%00")

    assert set(named) == {"user", "scope", "max_severity", "created", "total_tokens_min", "o", "query"}
    assert all(UUID(thread) for thread in listed(ana, "colour=red&page_size=%00&is_archived=%00"))
