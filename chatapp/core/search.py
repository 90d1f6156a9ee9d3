"""Full text over messages, and fragments of names: FTS5 on SQLite, tsvector and trigrams on PostgreSQL.

The indexes are kept by triggers (migration 0005) and are made so that a search within one user's messages costs no more
when others have many: on SQLite a user's rows stand together, on PostgreSQL a word that names the owner is indexed too.
On SQLite the triggers index some sixty texts at a time (migration 0028); a search has those indexed that wait.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Uuid, and_, bindparam, func, literal_column, or_, select, text, union, union_all
from sqlalchemy.sql.elements import ColumnElement

from chatapp.db import is_sqlite, session, transaction
from chatapp.models import Message, Thread, User

WORDS = re.compile(r'"([^"]*)"|(\S+)')
TRIGRAM = 3
LETTERS = re.compile(r"[^\W_]{3}")
FEW = 5  # people whose threads are looked up one by one
LOOKED_UP = 5_000  # threads that are better looked up one by one than joined
MOST_FOUND = 5_000  # messages that a page waits for
MOST_READ = 50_000  # threads whose names are read one by one
# Where one user's messages stand (migration 0005).
OWN_ROWS = (
    "rowid BETWEEN (SELECT number << 32 FROM search_owners WHERE user_id = :owner) "
    "AND (SELECT (number << 32) + 4294967295 FROM search_owners WHERE user_id = :owner)"
)
WAITING = text("SELECT EXISTS (SELECT 1 FROM search_backlog)")
INDEX_ALL = text("INSERT INTO search_backlog (kind, id, letters) VALUES ('all', '', 0)")


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What a search finds, as far as a page can wait for it.

    `condition` is for a list that is read in its order. `is_few`: no more than LOOKED_UP are found, or one
    person's. Without `said`
    messages were not looked into, without `named` names of threads were not.
    """

    condition: ColumnElement[bool]
    is_few: bool
    said: bool
    named: bool


def matches(query: str, owner: User | None, unnamed: str = "") -> ColumnElement[bool]:
    """Threads whose name or owner contains `query`, or a message of which matches it (waldur 2.2).

    With an `owner` only that user's threads are looked at; the caller's query must be limited to them as well.
    `unnamed` is what threads without a name are called.
    """
    _catch_up()
    conditions = [Thread.title.is_(None)] if query.casefold() in unnamed.casefold() else []
    owners = select(User.id).where(_owned_by(query))
    if owner:
        its = Thread.user_id.in_(owners.where(User.id == owner.id))
        return or_(*conditions, its, contains(Thread.title, query), Thread.id.in_(_said(query, owner)))
    found = [_named(query), _said(query, None)]
    few = session.scalars(owners.limit(FEW + 1)).all()
    if len(few) > FEW:
        conditions.append(Thread.user_id.in_(owners))
    else:
        found += [select(Thread.id).where(Thread.user_id == user_id) for user_id in few]
    return or_(*conditions, _is_among(found))


def _is_among(found: Sequence[Select[UUID]]) -> ColumnElement[bool]:
    """In one of the selections, each of which an index answers: everybody's threads are not looked through."""
    # Materialized, or PostgreSQL would expect so many soon and read the threads one after the other.
    together = union_all(*found).cte("found").prefix_with("MATERIALIZED", dialect="postgresql")
    some = session.scalars(select(*together.c).limit(LOOKED_UP + 1)).all()
    return Thread.id.in_(some if len(some) <= LOOKED_UP else union(*found))


def look_up_own(query: str, owner: User, unnamed: str) -> LookedUp:
    """What `matches` finds among the owner's threads."""
    condition = matches(query, owner, unnamed)
    found = select(Thread.id).where(Thread.user_id == owner.id, condition).limit(LOOKED_UP + 1)
    few = session.scalars(found).all()
    return LookedUp(Thread.id.in_(few) if len(few) <= LOOKED_UP else condition, True, True, True)


def look_up(query: str, unnamed: str) -> LookedUp:
    """What `matches` finds among everybody's threads, but for what takes long at a million of them.

    That is: what very many messages hold, and fragments of names for which there is no index. Where very many names
    hold it, each thread is asked in turn: a list has its first page soon.
    """
    _catch_up()
    said = _first_said(query)
    is_named = _has_trigram(query) or not session.scalars(select(Thread.id).offset(MOST_READ).limit(1)).first()
    owners = select(User.id).where(_owned_by(query))
    named = [select(Thread.id).where(Thread.user_id.in_(owners))]
    asked: list[ColumnElement[bool]] = [Thread.user_id.in_(owners)]
    if is_named:
        named.append(_named(query, LOOKED_UP + 1))
        asked.append(contains(Thread.title, query))
    if query.casefold() in unnamed.casefold():
        named.append(select(Thread.id).where(Thread.title.is_(None)))
        asked.append(Thread.title.is_(None))
    few = session.scalars(union_all(*named).limit(LOOKED_UP + 1)).all()
    is_few = len(few) <= LOOKED_UP
    condition = Thread.id.in_({*few, *(said or ())}) if is_few else or_(*asked, Thread.id.in_(set(said or ())))
    return LookedUp(condition, is_few, said is not None, is_named)


def _has_trigram(query: str) -> bool:
    """Whether the index of names knows fragments like it: that of PostgreSQL has letters and digits only."""
    return len(query) >= TRIGRAM if is_sqlite() else bool(LETTERS.search(query))


