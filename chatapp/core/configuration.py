"""The settings in force, for those who run the site: where each comes from, and nothing that opens a door."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from chatapp import config

# Names and passwords in addresses, and what addresses end with: both may open something.
CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+(?=@)")
ENDING = re.compile(r"(://[^\s?#]*)[?#]\S*")
SET, NOT_SET = "set", "not set"
HIDDEN = "…"


@dataclass(frozen=True, slots=True)
class Shown:
    """`value` is fit to be shown; of a secret it only tells whether it is set. `source`: default, environment, file, or
    program where whoever made the application has chosen."""

    name: str
    value: str
    source: str
    is_secret: bool
    help: str


def shown(environ: Mapping[str, str] | None = None) -> Sequence[Shown]:
    """Every setting, in the order of the list."""
    settings, env = config.current(), os.environ if environ is None else environ
    found = []
    for spec in fields(settings):
        value, secret = getattr(settings, spec.name), bool(spec.metadata["secret"])
        source = config.source(spec.name, env)
        if source == "default" and value != spec.default:
            source = "program"
        text = (SET if value else NOT_SET) if secret else harmless(str(value))
        found.append(Shown(spec.name.upper(), text, source, secret, spec.metadata["help"]))
    return found


def harmless(text: str) -> str:
    """The text without what addresses in it could hold of secrets."""
    return ENDING.sub(rf"\1?{HIDDEN}", CREDENTIALS.sub(HIDDEN, text))
