"""The servers under load, each in processes of its own, and what they use of the machine."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.servers import ROOT

SAMPLE_INTERVAL = 0.1
OWN = ssl._create_unverified_context()  # whom we have started ourselves need not prove anything


@dataclass(frozen=True)
class Pace:
    """How the model server answers."""

    tokens: int
    rate: float  # tokens a second
    first: float  # seconds before the first token

    @property
    def length(self) -> float:
        """Seconds from the question to the last token."""
        return self.first + (self.tokens - 1) / self.rate


@dataclass(frozen=True)
class ModelServer:
    url: str
    pid: int

    def asked(self) -> list[dict[str, Any]]:
        """The requests since the last `forget`."""
        with urllib.request.urlopen(f"{self.url}/_requests", timeout=60, context=OWN) as response:
            requests: list[dict[str, Any]] = json.load(response)["requests"]
        return requests

    def forget(self) -> None:
        request = urllib.request.Request(f"{self.url}/_requests", method="DELETE")
        urllib.request.urlopen(request, timeout=60, context=OWN).close()


@contextlib.contextmanager
def model_server(pace: Pace, certificate: Path | None = None) -> Iterator[ModelServer]:
    """With a certificate it is asked over TLS."""
    options: dict[str, Any] = {"--port": 0, "--tokens": pace.tokens, "--rate": pace.rate, "--first": pace.first}
    options |= {"--certificate": certificate} if certificate else {}
    arguments = [str(word) for option in options.items() for word in option]
    command = [sys.executable, "-m", "bench.messages_server", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield ModelServer(process.stdout.readline().split()[-1], process.pid)
        finally:
            process.terminate()


class Meter:
    """What processes and their children have used since `Meter(pid)`."""

    def __init__(self, *pids: int) -> None:
        roots = [psutil.Process(pid) for pid in pids]
        self._tree = [process for root in roots for process in (root, *root.children(recursive=True))]
        self._cpu: dict[psutil.Process, float] = {}
        self._rss: dict[psutil.Process, int] = {}
        self._look()
        self._cpu_before = sum(self._cpu.values())
        self._rss_before = self._rss_peak = sum(self._rss.values())

    @property
    def cpu(self) -> float:
        """Seconds of processor time."""
        self._look()
        return sum(self._cpu.values()) - self._cpu_before

    @property
    def memory(self) -> int:
        """Bytes by which the resident memory has grown at its highest."""
        return self._rss_peak - self._rss_before

    @property
    def survived(self) -> bool:
        """Whether all of the processes are still running."""
        return all(process.is_running() for process in self._tree)

    async def watch(self) -> None:
        """Look for the highest use of memory until cancelled."""
        while True:
            self._look()
            self._rss_peak = max(self._rss_peak, sum(self._rss.values()))
            await asyncio.sleep(SAMPLE_INTERVAL)

    def _look(self) -> None:
        for process in self._tree:
            with contextlib.suppress(psutil.NoSuchProcess):  # what it had used stays known
                times = process.cpu_times()
                self._cpu[process] = times.user + times.system
                self._rss[process] = process.memory_info().rss


def machine_busy() -> float:
    """Seconds of processor time that the whole machine has used since it was started."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)
