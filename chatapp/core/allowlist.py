"""Phrases that staff declare harmless, beside those of AI_ASSISTANT_INJECTION_ALLOWLIST (waldur-chat-api section 7.5).

Every process keeps them for FRESH seconds, so that a question costs no query; guards take them from memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from uuid import UUID

from sqlalchemy import select

from chatapp.core import audit
from chatapp.db import after_commit, keep_others_out, new_id, session, transaction
from chatapp.errors import Invalid, NotFound
from chatapp.guards.normalise import normalise
from chatapp.models import AllowedPhrase, User

FRESH = 2.0
SHORTEST, LONGEST = 4, 500
MOST = 500


class _Kept:
    """What this process knows, and when it has looked."""

    def __init__(self) -> None:
        self.phrases: tuple[str, ...] = ()
        self.read_at: float | None = None


_kept = _Kept()


def phrases() -> tuple[str, ...]:
    """As this process knows them, as detectors read texts. Asks no database."""
    return _kept.phrases


def keep_fresh() -> None:
    """Read them again if this process has not for a while. Not within a transaction, whose view may be old."""
    if _kept.read_at is None or monotonic() - _kept.read_at >= FRESH:
        _kept.read_at = monotonic()
        found = session.scalars(select(AllowedPhrase.phrase)).all()
        _kept.phrases = tuple(normalise(phrase).text for phrase in found)


def every() -> Sequence[AllowedPhrase]:
    """The newest first."""
    return session.scalars(select(AllowedPhrase).order_by(AllowedPhrase.id.desc())).unique().all()


def add(author: User, phrase: str) -> AllowedPhrase:
    """In force in this process at once, in others within FRESH seconds. Raises Invalid."""
    phrase = phrase.replace("\x00", "").encode(errors="replace").decode().strip()
    if not SHORTEST <= len(phrase) <= LONGEST:
        raise Invalid(f"A phrase has {SHORTEST} to {LONGEST} characters.", "phrase")
    with transaction():
        keep_others_out(AllowedPhrase)
        known = {kept.casefold() for kept in session.scalars(select(AllowedPhrase.phrase))}
        if phrase.casefold() in known:
            raise Invalid("This phrase is allowed already.", "phrase")
        if len(known) >= MOST:
            raise Invalid(f"At most {MOST} phrases can be allowed. Remove one first.", "phrase")
        added = AllowedPhrase(id=new_id(), phrase=phrase, author_id=author.id)
        session.add(added)
        audit.record("phrase_allowed", author, object_id=added.id)
        after_commit(_reload)
    return added


def remove(actor: User, phrase_id: UUID) -> None:
    """Texts that are little else than it are judged again. Raises NotFound."""
    with transaction():
        phrase = session.get(AllowedPhrase, phrase_id)
        if phrase is None:
            raise NotFound("phrase")
        session.delete(phrase)
        audit.record("phrase_removed", actor, object_id=phrase_id)
        after_commit(_reload)


def forget() -> None:
    """Nothing is known of the store any more: the next look reads it."""
    _kept.phrases, _kept.read_at = (), None


def _reload() -> None:
    _kept.read_at = None
    keep_fresh()
