"""Who this process is, and which other workers are known to be dead."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")


def identity() -> str:
    """`<place>|<pid>|<start>`: names this process among all that ever held a lease.

    The place is host, boot and process namespace: only there does the number of a process mean anything.
    """
    return f"{_place()}|{os.getpid()}|{_start_time(os.getpid())}"


def dead_among(workers: Iterable[str]) -> list[str]:
    """Those of the given workers that ran here and run no more. Of other places nothing is known: their leases tell."""
    place = _place()
    return [worker for worker in workers if worker.startswith(place + "|") and not _is_alive(worker)]


def _is_alive(worker: str) -> bool:
    _, pid, start = worker.rsplit("|", 2)
    return _start_time(int(pid)) == start


def _place() -> str:
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        namespace = (PROC / "self/ns/pid").readlink()
    except OSError:
        return f"{socket.gethostname()}:{os.getpid()}"  # no /proc: claim to know nobody else
    return f"{socket.gethostname()}:{boot}:{namespace}"


def _start_time(pid: int) -> str:
    """Clock ticks between boot and the start of the process; empty when there is none."""
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]
