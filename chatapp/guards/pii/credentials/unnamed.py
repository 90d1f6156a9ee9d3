"""Generated keys without a name or a mark: long runs of small letters, capitals and digits that are nothing else."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from itertools import chain

from chatapp.guards.characters import one_kind, runs
from chatapp.guards.pii.credentials.values import entropy, is_placeholder
from chatapp.guards.pii.effort import Effort
from chatapp.guards.pii.spans import Span

SHORTEST = 32
LONGEST = 128
LEAST_ENTROPY = 4.0

IN_RUN = one_kind(f"{string.ascii_letters}{string.digits}_+/-")
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
    found = _runs(text)
    for start, end in found:
        if not effort.allows("runs", COST):
            left = chain(((start, end),), found)
            effort.mask_all((run for run in left if not SUM.fullmatch(text, *run)), "pii_generic_api_key")
            return
        if (
            end - start <= LONGEST
            and _is_generated(text[start:end])
            and not HARMLESS.search(text, max(0, start - 40), start)
        ):
            yield Span(start, end, "pii_generic_api_key")


def _runs(text: str) -> Iterator[tuple[int, int]]:
    """Long ones with their padding, without those that fill line after line."""
    for start, stop in runs(text, IN_RUN, SHORTEST):
        end = stop + text.startswith("=", stop) + text.startswith("==", stop)
        if not WRAPPED.match(text, end):
            yield start, end


def _is_generated(value: str) -> bool:
    if value.startswith(("AAAA", "sha")) or value.count("/") + value.count("-") + value.count("_") > len(value) // 10:
        return False
    digits = sum(map(str.isdigit, value))
    capitals = sum(map(str.isupper, value))
    small = sum(map(str.islower, value))
    if digits < 3 or capitals < 5 or small < 5:
        return False
    return entropy(value) >= LEAST_ENTROPY and not is_placeholder(value)
