"""What goes wrong, one function a fault: it breaks something, waits, and mends what an operator would have to mend."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bench.chaos import bad_requests
from bench.chaos.site import Site
from bench.chaos.traffic import Crowd, Script

BOTH = ("sqlite", "postgresql")
HOLD = 4.0  # seconds that something stays broken
SLOW_READERS = 60
BAD_REQUESTS = 10_000
JUMP = 3600.0


@dataclass(frozen=True)
class Scene:
    """What a fault may touch."""

    site: Site
    crowd: Crowd
    tokens: Sequence[str]


@dataclass(frozen=True)
class Fault:
    """`free` ones must cost nobody an answer; others may end answers as failed, with a code that says why."""

    name: str
    inject: Callable[[Scene], str]
    databases: tuple[str, ...] = BOTH
    free: bool = False
    script: Script | None = None
    needs_disk: bool = False


def kill_worker(scene: Scene) -> str:
    os.kill(scene.site.workers()[0], signal.SIGKILL)
    time.sleep(1)
    return _recovered(scene)


def kill_server(scene: Scene) -> str:
    scene.site.app.kill()
    time.sleep(1)
    scene.site.app.start()
    return _recovered(scene)


def restart_server(scene: Scene) -> str:
    scene.site.app.stop()
    scene.site.app.start()
    return _recovered(scene)


def kill_redis(scene: Scene) -> str:
    assert scene.site.redis
    return _without(scene, scene.site.redis.kill, scene.site.redis.start)


def freeze_database(scene: Scene) -> str:
    """PostgreSQL stands still; SQLite's only write lock is held by somebody else."""
    if scene.site.postgres:
        scene.site.postgres.signal(signal.SIGSTOP)
        time.sleep(HOLD)
        scene.site.postgres.signal(signal.SIGCONT)
    else:
        connection = sqlite3.connect(scene.site.disk / "chatapp.db", isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(HOLD)
        connection.rollback()
        connection.close()
    return _recovered(scene)


def crash_database(scene: Scene) -> str:
    assert scene.site.postgres
    return _without(scene, scene.site.postgres.stop, scene.site.postgres.start)


def _without(scene: Scene, stop: Callable[[], object], start: Callable[[], object]) -> str:
    stop()
    time.sleep(HOLD)
    start()
    return _recovered(scene)


def fill_disk(scene: Scene) -> str:
    ballast = scene.site.disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for piece in (65_536, 4_096):
            with contextlib.suppress(OSError):
                while file.write(b"\0" * piece) == piece:
                    """Until no page is left."""
    time.sleep(HOLD)
    ballast.unlink()
    postgres = scene.site.postgres
    ended = bool(postgres and not postgres.runs)
    if postgres and ended:
        postgres.start()
    return f"{_recovered(scene)}{'; PostgreSQL had given up' if ended else ''}"


def wait(scene: Scene) -> str:
    """The scripts of the questions are the fault."""
    time.sleep(2 * HOLD)
    return _recovered(scene)


def kill_model(scene: Scene) -> str:
    scene.site.model.kill()
    time.sleep(HOLD)
    scene.site.model.start()
    return _recovered(scene)


def read_slowly(scene: Scene) -> str:
    with ExitStack() as stack:
        lines = [stack.enter_context(_reader(scene, number)) for number in range(SLOW_READERS)]
        deadline = time.monotonic() + 2 * HOLD
        while time.monotonic() < deadline:
            for line in lines:
                line.recv(1)
            time.sleep(0.5)
    return _recovered(scene)


def send_rubbish(scene: Scene) -> str:
    thread = scene.crowd.people[0].thread
    answers = asyncio.run(bad_requests.send(scene.site.app.url, scene.tokens[0], thread, BAD_REQUESTS))
    accidents = {status: count for status, count in answers.items() if status >= "5"}
    assert not any(status.isdigit() or status == "silence" for status in accidents), f"answered with {accidents}"
    counts = ", ".join(f"{count} × {status}" for status, count in answers.most_common(4))
    return f"{counts}; {_recovered(scene)}"


def jump_ahead(scene: Scene) -> str:
    return _jump(scene, JUMP)


def jump_back(scene: Scene) -> str:
    return _jump(scene, -JUMP)


def _recovered(scene: Scene) -> str:
    return f"ready after {scene.site.wait_until_ready():.1f} s"


def _jump(scene: Scene, seconds: float) -> str:
    """It stays wrong: a clock that was set is not set back."""
    before = float(scene.site.clock.read_text())
    scene.site.clock.write_text(str(before + seconds))
    time.sleep(2 * HOLD)
    return _recovered(scene)


def _reader(scene: Scene, number: int) -> socket.socket:
    """A connection with the smallest buffer there is, on which the answer to a long question begins."""
    asked = scene.crowd.asked
    turn, token = asked[number % len(asked)].turn, asked[number % len(asked)].token
    parts = urlsplit(scene.site.app.url)
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    line.settimeout(30)
    line.connect((parts.hostname, parts.port))
    lines = f"GET /api/v1/chat/turns/{turn}/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
    line.sendall(lines.encode())
    return line


def _slow(number: int) -> Mapping[str, Any]:
    kinds: Sequence[Mapping[str, Any]] = (
        {"headers_after": 2.5, "tokens": 10, "rate": 20},
        {"first": 2.5, "tokens": 10, "rate": 20},
        {"tokens": 12, "rate": 2},
        {"status": 529, "times": 1, "tokens": 10, "rate": 20},
    )
    return kinds[number % len(kinds)]


def _broken(number: int) -> Mapping[str, Any]:
    kinds: Sequence[Mapping[str, Any]] = (
        {"tokens": 30, "rate": 20, "trouble": "cut", "after": 15},
        {"tokens": 30, "rate": 20, "trouble": "stall", "after": 5},
        {"tokens": 30, "rate": 20, "trouble": "error", "after": 10},
        {"tokens": 30, "rate": 20, "trouble": "malformed", "after": 10},
        {"tokens": 30, "rate": 20, "trouble": "end", "after": 10},
        {"status": 401},
        {"tokens": 10, "rate": 20},
    )
    return kinds[number % len(kinds)]


FAULTS: Sequence[Fault] = (
    Fault("a worker is killed", kill_worker),
    Fault("the server is killed", kill_server),
    Fault("the server is restarted", restart_server, free=True),
    Fault("Redis is killed", kill_redis, databases=("postgresql",), free=True),
    Fault("the database stands still", freeze_database, free=True),
    Fault("the database crashes", crash_database, databases=("postgresql",)),
    Fault("the disk is full", fill_disk, needs_disk=True),
    Fault("the provider is slow", wait, free=True, script=_slow),
    Fault("the provider breaks off", wait, script=_broken),
    Fault("the provider is killed", kill_model),
    Fault("readers are slow", read_slowly, free=True),
    Fault("10,000 bad requests", send_rubbish, free=True),
    Fault("the clock jumps an hour ahead", jump_ahead, free=True),
    Fault("the clock jumps an hour back", jump_back, free=True),
)
