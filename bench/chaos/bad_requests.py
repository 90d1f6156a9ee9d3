"""Requests that no client should send: broken, hostile, cut short. None of them may be answered as an accident."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
from collections import Counter
from urllib.parse import urlsplit

AT_ONCE = 40
PATIENCE = 60.0  # seconds, for a machine that does other things as well
ABSENT = "01890000-0000-7000-8000-000000000000"
API = "/api/v1/chat"


def samples(token: str, thread: str) -> list[bytes]:
    """One of each kind."""
    auth = {"Authorization": f"Bearer {token}"}
    send, snake = f"{API}/threads/{thread}/turns/stream", "/api/chat/stream/"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return [
        *_no_requests(),
        _raw("POST", send, auth, b'{"content": '),
        _raw("POST", send, auth, b"[]"),
        _raw("POST", send, auth, json.dumps({"content": {"a": 1}}).encode()),
        _raw("POST", send, auth, json.dumps({"content": "x", "mode": "explode"}).encode()),
        _raw("POST", send, auth, b'{"content": "' + b"\xff\xfe" + b'"}'),
        _raw("POST", send, auth, b"[" * 5_000),
        _raw("POST", send, auth | {"Content-Type": "text/plain"}, b"hello"),
        _raw("POST", send, {"Authorization": "Bearer nobody"}, b"{}"),
        _raw("POST", send, {"Authorization": "Basic " + "=" * 100}, b"{}"),
        _raw("POST", send, {}, b"{}"),
        _raw("POST", f"{API}/threads/{ABSENT}/turns/stream", auth, b'{"content": "x"}'),
        _raw("POST", f"{API}/threads/'%20or%201=1/turns/stream", auth, b'{"content": "x"}'),
        _raw("POST", snake, {"Authorization": f"Token {token}"}, b'{"input": 7}'),
        _raw("POST", snake, {"Authorization": f"Token {token}"}, b""),
        _raw("GET", f"{API}/threads?limit=-1&cursor=%00", auth),
        _raw("GET", f"{API}/threads?cursor=" + "A" * 500, auth),
        _raw("GET", f"{API}/turns/not-an-id/stream?after=99999999999999999999", auth),
        _raw("DELETE", f"{API}/threads", auth),
        _raw("BREW", "/"),
        _raw("GET", "/static/../../etc/passwd"),
        _raw("GET", "/%00%ff%c0%ae"),
        _raw("GET", "/chat/" + "%2e%2e/" * 20),
        _raw("GET", "/chat/", {"Cookie": "session=eyJ9.tampered.with; " * 20}),
        _raw("POST", "/sign-in/", form | {"Sec-Fetch-Site": "cross-site"}, b"username=a&password=b"),
        _raw("POST", "/sign-in/", form, b"username=" + b"a" * 4_000 + b"&password=%00"),
        _raw("POST", "/chat/send/", form, b"text=hello"),
    ]


def _no_requests() -> list[bytes]:
    """What no server can read as one, or not to its end."""
    return [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS to a plain port
        bytes(random.Random(1).randbytes(200)) + b"\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        _raw("GET", "/", {"X-Large": "a" * 20_000}),
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnot-a-size\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /sign-in/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nfirst bytes and gone",
        b"GET /sign-in/ HTTP/1.1\r\nHost:",
    ]


async def send(url: str, token: str, thread: str, count: int) -> Counter[str]:
    """Send so many, some dozens at a time; how they were answered, by status, or that the line was closed."""
    kinds = itertools.cycle(samples(token, thread))
    answers: Counter[str] = Counter()
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(request: bytes) -> None:
        async with gate:
            answers[await _answer(url, request)] += 1

    await asyncio.gather(*(one(request) for request in itertools.islice(kinds, count)))
    return answers


async def _answer(url: str, request: bytes) -> str:
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            try:
                writer.write(request)
                writer.write_eof()
                first = await reader.readline()
            finally:
                writer.close()
    except TimeoutError:
        return "silence"
    except OSError:
        return "closed"
    words = first.split()
    with contextlib.suppress(IndexError, ValueError):
        return str(int(words[1]))
    return "closed"


def _raw(method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
    lines = {"Host": "127.0.0.1", "Connection": "close", "Content-Length": str(len(body))}
    lines |= {"Content-Type": "application/json"} | (headers or {})
    head = "\r\n".join([f"{method} {target} HTTP/1.1", *map(": ".join, lines.items()), "", ""])
    return head.encode("latin-1") + body
