"""Parts of the suite about readers and hosts: many of one answer, stopping, a host that is killed, two that share."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import orjson

from bench.figures import percentile
from bench.hosts import Hosts, Setup, running
from bench.http_client import BadAnswer, request
from bench.measured import Figure, Outcome
from bench.processes import Meter, ModelServer, Pace, model_server
from bench.runs import STREAMS_PER_PERSON
from bench.stream_parts import USUAL
from bench.turns_client import Person, Stream

PATIENCE = 60.0
TWO_HOSTS = Setup(postgres=True, redis=True, machines=2)


def flowing(stream: Stream) -> bool:
    return stream.last_type == "text-delta"


def over(stream: Stream) -> bool:
    return stream.ended


@dataclass(frozen=True)
class FanOut:
    """One answer that many read."""

    readers: int = 200
    pace: Pace = replace(USUAL, first=3.0)  # time for all of them to come

    @property
    def title(self) -> str:
        return f"One answer, {self.readers} readers ({Setup()})"

    def quick(self) -> FanOut:
        return replace(self, readers=4, pace=replace(self.pace, tokens=10, first=1.0))

    def __call__(self) -> Outcome:
        with model_server(self.pace) as model, running(Setup(), 1, model.url) as hosts:
            hosts.start()
            delivered, cpu, failures = asyncio.run(self._read(hosts))
            direct, direct_cpu = asyncio.run(self._directly(model))
        per_event = Figure(
            "SSE", "server CPU per delivered event", cpu * 1e6 / delivered, "µs", direct_cpu * 1e6 / direct, 40
        )
        return Outcome([Figure("SSE", "delivered events", delivered), per_event], failures)

    async def _read(self, hosts: Hosts) -> tuple[int, float, list[str]]:
        person = Person(hosts.urls[0], hosts.tokens[0])
        await person.ask(await person.new_thread(), "Warm up.").until(over, PATIENCE)
        meter = Meter(*hosts.pids)
        first = person.ask(await person.new_thread(), "Something that many want to read.")
        await first.until(lambda stream: bool(stream.turn), PATIENCE)
        readers = [first, *(person.follow(first) for _ in range(self.readers - 1))]
        await asyncio.gather(*(reader.until(over, PATIENCE + self.pace.length) for reader in readers))
        different = sum(reader.events != first.events for reader in readers)
        problems = [f"{different} readers were told something else"] if different else []
        return sum(len(reader.events) for reader in readers), meter.cpu, problems

    async def _directly(self, model: ModelServer) -> tuple[int, float]:
        """As many answers of the model server itself: the events, and its processor time."""
        meter, body = Meter(model.pid), orjson.dumps({"stream": True, "messages": []})

        async def read() -> int:
            async with request("POST", f"{model.url}/v1/messages", {}, body) as response:
                return (await response.text()).count("\n\n")

        return sum(await asyncio.gather(*(read() for _ in range(self.readers)))), meter.cpu


@dataclass(frozen=True)
class Stop:
    """From the click on stop until the connection to the model is closed."""

    times: int = 30
    title: str = "Stop: from the click to the closed connection to the model"

    def quick(self) -> Stop:
        return replace(self, times=3)

    def __call__(self) -> Outcome:
        with model_server(replace(USUAL, tokens=100_000)) as model:
            directly = asyncio.run(self._directly(model))
            figures = []
            for setup, way, most in ((Setup(), "same process", 100), (TWO_HOSTS, "other host", 500)):
                with running(setup, 1, model.url) as hosts:
                    hosts.start()
                    waited = asyncio.run(self._stopped(model, hosts))
                found = (percentile(waited, 95), percentile(directly, 95))
                figures += [Figure(way, "p50", percentile(waited, 50), "ms", percentile(directly, 50))]
                figures += [Figure(way, "p95", found[0], "ms", found[1], most)]
        return Outcome(figures)

    async def _stopped(self, model: ModelServer, hosts: Hosts) -> list[float]:
        here, there = Person(hosts.urls[0], hosts.tokens[0]), Person(hosts.urls[-1], hosts.tokens[0])
        waited = []
        for _ in range(self.times):
            model.forget()
            stream = here.ask(await here.new_thread(), "Talk until I stop you.")
            await stream.until(flowing, PATIENCE)
            clicked = time.time()
            await there.cancel(stream.thread)
            waited.append(await _closed(model, clicked))
            await stream.until(over, PATIENCE)
        return waited

    async def _directly(self, model: ModelServer) -> list[float]:
        waited, body = [], orjson.dumps({"stream": True, "messages": []})
        for _ in range(self.times):
            model.forget()
            async with request("POST", f"{model.url}/v1/messages", {}, body) as response:
                async for _at, _data in response.pieces():
                    break
                clicked = time.time()
            waited.append(await _closed(model, clicked))
        return waited


@dataclass(frozen=True)
class Kill:
    """One of two hosts is killed in the middle of its answers."""

    answers: int = 100
    lease: float = 90.0
    title: str = "One of two hosts is killed with 100 answers running on each (2 hosts, PostgreSQL, Redis)"

    def quick(self) -> Kill:
        return replace(self, answers=5, lease=3.0)

    def __call__(self) -> Outcome:
        settings = {"LEASE_EXPIRY": str(self.lease), "LEASE_RENEWAL": str(self.lease / 3)}
        people = -(-self.answers * 2 // STREAMS_PER_PERSON)
        with model_server(replace(USUAL, rate=5.0)) as model, running(TWO_HOSTS, people, model.url, settings) as hosts:
            hosts.start()
            return asyncio.run(self._kill(hosts))

    async def _kill(self, hosts: Hosts) -> Outcome:
        asking = [Person(hosts.urls[n % 2], hosts.tokens[n // STREAMS_PER_PERSON]) for n in range(self.answers * 2)]
        long = orjson.dumps({"script": {"tokens": 100_000, "rate": 2.0}}).decode()
        streams = [person.ask(await person.new_thread(), long) for person in asking]
        await asyncio.gather(*(stream.until(flowing, PATIENCE) for stream in streams))
        survivors, lost = streams[::2], streams[1::2]
        hosts.servers[1].kill()
        killed = time.monotonic()
        left = [(Person(hosts.urls[0], stream.person.token), stream) for stream in lost]
        slowest = max(await asyncio.gather(*(self._ended(person, stream.turn) for person, stream in left))) - killed
        again = [person.ask(stream.thread, '{"script": {"tokens": 5}}') for person, stream in left]
        await asyncio.gather(*(stream.until(over, PATIENCE) for stream in again))
        broken = sum(stream.last_type != "finish" for stream in again)
        interrupted = sum(stream.ended for stream in survivors)
        for stream in survivors:
            await stream.person.cancel(stream.thread)
        return Outcome(
            [
                Figure("SSE", "until its last answer is final", slowest, "s", most=self.lease + 10),
                Figure("SSE", "threads that cannot be asked in then", broken, most=0),
                Figure("SSE", "answers of the other host that ended", interrupted, most=0),
            ]
        )

    async def _ended(self, person: Person, turn: str) -> float:
        while await person.status(turn) in ("pending", "running"):
            await asyncio.sleep(1.0)
        return time.monotonic()


@dataclass(frozen=True)
class TwoHosts:
    """Asked on one host and read on both: is everything told once and in order?"""

    answers: int = 100
    pace: Pace = USUAL

    @property
    def title(self) -> str:
        return f"{self.answers} answers asked on each of two hosts and read on both ({TWO_HOSTS})"

    def quick(self) -> TwoHosts:
        return replace(self, answers=3, pace=replace(self.pace, tokens=20))

    def __call__(self) -> Outcome:
        people = -(-self.answers * 2 // STREAMS_PER_PERSON)
        with model_server(self.pace) as model, running(TWO_HOSTS, people, model.url) as hosts:
            hosts.start()
            meter = Meter(*hosts.pids)
            streams, failures = asyncio.run(self._read(hosts))
            cpu, failures = meter.cpu, [*failures, *hosts.errors()]
        wrong = Counter[str]()
        for stream in streams:
            wrong += faults(stream.numbers)
        tokens = self.answers * 2 * self.pace.tokens
        figures = [Figure("SSE", f"{kind} events", wrong[kind], most=0) for kind in FAULTS]
        events = sum(len(stream.numbers) for stream in streams)
        figures += [Figure("SSE", "events", events), Figure("SSE", "server CPU per token", cpu * 1e6 / tokens, "µs")]
        return Outcome(figures, failures)

    async def _read(self, hosts: Hosts) -> tuple[list[Stream], list[str]]:
        async def ask(number: int) -> list[Stream]:
            await asyncio.sleep(self.pace.length * number / self.answers / 2)
            token = hosts.tokens[number // STREAMS_PER_PERSON]
            here, there = (Person(hosts.urls[(number + step) % 2], token) for step in (0, 1))
            asked = here.ask(await here.new_thread(), f"Question {number}.")
            await asked.until(lambda stream: bool(stream.turn), PATIENCE)
            both = [asked, there.follow(asked)]
            for stream in both:
                await stream.until(over, PATIENCE + self.pace.length)
            if both[0].events != both[1].events:
                raise BadAnswer("two readers were told different things")
            return both

        found = await asyncio.gather(*(ask(number) for number in range(self.answers * 2)), return_exceptions=True)
        failures = [f"{type(each).__name__}: {each}" for each in found if isinstance(each, BaseException)]
        return [stream for pair in found if isinstance(pair, list) for stream in pair], failures


FAULTS = ("duplicated", "missing", "reordered")


def faults(numbers: Sequence[int]) -> Counter[str]:
    """What is wrong with the numbers of the events that one reader got; they are to count up from 1."""
    times = Counter(numbers)
    return Counter(
        duplicated=sum(count - 1 for count in times.values()),
        missing=max(numbers, default=0) - len(times),
        reordered=sum(after < before for before, after in zip(numbers, numbers[1:], strict=False)),
    )


async def _closed(model: ModelServer, clicked: float) -> float:
    """Milliseconds from `clicked` until the model server saw the connection of its only answer closed."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        asked = await asyncio.to_thread(model.asked)
        if closed := [call["closed_at"] for call in asked if call["body"].get("stream") and call["closed_at"]]:
            return float(closed[0] - clicked) * 1000
        await asyncio.sleep(0.05)
    raise BadAnswer("the connection to the model stays open")


PARTS: Mapping[str, FanOut | Stop | Kill | TwoHosts] = {
    "fan-out": FanOut(),
    "stop": Stop(),
    "kill": Kill(),
    "two-hosts": TwoHosts(),
}
