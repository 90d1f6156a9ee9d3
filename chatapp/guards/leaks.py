"""The words of the system prompt in an answer."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable

WORD = re.compile(r"\w+")
# So many words in the order of the prompt may be chance; so many are not.
SEED = 4
RUN = 12
EDGES = " \n.,:;!?()*\"'"
MASK = "[system_prompt_REDACTED]"


class Leaks:
    """Masks in one text, fed in whole words, what runs along the prompt for RUN words or more.

    What the conversation says itself is no secret. The first words of a run are shown before it is seen to be one.
    """

    def __init__(self, prompt: str, conversation: Callable[[], Iterable[str]]) -> None:
        words = _words(prompt)
        self._conversation = conversation
        self._words = frozenset(words)
        self._seeds = frozenset(zip(*(words[shift:] for shift in range(SEED)), strict=False))
        self._recent: deque[str] = deque(maxlen=SEED)
        self._held = ""
        self._run: list[str] = []
        self._masked = False

    def feed(self, text: str) -> str:
        """What may be shown by now."""
        if not self._seeds or not text:
            return text
        if not self._run and text.strip(EDGES).lower() not in self._words and " " not in text.strip():
            self._recent.clear()
            return text
        shown: list[str] = []
        done = 0
        for match in WORD.finditer(text):
            self._recent.append(match[0].lower())
            if tuple(self._recent) in self._seeds:
                if not self._run:
                    shown.append(text[done : match.start()])
                    self._run = list(self._recent)
                else:
                    self._held += text[done : match.start()]
                    self._run.append(match[0].lower())
                self._held += match[0]
                done = match.end()
            elif self._run:
                shown.append(self._end_run())
        if self._run:
            self._held += text[done:]
            return "".join(shown) + self._mask_early()
        return "".join([*shown, text[done:]])

    def flush(self) -> str:
        """The rest, at the end of a text."""
        self._recent.clear()
        return self._end_run() if self._run else ""

    def _mask_early(self) -> str:
        """The mask of a run that is long enough, though it may go on."""
        if self._masked or not self._is_leak():
            return ""
        self._masked = True
        return MASK

    def _end_run(self) -> str:
        shown = "" if self._masked else MASK if self._is_leak() else self._held
        self._held, self._run, self._masked = "", [], False
        return shown

    def _is_leak(self) -> bool:
        if len(self._run) < RUN:
            return False
        run = " ".join(self._run)
        return not any(run in " ".join(_words(said)) for said in self._conversation())


def _words(text: str) -> list[str]:
    return [word.lower() for word in WORD.findall(text)]
