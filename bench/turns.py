"""A turn: one side up, checked, warmed, measured, stopped. Turns follow each other peer, ours, peer, ours."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from pydantic import BaseModel, ConfigDict

from bench import checks, inputs
from bench.checks import Answers, CheckError
from bench.database import BenchServer, Counters
from bench.load import Measurement, measure
from bench.plan import ENDPOINTS, Endpoint, Plan, Script, SideKey
from bench.processes import Memory, clean_environment, cpu_of, memory_of, running, tail
from bench.side import Side
from sojourn.platform.processes import find_free_port

# More than either side can take in a second; each event counts once, so those of the warm-up are set apart.
_WARM_UP_EVENTS_A_SECOND = 5_000
_REPO = Path(__file__).resolve().parents[1]


class Cpu(BaseModel):
    """The CPU time that one request takes, in microseconds: of the server's processes, and of PostgreSQL's."""

    model_config = ConfigDict(frozen=True)

    server_us: float
    postgres_us: float

    @property
    def total_us(self) -> float:
        return self.server_us + self.postgres_us


class Figure(BaseModel):
    """One endpoint of one turn.

    `transactions_per_request` is what PostgreSQL counted: it shows whether an answer came out of a cache.
    `fault` says why the figure counts for nothing.
    """

    model_config = ConfigDict(frozen=True)

    measurement: Measurement
    transactions_per_request: float
    cpu: Cpu
    fault: str | None


class Turn(BaseModel):
    """What one side did in one turn."""

    model_config = ConfigDict(frozen=True)

    side: SideKey
    figures: Mapping[Script, Figure]
    memory: Memory


def take_turn(
    side: Side, *, server: BenchServer, plan: Plan, folder: Path, tell: Callable[[str], None]
) -> tuple[Turn, Answers]:
    """Measure one side on a fresh copy of its seeded database.

    Raises:
        CheckError: it does not start, or does not answer as it should; the message has the end of its log.

    """
    dsn = asyncio.run(server.fresh_copy(side))
    answers: Answers | None = None
    figures: dict[Script, Figure] = {}
    sizes: list[Memory] = []
    for has_cache in (False, True):
        with _serving(side, dsn=dsn, has_cache=has_cache, folder=folder) as (url, process):
            answers = answers or checks.check(url, travel_date=inputs.travel_date())
            for endpoint in ENDPOINTS:
                if endpoint.has_cache is has_cache:
                    figure = _take_figure(
                        endpoint, url=url, process=process, side=side, server=server, plan=plan, folder=folder
                    )
                    figures[endpoint.script] = figure
                    tell(f"{side.title}, {endpoint.title}: {figure.measurement.rps:,.0f}/s {figure.fault or ''}")
            sizes.append(memory_of(process))
    most = max(sizes, key=lambda memory: memory.process_mib)
    return Turn(side=side.key, figures=figures, memory=most), cast("Answers", answers)


@contextmanager
def _serving(side: Side, *, dsn: str, has_cache: bool, folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Keep the side up inside the block; what fails there is told with the end of its log."""
    port = find_free_port()
    url = f"http://127.0.0.1:{port}"
    log = folder / f"{side.key}.log"
    environment = {**side.environment, "DATABASE_URL": dsn, "PORT": str(port)}
    if not has_cache:
        environment |= side.without_cache
    with running(side.command, cwd=side.folder, environment=environment, log=log) as process:
        try:
            checks.wait_until_ready(url, process)
            yield url, process
        except CheckError as fault:
            raise CheckError(f"{side.title}: {fault}\nthe end of its log:\n{tail(log)}") from fault


def measure_bare_asgi(answers: Answers, *, plan: Plan, folder: Path) -> Measurement:
    """Measure granian with an app that answers the cached list's bytes and does nothing else."""
    body = folder / "featured.body"
    body.write_bytes(answers.featured_body)
    port = find_free_port()
    url = f"http://127.0.0.1:{port}"
    command = (
        *(sys.executable, "-m", "granian", "--interface", "asginl", "--loop", "uvloop", "--workers", "1"),
        *("--no-ws", "--host", "127.0.0.1", "--port", str(port), "bench.bare:app"),
    )
    environment = {
        **clean_environment(),
        "BENCH_BARE_BODY": str(body),
        "BENCH_BARE_TYPE": answers.featured_type,
    }
    with running(command, cwd=_REPO, environment=environment, log=folder / "bare.log") as process:
        checks.wait_until_ready(url, process)
        measure("r2", url=url, folder=folder, seconds=plan.warm_up_seconds)
        return measure("r2", url=url, folder=folder, seconds=plan.seconds)


def _take_figure(
    endpoint: Endpoint, *, url: str, process: subprocess.Popen[bytes], side: Side, server: BenchServer, plan: Plan,
    folder: Path,
) -> Figure:  # fmt: skip
    warm_up, measured = _split_events(plan)
    if endpoint.script == "w2":
        inputs.write_events(folder, warm_up)
    measure(endpoint.script, url=url, folder=folder, seconds=plan.warm_up_seconds)
    if endpoint.script == "w2":
        inputs.write_events(folder, measured)
    before = asyncio.run(server.counters(side))
    own_cpu, postgres_cpu = cpu_of(process.pid), server.cpu()
    measurement = measure(endpoint.script, url=url, folder=folder, seconds=plan.seconds)
    cpu = Cpu(
        server_us=_each_us(own_cpu, cpu_of(process.pid), measurement.requests),
        postgres_us=_each_us(postgres_cpu, server.cpu(), measurement.requests),
    )
    after = asyncio.run(server.counters(side))
    done = after.since(before)
    return Figure(
        measurement=measurement,
        transactions_per_request=round(done.transactions / max(1, measurement.requests), 2),
        cpu=cpu,
        fault=measurement.fault or _unproven(endpoint, measurement.requests, done, events=len(measured)),
    )


def _each_us(before: Mapping[int, float], after: Mapping[int, float], requests: int) -> float:
    spent = sum(used - before.get(process, 0.0) for process, used in after.items())
    return round(spent * 1e6 / max(1, requests), 1)


def _split_events(plan: Plan) -> tuple[list[int], list[int]]:
    bookings = [number for number in inputs.shuffled_bookings() if number != checks.CHECKED_BOOKING]
    border = _WARM_UP_EVENTS_A_SECOND * plan.warm_up_seconds
    return bookings[:border], bookings[border:]


def _unproven(endpoint: Endpoint, requests: int, done: Counters, *, events: int) -> str | None:
    if endpoint.script == "w2" and requests > events:
        return f"sent {requests} webhooks but had only {events} events"
    if endpoint.script == "w1" and done.bookings < requests:
        return f"{requests} answers but {done.bookings} new bookings"
    if endpoint.script == "w2" and done.confirmed < requests:
        return f"{requests} answers but {done.confirmed} newly confirmed bookings"
    # Writes may share a transaction; their rows were counted above. Half: PostgreSQL counts up to a second late.
    if endpoint.is_from_database and done.transactions < requests / 2:
        return f"{requests} answers but {done.transactions} transactions: answered without PostgreSQL"
    return None
