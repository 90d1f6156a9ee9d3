"""The names under which browsers save what they are sent."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

from werkzeug.http import dump_options_header


def attachment_named(name: str) -> str:
    """A Content-Disposition with the name in letters that every browser takes, and as it is (RFC 6266, RFC 5987)."""
    if name.isascii():
        return dump_options_header("attachment", {"filename": name})
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    options = {"filename": plain or "file", "filename*": f"UTF-8''{quote(name, safe='')}"}
    return dump_options_header("attachment", options)
