"""Two hosts, one PostgreSQL, one Redis: asked on one, read on the other, cancelled, killed, rolled."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import orjson
import psycopg
import pytest

from chatapp.values import Event
from tests.people import PASSWORD
from tests.servers import AppServer, RedisServer, wait_until
from tests.stream import grammar
from tests.stream.asking import shown

THREADS = "/api/v1/chat/threads"
LONG = "/slow 100000"
GRACE = 15  # seconds
KILLED = 5  # as many as one person may have at once


@dataclass
class Host:
    server: AppServer
    client: httpx.Client

    def thread(self) -> str:
        return str(self.client.post(THREADS, json={}).json()["id"])

    def ask(self, text: str, thread: str | None = None) -> Reader:
        """The answer to a question that is asked here, read here."""
        thread = thread or self.thread()
        return Reader(self, "POST", f"{THREADS}/{thread}/turns/stream", {"content": text}, thread)

    def follow(self, reader: Reader) -> Reader:
        """An answer from elsewhere, read here from its beginning."""
        wait_until(lambda: reader.events or reader.refusal)
        assert not reader.refusal
        turn_id = reader.events[0].data["messageMetadata"]["turnId"]
        return Reader(self, "GET", f"/api/v1/chat/turns/{turn_id}/stream", None, reader.thread)

    def restart(self) -> None:
        self.server.start()


@dataclass
class Reader:
    """Reads a stream to its end, in a thread of its own."""

    host: Host
    method: str
    address: str
    body: object
    thread: str
    events: list[Event] = field(default_factory=list)
    refusal: str = ""

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def finish(self) -> list[Event]:
        self._thread.join(30)
        assert not self._thread.is_alive(), "the stream does not end"
        assert not self.refusal
        return self.events

    def wait_for(self, text: str) -> None:
        wait_until(lambda: text in shown(self.events), timeout=20)

    def _read(self) -> None:
        number = 0
        try:
            with self.host.client.stream(self.method, self.address, json=self.body) as response:
                if response.status_code != 200:
                    self.refusal = response.read().decode()
                for line in response.iter_lines():
                    if line.startswith("id: "):
                        number = int(line[4:])
                    elif line.startswith("data: {"):
                        self.events.append(Event(number, orjson.loads(line[6:]), line[6:]))
        except httpx.TransportError:
            """The host was killed."""


@pytest.fixture(scope="module")
def hosts(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Host, Host]]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE hosts")
    redis = RedisServer().start()
    common = {
        "DATABASE_URL": postgres_url.rpartition("/")[0] + "/hosts",
        "REDIS_URL": redis.url,
        "SECRET_KEY": "tests",
        "FILES_PATH": str(tmp_path_factory.mktemp("files")),
        "OFFLINE_TICK": "0.05",
        "LEASE_RENEWAL": "0.5",
        "LEASE_EXPIRY": "3",
        "SHUTDOWN_GRACE": str(GRACE),
    }
    # A name that every machine can look up, and that is not this one's own.
    servers = [
        AppServer(common | {"INSTANCE_PATH": str(tmp_path_factory.mktemp("host"))}, host=name)
        for name in (None, "localhost")
    ]
    servers[0].flask("db", "upgrade")
    servers[0].flask("user", "create", "ana", "--password", PASSWORD)
    secret = servers[0].flask("token", "create", "ana").split()[-1]
    headers = {"Authorization": f"Bearer {secret}"}
    found = [Host(s, httpx.Client(base_url=s.url, headers=headers, timeout=30)) for s in servers]
    for server in servers:
        server.start()
    yield found[0], found[1]
    for host in found:
        host.client.close()
        host.server.kill()
    redis.kill()


def same(one: list[Event], two: list[Event]) -> bool:
    return [(e.seq, e.json) for e in one] == [(e.seq, e.json) for e in two]


def test_an_answer_is_the_same_on_both_hosts(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    readers = [one.ask(f"hello {number}\n/slow 40") for number in range(5)]
    copies = [two.follow(reader) for reader in readers]
    for reader, copy in zip(readers, copies, strict=True):
        assert grammar.check(reader.finish()).status == "completed"
        assert same(copy.finish(), reader.events)


def test_a_cancel_on_one_host_ends_the_answer_on_the_other(hosts: tuple[Host, Host]) -> None:
    for here, there in (hosts, hosts[::-1]):
        reader = here.ask(LONG)
        copy = there.follow(reader)
        copy.wait_for("tick 3 ")
        assert there.client.post(f"{THREADS}/{reader.thread}/turns/cancel", json={}).status_code == 204
        assert grammar.check(reader.finish()).status == "cancelled"
        assert same(copy.finish(), reader.events)
        assert grammar.check(there.ask("go on", reader.thread).finish()).status == "completed"


def test_a_host_is_killed_and_its_threads_go_on_elsewhere(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    lost = [two.ask(LONG) for _ in range(KILLED)]
    copies = [one.follow(reader) for reader in lost]
    for copy in copies:
        copy.wait_for("tick 2 ")
    two.server.kill()
    for reader, copy in zip(lost, copies, strict=True):
        story = grammar.check(copy.finish())
        assert (story.status, story.turn["error"]["code"]) == ("failed", "worker_lost")
        assert same(copy.events[: len(reader.finish())], reader.events), "somebody was shown what is not kept"
    again = [one.ask("go on", reader.thread) for reader in lost]
    assert {grammar.check(reader.finish()).status for reader in again} == {"completed"}
    two.restart()


def test_hosts_are_rolled_while_people_read(hosts: tuple[Host, Host]) -> None:
    for rolled, other in (hosts, hosts[::-1]):
        reader = rolled.ask("/slow 30")
        copy = other.follow(reader)
        copy.wait_for("tick 2 ")
        began = time.monotonic()
        rolled.server.stop()
        assert time.monotonic() - began < GRACE, "it waited for connections on which nobody asks for anything"
        assert grammar.check(copy.finish()).status == "completed", "an answer was lost in a restart"
        assert same(reader.finish(), copy.events)
        assert grammar.check(other.ask("go on", reader.thread).finish()).status == "completed"
        rolled.restart()
