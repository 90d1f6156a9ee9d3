"""Puts the parts of the stream together for one application."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy import make_url

from chatapp import config, tools
from chatapp.core import executors
from chatapp.mcp import offering
from chatapp.stream import log, spans
from chatapp.stream.hub import hub
from chatapp.stream.relay import Relay
from chatapp.stream.runner import Runner
from chatapp.stream.sql import SqlLog


class Application(Protocol):
    extensions: dict[str, Any]

    def app_context(self) -> AbstractContextManager[Any]: ...


def init_app(app: Application) -> None:
    """`app.extensions["runner"]` is this process's executor; its threads start with the first turn, or by `start`.

    Raises BadSetting.
    """
    spans.check(config.current())
    store = SqlLog()
    log.use(store)
    runner = Runner(store, hub, app.app_context)
    runner.relay = hub.relay = _relay(runner)
    executors.use(runner)
    tools.add_source(offering.offered)
    app.extensions["runner"] = runner


def _relay(runner: Runner) -> Relay | None:
    """What tells this process of answers that others write; none where there is one process."""
    settings = config.current()
    if settings.redis_url:
        from chatapp.stream.redis import RedisRelay

        return RedisRelay(settings.redis_url, hub, runner.watch.look_at)
    if settings.uses_sqlite:
        return None
    from chatapp.stream.notify import NotifyRelay

    url = make_url(settings.database).set(drivername="postgresql")
    return NotifyRelay(url.render_as_string(hide_password=False), hub, runner.watch.look_at)
