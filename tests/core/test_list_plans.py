"""No list of threads reads the whole table, whatever its filter or order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial

import pytest
from flask import Flask

from chatapp.core import flags, history, own_threads, search, thread_lists, thread_order, threads
from chatapp.core.flags import Wanted
from chatapp.core.thread_lists import ThreadFilter
from chatapp.db import new_id, now, session, transaction
from chatapp.models import User
from chatapp.models.threads import ORDERS
from chatapp.values import Severity
from tests.people import People
from tests.plans import plan, queries

FILTERS = {
    "nothing": ThreadFilter(),
    "archived": ThreadFilter(is_archived=True),
    "active": ThreadFilter(is_archived=False),
    "flagged": ThreadFilter(is_flagged=True),
    "severity": ThreadFilter(max_severity="high"),
    "feedback": ThreadFilter(has_feedback=True),
    "created": ThreadFilter(days=[("created", date(2026, 1, 1), date(2026, 1, 2))]),
    "modified": ThreadFilter(days=[("modified", date(2026, 1, 1), None)]),
    "tokens": ThreadFilter(tokens=[("total_tokens", 100, 200)]),
    "query": ThreadFilter(query="resize volume"),
    **{f"by {sign}{key}": ThreadFilter(order=[sign + key]) for key in thread_order.SORT_KEYS for sign in ("", "-")},
}


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("reader", ["ana", "stan"])
def test_a_list_reads_along_an_index(app: Flask, people: People, name: str, reader: str) -> None:
    lines = [line for query in _queries(people, reader, name) for line in plan(*query)]

    assert lines
    whole = [line for line in lines if _reads_everything(line)]
    assert whole == [], "\n".join(lines)


def test_a_page_of_the_log_is_a_range_of_the_index_of_its_order(app: Flask, people: People) -> None:
    for key in (sign + key for key in thread_order.SORT_KEYS for sign in ("", "-")):
        wanted, name = ThreadFilter(order=[key]), key.removeprefix("-")
        values = {"created": [now()], "modified": [now()], "models_used": ["m", None]}.get(name, [5, None])
        for after in (None, *(thread_order.Place(value, new_id()) for value in values)):
            look = partial(thread_lists.following, people.stan.user, wanted, after, 50)
            for query in about_threads(look):
                lines = plan(*query, "enable_sort", "enable_bitmapscan")
                assert any(f"ix_threads_{name}" in line for line in lines), "\n".join(lines)
                assert not any(map(_reads_everything, lines)), "\n".join(lines)
                assert not any("TEMP B-TREE" in line for line in lines), "\n".join(lines)


@pytest.mark.parametrize("key", ["created", "-modified"])
def test_archived_threads_are_read_in_the_order_of_times(app: Flask, people: People, key: str) -> None:
    wanted = ThreadFilter(is_archived=True, order=[key])
    [query] = about_threads(partial(thread_lists.following, people.stan.user, wanted))
    lines = plan(*query, "enable_sort", "enable_bitmapscan")

    assert any("ix_threads_archived" in line for line in lines), "\n".join(lines)
    assert not any("TEMP B-TREE" in line for line in lines), "\n".join(lines)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite's plan does not tell
@pytest.mark.parametrize(("key", "companion"), [(key, each) for key, several in ORDERS.items() for each in several])
def test_threads_that_a_filter_leaves_out_are_passed_over_within_the_index_of_the_order(
    app: Flask, people: People, key: str, companion: str
) -> None:
    """An order goes along with what its filter asks: those that it leaves may stand at the far end of very many."""
    is_time = companion in thread_lists.TIMES
    asked = {"days": [(companion, None, date(2026, 1, 1))]} if is_time else {"tokens": [(companion, 7.5, None)]}
    wanted = ThreadFilter(order=[f"-{key}"], **asked)
    query, *_ = about_threads(partial(thread_lists.following, people.stan.user, wanted))
    lines = plan(*query, "enable_sort", "enable_bitmapscan")

    [place] = [at for at, line in enumerate(lines) if f"ix_threads_{key}" in line]
    assert "Index Cond" in lines[place + 1], "\n".join(lines)
    assert companion in lines[place + 1], "\n".join(lines)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite compares numbers of all kinds
def test_limits_of_tokens_are_compared_as_the_numbers_that_the_index_holds(app: Flask, people: People) -> None:
    wanted = ThreadFilter(tokens=[("total_tokens", 99.5, 1e300)], order=["total_tokens"])
    query, *_ = about_threads(partial(thread_lists.following, people.stan.user, wanted))
    lines = plan(*query, "enable_sort", "enable_bitmapscan")

    assert any("Index Cond" in line and "'100'::bigint" in line for line in lines), "\n".join(lines)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # PostgreSQL passes over what was changed later
@pytest.mark.parametrize(
    ("asked", "key", "place"),
    [
        (("modified", None, date(2026, 1, 1)), "-created", "ix_threads_created (created<?)"),
        (("created", date(2026, 1, 1), None), "modified", "ix_threads_modified (modified>?)"),
    ],
)
def test_a_walk_along_one_time_begins_where_the_other_lets_it(
    app: Flask, people: People, monkeypatch: pytest.MonkeyPatch, asked: tuple[str, date, date], key: str, place: str
) -> None:
    monkeypatch.setattr(thread_lists, "MOST_SORTED", -1)
    wanted = ThreadFilter(days=[asked], order=[key])
    seen = about_threads(partial(thread_lists.following, people.stan.user, wanted))

    assert any("ix_threads_set_back" in line for query in seen for line in plan(*query))
    assert any(place in line for line in plan(*seen[-1]))


def test_a_clock_that_was_set_back_hides_no_thread(app: Flask, people: People) -> None:
    with transaction():
        thread = session.merge(threads.create(people.ana.user))
        thread.created, thread.modified = (
            datetime(2026, 1, 2, 0, 5, tzinfo=UTC),
            datetime(2026, 1, 1, 23, 59, tzinfo=UTC),
        )
    for days, key in (
        (("modified", None, date(2026, 1, 1)), "-created"),
        (("created", date(2026, 1, 2), None), "modified"),
    ):
        found, _ = thread_lists.following(people.stan.user, ThreadFilter(days=[days], order=[key]))
        assert [each.id for each in found] == [thread.id], key


VERY_MANY = {
    "tokens": ("total_tokens", ThreadFilter(tokens=[("total_tokens", 1, 9)], order=["-modified"])),
    "days": ("created", ThreadFilter(days=[("created", date(2020, 1, 1), None)], order=["-modified"])),
    "archived": ("archived_at", ThreadFilter(is_archived=False, order=["models_used"])),
    "severity": ("max_severity", ThreadFilter(max_severity="none", order=["-modified"])),
    "flagged": ("is_flagged", ThreadFilter(is_flagged=True, order=["-modified"])),
    "feedback": ("has_feedback", ThreadFilter(has_feedback=True, order=["-modified"])),
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # PostgreSQL knows how many there are
@pytest.mark.parametrize("name", VERY_MANY)
def test_very_many_threads_are_not_found_by_one_thing_and_sorted_by_another(
    app: Flask, people: People, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    column, wanted = VERY_MANY[name]
    made = [threads.create(people.ana.user) for _ in range(3)]
    with transaction():
        for thread in made:
            session.merge(thread).is_flagged = True
            session.merge(thread).total_tokens = 5
            session.merge(thread).models_used = "m"
            session.merge(thread).has_feedback = True
    for most, is_hidden in ((3, False), (2, True)):
        monkeypatch.setattr(thread_lists, "MOST_SORTED", most)
        look = partial(thread_lists.following, people.stan.user, wanted)
        seen = [query for query in about_threads(look) if "models_used = ?" not in query[0]]
        assert (f"+threads.{column}" in seen[-1][0].replace(" ", "")) is is_hidden  # no index serves an expression
        lines = plan(*seen[-1])
        walked = [line for line in lines if f"USING INDEX ix_threads_{wanted.order[0].removeprefix('-')}" in line]
        assert bool(walked) is is_hidden, "\n".join(lines)
        found, _ = thread_lists.following(people.stan.user, wanted)
        backwards = -1 if wanted.order[0].startswith("-") else 1
        assert [thread.id for thread in found] == [thread.id for thread in made[::backwards]]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite is told by which index it finds
def test_the_few_of_a_day_are_found_before_a_search_for_many_is_sorted(
    app: Flask, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "LOOKED_UP", 0)
    today = ThreadFilter(query="resize", days=[("created", now().date(), None)], order=["total_tokens"])
    made = [threads.create(people.ana.user, f"Resize {number}") for number in range(2)]
    for most, is_found_first in ((1, True), (0, False)):  # twice as many as without a search
        monkeypatch.setattr(thread_lists, "MOST_SORTED", most)
        wanted = thread_lists.within_reach(people.stan.user, today)
        seen = about_threads(partial(thread_lists.following, people.stan.user, wanted))
        assert ("MATERIALIZED" in seen[-1][0]) is is_found_first
        found, _ = thread_lists.following(people.stan.user, wanted)
        assert [thread.id for thread in found] == [thread.id for thread in made]


def test_a_search_in_everybodys_threads_looks_up_what_it_has_found(app: Flask, people: People) -> None:
    threads.create(people.ana.user, "Please resize volume 7")
    look = partial(thread_lists.following, people.stan.user, ThreadFilter(query="resize volume"))
    lines = [line for query in about_threads(look) for line in plan(*query)]

    assert any(
        "SEARCH threads USING INDEX sqlite_autoindex_threads_1" in line or "pk_threads" in line for line in lines
    )
    walked = [line for line in lines if "ix_threads_created" in line]
    assert walked == [], "\n".join(lines)


def test_figures_of_the_log_read_along_an_index(app: Flask, people: People) -> None:
    for wanted in FILTERS.values():
        look = partial(thread_lists.latest_statistics, people.stan.user, wanted, 100)
        lines = [line for query in about_threads(look) for line in plan(*query)]
        assert lines
        assert not any(map(_reads_everything, lines)), "\n".join(lines)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite picks the owner's index by itself
@pytest.mark.parametrize("key", [sign + key for key in thread_order.SORT_KEYS for sign in ("", "-")])
def test_ones_own_threads_are_found_before_they_are_sorted(app: Flask, people: People, key: str) -> None:
    [query] = _queries(people, "ana", f"by {key}")

    lines = plan(*query)

    assert any("CTE Scan on matching" in line for line in lines), "\n".join(lines)
    assert any("ix_threads_user" in line for line in lines), "\n".join(lines)


def test_a_list_without_an_index_would_be_noticed(app: Flask, people: People) -> None:
    lines = plan("SELECT * FROM threads WHERE system_prompt = 'x'", ())

    assert any(map(_reads_everything, lines))


def _queries(people: People, reader: str, name: str) -> list[tuple[str, object]]:
    """The statements that the list runs, as the database gets them."""
    user = getattr(people, reader).user
    return about_threads(lambda: thread_lists.page(user, FILTERS[name], 0, 10))


about_threads = partial(queries, about=" threads")


def _reads_everything(line: str) -> bool:
    return "Seq Scan on threads" in line or (line.startswith("SCAN threads") and "INDEX" not in line)


@pytest.mark.parametrize(
    "look",
    [
        history.pinned,
        history.unread,
        history.page,
        partial(history.page, archived=True),
        partial(history.page, before=history.Position(now(), new_id())),
        partial(history.page, query="resize volume"),
        partial(threads.undo_archiving, moment=now()),
        partial(own_threads.page, after=None, limit=20),
        partial(own_threads.page, after=(now(), new_id()), limit=20),
    ],
    ids=["pinned", "unread", "active", "archived", "older", "query", "undo", "visible", "visible, older"],
)
def test_ones_own_history_is_a_range_of_one_index(app: Flask, people: People, look: Callable[[User], object]) -> None:
    lines = [line for query in about_threads(lambda: look(people.ana.user)) for line in plan(*query)]

    assert lines
    assert any("ix_threads_user_" in line for line in lines), "\n".join(lines)
    assert not any(map(_reads_everything, lines)), "\n".join(lines)


def test_summaries_read_only_what_they_are_about(app: Flask, people: People) -> None:
    thread = threads.create(people.ana.user)
    session.remove()
    assert about_threads(lambda: own_threads.summaries([thread])) == [], "nobody has said anything in it"
    thread.last_index = 2
    seen = about_threads(lambda: own_threads.summaries([thread]))
    # The previews and the latest turns; the tools are read from messages alone.
    assert len(seen) == 2

    lines = [line for query in seen for line in plan(*query)]

    assert any("ix_turns_thread_created" in line for line in lines), "\n".join(lines)
    assert not any(map(_reads_everything, lines)), "\n".join(lines)


WANTED = {
    "undecided": Wanted(),
    "any decision": Wanted(None),
    "severity": Wanted(severity=Severity.LOW),
    "action": Wanted(action="redact"),
    "category": Wanted(rule="jailbreak"),
    "person": Wanted(None, user_id=new_id()),
}


@pytest.mark.parametrize("name", WANTED)
def test_the_queue_of_flags_is_a_range_of_one_index(app: Flask, name: str) -> None:
    wanted = WANTED[name]
    seen = queries(lambda: (flags.queue(wanted), flags.following(wanted, new_id())), " flags")

    lines = [line for query in seen for line in plan(*query)]

    assert any("ix_flags_" in line for line in lines), "\n".join(lines)
    whole = [line for line in lines if "Seq Scan on flag" in line or line.startswith("SCAN flag")]
    assert [line for line in whole if "INDEX" not in line] == [], "\n".join(lines)


def test_the_number_in_the_navigation_reads_one_index(app: Flask) -> None:
    [query] = queries(flags.undecided, " flags")
    lines = plan(*query)
    assert any("ix_flags_" in line for line in lines), "\n".join(lines)
