"""Harmless texts that nobody wrote: answers of interfaces, logs, tables, numbers, blobs, rules, one character again and
again. Made up by chance, the same ones each time."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from uuid import UUID

WORDS_TEXT = """
    alpha beta data web worker cluster node prod test backup archive portal report lab physics gateway cache north
    user admin system root default service team key token secret mode rule prompt assistant instructions policy
"""
WORDS = WORDS_TEXT.split()
KEYS_TEXT = """
    id uuid name title state status type description created modified url customer project offering plan limits cores
    ram disk size address subnet gateway port protocol image flavor key fingerprint number total tax price unit
    quantity start end date role user owner is_active error_message backend_id category options rules tags version
"""
KEYS = KEYS_TEXT.split()
STATES = ("OK", "ERRED", "Active", "Draft", "Terminated", "pending", "done", "executing")
PHRASES = (
    "Virtual machine for the course", "Not found.", "You do not have permission to perform this action.",
    "This field is required.", "Users must follow the acceptable use policy.", "All previous versions are void.",
    "Ignore this order, it was a test.", "Storage of the physics group", "Access is given by the administrator.",
    "", "n/a", "Instructions for users: see the manual", "Renewed automatically every month",
)  # fmt: skip
MARKS = "-=_*#.~+|/\\<>!?@$%^&:;,\"'`()[]{}•─═│█▒"
FRAMES = (
    "+----+------+", "|----|:----:|", "| | |", "-----+-----", "-----  ------  ---", "+---+---+---+", "=====", "- - -",
    "...", "/\\_/\\", "( o.o )", "<>", "&nbsp;", "\\_/", "~-~", "*-*", "┌──┬──┐", "│  │  │", "--- ---", "| x | y |",
)  # fmt: skip
SYLLABLES = (
    "ha", "la", "ok", "no", "yes", "asdf", "test", "1", "a", "A", "lorem", "блин", "ага", "哈", "ㅋ", "ха", "да", "jo",
    "привет", "hmm", "😀", "👍", "é", "ö", "x", "foo", "\u0e2e\u0e32", "\u0647\u0647",
)  # fmt: skip
PAGES = ("\n", " ", "")
DONE_TEXT = """
    Add Fix Remove Ignore Bypass Reset Override Allow Refuse Show Hide Rename Revert Update Drop Skip Disable Enable
    Print Forget Stop Use Move Test Document Merge Reject Mask Block Accept Translate Limit Unlock Keep Write Bump
