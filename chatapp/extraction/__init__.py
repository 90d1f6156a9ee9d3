"""The text of a file that somebody has sent: taken out by a process that hostile files may do to what they like.

The process has little memory and time, no secret and no open connection; see `reader.py` and
docs/adr/0016-files.md.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO

import orjson

READER = Path(__file__).with_name("reader.py")
TIMEOUT = 45.0  # seconds; the process ends itself before, unless it waits for something
MOST_OUTPUT = 16 * 1024 * 1024


class Problem(StrEnum):
    """Why there is no text."""

    ENCRYPTED = "encrypted"
    NO_TEXT = "no_text"
    UNREADABLE = "unreadable"
    TOO_COMPLEX = "too_complex"


@dataclass(frozen=True, slots=True)
class Extracted:
    """`is_cut`: the file holds more than `text`. `problem`: nothing could be had."""

    text: str = ""
    is_cut: bool = False
    problem: Problem | None = None


def extract(file: IO[bytes], mime_type: str) -> Extracted:
    """The text of a file on disk. Never raises for what is in the file."""
    # The command is fixed; only the type, one of an allow-list, varies.
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-I", str(READER), mime_type],
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"LC_ALL": "C.UTF-8"},
        cwd="/",
        start_new_session=True,
    )
    watch = threading.Timer(TIMEOUT, process.kill)
    watch.daemon = True
    watch.start()
    try:
        output = process.stdout.read(MOST_OUTPUT) if process.stdout else b""
    finally:
        process.kill()
        process.wait()
        watch.cancel()
        if process.stdout:
            process.stdout.close()
    return _result(output)


def _result(output: bytes) -> Extracted:
    """A process that was ended by a limit has said nothing, or not all."""
    try:
        found = orjson.loads(output)
        problem = Problem(found["problem"]) if found["problem"] else None
    except (ValueError, LookupError, TypeError):
        return Extracted(problem=Problem.TOO_COMPLEX)
    if problem and found["text"].strip() and problem is not Problem.ENCRYPTED:
        return Extracted(found["text"], True)  # better than nothing
    return Extracted("" if problem else found["text"], bool(found["is_cut"]), problem)
