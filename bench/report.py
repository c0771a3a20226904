"""The table, the file, and what counts as reached."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.table import Table

from bench.load import Measurement
from bench.plan import BARE_ASGI_TARGET, CONNECTIONS, ENDPOINTS, MEMORY_TARGET, P95_LIMIT_MS, Endpoint, SideKey
from bench.processes import Memory
from bench.turns import Figure, Turn

# Further apart than this, two turns of the same side say that the machine was busy with something else.
_NOISE = 0.15


class Row(BaseModel):
    """One line of the table. `reached` is None where there is nothing to compare or a figure does not count."""

    model_config = ConfigDict(frozen=True)

    what: str
    peer: str
    ours: str
    ratio: float | None
    target: str
    reached: bool | None
    note: str = ""


class Result(BaseModel):
    """All of a run, as written to the result file."""

    model_config = ConfigDict(frozen=True)

    taken_at: datetime
    machine: Mapping[str, str]
    seconds: int
    turns: Sequence[Turn]
    bare_asgi: Sequence[Measurement]
    skipped: Sequence[str]
    rows: Sequence[Row]

    @property
    def is_valid(self) -> bool:
        """Whether every figure counts."""
        return not any(figure.fault for turn in self.turns for figure in turn.figures.values())


def rows_of(turns: Sequence[Turn], bare_asgi: Sequence[Measurement]) -> list[Row]:
    """Set the best turn of each side against the other's, and against the targets."""
    rows = [row for endpoint in ENDPOINTS for row in _endpoint_rows(endpoint, turns)]
    return [*rows, _bare_row(turns, bare_asgi), _memory_row(turns)]


def show(result: Result, console: Console) -> None:
    """Print the table and what has to be said beside it."""
    table = Table(title=f"requests/s, {CONNECTIONS} connections, one process, best of {_rounds(result)} turns")
    table.add_column("")
    for heading in ("NestJS+Prisma", "Sojourn", "ratio", "target"):
        table.add_column(heading, justify="right")
    table.add_column("reached")
    for row in result.rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        verdict = {True: "[green]yes[/]", False: "[red]no[/]", None: "-"}[row.reached]
        table.add_row(row.what, row.peer, row.ours, ratio, row.target, verdict)
    console.print(table)
    for row in result.rows:
        if row.note:
            console.print(f"{row.what}: {row.note}", style="yellow", highlight=False)
    for reason in result.skipped:
        console.print(f"[bold red]NOT MEASURED:[/] {reason}", highlight=False)
    console.print(", ".join(f"{name} {value}" for name, value in result.machine.items()), style="dim", highlight=False)


def write(result: Result, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(result.model_dump_json(indent=2) + "\n")


def _endpoint_rows(endpoint: Endpoint, turns: Sequence[Turn]) -> list[Row]:
    peer, ours = _best(endpoint, turns, "peer"), _best(endpoint, turns, "ours")
    faults = [figure.fault for figure in (peer, ours) if figure and figure.fault]
    ratio = None
    if peer and ours:
        ratio = _ratio(ours.measurement.rps, peer.measurement.rps)
    speed = Row(
        what=endpoint.title,
        peer="" if peer is None else f"{peer.measurement.rps:,.0f}",
        ours="" if ours is None else f"{ours.measurement.rps:,.0f}",
        ratio=ratio,
        target=f">= {endpoint.target_ratio:g}",
        reached=None if faults or ratio is None else ratio >= endpoint.target_ratio,
        note="; ".join([*faults, *_noise(endpoint, turns)]),
    )
    latency = Row(
        what="  p50/p95/p99 ms",
        peer=_latencies(peer),
        ours=_latencies(ours),
        ratio=None,
        target=f"p95 < {P95_LIMIT_MS}",
        reached=None if ours is None or ours.fault else ours.measurement.p95_ms < P95_LIMIT_MS,
    )
    work = Row(
        what="  CPU us, app + db",
        peer=_cpu(peer),
        ours=_cpu(ours),
        ratio=_ratio(peer.cpu.total_us, ours.cpu.total_us) if peer and ours else None,
        target="",
        reached=None,
    )
    return [speed, latency, work]


def _bare_row(turns: Sequence[Turn], bare_asgi: Sequence[Measurement]) -> Row:
    cached = next(endpoint for endpoint in ENDPOINTS if endpoint.script == "r2")
    ours = _best(cached, turns, "ours")
    bare = max((measurement.rps for measurement in bare_asgi), default=None)
    ratio = _ratio(ours.measurement.rps, bare) if ours and bare else None
    return Row(
        what="cached / bare ASGI",
        peer="" if bare is None else f"bare {bare:,.0f}",
        ours="" if ours is None else f"{ours.measurement.rps:,.0f}",
        ratio=ratio,
        target=f">= {BARE_ASGI_TARGET:.2f}",
        reached=None if ratio is None or (ours and ours.fault) else ratio >= BARE_ASGI_TARGET,
    )


def _memory_row(turns: Sequence[Turn]) -> Row:
    peer, ours = _most_memory(turns, "peer"), _most_memory(turns, "ours")
    ratio = _ratio(ours.process_mib, peer.process_mib) if peer and ours else None
    return Row(
        what="memory, MiB",
        peer="" if peer is None else f"{peer.process_mib:.0f}",
        ours="" if ours is None else f"{ours.process_mib:.0f}",
        ratio=ratio,
        target="<= 1/3",
        reached=None if ratio is None else ratio <= MEMORY_TARGET,
        note="" if ours is None else f"{ours.total_mib:.0f} MiB with the process that supervises it",
    )


def _most_memory(turns: Sequence[Turn], side: SideKey) -> Memory | None:
    sizes = [turn.memory for turn in turns if turn.side == side]
    return max(sizes, key=lambda memory: memory.process_mib, default=None)


def _figures(endpoint: Endpoint, turns: Sequence[Turn], side: SideKey) -> list[Figure]:
    return [turn.figures[endpoint.script] for turn in turns if turn.side == side]


def _best(endpoint: Endpoint, turns: Sequence[Turn], side: SideKey) -> Figure | None:
    # A figure with a fault is taken only where there is no other, and then shown with its fault.
    figures = _figures(endpoint, turns, side)
    return max(figures, key=lambda figure: (figure.fault is None, figure.measurement.rps), default=None)


def _noise(endpoint: Endpoint, turns: Sequence[Turn]) -> list[str]:
    notes = []
    sides: tuple[SideKey, ...] = ("peer", "ours")
    for side in sides:
        rates = [figure.measurement.rps for figure in _figures(endpoint, turns, side)]
        if rates and min(rates) < max(rates) * (1 - _NOISE):
            notes.append(f"{side} uneven: " + " ".join(f"{rate:,.0f}" for rate in rates))
    return notes


def _rounds(result: Result) -> int:
    return max((sum(turn.side == side for turn in result.turns) for side in ("peer", "ours")), default=0)


def _latencies(figure: Figure | None) -> str:
    if figure is None:
        return ""
    taken = figure.measurement
    return "/".join(f"{value:.{0 if value >= 10 else 1}f}" for value in (taken.p50_ms, taken.p95_ms, taken.p99_ms))


def _cpu(figure: Figure | None) -> str:
    return "" if figure is None else f"{figure.cpu.server_us:,.0f} + {figure.cpu.postgres_us:,.0f}"


def _ratio(over: float, under: float) -> float | None:
    return over / under if under else None
