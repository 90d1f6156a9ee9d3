"""The words of the system prompt in an answer."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import lru_cache

WORD = re.compile(r"\w+")
# So many words in the order of the prompt may be chance; so many are not.
SEED = 4
RUN = 12
EDGES = " \n.,:;!?()*\"'"
MASK = "[system_prompt_REDACTED]"


class Hashes:
    """A set of which only the hashes are kept, in an eighth of the memory or less: every answer has its prompt's."""

    def __init__(self, items: Iterable[Hashable]) -> None:
        self._hashes = array("q", sorted(set(map(hash, items))))

    def __contains__(self, item: Hashable) -> bool:
        wanted = hash(item)
        place = bisect_left(self._hashes, wanted)
        return place < len(self._hashes) and self._hashes[place] == wanted

    def __len__(self) -> int:
        return len(self._hashes)


class Leaks:
    """Masks in one text, fed in whole words, what runs along the prompt for RUN words or more.

    What the conversation says beside the prompt is no secret; it is asked once for a text. The first words of a run
    are shown before it is seen to be one.
    """

    def __init__(self, prompt: str, conversation: Callable[[], Iterable[str]]) -> None:
        self._prompt = prompt
        self._conversation = conversation
        self._words, self._seeds = _known(prompt)
        self._said: frozenset[tuple[str, ...]] | None = None
        self._recent: tuple[str, ...] = ()  # the last words: as tuples they take a tenth of what deques do
        self._held: list[str] = []
        self._run: tuple[str, ...] = ()
        self._masked = False

    def feed(self, text: str) -> str:
        """What may be shown by now."""
        if not self._seeds or not text:
            return text
        if not self._run and text.strip(EDGES).lower() not in self._words and " " not in text.strip():
            self._recent = ()
            return text
        shown: list[str] = []
        done = 0
        for match in WORD.finditer(text):
            self._recent = (*self._recent[1 - SEED :], match[0].lower())
            if self._recent in self._seeds:
                if not self._run:
                    shown.append(text[done : match.start()])
                    self._run = self._recent
                else:
                    self._held.append(text[done : match.start()])
                    self._run = (*self._run[1 - RUN :], self._recent[-1])
                self._held.append(match[0])
                done = match.end()
                shown.append(self._decided())
            elif self._run:
                shown.append(self._end_run())
        if not self._run:
            return "".join([*shown, text[done:]])
        self._hold(text[done:])
        return "".join(shown)

    def flush(self) -> str:
        """The rest, at the end of a text."""
        self._recent = ()
        shown = self._end_run()
        self._said = None
        return shown

    def _hold(self, text: str) -> None:
        if not self._masked:
            self._held.append(text)

    def _decided(self) -> str:
        """What may be shown of a run that is long enough, though it may go on: its words or, once, its mask."""
        if self._masked:
            self._held.clear()
            return ""
        if len(self._run) < RUN:
            return ""
        if self._run in self._windows_said():
            return self._all_held()
        self._masked = True
        self._held.clear()
        return MASK

    def _end_run(self) -> str:
        self._run = ()
        self._masked = False
        return self._all_held()

    def _all_held(self) -> str:
        held = "".join(self._held)
        self._held.clear()
        return held

    def _windows_said(self) -> frozenset[tuple[str, ...]]:
        if self._said is None:
            texts = (said for said in self._conversation() if said != self._prompt)
            windows = (window for said in texts for window in _windows(_words(said), RUN))
            self._said = frozenset(window for window in windows if window[:SEED] in self._seeds)
        return self._said


@lru_cache(maxsize=256)
def _known(prompt: str) -> tuple[Hashes, Hashes]:
    """Its words, and its windows of SEED words. One person's answers of an hour have one prompt."""
    words = _words(prompt)
    return Hashes(words), Hashes(_windows(words, SEED))


def _words(text: str) -> list[str]:
    return [word.lower() for word in WORD.findall(text)]


def _windows(words: list[str], length: int) -> Iterator[tuple[str, ...]]:
    return zip(*(words[shift:] for shift in range(length)), strict=False)
