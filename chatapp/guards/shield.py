"""What a model says, held back as long as it may be the beginning of something that nobody should read.

A sentence passes but for its last, unfinished word. What could be a secret waits until it is known what it is: to the
end of its line, to the next plain words, or to HOLD characters. Every text is judged a few times at most: whatever is
fed, no more than HOLD characters are held, so that the work of a piece does not grow with what came before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable

from chatapp.guards.leaks import Leaks
from chatapp.guards.pii import Span, mask
from chatapp.guards.reading import personal_data
from chatapp.guards.rest import KEY_END, Rest
from chatapp.guards.values import GuardFailed

# The most that is held back, and what is kept of it when that is too much.
HOLD = 200
KEPT = 100
# How much of what was shown is looked at again, for the words that tell what a number is; some follow it.
CONTEXT = 160
AFTER = 32

# Without one of these nothing is suspicious: a test that costs next to nothing.
SIGN = re.compile(r"[0-9@=_+%$~^\\|/#&*!?:;\-]")
SUSPICIOUS = re.compile(r"[0-9@=_+%$~^\\|]|-{4}|://|\w[!#&*?/:;]\w|[=:]\s?[\"'`]|[A-Za-z+/]{24}")
LONG_WORD = 40
# Behind something suspicious: the end of the line, or a plain word, ends it.
CALM = re.compile(r"\n|(?<!\S)[^\W\d_]{2,}[,.;:!?)*]*\s")
# A few digits before a plain word are neither part of a longer number nor a secret.
NUMBER = re.compile(r"(?<!\S)[0-9]{1,4}(?:[.,][0-9]{1,4})?[.,;:!?)%]*(?=\s+(?:[^\W\d_]{2}|\Z))")
# At the end, after something that is no number, up to three digits are shown: of a number in groups no more than these.
FEW_DIGITS = re.compile(r"(?:\A|[^\W\d_][,.;:!?)*]*\s)([0-9]{1,3}[.,;:!?)%]*\s)\Z")
MANY_DIGITS = re.compile(r"(?:[0-9][ \u00a0\u202f.\-/()]{0,2}+){7,}")
ACCOUNT_LENGTH = 48
ACCOUNT = re.compile(r"\b[A-Za-z]{2}[0-9]{2}(?![0-9]{3})")
OPEN_QUOTE = re.compile(r"[=:]\s?([\"'`])(?:(?!\1)[^\n])*$")
SHORT_NUMBER = re.compile(r"(?<!\S)[0-9]{1,3}[.,;:!?)%]*(?!\S)")
KEY = re.compile(r"-----BEGIN|PuTTY-User-Key-File-")
# No word ends inside of a script without blanks, and no address goes over its characters.
BREAK = re.compile(r"[\s\u2e80-\uffef](?=[^\s\u2e80-\uffef]*\Z)")
PLAIN = re.compile(r"[\s.\-/()\u00a0\u202f]+")


class Shield:
    """Masks in one answer the personal data and credentials that the conversation did not contain, and its prompt.

    `conversation` gives the texts that the answer may repeat; it is asked when something is found. `withheld` must not
    be repeated in any case. Feeding and flushing raise GuardFailed.
    """

    def __init__(
        self, conversation: Callable[[], Iterable[str]], prompt: str = "", withheld: Collection[str] = ()
    ) -> None:
        self._conversation = conversation
        self._leaks = Leaks(prompt, conversation)
        self._withheld = frozenset(map(_plain, withheld))
        self._held = ""
        self._context = ""
        self._alert = False  # something suspicious is held
        self._rest: Rest | None = None
        self._said: tuple[str, ...] | None = None  # the conversation, once it has been asked for

    def feed(self, delta: str) -> str:
        """What may be shown by now."""
        pieces = (delta[start : start + HOLD] for start in range(0, len(delta), HOLD))
        return self._leaks.feed("".join(map(self._take, pieces)))

    def pause(self) -> str:
        """The last word as well, when the model is silent for a moment; nothing that looks like part of a secret."""
        if self._rest is not None or not self._held or _is_suspicious(SHORT_NUMBER.sub("", self._held)):
            return ""
        return self._leaks.feed(self._release(len(self._held)))

    def flush(self) -> str:
        """The rest, at the end of a text. What comes then is another text."""
        shown = self._end()
        self._said = None
        return self._leaks.feed(shown) + self._leaks.flush()

    def _take(self, piece: str) -> str:
        self._held += piece
        shown = self._shown_by(piece)
        while len(self._held) > HOLD:
            shown += self._shown_by(piece)
        return shown

    def _shown_by(self, piece: str) -> str:
        """What the last piece of what is held lets go. Of more than HOLD characters it is never nothing."""
        if not self._is_past_rest():
            return ""
        held = self._held
        if not self._alert:
            self._alert = _is_suspicious(held)
        if not self._alert and (cut := _last_break(held)):
            return self._release(cut)
        if len(held) > HOLD:
            return self._make_room()
        cut = self._settled() if self._alert and not piece.isalnum() else 0
        if not cut:
            return ""
        is_tame = SUSPICIOUS.search(NUMBER.sub("", held[:cut])) is None
        return self._release(cut) if is_tame else self._judge(cut)

    def _end(self) -> str:
        """All of what is held, at the end."""
        if not self._is_past_rest():
            self._held, self._rest = "", None
        if not self._held:
            return ""
        spans = self._found()
        key = next((span for span in spans if self._is_open_key(span)), None)
        if key is None:
            return self._release(len(self._held), spans)
        return self._mask_and_drop(key, spans) + self._end()

    def _settled(self) -> int:
        """Up to where nothing that follows can change what is found in what is held."""
        held = self._held
        key = KEY.search(held)
        if key is not None and KEY_END.search(held) is None:
            return key.start()
        cut = max((match.end() for match in CALM.finditer(held)), default=0)
        few = FEW_DIGITS.search(held)
        if few and few.start(1) <= cut and (few.start(1) or self._context[-2:-1].isalpha()):
            return len(held)
        if not cut:
            return 0
        line = held.rfind("\n")
        growing = [match.start() for match in ACCOUNT.finditer(held) if len(held) - match.start() < ACCOUNT_LENGTH]
        growing += [match.start() for match in MANY_DIGITS.finditer(held) if len(held) - match.end() < AFTER]
        starts = [_last_break(held[:start]) for start in growing if start > line]
        if quote := OPEN_QUOTE.search(held):
            starts.append(quote.start())
        return min([cut, *starts])

    def _judge(self, cut: int) -> str:
        """Release up to `cut`, or up to a secret that goes on behind it."""
        spans = self._found()
        cut = min((span.start for span in spans if span.start < cut < span.end), default=cut)
        return self._release(cut, spans)

    def _make_room(self) -> str:
        """Release all but the last of what is held; of a secret as long as that only the mask."""
        spans = self._found()
        length = len(self._held)
        cut = _last_break(self._held[: length - KEPT]) or length - KEPT
        last = next((span for span in spans if span.end > cut or self._is_open_key(span)), None)
        if last is None:
            return self._release(cut, spans)
        is_key = self._is_open_key(last)
        if last.end < length and not is_key:
            return self._release(last.end, spans)
        if length - last.start <= HOLD:
            return self._release(last.start, spans)
        return self._mask_and_drop(last, spans)

    def _mask_and_drop(self, secret: Span, spans: Iterable[Span]) -> str:
        """Release up to the end of a secret; what goes on of it is dropped."""
        is_within_line = secret.end == len(self._held) and not self._held.endswith(("-", "\n"))
        self._rest = Rest(is_key=self._is_open_key(secret), is_within_line=is_within_line)
        return self._release(secret.end, spans)

    def _is_open_key(self, span: Span) -> bool:
        """Whether the end of a key block has not come yet."""
        return span.category == "pii_private_key" and "-----END" not in self._held[span.start : span.end]

    def _is_past_rest(self) -> bool:
        """Drop what goes on of a secret; whether it is over."""
        if self._rest is not None:
            self._held, is_over = self._rest.drop(self._held)
            if not is_over:
                return False
            self._rest = None
        return True

    def _release(self, cut: int, spans: Iterable[Span] = ()) -> str:
        held = self._held
        shown, self._held = held[:cut], held[cut:]
        within = [span for span in spans if span.end <= cut]
        if within:
            shown = mask(shown, within)
        self._context = (self._context + shown)[-CONTEXT:]
        if self._alert:
            self._alert = _is_suspicious(self._held)
        return shown

    def _found(self) -> list[Span]:
        """What must not be shown, in places of what is held."""
        offset = len(self._context)
        text = self._context + self._held
        try:
            found = [span for span in personal_data(text) if span.end > offset and not self._may_repeat(text, span)]
        except Exception as error:  # noqa: BLE001 - whatever it is, the text is unchecked
            raise GuardFailed(type(error).__name__) from None
        return [Span(max(0, span.start - offset), span.end - offset, span.category) for span in found]

    def _may_repeat(self, text: str, span: Span) -> bool:
        value = _plain(text[span.start : span.end])
        return value not in self._withheld and any(value in said for said in self._plain_conversation())

    def _plain_conversation(self) -> tuple[str, ...]:
        if self._said is None:
            self._said = tuple(map(_plain, self._conversation()))
        return self._said


def _is_suspicious(text: str) -> bool:
    if SIGN.search(text) is None:
        return len(text) > LONG_WORD
    return SUSPICIOUS.search(text) is not None


def _last_break(text: str) -> int:
    """Where the last word begins."""
    if text.isascii():
        return max(text.rfind(" "), text.rfind("\n")) + 1
    found = BREAK.search(text)
    return found.end() if found else 0


def _plain(text: str) -> str:
    return PLAIN.sub("", text).casefold()
