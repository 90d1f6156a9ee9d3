"""A relay over Redis: a bounded stream for every running turn, read by one blocking call a process.

An entry's id is its event's number, so that a reader's place in a turn is its place in the stream, and an event that is
sent twice is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from redis import Redis, RedisError

from chatapp.db import new_id
from chatapp.stream.hub import Hub
from chatapp.stream.relay import Parcel, Relay
from chatapp.values import Event

STREAM = "chatapp:turn:{}"
STOPS = "chatapp:stops"
BEGINNING = "0-0"
MOST_EVENTS = 5_000
MOST_STOPS = 1_000
KEPT = 3_600  # seconds after its last event
PATIENCE = 5.0  # seconds that Redis may take for anything
BLOCK = 2.0  # seconds of one wait for news: as long as closing may take when Redis is gone


class RedisRelay(Relay):
    """Readers in the process that executes a turn never come here: the hub has its events."""

    trouble = (RedisError, OSError)

    def __init__(self, url: str, hub: Hub, on_stop: Callable[[UUID], None]) -> None:
        super().__init__(hub, on_stop)
        self._url = url
        self._bell = f"chatapp:bell:{new_id()}"

    def _connect(self, timeout: float) -> Redis:
        return Redis.from_url(self._url, socket_timeout=timeout, socket_connect_timeout=PATIENCE)

    def _send_all(self, connected: Callable[[], None]) -> None:
        with self._connect(PATIENCE) as redis:
            redis.ping()
            connected()
            while not self._closing.is_set():
                self._deliver(redis, self._gathered())
            self._ring(redis)

    def _deliver(self, redis: Redis, parcels: list[Parcel | None]) -> None:
        pipeline = redis.pipeline(transaction=False)
        for parcel in filter(None, parcels):
            stream = STREAM.format(parcel.turn_id)
            for event in parcel.events:
                pipeline.xadd(stream, {"event": event.json}, id=f"{event.seq}-0", maxlen=MOST_EVENTS)
            pipeline.expire(stream, KEPT)
            if parcel.stops:
                pipeline.xadd(STOPS, {"turn": str(parcel.turn_id)}, maxlen=MOST_STOPS)
        if None in parcels:
            self._ring(pipeline)
        # An event that is there already is refused on its own, and nothing else with it.
        pipeline.execute(raise_on_error=False)

    def _ring(self, redis: Redis) -> None:
        """End this process's own wait for news."""
        redis.xadd(self._bell, {"look": "again"}, maxlen=1)
        redis.expire(self._bell, KEPT)

    def _receive_all(self, connected: Callable[[], None]) -> None:
        with self._connect(PATIENCE + BLOCK) as redis:
            last = redis.xrevrange(STOPS, count=1)
            places = {STOPS: last[0][0] if last else BEGINNING, self._bell: BEGINNING}
            connected()
            while not self._closing.is_set():
                turns = {STREAM.format(turn): (turn, last) for turn, last in self._hub.followed().items()}
                reading = places | {stream: f"{last}-0" for stream, (_, last) in turns.items()}
                for stream, entries in redis.xread(reading, block=int(BLOCK * 1000)) or ():
                    name = stream.decode()
                    if name in turns:
                        self._hub.receive(turns[name][0], [_event(*entry) for entry in entries])
                        continue
                    places[name] = entries[-1][0]
                    for turn in (fields.get(b"turn") for _, fields in entries):
                        if turn:
                            self._on_stop(UUID(turn.decode()))


def _event(key: bytes, fields: dict[bytes, bytes]) -> Event:
    return Event.read(int(key.partition(b"-")[0]), fields[b"event"].decode())
