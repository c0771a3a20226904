"""`python -m bench`: measure the peer and us in turns, print the table, write the result."""

import asyncio
import os
import platform
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from bench import checks, inputs, needs, ours, peer, report, turns
from bench.checks import Answers, CheckError
from bench.database import BenchServer, bench_server
from bench.load import Measurement
from bench.needs import NeedMissingError
from bench.plan import Plan, SideKey
from bench.processes import ProgramError
from bench.report import Result
from bench.side import Side
from bench.turns import Turn
from sojourn.platform.db.binaries import PostgresUnavailable
from sojourn.platform.db.embedded import EmbeddedPostgresError

_REPO = Path(__file__).resolve().parents[1]
_CONSOLE = Console()
_APP = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@_APP.command()
def main(
    *,
    seconds: Annotated[int, typer.Option(min=2, help="Length of one measurement.")] = 6,
    rounds: Annotated[int, typer.Option(min=1, help="How often each side has its turn.")] = 2,
    warm_up: Annotated[int, typer.Option(min=1, max=5, help="Seconds of load before each measurement.")] = 2,
    only: Annotated[SideKey | None, typer.Option(help="Leave the other side out.")] = None,
    peer_dir: Annotated[
        Path, typer.Option(envvar="SOJOURN_PEER_DIR", help="The folder of the peer and its wrk scripts.")
    ] = _REPO.parent / "shared" / "bench",
) -> None:
    """Print our figures beside the NestJS peer's, taken in turns on this machine."""
    plan = Plan(
        seconds=seconds,
        warm_up_seconds=warm_up,
        rounds=rounds,
        only=only,
        peer_dir=peer_dir.resolve(),
        result_path=_REPO / ".sojourn" / "bench.json",
    )
    signal.signal(signal.SIGINT, _unwind)
    signal.signal(signal.SIGTERM, _unwind)
    try:
        needs.require_wrk()
        result = _measure(plan)
    except NeedMissingError as missing:
        _CONSOLE.print(f"[bold red]{missing}[/]", highlight=False)
        raise typer.Exit(2) from None
    except (CheckError, ProgramError, EmbeddedPostgresError, PostgresUnavailable) as fault:
        _CONSOLE.print(str(fault), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        _CONSOLE.print("Stopped; everything the run had started has ended.")
        raise typer.Exit(130) from None
    report.show(result, _CONSOLE)
    report.write(result, plan.result_path)
    _CONSOLE.print(f"Written to {plan.result_path.relative_to(_REPO)}", style="dim", highlight=False)
    if not result.is_valid:
        raise typer.Exit(1)


def _measure(plan: Plan) -> Result:
    skipped = _reasons_to_skip(plan)
    load = os.getloadavg()[0]
    with _scratch() as folder:
        scripts = plan.peer_dir / "wrk" if (plan.peer_dir / "wrk").is_dir() else _REPO / "bench" / "scripts"
        inputs.copy_scripts(scripts, folder)
        inputs.write_tokens(folder)
        sides = _prepare(plan, skipped)
        with bench_server(folder) as server:
            for side in sides:
                _tell(f"{side.title}: making its database")
                asyncio.run(server.seed(side))
            taken, bare = _take_turns(sides, server=server, plan=plan, folder=folder)
            postgres = asyncio.run(server.version())
    return Result(
        taken_at=datetime.now(UTC),
        machine=_machine(postgres, load),
        seconds=plan.seconds,
        turns=taken,
        bare_asgi=bare,
        skipped=[f"{side}: {reason}" for side, reason in skipped.items()],
        rows=report.rows_of(taken, bare),
    )


def _reasons_to_skip(plan: Plan) -> dict[SideKey, str]:
    if plan.only == "ours":
        return {"peer": "left out by --only"}
    no_peer = needs.why_no_peer(plan.peer_dir)
    if plan.only == "peer":
        if no_peer is not None:
            raise NeedMissingError(no_peer)
        return {"ours": "left out by --only"}
    if no_peer is None:
        return {}
    _CONSOLE.print(f"[bold red]SKIPPING THE PEER:[/] {no_peer}", highlight=False)
    return {"peer": no_peer}


def _prepare(plan: Plan, skipped: Mapping[SideKey, str]) -> list[Side]:
    sides = []
    if "peer" not in skipped:
        _tell("building the peer (npm install, Prisma, tsc: a minute, unless it was built before)")
        sides.append(peer.prepare(plan.peer_dir, cache=_cache()))
    if "ours" not in skipped:
        sides.append(ours.prepare())
    return sides


def _take_turns(
    sides: list[Side], *, server: BenchServer, plan: Plan, folder: Path
) -> tuple[list[Turn], list[Measurement]]:
    taken: list[Turn] = []
    bare: list[Measurement] = []
    answers: dict[SideKey, Answers] = {}
    for number in range(1, plan.rounds + 1):
        for side in sides:
            _tell(f"turn {number} of {plan.rounds}: {side.title}")
            turn, answers[side.key] = turns.take_turn(side, server=server, plan=plan, folder=folder, tell=_tell)
            taken.append(turn)
            if len(answers) == 2:  # both have answered
                checks.compare(answers["peer"], answers["ours"])
        bare.append(turns.measure_bare_asgi(answers[sides[-1].key], plan=plan, folder=folder))
    return taken, bare


def _machine(postgres: str, load: float) -> dict[str, str]:
    return {
        "Python": platform.python_version(),
        "Node": needs.node_version() or "none",
        "PostgreSQL": postgres,
        "system": f"{platform.system()} {platform.machine()}",
        "cores": str(os.cpu_count()),
        "load before": f"{load:.1f}",
    }


def _cache() -> Path:
    """Return the folder for built peers: outside the repository, and kept, for npm is slow."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "sojourn" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sojourn-bench-") as name:
        folder = Path(name)
        # As root the database server runs as somebody else, who has to get to its data below this folder.
        folder.chmod(0o755)
        yield folder


def _tell(line: str) -> None:
    _CONSOLE.print(f"[dim]{datetime.now(UTC):%H:%M:%S}[/] {line}", highlight=False)


def _unwind(_number: int, _frame: FrameType | None) -> None:
    # Once: a second Ctrl-C must not break off the stopping of what the first one stops.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    _APP()
