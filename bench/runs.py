"""One run after the other: servers are started, warmed up, put under load and measured."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.clients import Answer, Bystander, Direct, Expected, Ndjson, Page, Sse, Way, sign_in
from bench.figures import Result, Usage, figures
from bench.hosts import Hosts, Setup, running
from bench.http_client import BadAnswer
from bench.people import PASSWORD, username
from bench.processes import Meter, ModelServer, Pace, machine_busy, model_server

STREAMS_PER_PERSON = 5  # what the product allows by default
WARM_UP = 3  # questions that are not measured: imports, templates, caches
PATIENCE = 60.0  # seconds beyond its own length after which an answer has failed
BOUND_STREAMS = 100  # as far as the bound on the first token is promised,
BOUND_WAYS = ("NDJSON",)  # and where: a page asks four times for one answer


@dataclass(frozen=True)
class Plan:
    streams: Sequence[int]
    ways: Sequence[str]
    rounds: int  # questions of each client
    pace: Pace
    ramp: float  # seconds over which the clients start
    bound: float  # milliseconds
    setup: Setup = Setup()
    has_bystander: bool = False  # somebody else asks for a list every so often, which costs the server as well
    certificate: Path | None = None  # of the model server: the product asks it over TLS, direct clients do not

    @property
    def people(self) -> int:
        return math.ceil(max(self.streams) / STREAMS_PER_PERSON)


class Load:
    """So many clients, each of which asks one question after the other."""

    def __init__(self, way: Way, streams: int, plan: Plan) -> None:
        self.streams, self.plan = streams, plan
        self._way = way
        self._expected = Expected.of(plan.pace.tokens)

    async def warm_up(self) -> None:
        for _ in range(WARM_UP):
            await self._ask(number=-1, person=0)

    async def run(self) -> list[Answer]:
        answers = await asyncio.gather(*map(self._client, range(self.streams)))
        return [answer for of_client in answers for answer in of_client]

    async def _client(self, client: int) -> list[Answer]:
        await asyncio.sleep(self.plan.ramp * client / self.streams)
        numbers = range(client * self.plan.rounds, (client + 1) * self.plan.rounds)
        return [await self._ask(number, client // STREAMS_PER_PERSON) for number in numbers]

    async def _ask(self, number: int, person: int) -> Answer:
        answer = Answer(self._expected, number, person)
        try:
            async with asyncio.timeout(self.plan.pace.length + PATIENCE):
                await self._way.ask(answer)
            if len(answer.arrivals) < len(self._expected.ends):
                raise BadAnswer(f"{len(answer.arrivals)} of {len(self._expected.ends)} tokens arrived")
        except (BadAnswer, OSError, TimeoutError, ValueError) as error:
            answer.failure = f"{type(error).__name__}: {error}"
        answer.ended = answer.ended or time.time()
        return answer


def measure(plan: Plan) -> list[Result]:
    """Every number of streams on every way, the direct one first."""
    results = []
    settings = {"SSL_CERT_FILE": str(plan.certificate)} if plan.certificate else {}
    with (
        model_server(plan.pace, plan.certificate) as model,
        running(plan.setup, plan.people, model.url, settings) as hosts,
    ):
        for streams in plan.streams:
            with model_server(plan.pace) as alone:
                load = Load(Direct(alone.url), streams, plan)
                bystander = Bystander.of_model(alone.url) if plan.has_bystander else None
                results.append(asyncio.run(_measured("direct", load, alone, [alone.pid], bystander)))
            results += [_product(name, streams, plan, model, hosts) for name in plan.ways]
    return results


def _product(name: str, streams: int, plan: Plan, model: ModelServer, hosts: Hosts) -> Result:
    hosts.start()
    hosts.warm_up()
    way = asyncio.run(WAYS[name](hosts.urls[0], hosts.tokens))
    bystander = Bystander.of_product(hosts.urls[0], hosts.tokens[0]) if plan.has_bystander else None
    before = hosts.operations()
    result = asyncio.run(_measured(name, Load(way, streams, plan), model, hosts.pids, bystander))
    asked = result.figures.answers + WARM_UP
    operations = {store: (count - before[store]) / asked for store, count in hosts.operations().items()}
    return replace(result, log=hosts.errors(), operations=operations)


async def _measured(
    name: str, load: Load, model: ModelServer, pids: Sequence[int], bystander: Bystander | None
) -> Result:
    """`pids` are of the servers under load."""
    await load.warm_up()
    model.forget()
    under_load, of_model = Meter(*pids), Meter(model.pid)
    own, busy, began = time.process_time(), machine_busy(), time.monotonic()
    work = [under_load.watch(), *([bystander.look()] if bystander else [])]
    beside = list(map(asyncio.ensure_future, work))
    answers = await load.run()
    for task in beside:
        task.cancel()
    ours = (0.0 if model.pid in pids else of_model.cpu) + under_load.cpu + time.process_time() - own
    others = max(0.0, machine_busy() - busy - ours) / (time.monotonic() - began)
    usage = Usage(under_load.cpu, under_load.memory, others, bystander.waited if bystander else ())
    measured = figures(answers, load.streams, load.plan.pace, usage, model.asked())
    bound = load.plan.bound if name in BOUND_WAYS and load.streams <= BOUND_STREAMS else None
    reasons = [answer.failure for answer in answers if answer.failure]
    if not under_load.survived:
        reasons.append("a process of the server ended")
    return Result(name, load.streams, measured, reasons, [], bound)


async def _ndjson(url: str, tokens: Sequence[str]) -> Way:
    return Ndjson(url, tokens)


async def _page(url: str, tokens: Sequence[str]) -> Way:
    return Page(url, [await sign_in(url, username(number), PASSWORD) for number in range(len(tokens))])


async def _sse(url: str, tokens: Sequence[str]) -> Way:
    return Sse(url, tokens)


WAYS: Mapping[str, Callable[[str, Sequence[str]], Coroutine[None, None, Way]]] = {
    "NDJSON": _ndjson,
    "SSE": _sse,
    "page": _page,
}
