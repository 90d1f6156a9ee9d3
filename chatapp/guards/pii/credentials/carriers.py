"""Secrets that are told by where they stand: key blocks, addresses with a password, headers, command lines, calls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from chatapp.guards.pii.credentials.values import is_code, is_password, is_placeholder, is_random
from chatapp.guards.pii.effort import Effort
from chatapp.guards.pii.spans import Span
from chatapp.guards.terms import Places

BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
# A PuTTY key has no last line: it goes on as long as there are its headers and key material. Two blanks are what is
# left of a line break in a string of a program.
PUTTY_HEADER = (
    r"(?:Encryption|Public-Lines|Private-Lines|Key-Derivation|Argon2-\w{1,16}|Private-MAC|Private-Hash):"
    r"[ \t]*[\w\-]{0,128}+|Comment:(?:(?!  )[^\n]){0,200}+"
)
PUTTY_LINE = (
    r"[0-9A-Za-z+/]{20,}+={0,2}|[0-9A-Za-z+/]{1,19}+(?:={1,2}|(?=(?:[ \t\r]*\n[ \t>|]*| {2,8})(?:Key-|Private-)))"
)
PUTTY = re.compile(
    r"PuTTY-User-Key-File-\d: ?[\w\-]{0,40}+"
    rf"(?:(?:[ \t\r]*\n[ \t>|]*| {{2,8}})(?:{PUTTY_HEADER}|{PUTTY_LINE}))*+"
)
LONGEST_KEY = 16_000

ADDRESS = re.compile(r"(?<=://)[^\s:/?#\"'<>]{0,128}+:(?P<secret>[^\s/?#\"'<>]{1,256})@(?=[\w\[$%{])")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{0,24}$")
DATABASES = re.compile(
    r"postgres|pg|mysql|maria|mongo|redis|amqp|rabbit|mssql|sqlserver|oracle|jdbc|clickhouse|couch|cassandra|neo4j|bolt|influx|elastic|ldap|db|snowflake|redshift",
    re.IGNORECASE,
)
COST = 12
WORDS = frozenset(
    ("password", "pass", "passwd", "pwd", "secret", "pw", "token", "key", "port", "contraseña", "passwort")
)

HEADER = re.compile(
    r"(?:bearer|basic|digest|authorization)\b[\"':=]{0,2}\s{1,4}(?:bearer |token |basic )?[\"']?"
    r"(?P<secret>[0-9A-Za-z._~+/\-]{16,2048}+=*)",
    re.IGNORECASE,
)
SCHEMES = ("bearer", "basic", "digest", "authorization")
CURL = re.compile(r"curl\b[^\n]{0,400}$", re.IGNORECASE)
CURL_USER = re.compile(r"\s(?:-u|--user)[ =]?[\"']?[^\s:\"']{1,64}:(?P<secret>[^\s\"']{3,128})")
PROGRAM = re.compile(
    r"[\w\-]+(?:\.exe)?\b[^\n]{0,200}?\s(?:-p|-pw|-a|/p:)[ ]?[\"']?(?P<secret>[^\s\"'\-][^\s\"']{2,127})", re.IGNORECASE
)
PROGRAMS = ("psexec", "sshpass", "plink", "mysql", "mongo", "redis-cli", "wmic", "net use")
NAMES = (*SCHEMES, *PROGRAMS, "password", "curl", "login", "user")
LOGIN = re.compile(r"password\s+[\"']?(?P<secret>[^\s\"']{3,128})", re.IGNORECASE)
USER = re.compile(r"\b(?:login|user(?:name)?)\s+\S{1,128}\s+$", re.IGNORECASE)
ARGUMENTS = re.compile(r"\((?:\s{0,16}[\"'][^\"'\n]{0,128}[\"'],){1,2}\s{0,16}[\"'](?P<secret>[^\"'\n]{3,128})[\"']")
CALL = re.compile(r"(?:credentials?|directoryentry|usernamepassword\w*|login|authenticate|auth)\s?$", re.IGNORECASE)


def private_keys(text: str) -> Iterator[Span]:
    """Key blocks with all they hold; without an end, as far as what follows can be part of a key."""
    if "PuTTY-" in text:
        yield from (Span(*match.span(), "pii_private_key") for match in PUTTY.finditer(text))
    position = 0
    last_end = text.rfind("-----END")
    while (begin := BEGIN.search(text, position)) is not None:
        end = END.search(text, begin.end(), begin.end() + LONGEST_KEY) if begin.end() < last_end else None
        if end is not None and BEGIN.search(text, begin.end(), end.start()) is None:
            position = end.end()
        else:
            position = _end_of_body(text, begin.end())
        yield Span(begin.start(), position, "pii_private_key")


def _end_of_body(text: str, start: int) -> int:
    """Lines of key material only: a line with blanks between words is a sentence again."""
    end = start
    for line in re.finditer(r"[^\n]*\n?", text[start : start + LONGEST_KEY]):
        if not line[0]:
            break
        if line.start() and not re.fullmatch(r"[\s\"'+\\,*#>|]*[0-9A-Za-z+/=]{16,}[\s\"'+\\,;)*]*", line[0]):
            break
        if not line.start() and not re.match(r"[\s\"'+\\,;]*(?:[0-9A-Za-z+/=]{16,}[\s\"'+\\,;)]*)?$", line[0]):
            break
        end = start + len(line[0].rstrip()) + line.start() if line[0].strip(" \t\r\n\"'+\\,;)") else end
    return end


def addresses(text: str, effort: Effort) -> Iterator[Span]:
    """The passwords in `scheme://user:password@host`."""
    for match in ADDRESS.finditer(text):
        if not effort.allows("carriers", COST):
            effort.mask(*match.span("secret"), "pii_url_password")
            continue
        secret = match["secret"]
        if secret.lower() in WORDS or is_placeholder(secret) or secret.startswith("$"):
            continue
        scheme = SCHEME.search(text, max(0, match.start() - 28), match.start() - 3)
        database = scheme is not None and DATABASES.search(scheme[0]) is not None
        yield Span(*match.span("secret"), "pii_database_url" if database else "pii_url_password")


def headers(text: str, places: Places, effort: Effort) -> Iterator[Span]:
    """The tokens of authorization headers."""
    for match in _at(HEADER, SCHEMES, text, places):
        if not effort.allows("carriers", COST):
            effort.mask(*match.span("secret"), "pii_bearer_token")
            continue
        secret = match["secret"]
        if is_random(secret, 16) and not is_placeholder(secret) and not is_code(secret):
            yield Span(*match.span("secret"), "pii_bearer_token")


def commands(text: str, places: Places, effort: Effort) -> Iterator[Span]:
    """The passwords of command lines and of calls."""
    users = CURL_USER.finditer(text) if "curl" in places else iter(())
    called = (match for match in users if CURL.search(text, max(0, match.start() - 404), match.start()))
    for match in (*called, *_at(PROGRAM, PROGRAMS, text, places)):
        if not effort.allows("carriers", COST):
            effort.mask(*match.span("secret"), "pii_password_context")
        elif _is_given(match["secret"]):
            yield Span(*match.span("secret"), "pii_password_context")
    names_a_user = "login" in places or "user" in places
    for match in _at(LOGIN, ("password",), text, places) if names_a_user else ():
        if not effort.allows("carriers", COST):
            effort.mask(*match.span("secret"), "pii_password_context")
            continue
        named = USER.search(text, max(0, match.start() - 160), match.start())
        if named is not None and _is_given(match["secret"]) and is_password(match["secret"]):
            yield Span(*match.span("secret"), "pii_password_context")
    for match in ARGUMENTS.finditer(text):
        if not effort.allows("carriers", COST):
            effort.mask(*match.span("secret"), "pii_password_context")
        elif CALL.search(text, max(0, match.start() - 40), match.start()) and _is_given(match["secret"]):
            yield Span(*match.span("secret"), "pii_password_context")


def _at(expression: re.Pattern[str], names: Iterable[str], text: str, places: Places) -> Iterator[re.Match[str]]:
    """The matches that begin with one of the names: finding a name costs less than trying an expression everywhere."""
    for name in names:
        for place in places.get(name, ()):
            match = expression.match(text, place)
            if match is not None:
                yield match


def _is_given(secret: str) -> bool:
    return not is_placeholder(secret) and secret.lower() not in WORDS and not is_code(secret)
