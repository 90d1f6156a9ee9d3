"""The engine in another process: `Process` drives it line by line, `_Inside` is the other end of the line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any, Self, TextIO
from uuid import UUID

from flask import Flask
from flask.ctx import AppContext

from chatapp import create_app
from chatapp.automations import executing
from chatapp.config import Settings
from chatapp.core import turns
from chatapp.db import db, session
from chatapp.models import User
from chatapp.stream.follow import follow
from chatapp.values import Event, Question

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0
Json = dict[str, Any]


class Process:
    """A process that can be one more worker of an installation."""

    def __init__(self) -> None:
        self.events: dict[UUID, list[Event]] = defaultdict(list)
        self.arrivals: dict[UUID, list[float]] = defaultdict(list)
        self.ended: set[UUID] = set()
        self._replies: dict[int, Json] = {}
        self._numbers = count(1)
        self._news = threading.Condition()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.stream.process"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(PATIENCE)
        finally:
            self.kill()
            if self._process.stdout:
                self._process.stdout.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """kill -9; the process is gone when this returns."""
        self._process.kill()
        self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)

    def open(self, settings: Settings) -> str:
        """Be a worker of the installation with these settings; the worker's identity."""
        return str(self._call("open", settings=asdict(settings))["worker"])

    def close(self) -> None:
        """Stop being one, in good order."""
        self._call("close")

    def ask(self, user: UUID, text: str, thread: UUID | None = None) -> tuple[UUID, UUID]:
        """The new turn and its thread."""
        reply = self._call("ask", user=str(user), text=text, thread=str(thread) if thread else None)
        return UUID(reply["turn"]), UUID(reply["thread"])

    def cancel(self, user: UUID, thread: UUID) -> str | None:
        """The status the cancelled turn has, None when there was none."""
        status = self._call("cancel", user=str(user), thread=str(thread))["status"]
        return str(status) if status else None

    def work(self) -> None:
        """Execute runs of automations there from now on."""
        self._call("work")

    def follow(self, turn: UUID, after: int = 0) -> None:
        """Read a turn there; what arrives is added to `events`, the moments to `arrivals`."""
        self._call("follow", turn=str(turn), after=after)

    def wait_for_events(self, turn: UUID, count: int) -> None:
        """Wait until so many events of a followed turn have arrived."""
        self._wait(lambda: len(self.events[turn]) >= count)

    def wait_for_end(self, turn: UUID) -> None:
        """Wait until a followed turn has ended there."""
        self._wait(lambda: turn in self.ended)

    def _wait(self, condition: Callable[[], bool]) -> None:
        with self._news:
            assert self._news.wait_for(condition, PATIENCE), "the other process did not say that in time"

    def _call(self, command: str, **arguments: Any) -> Json:
        number = next(self._numbers)
        assert self._process.stdin
        print(json.dumps({"id": number, "do": command, **arguments}), file=self._process.stdin, flush=True)
        self._wait(lambda: number in self._replies)
        reply = self._replies.pop(number)
        assert "error" not in reply, reply["error"]
        return reply

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            with self._news:
                self._take(json.loads(line))
                self._news.notify_all()

    def _take(self, said: Json) -> None:
        if "id" in said:
            self._replies[said["id"]] = said
        elif "ended" in said:
            self.ended.add(UUID(said["ended"]))
        else:
            self.events[UUID(said["turn"])].append(Event.read(said["seq"], said["json"]))
            self.arrivals[UUID(said["turn"])].append(said["at"])


class _Inside:
    """The other side of `Process`."""

    def __init__(self, out: TextIO) -> None:
        self._app: Flask | None = None
        self._out = out
        self._saying = threading.Lock()

    def run(self, lines: TextIO) -> None:
        for line in lines:
            command = json.loads(line)
            try:
                reply = getattr(self, "_" + command["do"])(command)
            except Exception as error:  # noqa: BLE001 - told to the other end of the line
                reply = {"error": repr(error)}
            self._say(reply | {"id": command["id"]})
        self._close({})

    def _say(self, what: Json) -> None:
        with self._saying:
            print(json.dumps(what), file=self._out, flush=True)

    def _context(self) -> AppContext:
        assert self._app
        return self._app.app_context()

    def _open(self, command: Json) -> Json:
        self._app = create_app(Settings(**command["settings"]))
        self._app.extensions["runner"].start()
        return {"worker": self._app.extensions["runner"].worker}

    def _close(self, _: Json) -> Json:
        if self._app:
            self._app.extensions["runner"].close()
            with self._context():
                db.engine.dispose()
            self._app = None
        return {}

    def _ask(self, command: Json) -> Json:
        thread = UUID(command["thread"]) if command["thread"] else None
        with self._context():
            started = turns.start(Question(UUID(command["user"]), command["text"], thread))
        return {"turn": str(started.turn.id), "thread": str(started.thread.id)}

    def _cancel(self, command: Json) -> Json:
        with self._context():
            turn = turns.cancel(session.get_one(User, UUID(command["user"])), UUID(command["thread"]))
        return {"status": str(turn.status) if turn else None}

    def _work(self, _: Json) -> Json:
        executing.work(self._context)
        return {}

    def _follow(self, command: Json) -> Json:
        reading = threading.Thread(target=self._read, args=(UUID(command["turn"]), command["after"]), daemon=True)
        reading.start()
        return {}

    def _read(self, turn_id: UUID, after: int) -> None:
        with self._context(), follow(turn_id, after) as follower:
            while not follower.ended:
                for event in follower.read(timeout=1.0):
                    self._say({"turn": str(turn_id), "seq": event.seq, "json": event.json, "at": time.time()})
        self._say({"ended": str(turn_id)})


if __name__ == "__main__":
    # Standard output is for replies alone: whatever else is printed goes to standard error.
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    _Inside(replies).run(sys.stdin)
