"""The part of the suite about a server that nobody has asked anything yet."""

from __future__ import annotations

import compileall
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

from bench.hosts import Setup, running
from bench.measured import Figure, Outcome
from tests.servers import ROOT

SETTLED = 2.0  # seconds after which nothing moves any more
MIB = 2**20


@dataclass(frozen=True)
class Start:
    """Until an installed product serves, and what a worker holds then. Its byte code is there: the first start that a
    machine sees writes it."""

    title: str = "Start, and a worker that nobody has asked anything"

    def quick(self) -> Start:
        return self

    def __call__(self) -> Outcome:
        compileall.compile_dir(ROOT / "chatapp", quiet=1)
        return Outcome([*self._of("offline model", ""), *self._of("Messages service", "http://127.0.0.1:9")])

    def _of(self, way: str, model_url: str) -> list[Figure]:
        with running(Setup(), people=0, model_url=model_url) as hosts:
            (server,) = hosts.servers
            began = time.monotonic()
            look = [sys.executable, "migrations/needed.py"]
            needed = subprocess.run(look, cwd=ROOT, env=server.environ, check=False).returncode == 0
            migrated = time.monotonic()
            hosts.start()
            served = time.monotonic()
            time.sleep(SETTLED)
            (worker,) = psutil.Process(hosts.pids[0]).children()
            memory = worker.memory_full_info()
        return [
            Figure(way, "`make run` until it serves", served - began, "s", most=2.0),
            Figure(way, "of it, looking for migrations", migrated - began, "s"),
            Figure(way, "migrations that were looked for in vain", needed, most=0),
            Figure(way, "resident memory of the worker", memory.rss / MIB, "MiB", most=120),
            Figure(way, "its proportional share (PSS)", memory.pss / MIB, "MiB"),
        ]


PARTS: Mapping[str, Start] = {"start": Start()}
