"""Fills an empty, migrated database with people, threads and messages, straight into its tables.

    python -m bench.fill --database sqlite:////tmp/big.db --threads 1000000

A thread has four messages: two questions, two answers. Token sums, flags and feedback are spread so that every filter
finds something. The same arguments give the same data.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import orjson

from chatapp.config import Settings

BATCH = 5_000
MESSAGES = 4
# In an order that foreign keys allow.
TABLES = ("users", "chat_sessions", "threads", "messages", "flags", "flag_rules")
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
END = datetime(2026, 10, 1, tzinfo=UTC)
TOPICS = (  # noqa: SIM905
    "budget volume resize network invoice backup server migration database password reset quota snapshot image flavor "
    "project order approval report meeting summary translate contract holiday calendar python function error deploy "
    "kernel storage latency cluster ticket customer upgrade license firewall certificate domain mail archive"
).split()
FILLER = (
    "the a of to and in for is on that with how what why when our my please can you show me about this it be".split()  # noqa: SIM905
)

INDEX_ALL = (
    "insert into search_owners (user_id) select id from users",
    """insert into message_numbers (id, message_id, thread_id)
        select (o.number << 32) + row_number() over (partition by m.user_id order by m.created), m.id, m.thread_id
        from messages m join search_owners o on o.user_id = m.user_id""",
    """insert into message_words (rowid, said)
        select n.id, m.content from message_numbers n join messages m on m.id = n.message_id order by n.id""",
    "insert into thread_numbers (thread_id) select id from threads",
    """insert into thread_names (rowid, name)
        select n.id, coalesce(t.title, '') from threads t join thread_numbers n on n.thread_id = t.id""",
)


def _sentence(chance: random.Random) -> str:
    words = [chance.choice(FILLER if chance.random() < 0.6 else TOPICS) for _ in range(8)]
    return " ".join(words).capitalize() + "."


SENTENCES = [_sentence(random.Random(seed)) for seed in range(5_000)]  # noqa: S311


def main() -> None:
    arguments = _arguments()
    url = Settings(database_url=arguments.database).database
    begun = time.monotonic()
    fill = _fill_sqlite if url.startswith("sqlite") else _fill_postgres
    fill(url, arguments.threads, arguments.users)
    print(
        f"{arguments.threads:,} threads, {arguments.threads * MESSAGES:,} messages in {time.monotonic() - begun:.0f} s"
    )


def rows(threads: int, users: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """(table, row) in an order that foreign keys allow."""
    chance = random.Random(7)  # noqa: S311
    for number in range(users):
        yield "users", _user(number)
        yield "chat_sessions", _session(number)
    step = (END - BEGIN) / max(1, threads)
    for number in range(threads):
        owner = number % users
        created = BEGIN + step * number
        thread, messages = _thread(number, owner, created, chance)
        yield "threads", thread
        for message in messages:
            yield "messages", message
            if message["is_flagged"]:
                yield "flags", _flag(message, number)
                yield from (("flag_rules", rule) for rule in _flag_rules(message))


def _user(number: int) -> dict[str, Any]:
    return {
        "id": _id(1, number),
        "username": f"user{number}",
        "password_hash": "!",
        "full_name": f"User Number {number}",
        "email": f"user{number}@example.org",
        "is_staff": False,
        "is_support": False,
        "is_active": True,
        "created": BEGIN,
    }


def _session(number: int) -> dict[str, Any]:
    return {"id": _id(2, number), "user_id": _id(1, number), "created": BEGIN, "modified": END, "revision": 0}


def _thread(
    number: int, owner: int, created: datetime, chance: random.Random
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    flagged = number % 200 == 3
    rated = number % 50 == 7
    tokens = None if number % 97 == 0 else chance.randrange(10, 20_000)
    written = None if tokens is None else tokens // 3
    thread = {
        "id": _id(3, number),
        "session_id": _id(2, owner),
        "user_id": _id(1, owner),
        "title": f"{chance.choice(TOPICS)} {chance.choice(TOPICS)} {number}".capitalize(),
        "title_tried": True,
        "archived_at": created if number % 10 == 1 else None,
        "flags": {"is_flagged": True, "max_severity": "high"} if flagged else {},
        "is_flagged": flagged,
        "max_severity": "high" if flagged else "none",
        "has_feedback": rated,
        "last_index": MESSAGES,
        "message_count": MESSAGES,
        "input_tokens": tokens,
        "output_tokens": written,
        "total_tokens": None if tokens is None else tokens + (written or 0),
        "models_used": ("claude-sonnet", "claude-haiku", "offline")[number % 3],
        "last_message_at": created + timedelta(minutes=3),
        "last_activity_at": created + timedelta(minutes=3),
        "active_at": created + timedelta(minutes=2),
        "pinned_at": None,
        "unread_at": None,
        "created": created,
        "modified": created + timedelta(minutes=chance.randrange(1, 5_000)),
    }
    messages = [_message(number, owner, index, created, rated, chance) for index in range(1, MESSAGES + 1)]
    if flagged:
        messages[0] |= _verdict(number)
    return thread, messages


def _verdict(number: int) -> dict[str, Any]:
    """What the guards had to say about a question."""
    return {
        "is_flagged": True,
        "severity": "high",
        "action_taken": "block",
        "injection_score": 0.8,
        "injection_severity": "high",
        "injection_categories": ["jailbreak"] if number % 3 else ["jailbreak", "prompt_leak"],
    }


def _flag(message: dict[str, Any], number: int) -> dict[str, Any]:
    copied = ("id", "thread_id", "user_id", "injection_score", "created")
    decision = ("undecided", "confirmed", "false_alarm", "undecided", "follow_up")[number % 5]
    return {name: message[name] for name in copied} | {"urgency": 1, "action": "block", "decision": decision}


def _flag_rules(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for place, rule in enumerate(message["injection_categories"]):
        yield {"flag_id": message["id"], "rule": rule, "place": place, "is_right": None, "created": message["created"]}


def _message(
    thread: int, owner: int, index: int, created: datetime, rated: bool, chance: random.Random
) -> dict[str, Any]:
    content = " ".join(chance.choices(SENTENCES, k=1 + index))
    moment = created + timedelta(seconds=40 * index)
    is_rated = rated and index == MESSAGES
    return {
        "id": _id(4, thread * MESSAGES + index),
        "thread_id": _id(3, thread),
        "user_id": _id(1, owner),
        "role": "user" if index % 2 else "assistant",
        "sequence_index": index,
        "content": content,
        "blocks": [{"id": "blk_0", "key": "markdown", "status": "complete", "content": content}],
        "warning": "",
        "interrupted": False,
        "feedback_score": bool(thread % 3) if is_rated else None,
        "feedback_submitted_at": moment + timedelta(minutes=1) if is_rated else None,
        "is_flagged": False,
        "severity": "none",
        "action_taken": "allow",
        "injection_score": 0.0,
        "injection_severity": "none",
        "injection_categories": [],
        "pii_categories": [],
        "created": moment,
        "modified": moment,
    }


def _id(kind: int, number: int) -> UUID:
    return UUID(int=(kind << 96) | (7 << 76) | (2 << 62) | number)


def _batches(threads: int, users: int) -> Iterator[dict[str, list[dict[str, Any]]]]:
    stream = rows(threads, users)
    while taken := list(islice(stream, BATCH)):
        tables: dict[str, list[dict[str, Any]]] = {table: [] for table in TABLES}
        for table, row in taken:
            tables[table].append(row)
        yield {table: batch for table, batch in tables.items() if batch}


def _fill_sqlite(url: str, threads: int, users: int) -> None:
    import sqlite3

    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        connection.execute("pragma journal_mode=wal")
        connection.execute("pragma synchronous=off")
        connection.execute("pragma cache_size=-500000")
        # The search index is built in one go at the end: three times as fast as row by row.
        triggers = connection.execute("select name, sql from sqlite_master where type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"drop trigger {name}")
        for tables in _batches(threads, users):
            connection.execute("begin")
            for table, batch in tables.items():
                names = list(batch[0])
                marks = ", ".join("?" * len(names))
                connection.executemany(
                    f"insert into {table} ({', '.join(names)}) values ({marks})",  # noqa: S608
                    [[_for_sqlite(value) for value in row.values()] for row in batch],
                )
            connection.execute("commit")
        connection.execute("begin")
        for statement in INDEX_ALL:
            connection.execute(statement)
        for _, sql in triggers:
            connection.execute(sql)
        connection.execute("commit")
        connection.execute("pragma wal_checkpoint(truncate)")
        connection.execute("analyze")


def _for_sqlite(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    return value


def _fill_postgres(url: str, threads: int, users: int) -> None:
    import psycopg

    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("set synchronous_commit = off")
        connection.execute("set maintenance_work_mem = '1GB'")
        # As with SQLite: the indexes of words in one go.
        words = "select indexname, indexdef from pg_indexes where indexdef like '%USING gin%'"
        indexes = connection.execute(words).fetchall()
        for name, _ in indexes:
            connection.execute(f"drop index {name}")  # type: ignore[arg-type]
        for tables in _batches(threads, users):
            with connection.transaction():
                for table, batch in tables.items():
                    copy = f"copy {table} ({', '.join(batch[0])}) from stdin"
                    with connection.cursor().copy(copy) as sink:  # type: ignore[arg-type]
                        for row in batch:
                            sink.write_row([_for_postgres(value) for value in row.values()])
        for _, definition in indexes:
            connection.execute(definition)
        connection.execute("vacuum analyze")


def _for_postgres(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, dict | list) else value


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", required=True, help="URL of an empty, migrated database")
    parser.add_argument("--threads", type=int, default=1_000_000)
    parser.add_argument("--users", type=int, default=1_000)
    return parser.parse_args()


if __name__ == "__main__":
    main()
