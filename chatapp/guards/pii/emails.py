"""E-mail addresses of people; not what only looks like one, as `git@host:path` or an address in an example domain."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chatapp.guards.pii.effort import Effort
from chatapp.guards.pii.spans import Span

ADDRESS = re.compile(r"(?<![\w.+%'\-])[\w+][\w.+%'\-]{0,63}+@(?=[^\W_])[\w\-]{1,63}+(?:\.[\w\-]{1,63}+){1,8}")
EXAMPLES = frozenset(
    ("example.com", "example.org", "example.net", "test.com", "test.org", "localhost", "invalid", "noreply.com")
)
# Endings of units of systemd and of files, which no domain has.
FILES = frozenset(
    ("service", "socket", "timer", "mount", "automount", "target", "device", "slice", "scope", "swap", "crt", "pem")
    + ("conf", "json", "yaml", "txt", "log", "lock")
)
COST = 10
REMOTE = re.compile(r"(?:ssh|scp|sftp|rsync|sshfs|mosh|ssh-copy-id)\b[^\n\"'`;|@]{0,80}$", re.IGNORECASE)
TOP_LEVEL = re.compile(r"(?:xn--[0-9a-z\-]{2,59}|[^\W\d_]{2,24})", re.IGNORECASE)


def emails(text: str, effort: Effort) -> Iterator[Span]:
    lowered = text.lower()
    may_be_remote = any(program in lowered for program in ("ssh", "scp", "sftp", "rsync", "mosh"))
    for match in ADDRESS.finditer(text):
        start, end = match.span()
        if not effort.allows("addresses", COST):
            effort.mask(start, end, "pii_email")
            continue
        local, _, domain = match[0].rpartition("@")
        ending = domain.rpartition(".")[2]
        if not TOP_LEVEL.fullmatch(ending) or ending in FILES:
            continue
        if is_example(domain) or text[end : end + 1] == ":" and local == "git" or text[end : end + 2] in (":/", ":~"):
            continue
        if text[max(0, start - 3) : start] == "://":
            continue
        if may_be_remote and REMOTE.search(text, max(0, start - 96), start):
            continue
        yield Span(start + (local.startswith("'")), end, "pii_email")


def is_example(domain: str) -> bool:
    """Whether a domain is reserved for examples (waldur-chat-api section 7.6), or lies in one that is."""
    domain = domain.casefold()
    return (
        domain in EXAMPLES or domain.partition(".")[2] in EXAMPLES or domain.endswith((".invalid", ".test", ".example"))
    )
