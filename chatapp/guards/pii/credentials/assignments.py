"""Secrets that are told by the name they are given: `password: ...`, `API_KEY=...`, "the root password is ..."."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain

from chatapp.guards.pii.credentials.values import (
    UUID,
    is_code,
    is_password,
    is_placeholder,
    is_random,
    is_serial,
    is_strong_password,
    switches,
)
from chatapp.guards.pii.effort import Effort
from chatapp.guards.pii.repeats import Repeats
from chatapp.guards.pii.spans import Span
from chatapp.guards.terms import Places

PASSWORDS_TEXT = """
    pass pwd pswd psw pswrd psswd psswr psswo pasw kennwort salasan parool parol парол hasło haslo hasła
    lösenord losenord senha contraseñ contrasen heslo hesla slaptažod slaptazod şifre sifre wachtwoord
    adgangskode jelszó jelszav lozink geslo κωδικ 密码 密碼 口令 パスワード 비밀번호 סיסמ المرور कूटशब्द
    पासवर्ड รหัสผ่าน khẩu
    lykilorð pw
"""
PASSWORDS = tuple(PASSWORDS_TEXT.split())
SECRETS_TEXT = """
    secret token key cred private access auth bearer api pat crumb schlüssel clé llave chiave ключ klucz avain
    võti nyckel nøkkel токен секрет segredo secreto geheim 令牌 密钥 tajn
