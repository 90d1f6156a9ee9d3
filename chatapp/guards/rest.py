"""What goes on of a secret whose mask has been shown."""

from __future__ import annotations

import re

# No line of a key block, and nothing that may still become one, waits for longer.
LONGEST = 200

REST_OF_SECRET = re.compile(r"[^\s\"'`<>]*")
REST_OF_LINE = re.compile(r"[^\s-]*")
# Key blocks are indented, quoted, and written as strings of programs.
EDGE = r"[ \t>|#*+\"'`\\,;]*+"
HEADER = (
    r"(?:Proc-Type|DEK-Info|Version|Comment|MessageID|Hash|Charset|Encryption"
    r"|Public-Lines|Private-Lines|Key-Derivation|Argon2-\w+|Private-MAC):[^\n]*+"
)
# Headers, lines of one word, words longer than any, and a word before the line that ends the block.
REST_OF_KEY = re.compile(
    rf"(?:{EDGE}(?:-----BEGIN[A-Z0-9 ]{{0,40}} PRIVATE KEY(?: BLOCK)?-----|{HEADER}\n|[^\s-]*+[ \t\r]*+\n"
    r"|[^\s-]{41,}+|[^\s-]++(?:[ \t]++(?=-)|(?=--))))*+"
)
KEY_END = re.compile(r"-----END[A-Z0-9 ]{0,60}-----")
LAST_LINE = re.compile(EDGE + KEY_END.pattern)
# A sentence again: two words in a line that is no header and no beginning of the last line.
SENTENCE = re.compile(rf"{EDGE}(?!{HEADER}\Z)[^\s-]\S*[ \t]+\S")


class Rest:
    """Drops the rest of one secret from what is fed to it piece by piece."""

    def __init__(self, *, is_key: bool, is_within_line: bool) -> None:
        self._is_key = is_key
        self._is_within_line = is_within_line

    def drop(self, text: str) -> tuple[str, bool]:
        """What remains of a text, and whether the secret is over: what remains is to be shown or judged then."""
        if not self._is_key:
            left = REST_OF_SECRET.sub("", text, count=1)
            return left, bool(left)
        left = self._within_key(text)
        if end := LAST_LINE.match(left):
            return left[end.end() :], True
        return left, len(left) > LONGEST or SENTENCE.match(left) is not None

    def _within_key(self, text: str) -> str:
        if self._is_within_line:
            text = REST_OF_LINE.sub("", text, count=1)
            if not text:
                return ""
        match = REST_OF_KEY.match(text)
        left = text[match.end() :] if match else text
        self._is_within_line = not left and text[-1:] not in ("-", "\n", " ", "\t")
        return left
