"""Puts the parts of the stream together for one application."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

from chatapp import tools
from chatapp.core import executors
from chatapp.mcp import offering
from chatapp.stream import log
from chatapp.stream.hub import hub
from chatapp.stream.runner import Runner
from chatapp.stream.sql import SqlLog


class Application(Protocol):
    extensions: dict[str, Any]

    def app_context(self) -> AbstractContextManager[Any]: ...


def init_app(app: Application) -> None:
    """`app.extensions["runner"]` is this process's executor; its threads start with the first turn, or by `start`."""
    store = SqlLog()
    log.use(store)
    runner = Runner(store, hub, app.app_context)
    executors.use(runner)
    tools.add_source(offering.offered)
    app.extensions["runner"] = runner
