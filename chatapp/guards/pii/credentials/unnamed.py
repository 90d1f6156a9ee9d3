"""Generated keys without a name or a mark: long runs of small letters, capitals and digits that are nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chatapp.guards.pii.credentials.values import entropy, is_placeholder
from chatapp.guards.pii.effort import Effort
from chatapp.guards.pii.spans import Span

SHORTEST = 32
LONGEST = 128
LEAST_ENTROPY = 4.0

RUN = re.compile(r"[0-9A-Za-z_+/\-]{32,}+={0,2}")
# What long runs usually are: public keys, checksums, pictures, certificates, parts of addresses and of paths.
HARMLESS = re.compile(
    r"(?:sha\d*|md5|h1|integrity|base64|hash|checksum|digest|etag|fingerprint|commit"
    r"|ssh-\w+|ecdsa-\S+|certificate|public|pubkey)[\w ]{0,12}[\s:=,\-\"'(]{0,4}$"
    r"|[\w/.?&%#~]$|[0-9A-Za-z+/]{20}\s{1,4}$|-----\s?$",
    re.IGNORECASE,
)
SUM = re.compile(r"[0-9a-f]+|[0-9A-F]+|[a-z_/+\-]+|[A-Z_/+\-]+")
COST = 15
WRAPPED = re.compile(r"\s{1,4}[0-9A-Za-z+/]{20}")
BLOCK = "-----BEGIN "


def unnamed(text: str, effort: Effort) -> Iterator[Span]:
    """Runs that only a generator writes."""
    if BLOCK in text:
        return
    for match in RUN.finditer(text):
        start, end = match.span()
        if WRAPPED.match(text, end):
            continue
        if not effort.allows("runs", COST):
            if not SUM.fullmatch(match[0]):
                effort.mask(start, end, "pii_generic_api_key")
            continue
        if end - start <= LONGEST and _is_generated(match[0]) and not HARMLESS.search(text, max(0, start - 40), start):
            yield Span(start, end, "pii_generic_api_key")


def _is_generated(value: str) -> bool:
    if value.startswith(("AAAA", "sha")) or value.count("/") + value.count("-") + value.count("_") > len(value) // 10:
        return False
    digits = sum(map(str.isdigit, value))
    capitals = sum(map(str.isupper, value))
    small = sum(map(str.islower, value))
    if digits < 3 or capitals < 5 or small < 5:
        return False
    return entropy(value) >= LEAST_ENTROPY and not is_placeholder(value)