"""
DONE = tuple(DONE_TEXT.split())
THINGS = (
    "the system prompt", "hidden files", "the admin page", "all previous versions", "rules of the linter",
    "user messages", "the developer mode", "instructions for new contributors", "the assistant",
    "errors of the parser", "secrets in logs", "the password form", "stale tokens", "a warning", "the default role",
    "old answers", "safety checks", "the retry policy", "an attack in a ticket", "the injection guard",
    "prompts of staff", "limits of the quota", "every conversation", "test data", "the import of numpy",
    "unused imports", "docs of the API", "the release notes", "requirements", "CI",
)  # fmt: skip
WHY = (
    "", "", "", " on start-up", " in tests", " when the model is silent", " without a database", " (#{number})",
    ", so that nobody waits", ": it broke the build", "; close #{number}", " for guests", ", and say why", " again",
)  # fmt: skip


def made(seed: int = 1) -> list[str]:
    """Some of each kind."""
    chance = random.Random(seed)
    kinds: dict[Callable[[random.Random], str], int] = {
        _answer: 220, _log: 60, _table: 60, _blob: 60, _numbers: 50, _rule: 120, _again: 90, _listing: 50, _names: 80,
        _history: 160,
    }  # fmt: skip
    return [kind(chance) for kind, count in kinds.items() for _ in range(count)]


def _value(key: str, chance: random.Random) -> object:
    kinds: tuple[Callable[[], object], ...] = (
        lambda: str(UUID(bytes=chance.randbytes(16), version=4)),
        lambda: chance.randbytes(16).hex(),
        lambda: chance.randrange(10 ** chance.randint(1, 9)),
        lambda: f"{chance.random() * 1000:.{chance.randint(2, 7)}f}",
        lambda: chance.choice(STATES),
        lambda: f"{chance.choice(WORDS)}-{chance.choice(WORDS)}-{chance.randrange(99)}",
        lambda: _moment(chance),
        lambda: _address(chance),
        lambda: chance.choice((True, False, None, [], {}, "")),
        lambda: chance.choice(PHRASES),
        lambda: f"https://portal.example.org/api/{key}s/{chance.randbytes(16).hex()}/?page={chance.randint(1, 9)}",
        lambda: f"ssh-rsa AAAAB3NzaC1yc2E{base64.b64encode(chance.randbytes(90)).decode()} {chance.choice(WORDS)}@host",
    )
    return chance.choice(kinds)()


def _answer(chance: random.Random) -> str:
    keys = chance.sample(KEYS, chance.randint(1, 12))
    rows: list[object] = [{key: _value(key, chance) for key in keys} for _ in range(chance.choice((1, 1, 2, 5, 20)))]
    for row in rows[:1]:
        if isinstance(row, dict) and chance.random() < 0.3:
            row["items"] = [{key: _value(key, chance) for key in keys[:3]} for _ in range(3)]
    answer: object = rows[0] if len(rows) == 1 else rows
    if chance.random() < 0.2:
        answer = {"count": len(rows), "next": None, "previous": None, "results": rows}
    style = chance.random()
    if style < 0.15:
        return str(answer)
    return json.dumps(answer, indent=2 if style < 0.5 else None, separators=(",", ":") if style > 0.85 else None)


def _moment(chance: random.Random) -> str:
    day = f"{chance.randint(2001, 2030)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
    return f"{day}T{chance.randint(0, 23):02}:{chance.randint(0, 59):02}:{chance.randint(0, 59):02}Z"


def _address(chance: random.Random) -> str:
    return ".".join(str(chance.randrange(256)) for _ in range(4))


def _log(chance: random.Random) -> str:
    levels = ("INFO", "WARNING", "ERROR", "DEBUG", "systemd[1]:", "sshd[812]:", "kernel:", '"GET /api HTTP/1.1" 200')
    events = (
        "started", "stopped", "took", "failed password for invalid user", "session opened for user", "ignored", "reset",
        "prompt tokens:", "loading instructions from", "rules reloaded in", "system call", "override file", "mode set",
    )  # fmt: skip
    return "\n".join(
        f"{_moment(chance)} {chance.choice(levels)} {chance.choice(WORDS)} "
        f"{chance.choice(events)} {chance.randrange(999)}"
        for _ in range(chance.choice((1, 3, 10, 40)))
    )


def _table(chance: random.Random) -> str:
    keys = chance.sample(KEYS, chance.randint(2, 7))
    separator = chance.choice((",", ";", "\t", " | ", "  "))
    rows = [keys, *([str(_value(key, chance)) for key in keys] for _ in range(chance.choice((2, 6, 20))))]
    if separator == " | " and chance.random() < 0.7:
        rows.insert(1, ["---"] * len(keys))
    return "\n".join(separator.join(row) for row in rows)


def _blob(chance: random.Random) -> str:
    data = chance.randbytes(chance.choice((20, 60, 300, 1500)))
    text = chance.choice((base64.b64encode(data).decode(), data.hex(), " ".join(f"{byte:02x}" for byte in data)))
    head = chance.choice(("", "", "data:image/png;base64,", "sha256:", "commit ", "id="))
    width = chance.choice((64, 76, 10_000))
    return head + "\n".join(text[place : place + width] for place in range(0, len(text), width))


def _numbers(chance: random.Random) -> str:
    count = chance.choice((3, 20, 300))
    kinds: tuple[Callable[[], str], ...] = (
        lambda: str(chance.randrange(256)),
        lambda: f"{chance.random():.4f}",
        lambda: f"{chance.randrange(10**9)}",
        lambda: chance.choice("01"),
        lambda: chance.choice("ACGT"),
        lambda: chance.randbytes(2).hex(),
    )
    kind = chance.choice(kinds)
    return chance.choice((" ", ", ", ",", "\n", ";", "")).join(kind() for _ in range(count))


def _rule(chance: random.Random) -> str:
    part = chance.choice((chance.choice(MARKS), chance.choice(MARKS) + chance.choice(MARKS), chance.choice(FRAMES)))
    return chance.choice(PAGES).join([part] * chance.choice((1, 3, 12, 60, 400)))


def _again(chance: random.Random) -> str:
    return chance.choice(PAGES).join([chance.choice(SYLLABLES)] * chance.choice((1, 3, 12, 60, 400)))


def _listing(chance: random.Random) -> str:
    return "\n".join(
        f"{chance.choice(('-rw-r--r--', 'drwxr-xr-x', 'NAME', 'web-1', ' M', 'A', '+', '-', '@@', '12d'))} "
        f"{chance.choice(WORDS)}/{chance.choice(WORDS)}.{chance.choice(('py', 'js', 'txt', 'yaml', 'md'))} "
        f"{chance.randrange(9999)} {chance.choice(STATES)}"
        for _ in range(chance.choice((1, 4, 25)))
    )


def _subject(chance: random.Random) -> str:
    thing = chance.choice(THINGS)
    why = chance.choice(WHY).format(number=chance.randrange(2_000))
    style = chance.random()
    if style < 0.6:
        head = f"{chance.choice(DONE)} {thing}"
    elif style < 0.8:
        area = chance.choice(("fix", "feat", "docs", "chore", "test", "guards", "web"))
        head = f"{area}: {chance.choice(DONE).lower()} {thing}"
    else:
        may = chance.choice(("no longer needs", "never shows", "ignores", "now uses", "tells", "is refused without"))
        head = f"{thing[0].upper()}{thing[1:]} {may} {chance.choice(THINGS)}"
    return head + why


def _history(chance: random.Random) -> str:
    """Commits, as they are listed in one line each, in full, or in notes of a release."""
    style = chance.choice(("oneline", "oneline", "full", "notes"))
    commits = []
    for _ in range(chance.choice((1, 5, 20, 60))):
        subject = _subject(chance)
        if style == "oneline":
            commits.append(f"{chance.randbytes(4).hex()[:7]} {subject}")
        elif style == "notes":
            commits.append(f"* {subject}")
        else:
            name = chance.choice(WORDS)
            body = "".join(f"    {_subject(chance)}.\n" for _ in range(chance.choice((0, 0, 2, 4))))
            head = f"commit {chance.randbytes(20).hex()}\nAuthor: {name} <{name}@users.noreply.github.com>\n"
            commits.append(f"{head}Date:   {_moment(chance)}\n\n    {subject}\n\n{body}{_changed_files(chance)}")
    return "\n".join(commits)


def _changed_files(chance: random.Random) -> str:
    """What a commit tells of its files, nothing of most."""
    lines = []
    for _ in range(chance.choice((0, 0, 0, 2, 9))):
        path = "/".join(chance.choices(WORDS, k=chance.randint(1, 3)))
        added = chance.randint(1, 300)
        lines.append(f" {path}.py | {added} {'+' * chance.randint(1, 9)}{'-' * chance.randint(0, 9)}\n")
    return "".join(lines)


def _names(chance: random.Random) -> str:
    separator = chance.choice(("_", "-", "/", ".", " ", ", ", "\n"))
    return separator.join(
        "".join(chance.choice("bcdfghklmnprstvz") + chance.choice("aeiou") for _ in range(chance.randint(1, 4)))
        for _ in range(chance.choice((1, 4, 30, 200)))
    )