def _first_said(query: str) -> Sequence[UUID] | None:
    """The threads of the messages that match; None where those are very many."""
    if not is_sqlite() and _expected(query) > MOST_FOUND:
        return None  # PostgreSQL would read the messages themselves
    found = session.scalars(_said(query, None, MOST_FOUND + 1)).all()
    return found if len(found) <= MOST_FOUND else None


def _expected(query: str) -> int:
    """How many messages PostgreSQL expects to match, from what it knows about words."""
    explained = text(
        "EXPLAIN (FORMAT JSON) SELECT FROM messages WHERE search @@ websearch_to_tsquery('english', :words)"
    )
    [plan] = session.execute(explained, {"words": _websearch(query)}).scalar_one()
    return int(plan["Plan"]["Plan Rows"])


def matches_own(query: str, owner: User) -> ColumnElement[bool]:
    """The owner's threads whose name contains `query`, or a message of which matches it: not the owner's own name.

    The caller's query must be limited to that owner. The name is a plain condition, so that a list read in its order
    stops when its page is full.
    """
    _catch_up()
    return or_(contains(Thread.title, query), Thread.id.in_(_said(query, owner)))


def best_matches(query: str, owner: User, thread_ids: Collection[UUID]) -> Sequence[Message]:
    """For each of the owner's threads the latest message that matches, a current version if there is one."""
    rank = func.row_number().over(
        partition_by=Message.thread_id,
        order_by=(Message.superseded_by.is_not(None), Message.sequence_index.desc(), Message.created.desc()),
    )
    mine = (Message.thread_id.in_(thread_ids), Message.user_id == owner.id, _matching(query, owner))
    ranked = select(Message.id, rank.label("rank")).where(*mine).subquery()
    best = select(ranked.c.id).where(ranked.c.rank == 1)
    return session.scalars(select(Message).where(Message.id.in_(best))).all()


def phrases(query: str) -> list[str]:
    """What was put between double quotes, and the words around it: nothing in them is an operator."""
    return [phrase or word for phrase, word in WORDS.findall(query) if (phrase or word).strip()]


def _catch_up() -> None:
    """Have indexed what waits for it: whatever has been said until now is found."""
    if is_sqlite() and session.scalar(WAITING):
        with transaction():
            session.execute(INDEX_ALL)


def _owned_by(query: str) -> ColumnElement[bool]:
    columns = (User.username, User.full_name, User.email)
    return or_(*(contains(column, query) for column in columns))


def contains(column: Any, fragment: str) -> ColumnElement[bool]:
    """Whatever the case, in every alphabet: SQLite's own functions know the case of ASCII only."""
    if not is_sqlite():
        return column.icontains(fragment, autoescape=True)  # type: ignore[no-any-return]
    return func.casefold(column).contains(fragment.casefold(), autoescape=True)


def _named(query: str, most: int | None = None) -> Select[UUID]:
    if is_sqlite() and len(query) >= TRIGRAM:
        found: Select[Any] = (
            select(literal_column("rowid"))
            .select_from(text("thread_names"))
            .where(text("thread_names MATCH :fragment").bindparams(fragment=_quoted(query)))
        )
        numbered = select(literal_column("thread_id", Thread.id.type)).select_from(text("thread_numbers"))
        return numbered.where(literal_column("id").in_(found.limit(most)))
    return select(Thread.id).where(contains(Thread.title, query))


def _said(query: str, owner: User | None, most: int | None = None) -> Select[UUID]:
    if not is_sqlite():
        return select(Message.thread_id).where(_matching_words(query, owner)).limit(most)
    numbered = select(literal_column("thread_id", Thread.id.type)).select_from(text("message_numbers"))
    return numbered.where(literal_column("id").in_(_numbers(query, owner).limit(most)))


def _matching(query: str, owner: User) -> ColumnElement[bool]:
    if not is_sqlite():
        return _matching_words(query, owner)
    numbered = select(literal_column("message_id", Message.id.type)).select_from(text("message_numbers"))
    return Message.id.in_(numbered.where(literal_column("id").in_(_numbers(query, owner))))


def _numbers(query: str, owner: User | None) -> Select[Any]:
    """The numbers of the messages that match, on SQLite."""
    # Only between juxtaposed phrases does FTS5 overlook one that holds nothing but signs.
    words = " ".join(map(_quoted, phrases(query))) or '""'
    found: Select[Any] = (
        select(literal_column("rowid"))
        .select_from(text("message_words"))
        .where(text("message_words MATCH :words").bindparams(words=words))
    )
    if owner:
        found = found.where(text(OWN_ROWS).bindparams(bindparam("owner", owner.id, Uuid())))
    return found


def _matching_words(query: str, owner: User | None) -> ColumnElement[bool]:
    """Whether a message matches, on PostgreSQL."""
    wanted: ColumnElement[Any] = func.websearch_to_tsquery("english", _websearch(query))
    said: ColumnElement[Any] = literal_column("messages.search")
    if owner:
        # A query of nothing but signs and words like "the" is empty: together with the owner it would find everything.
        own = wanted.op("&&")(func.to_tsquery("simple", owner_word(owner.id)))
        return and_(said.op("@@")(own), func.numnode(wanted) > 0)
    return said.op("@@")(wanted)


def _websearch(query: str) -> str:
    return " ".join(f'"{phrase.replace(chr(34), " ")}"' for phrase in phrases(query))


def owner_word(user_id: UUID) -> str:
    """The word that marks a user's messages in the index."""
    return f"u{user_id.hex}"


def _quoted(phrase: str) -> str:
    """A string of FTS5, in which nothing is an operator."""
    return '"' + phrase.replace('"', '""') + '"'
