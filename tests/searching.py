"""Whether the full text of a SQLite database is what would be made of its messages and names now."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from sqlalchemy import make_url

from chatapp.db import db, release, session, transaction
from chatapp.models import Message, Thread

# By index: where its rows are numbered, and what they are to hold.
SAID = "select n.id, m.content from message_numbers n join messages m on m.id = n.message_id order by n.id"
NAMED = "select n.id, coalesce(t.title, '') from thread_numbers n join threads t on t.id = n.thread_id order by n.id"
INDEXES = {"message_words": SAID, "thread_names": NAMED}
# By kind: what can be indexed, what must be, what is.
KINDS = {
    "message": ("select id from messages", "select id from messages", "select message_id from message_numbers"),
    "thread": (
        "select id from threads",
        "select id from threads where title <> ''",
        "select thread_id from thread_numbers",
    ),
}
BACKLOG = "select id from search_backlog where kind = "


def assert_intact() -> None:
    """Every word stands where its text has it and nowhere else; every text either has a number or waits for one."""
    with looking() as store:
        for index, wanted in INDEXES.items():
            assert _entries(store, index) == _made_anew(store, index, wanted), index
            assert _rows(store, f"select id from {index}_docsize") == [row[:1] for row in _rows(store, wanted)], index
        has_backlog = _rows(store, "select 1 from sqlite_master where name = 'search_backlog'")
        for kind, queries in KINDS.items():
            possible, needed, numbered = (set(_rows(store, query)) for query in queries)
            waits = set(_rows(store, f"{BACKLOG}'{kind}'")) if has_backlog else set()
            assert needed <= numbered | waits <= possible, kind
            assert not numbered & waits, kind


def waiting() -> int:
    """How many texts are to be indexed."""
    with looking() as store:
        [(number,)] = _rows(store, "select count(*) from search_backlog")
    return int(number)


def looking() -> closing[sqlite3.Connection]:
    """A connection of one's own: what it sees is stored, and nothing of it stays."""
    release()
    return closing(sqlite3.connect(make_url(str(db.engine.url)).database or "", isolation_level=None))


def say(thread: Thread, *texts: str) -> list[Message]:
    """Put messages after each other into a thread, in one transaction."""
    with transaction():
        thread, messages = session.get_one(Thread, thread.id), []
        for text in texts:
            thread.last_index += 1
            place = {"thread_id": thread.id, "user_id": thread.user_id, "sequence_index": thread.last_index}
            messages.append(Message(**place, role="user", content=text))
            session.add(messages[-1])
            session.flush()
    return messages


def _made_anew(store: sqlite3.Connection, index: str, wanted: str) -> list[Any]:
    [(definition,)] = _rows(store, f"select sql from sqlite_master where name = '{index}'")
    store.execute(definition.replace(index, f"temp.{index}", 1).replace("CREATE VIRTUAL TABLE", "create virtual table"))
    column = store.execute(f"select * from temp.{index} limit 0").description[0][0]
    store.executemany(f"insert into temp.{index} (rowid, {column}) values (?, ?)", _rows(store, wanted))
    return _entries(store, index, "temp")


def _entries(store: sqlite3.Connection, index: str, schema: str = "main") -> list[Any]:
    """All words with their places, and the block in which FTS5 keeps the number and the length of all texts."""
    store.execute("drop table if exists temp.vocabulary")
    store.execute(f"create virtual table temp.vocabulary using fts5vocab({schema}, {index}, instance)")
    words = _rows(store, "select term, doc, offset from temp.vocabulary order by 1, 2, 3")
    return [*words, *_rows(store, f"select block from {schema}.{index}_data where id = 1")]


def _rows(store: sqlite3.Connection, query: str) -> Sequence[Any]:
    return store.execute(query).fetchall()
