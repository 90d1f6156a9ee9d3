"""The history as its templates take it: the entries under their headings, and the addresses that lead on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from flask import abort, request

from chatapp.automations import crystallizing
from chatapp.core import excerpts, history
from chatapp.core.excerpts import Part
from chatapp.core.history import Listed, Position
from chatapp.db import now
from chatapp.models import Message, Thread, User
from chatapp.values import TurnStatus
from chatapp.web.pages import moments
from chatapp.web.pages.days import heading

PINNED = "Pinned"
UNNAMED = "New chat"
LONGEST_QUERY = 200
CHAT, EMBED = "/chat", "/embed"


@dataclass(frozen=True, slots=True)
class ShownThread:
    """`title` and `passage` are parts, the hits of a search among them; `message_id` is where the passage stands."""

    id: UUID
    name: str
    title: Sequence[Part]
    passage: Sequence[Part]
    message_id: UUID | None
    is_pinned: bool
    is_archived: bool
    is_answering: bool
    needs_decision: bool
    is_unread: bool
    is_automatable: bool


@dataclass(frozen=True, slots=True)
class View:
    """Which part of the list is asked for. `base` is where the pages lie that its links lead to.

    `through` asks for everything down to there, `under` is the heading that the part before ended with.
    """

    base: str = CHAT
    thread: Thread | None = None
    archived: bool = False
    query: str = ""
    selecting: bool = False
    before: Position | None = None
    through: Position | None = None
    under: str = ""

    @classmethod
    def asked(cls, thread: Thread | None) -> View:
        """By the request. 404 for positions that are none."""
        asked = request.args
        return cls(
            base=base(),
            thread=thread,
            archived=asked["archived"] == "1" if "archived" in asked else bool(thread and thread.is_archived),
            query=asked.get("q", "").replace("\x00", "").strip()[:LONGEST_QUERY],
            selecting=asked.get("select") == "1",
            before=_position(asked.get("older", "")),
            through=_position(asked.get("through", "")),
            under=asked.get("under", ""),
        )

    @property
    def page(self) -> str:
        """The address of the page that the list stands on."""
        return f"{self.base}/{self.thread.id}/" if self.thread else f"{self.base}/"

    @property
    def source(self) -> str:
        """Where the list is fetched from."""
        return f"/chat/threads/?{self._query(fragment=True)}"

    @property
    def link(self) -> str:
        """The page with this list, for browsers without JavaScript."""
        return f"{self.page}?{self._query()}"

    def to(self, **changes: object) -> View:
        """Another part of the list."""
        return replace(self, **({"before": None, "through": None, "under": ""} | changes))  # type: ignore[arg-type]

    def _query(self, *, fragment: bool = False) -> str:
        values = {
            "thread": str(self.thread.id) if self.thread and fragment else "",
            "embed": "1" if fragment and self.base == EMBED else "",
            "archived": str(int(self.archived)),
            "q": self.query,
            "select": "1" if self.selecting else "",
            "older": _spelled(self.before),
            "under": self.under,
        }
        return urlencode({name: value for name, value in values.items() if value})


@dataclass(frozen=True, slots=True)
class Listing:
    """`more` is the view of what follows, if anything does; `end` the position where this part ends and that begins."""

    view: View
    groups: Sequence[tuple[str, Sequence[ShownThread]]]
    end: str
    more: View | None
    revision: str
    unread: int

    @classmethod
    def load(cls, user: User, view: View) -> Listing:
        """The revision is looked at first: what changes meanwhile is noticed as a change."""
        revision = history.revision(user)
        page = history.page(user, archived=view.archived, query=view.query, before=view.before, through=view.through)
        on_top = not (view.archived or view.query or view.before)
        pinned = history.pinned(user) if on_top else ()
        passages = history.passages(user, view.query, page.threads) if view.query and page.threads else {}
        automatable = crystallizing.eligible(user, [*pinned, *page.threads])
        shown = _Shown(view, history.answering(user), passages, automatable)
        groups = shown.grouped(pinned, page.threads)
        last = history.position(page.threads[-1], archived=view.archived) if page.threads else None
        more = view.to(before=last, under=groups[-1][0]) if page.more else None
        end = _spelled(last if more else view.through)
        return cls(view, groups, end, more, revision, history.unread(user))


class _Shown:
    """Threads to entries, for one reader."""

    def __init__(
        self,
        view: View,
        answering: Mapping[UUID, TurnStatus],
        passages: Mapping[UUID, Message],
        automatable: set[UUID],
    ) -> None:
        self._view = view
        self._answering = answering
        self._passages = passages
        self._automatable = automatable
        self._zone = moments.zone()
        self._locale = moments.locale()
        self._today = now().astimezone(self._zone).date()

    def grouped(self, pinned: Sequence[Listed], threads: Sequence[Listed]) -> list[tuple[str, list[ShownThread]]]:
        groups: dict[str, list[ShownThread]] = {}
        if pinned:
            groups[PINNED] = [self._entry(thread) for thread in pinned]
        for thread in threads:
            moment = history.position(thread, archived=self._view.archived).moment
            groups.setdefault(heading(moment, self._zone, self._today, self._locale), []).append(self._entry(thread))
        return list(groups.items())

    def _entry(self, thread: Listed) -> ShownThread:
        name = thread.title or UNNAMED
        query, found = self._view.query, self._passages.get(thread.id)
        is_open = self._view.thread is not None and thread.id == self._view.thread.id
        return ShownThread(
            id=thread.id,
            name=name,
            title=excerpts.marked(name, query) if query else [Part(name, False)],
            passage=excerpts.excerpt(found.content, query) if found else [],
            message_id=found.id if found and found.superseded_by is None else None,
            is_pinned=thread.pinned_at is not None,
            is_archived=thread.is_archived,
            is_answering=thread.id in self._answering,
            needs_decision=self._answering.get(thread.id) is TurnStatus.AWAITING_APPROVAL,
            is_unread=thread.unread_at is not None and not is_open,
            is_automatable=thread.id in self._automatable,
        )


def base() -> str:
    """Where the pages lie from which the request comes: an embedded chat stays among its own."""
    if request.path.startswith(EMBED + "/") or request.args.get("embed") == "1":
        return EMBED
    try:
        path = urlsplit(request.headers.get("HX-Current-URL", "")).path
    except ValueError:
        path = ""
    return EMBED if path.startswith(EMBED + "/") else CHAT


def _spelled(position: Position | None) -> str:
    return f"{position.moment.isoformat()}_{position.id}" if position else ""


def _position(text: str) -> Position | None:
    if not text:
        return None
    moment, _, thread_id = text.partition("_")
    try:
        return Position(moment_of(moment), UUID(thread_id))
    except ValueError:
        abort(404)


def moment_of(text: str) -> datetime:
    """Raises ValueError, also for a moment without a zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment has a zone")
    return moment