"""
SECRETS = tuple(SECRETS_TEXT.split())

NAMES_OF_PASSWORDS = frozenset(PASSWORDS)
# The shortest value that is a password, and what the looks at a name and at a value cost.
SHORTEST = 4
COST, COST_OF_VALUE = 6, 20
ASSIGNED = re.compile(r"[^\n=:>0-9]{0,48}+[=:>0-9]\s?\S{0,256}")

# Stems that are syllables of many words.
WHOLE = frozenset(("pat", "psw", "clé", "cred", "api"))
CALLED_SECRET = frozenset(("secret", "secreto", "segredo", "секрет", "geheim", "tajn"))
AWS = re.compile(r"aws|secret.?access.?key", re.IGNORECASE)

TAIL = re.compile(
    r"(?P<rest>[\w\-.]{0,40}?)"
    r"(?P<words>(?:[ ](?i:key|token|secret|password|access|id|value|code|phrase|string"
    r"|private|api|personal|client)){0,3})"
    r"(?P<separator>"
    r"[\])}>]{0,2}\\?(?:[\"'`]|&quot;)?[\])]?\s{0,8}(?P<explicit>:=|=>|->|===?|!==?|=|:|：|%3D)"
    r"(?:\s{0,4}\n?)[ \t]{0,40}(?:[A-Za-z]{2,12}\s?=\s?)?"
    r"(?:[\w.]{0,24}(?:env|ENV)[\w.]{0,16}[(\[][^)\]\n]{0,60}[)\]]\s?(?:or|\|\||\?\?)\s?)?"
    r"|[\"']\s?,\s{0,16}(?=[\"'`])|[\"']\s{1,4}value\s?=\s?(?=[\"'])|>(?=[^<\s])"
    r"|(?P<verb>(?:\s(?:for|of|für|pour|de|para|per|для|от)\s[\w.@\-]{1,32})?"
    r"\s(?:is|was|to|ist|lautet|on|est|es|är|er|jest|yra|ir|é|è|era|war|это|:)\s:?\s?)"
    r"|(?P<blank>[ \t]{1,4}|[ \t]?\n|-(?=[0-9A-Za-z])))"
    r"(?P<quote>(?:\\?[\"'`]|&quot;){0,3})[{(]?"
)
QUOTED = {quote: re.compile(rf"[^{quote}\n]{{1,400}}") for quote in "\"'`"}
WORD = r"[^\s\"'`,;<>(){}\[\]&|\\]"
# An ampersand is part of a password, unless it begins an entity or the next field of a query.
AMPERSAND = r"&(?!(?:amp|lt|gt|quot|#\d{1,4});|[\w.%\-]{1,40}=)"
BARE = re.compile(rf"(?:{WORD}|{AMPERSAND}){WORD}{{0,400}}+(?:{AMPERSAND}{WORD}{{0,400}}+){{0,8}}")
PROPERTIES = ("server", "data source", "database", "catalog", "uid", "user id", "userid", "host", "driver", "username")
CONNECTION = re.compile(rf"(?:{'|'.join(PROPERTIES)})\s?=")
SEGMENTS = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+|[\w.\-]*[a-z][\w.\-]*/[\w.\-/]*")
GROUPS = re.compile(r"[0-9A-Za-z]+(?:-[0-9A-Za-z]+)+")
CALLED_PASSWORD = re.compile(r"[^\W\d_]*passw(?:or[dt])[^\W\d_]*", re.IGNORECASE)
BLANK = re.compile(r"\s")
TRAILING = ".,:;"
# How far the judgement of a name looks back and ahead: a connection string before, the longest value behind.
BEFORE, AFTER = 240, 640
NOT_SECRET = re.compile(
    r"(?:[_\-]?(?:ids?|count|name|type|length|size|index|words?|board|pair|space|path|file|dir|url"
    r"|uri|expir\w*|limit|field|label|hint|policy|hash|prefix|format|version|ring|stone|chain|izer|ize\w*|s_used|ing|es|ed|port|ion|er|ers|ors?|ically|ment))$",
    re.IGNORECASE,
)
PASS = re.compile(r"(?:$|[_\-.\d]|w|s?phrase|sw|code|key|e$|esword)", re.IGNORECASE)
WORD_BEFORE = re.compile(r"(?:by|com|tres|sur|under|over|im)$", re.IGNORECASE)
NOT_KEY = re.compile(
    r"(?:public|pub|foreign|primary|sort|partition|cache|cont|mon|tur|don|hot|translation|idempotency|ssh-\w+)[ _\-]?$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Context:
    """How a value and its name are written: in quotes, as an option of a command, the name in capitals."""

    quoted: bool
    option: bool
    shouted: bool


def assignments(text: str, places: Places, effort: Effort) -> Iterator[Span]:
    """The values that follow a name of a secret."""
    for stem in (*PASSWORDS, *SECRETS):
        repeats = Repeats(text, BEFORE, AFTER)
        done = 0
        left = iter(places.get(stem, ()))
        for place in left:
            if place < done:
                continue
            if effort.is_spent("names"):
                effort.mask_all(_assigned_roughly(text, chain((place,), left), stem), "pii_password_context")
                break
            judge = partial(_looked_at, text, place, stem, effort)
            span = repeats.at(place, judge)
            if span is not None:
                yield span
            done = span.end if span is not None else place + len(stem)


def _looked_at(text: str, place: int, stem: str, effort: Effort) -> Span | None:
    """What is assigned here; beyond what the text is worth, all that may be, up to a digit or sign and its word."""
    if effort.allows("names", COST):
        return _assigned(text, place, stem, effort, is_secret=stem not in NAMES_OF_PASSWORDS)
    _mask_assigned(text, place + len(stem), effort)
    return None


def _assigned_roughly(text: str, places: Iterable[int], stem: str) -> Iterator[tuple[int, int]]:
    """What may be assigned where the stem stands, without a closer look."""
    done = 0
    for place in places:
        if place >= done:
            done = place + len(stem)
            behind = ASSIGNED.match(text, done)
            if behind is not None:
                yield done, behind.end()


def _mask_assigned(text: str, end: int, effort: Effort) -> None:
    """Mask what may be assigned to a name that ends here, without a closer look."""
    behind = ASSIGNED.match(text, end)
    if behind is not None:
        effort.mask(end, behind.end(), "pii_password_context")


def _assigned(text: str, place: int, stem: str, effort: Effort, *, is_secret: bool) -> Span | None:
    """The value after one occurrence of a stem, if the word with the stem names a secret and the value can be one."""
    tail = TAIL.match(text, place + len(stem))
    if tail is None or not (_names_secret if is_secret else _names_password)(text, place, stem, tail):
        return None
    start, end, quoted = _value(text, tail)
    value = text[start:end]
    if len(value) < SHORTEST:
        return None
    if not effort.allows("values", COST_OF_VALUE):
        _mask_assigned(text, place + len(stem), effort)
        return None
    if is_placeholder(value):
        return None
    written = text[place : place + len(stem)]
    context = _Context(quoted=quoted, option=text[place - 1 : place] == "-", shouted=written.isupper())
    if not (_is_secret if is_secret else _is_password)(value, tail, context):
        return None
    return Span(start, end, _category(value, text[max(0, place - 24) : tail.end()], stem, is_secret=is_secret))


def _is_inside(text: str, place: int) -> bool:
    """Whether a stem goes on a word, as in "keypass"; not where a capital begins anew, as in `dbPass`."""
    before = text[place - 1 : place]
    return before.isalpha() and (before.isupper() or not text[place].isupper())


def _names_secret(text: str, place: int, stem: str, tail: re.Match[str]) -> bool:
    if _is_inside(text, place) and (stem in WHOLE or not tail["explicit"]):
        return False
    return not NOT_SECRET.search(tail["rest"]) and not NOT_KEY.search(text, max(0, place - 14), place)


def _names_password(text: str, place: int, stem: str, tail: re.Match[str]) -> bool:
    if stem == "pass" and not PASS.match(tail["rest"]) or stem in WHOLE and _is_inside(text, place):
        return False
    is_word = stem in ("pass", "pw") and _is_inside(text, place) and WORD_BEFORE.search(text, max(0, place - 8), place)
    return not is_word


def _category(value: str, name: str, stem: str, *, is_secret: bool) -> str:
    """The key of the wire contract: only what is called a secret or a password blocks a message."""
    if len(value) == 40 and AWS.search(name):
        return "pii_aws_secret_key"
    return "pii_generic_api_key" if is_secret and stem not in CALLED_SECRET else "pii_password_context"


def _value(text: str, tail: re.Match[str]) -> tuple[int, int, bool]:
    """Where the value stands: up to the closing quote, or up to what cannot be in a word; and whether it is quoted."""
    start = tail.end()
    quote = tail["quote"][-1:]
    expression = QUOTED.get(quote, BARE) if not tail["quote"].startswith("\\") else BARE
    match = expression.match(text, start)
    if match is None:
        return start, start, False
    if expression is BARE:
        return start, start + len(match[0].rstrip(TRAILING)), bool(quote)
    return start, match.end(), True


def _is_password(value: str, tail: re.Match[str], context: _Context) -> bool:
    if len(value) < 4 or BLANK.search(value) or CALLED_PASSWORD.fullmatch(value):
        return False
    if tail["verb"] or tail["blank"]:
        strong = len(value) >= 6 and is_strong_password(value) and not is_code(value)
        return strong and (tail["blank"] is None or context.quoted or context.option)
    if tail["explicit"] == "=" and _is_connection(tail.string[max(0, tail.start() - 200) : tail.start()].lower()):
        return not is_code(value)
    if context.quoted:
        return not is_code(value) or is_password(value)
    if is_code(value):
        return False
    tight = tail["explicit"] == "=" and tail["separator"] == "="
    return len(value) >= 5 and is_password(value) or tight and len(value) >= 6 and value.isascii()


def _is_connection(before: str) -> bool:
    """Whether other properties of a connection stand before; the words alone are found faster."""
    return any(name in before for name in PROPERTIES) and CONNECTION.search(before) is not None


def _is_secret(value: str, tail: re.Match[str], context: _Context) -> bool:
    if BLANK.search(value):
        return False
    marked = context.shouted or context.option or context.quoted
    if UUID.fullmatch(value):
        return tail["verb"] is None and (tail["blank"] in (None, "-") or marked)
    if is_code(value) or len(value) < 24 and SEGMENTS.fullmatch(value):
        return False
    if tail["blank"] == "-":
        return is_random(value, 20) and (value.isalnum() or context.shouted and GROUPS.fullmatch(value) is not None)
    if tail["verb"] or tail["blank"]:
        if context.shouted:
            return is_random(value, 12) or len(value) >= 20 and value.isalnum() and switches(value) > 3
        return is_random(value, 12 if context.option or context.quoted else 14) and not is_serial(value)
    return is_random(value, 10) or value.isalnum() and (len(value) >= 24 or len(value) >= 20 and switches(value) > 3)
