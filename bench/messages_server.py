"""A local server that speaks Anthropic's Messages protocol over real HTTP, streaming included.

Tests run it in their own process (`with MessagesServer() as server:`), benchmarks in another one
(`python -m bench.messages_server --port 8099 --tokens 200 --rate 20`). What it answers is a `Script`: taken from the
last user message when that contains `{"script": {...}}`, else from `server.scripts`, else the default.
`GET /_requests` tells what was asked, `DELETE /_requests` forgets it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from bench.messages_script import (
    LAST_CHUNK,
    Json,
    Performance,
    Script,
    message,
    model_info,
    perform,
    script_in,
    trouble_bytes,
)

SECRET_HEADERS = {"authorization", "x-api-key"}
TOKENS_PER_WRITE = 64  # when a script has no rate
EVENT_STREAM = {"content-type": "text/event-stream; charset=utf-8", "transfer-encoding": "chunked"}


@dataclass
class RecordedRequest:
    """One request as it arrived, and how its answer ended."""

    method: str
    path: str
    headers: Mapping[str, str]  # names in lower case
    body: Json
    id: str
    arrived_at: float = field(default_factory=time.time)
    closed_early: bool = False  # the client left before the end of the answer
    closed_at: float | None = None
    _ended: threading.Event = field(default_factory=threading.Event, repr=False)

    def wait_closed(self, timeout: float) -> bool:
        """Wait for the end of the answer; whether it was the client that ended it."""
        self._ended.wait(timeout)
        return self.closed_early

    def end(self, *, closed_early: bool) -> None:
        if closed_early:
            self.closed_early, self.closed_at = True, time.time()
        self._ended.set()

    def as_json(self) -> Json:
        return {
            "id": self.id,
            "method": self.method,
            "path": self.path,
            "headers": {name: value for name, value in self.headers.items() if name not in SECRET_HEADERS},
            "body": self.body,
            "arrived_at": self.arrived_at,
            "closed_early": self.closed_early,
            "closed_at": self.closed_at,
        }


class MessagesServer:
    """`scripts` is played one a request, the last one forever; or it is a function of the request's body.

    Requests that do not stream (titles) are answered from `title`, so that they never take a stream's script.
    `tls` is what it proves itself with; without it connections are plain.
    """

    def __init__(
        self,
        default: Script | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.scripts: list[Script] | Callable[[Json], Script] = [default or Script()]
        self.title = Script(text="A scripted title")
        self.models = ["claude-local", "claude-local-small"]
        self.requests: list[RecordedRequest] = []
        self.host, self.port, self._tls = host, port, tls
        self._failures: Counter[Script] = Counter()
        self._ids = itertools.count(1)
        self._arrived = threading.Condition()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}"

    def wait_for(self, count: int, timeout: float = 5.0) -> list[RecordedRequest]:
        """The requests so far, once there are `count` of them. Raises TimeoutError."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.requests) >= count, timeout):
                raise TimeoutError(f"{len(self.requests)} of {count} requests arrived within {timeout} s")
            return list(self.requests)

    def __enter__(self) -> Self:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=[self._run_until_stopped()], daemon=True)
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the Messages server did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _run_until_stopped(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with await self.listen():
            self._ready.set()
            await self._stop.wait()

    async def listen(self) -> asyncio.Server:
        """Open the port and begin to answer."""
        server = await asyncio.start_server(self._converse, self.host, self.port, backlog=2048, ssl=self._tls)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection. Whatever comes next, or nothing, tells whether the client stays."""
        following = asyncio.ensure_future(reader.read(1))
        try:
            while (first := await following) and not writer.is_closing():
                request = await self._read(first, reader)
                following = asyncio.ensure_future(reader.read(1))
                await self._answer(request, following, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except asyncio.CancelledError:
            # The server stops: a client that keeps the connection does not take part in saying goodbye over TLS.
            # asyncio 3.11 would print a traceback for a cancelled conversation.
            writer.transport.abort()
        finally:
            following.cancel()
            writer.close()

    async def _read(self, first: bytes, reader: asyncio.StreamReader) -> RecordedRequest:
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        pairs = (line.partition(":") for line in head[1:] if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        return RecordedRequest(method, path, headers, json.loads(raw or b"{}"), f"req_{next(self._ids)}")

    async def _answer(
        self, request: RecordedRequest, following: asyncio.Future[bytes], writer: asyncio.StreamWriter
    ) -> None:
        if request.path == "/_requests":
            return _send_json(writer, request, 200, self._inspect(request.method))
        with self._arrived:
            self.requests.append(request)
            self._arrived.notify_all()
        if request.path.startswith("/v1/models"):
            return _send_json(writer, request, *self._model_answer(request))
        try:
            script = self._choose(request.body)
        except (ValueError, TypeError) as error:
            script = Script(status=400, error_message=f"impossible script: {error}")
        return await _alongside_client(self._play(script, request, writer), request, following)

    def _inspect(self, method: str) -> Json:
        known = [request.as_json() for request in self.requests]
        if method == "DELETE":
            self.requests.clear()
            self._failures.clear()
        return {"requests": known}

    def _model_answer(self, request: RecordedRequest) -> tuple[int, Json]:
        name = request.path.partition("?")[0].removeprefix("/v1/models").strip("/")
        known = {model: model_info(model) for model in self.models}
        if not name:
            return 200, {"data": list(known.values()), "has_more": False, "first_id": None, "last_id": None}
        if name in known:
            return 200, known[name]
        return 404, Script(status=404, error_message=f"model: {name}").error_body(request.id)

    def _choose(self, body: Json) -> Script:
        if not body.get("stream"):
            return self.title
        if asked := script_in(body):
            return asked
        if callable(self.scripts):
            return self.scripts(body)
        return self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]

    def _fails(self, script: Script) -> bool:
        if script.status == 200 or (script.times is not None and self._failures[script] >= script.times):
            return False
        self._failures[script] += 1
        return True

    async def _play(self, script: Script, request: RecordedRequest, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(script.headers_after)
        if self._fails(script):
            headers = dict(script.error_headers)
            return _send_json(writer, request, script.status, script.error_body(request.id), headers)
        model = str(request.body.get("model"))
        if not request.body.get("stream"):
            return _send_json(writer, request, 200, message(script, model, f"msg_{request.id}"))
        performance = perform(script, model)
        writer.write(_head(200, request, EVENT_STREAM) + performance.opening)
        await asyncio.sleep(script.first)
        return await _send_stream(script, performance, request, writer)


async def _alongside_client(
    answer: Coroutine[None, None, None], request: RecordedRequest, following: asyncio.Future[bytes]
) -> None:
    """Run `answer` until it ends or the client leaves, and record which of them it was."""
    playing = asyncio.ensure_future(answer)
    try:
        await asyncio.wait((playing, following), return_when=asyncio.FIRST_COMPLETED)
        request.end(closed_early=not playing.done() or playing.exception() is not None)
    finally:
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)


async def _send_stream(
    script: Script, performance: Performance, request: RecordedRequest, writer: asyncio.StreamWriter
) -> None:
    await _send_tokens(
        performance.tokens[: script.after] if script.trouble else performance.tokens, script.rate, writer
    )
    if script.trouble == "stall":
        await asyncio.Event().wait()
    if script.trouble == "cut":
        return writer.close()
    writer.write((trouble_bytes(script, request.id) if script.trouble else performance.closing) + LAST_CHUNK)
    return await writer.drain()


async def _send_tokens(tokens: Sequence[bytes], rate: float, writer: asyncio.StreamWriter) -> None:
    if not rate:
        for at in range(0, len(tokens), TOKENS_PER_WRITE):
            writer.write(b"".join(tokens[at : at + TOKENS_PER_WRITE]))
            await writer.drain()
        return
    clock = asyncio.get_running_loop().time
    start = clock()
    for number, token in enumerate(tokens):
        await asyncio.sleep(start + number / rate - clock())
        writer.write(token)


def _send_json(
    writer: asyncio.StreamWriter,
    request: RecordedRequest,
    status: int,
    body: Json,
    headers: Mapping[str, str] | None = None,
) -> None:
    data = json.dumps(body).encode()
    lines = {"content-type": "application/json", "content-length": str(len(data)), **(headers or {})}
    writer.write(_head(status, request, lines) + data)


def _head(status: int, request: RecordedRequest, headers: Mapping[str, str]) -> bytes:
    lines = {"request-id": request.id, **headers}
    phrase = "OK" if status == 200 else "Error"
    return "\r\n".join([f"HTTP/1.1 {status} {phrase}", *map(": ".join, lines.items()), "", ""]).encode("latin-1")


async def _serve_forever(server: MessagesServer) -> None:
    async with await server.listen() as listener:
        print(f"listening on {server.url}", flush=True)
        await listener.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.messages_server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8099, help="0 takes a free one and prints it")
    parser.add_argument("--tokens", type=int, default=200, help="tokens of an answer")
    parser.add_argument("--first", type=float, default=0.3, help="seconds before the first token")
    parser.add_argument("--rate", type=float, default=20.0, help="tokens per second, 0 for no limit")
    parser.add_argument("--certificate", help="file with a key and a certificate: connections are encrypted then")
    options = parser.parse_args()
    tls = None
    if options.certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options.certificate)
    default = Script(tokens=options.tokens, first=options.first, rate=options.rate)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve_forever(MessagesServer(default, host=options.host, port=options.port, tls=tls)))


if __name__ == "__main__":
    main()
