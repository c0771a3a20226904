"""The command line: `sojourn --help`."""

import asyncio
import os
import runpy
import shutil
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, ParamSpec

import typer
from rich.console import Console

from sojourn.care.documents import retention as document_retention
from sojourn.care.documents.retention import RetentionLine
from sojourn.care.emergency import jobs as emergency_jobs
from sojourn.care.emergency.jobs import PositionsReport
from sojourn.catalog.loading import CatalogueInvalid, LoadReport, load_catalogue
from sojourn.demo.run import tell_all
from sojourn.demo.world import NotRunning
from sojourn.desk.invariants.checks import INVARIANTS
from sojourn.desk.invariants.models import Breach
from sojourn.desk.invariants.service import check_all
from sojourn.desk.privacy import retention as privacy_retention
from sojourn.desk.privacy.retention import RetentionCount
from sojourn.modules import PAYABLES, TIMERS
from sojourn.people.staff.bootstrap import AdminRefused, create_admin
from sojourn.platform.db import embedded
from sojourn.platform.db.binaries import PostgresUnavailable
from sojourn.platform.db.embedded import EmbeddedPostgresError
from sojourn.platform.db.faults import DATABASE_FAULTS, explain
from sojourn.platform.db.migrate import MigrationFailed, require_newest, upgrade
from sojourn.platform.db.revisions import DatabaseOutdated
from sojourn.providers.work import Work
from sojourn.runtime import assemble
from sojourn.sales.loyalty import service as loyalty
from sojourn.sales.payments.reconciliation import reconcile as reconcile_payments
from sojourn.settings import Settings, SettingsError, chosen_storefronts, load_settings
from sojourn.storefronts import STOREFRONTS
from sojourn.up.children import ProgramFailed, end_leftovers
from sojourn.up.environment import UpRefused
from sojourn.up.progress import Progress
from sojourn.up.run import Run
from sojourn.up.state import AlreadyRunning, State
from sojourn.vendors import choose_vendors

# Each says in its own words what the person at the keyboard can do about it.
_REFUSALS = (
    AdminRefused,
    AlreadyRunning,
    CatalogueInvalid,
    DatabaseOutdated,
    EmbeddedPostgresError,
    MigrationFailed,
    NotRunning,
    PostgresUnavailable,
    ProgramFailed,
    SettingsError,
    UpRefused,
)
_KNOWN = tuple(STOREFRONTS)
# What `sojourn retention` does at once (docs/privacy.md).
_FORGETTING = frozenset(
    {
        "ai_tools.forget_sessions", "desk.forget_answers", "desk.forget_old_traces", "documents.delete_due",
        "documents.remove_files", "emergency.forget_positions", "events.forget_old",
        "people.anonymise_deleted_accounts", "privacy.forget_old",
    }
)  # fmt: skip

# What glibc's allocator reads at the start of a program: large pieces go back to the system when they are free, instead
# of lying about in pools, one for each thread. Other systems' allocators do not ask (docs/decisions/0026-memory.md).
_GIVING_BACK = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "262144", "MALLOC_TRIM_THRESHOLD_": "262144"}

P = ParamSpec("P")
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
points = typer.Typer(no_args_is_help=True, help="Loyalty points.")
app.add_typer(points, name="points")
console = Console()


def refusing(command: Callable[P, None]) -> Callable[P, None]:
    """A refusal is a sentence and status 1, not a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except _REFUSALS as refusal:
            _tell(str(refusal))
            raise typer.Exit(1) from refusal
        except DATABASE_FAULTS as fault:
            told = explain(fault)
            if told is None:
                raise
            _tell(f"The database failed: {told}")
            raise typer.Exit(1) from fault

    return run


def _tell(refusal: str) -> None:
    Console(stderr=True).print(refusal, style="red", markup=False, highlight=False, soft_wrap=True)


@app.command()
@refusing
def up() -> None:
    """Run everything on this machine until Ctrl-C: database, sandbox, API and worker."""
    keys = chosen_storefronts(os.environ, known=_KNOWN)
    storefronts = {key: STOREFRONTS[key] for key in keys}
    Run(state=_state(), given=dict(os.environ), storefronts=storefronts, progress=Progress(console)).until_stopped()


@app.command()
@refusing
def demo() -> None:
    """The main job, told step by step against the running `sojourn up`; status 1 if a step is not as it should be."""
    try:
        is_good = asyncio.run(tell_all(_state(), dict(os.environ), console))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    if not is_good:
        raise typer.Exit(1)


@app.command()
@refusing
def reset() -> None:
    """Forget the development data of this clone: database, sandbox, secrets and logs."""
    state = _state()
    data_dir = embedded.choose_data_dir(state.folder / "postgres")
    with state.held():
        end_leftovers(str(state.folder))
        if data_dir.exists():
            embedded.stop_found(data_dir)
            shutil.rmtree(data_dir)
            if data_dir.parent != state.folder:
                data_dir.parent.rmdir()
        shutil.rmtree(state.folder)
    console.print(f"{state.folder} is gone; the next start begins afresh.", highlight=False)


@app.command()
@refusing
def migrate() -> None:
    """Bring the database of every storefront to the newest schema."""
    settings = _settings_at_hand()
    for key, storefront in settings.per_storefront.items():
        upgrade(storefront.direct_url or storefront.database_url)
        console.print(f"{key}: up to date", highlight=False)


@app.command()
@refusing
def catalogue() -> None:
    """Bring every storefront's data files into its database; what people changed there stays as it is."""
    settings = _settings_at_hand()
    for key in settings.storefronts:
        report = asyncio.run(_load_catalogue(settings, key))
        console.print(f"{key}: {report.added} added, {report.changed} changed, {report.kept} as they were")


async def _load_catalogue(settings: Settings, key: str) -> LoadReport:
    runtime, _gate = await assemble(settings, key)
    try:
        return await load_catalogue(runtime.db, runtime.storefront, now=runtime.clock.now())
    finally:
        await runtime.aclose()


@app.command()
@refusing
def serve(
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="PORT", min=1, max=65_535)] = 8000,
    workers: Annotated[int, typer.Option(envvar="WEB_CONCURRENCY", min=1, help="processes")] = 1,
) -> None:
    """Serve every storefront's API."""
    # Read here once, so that what is missing is said before any process is started.
    settings = load_settings(os.environ, known=_KNOWN)
    for own in settings.per_storefront.values():
        asyncio.run(require_newest(own.database_url))
    # In place of this program, so that its memory is not that of the command line.
    command = [sys.executable, "-m", "sojourn.serve", host, str(port), str(workers)]
    os.execve(sys.executable, command, _GIVING_BACK | os.environ)  # noqa: S606


@app.command()
@refusing
def worker() -> None:
    """Run the jobs of every storefront."""
    load_settings(os.environ, known=_KNOWN)
    runpy.run_module("sojourn.worker", run_name="__main__")


@app.command("create-admin")
@refusing
def make_admin(
    storefront: Annotated[str, typer.Option(help=f"one of {', '.join(_KNOWN)}")],
    email: Annotated[str, typer.Option(help="the address to sign in with")],
    name: Annotated[str, typer.Option(help="the person's name")],
    *,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="read it from standard input")] = False,
) -> None:
    """Make an admin of one storefront, who can invite the others."""
    settings = _settings_at_hand()
    _require_storefront(settings, storefront)
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    asyncio.run(_make_admin(settings, storefront, email=email, name=name, password=password))
    console.print(f"{email} is an admin of {STOREFRONTS[storefront].name} now.", highlight=False, markup=False)


async def _make_admin(settings: Settings, key: str, *, email: str, name: str, password: str) -> None:
    runtime, _gate = await assemble(settings, key)
    try:
        await create_admin(
            runtime.db, runtime.storefront, email=email, name=name, password=password, now=runtime.clock.now()
        )
    finally:
        await runtime.aclose()


@app.command()
@refusing
def reconcile(
    storefront: Annotated[str, typer.Option(help=f"one of {', '.join(_KNOWN)}")],
    *,
    now: Annotated[bool, typer.Option("--now", help="ask about young payments, too")] = False,
) -> None:
    """Ask about open payments whose webhook may be lost, and about KHQR codes, as timers do every few minutes."""
    settings = _settings_at_hand()
    _require_storefront(settings, storefront)
    found = asyncio.run(_reconcile(settings, storefront, is_hurried=now))
    console.print(f"{storefront}: {found} of the waiting payments had come to an end", highlight=False)


async def _reconcile(settings: Settings, key: str, *, is_hurried: bool) -> int:
    vendors = choose_vendors(settings.per_storefront[key])
    runtime, _gate = await assemble(settings, key)
    try:
        work = Work(runtime=runtime, vendors=vendors)
        return await reconcile_payments(work, payables=PAYABLES, is_hurried=is_hurried)
    finally:
        await vendors.aclose()
        await runtime.aclose()


@app.command()
@refusing
def invariants(storefront: Annotated[str, typer.Option(help=f"one of {', '.join(_KNOWN)}")]) -> None:
    """Check one storefront's books; exit status 1 when anything is not as it must be."""
    settings = _settings_at_hand()
    _require_storefront(settings, storefront)
    breaches = asyncio.run(_check_books(settings, storefront))
    for breach in breaches:
        detail = ", ".join(f"{name}={value}" for name, value in breach.detail.items())
        console.print(f"{breach.invariant} {breach.subject}: {detail}", highlight=False, markup=False, soft_wrap=True)
    if breaches:
        raise typer.Exit(1)
    console.print(f"{storefront}: {len(INVARIANTS)} invariants hold", highlight=False)


async def _check_books(settings: Settings, key: str) -> list[Breach]:
    runtime, _gate = await assemble(settings, key)
    try:
        async with runtime.db.read() as connection:
            return await check_all(connection, now=runtime.clock.now())
    finally:
        await runtime.aclose()


@points.command()
@refusing
def rebuild(storefront: Annotated[str, typer.Option(help=f"one of {', '.join(_KNOWN)}")]) -> None:
    """Recompute every customer's balance from the ledger."""
    settings = _settings_at_hand()
    _require_storefront(settings, storefront)
    corrected = asyncio.run(_rebuild_points(settings, storefront))
    console.print(f"{storefront}: {corrected} balances were wrong and are right now", highlight=False)


async def _rebuild_points(settings: Settings, key: str) -> int:
    runtime, _gate = await assemble(settings, key)
    try:
        async with runtime.db.unit_of_work() as tx:
            return await loyalty.rebuild(tx, user_id=None)
    finally:
        await runtime.aclose()


@app.command()
@refusing
def retention(
    storefront: Annotated[str, typer.Option(help=f"one of {', '.join(_KNOWN)}")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would go")] = False,
) -> None:
    """Delete what has been kept long enough, as timers do every hour or night; what is left, and why."""
    settings = _settings_at_hand()
    _require_storefront(settings, storefront)
    lines, positions, counts = asyncio.run(_retain(settings, storefront, is_dry=dry_run))
    if not lines:
        console.print(f"{storefront}: no documents", highlight=False)
    for line in lines:
        outcome = ("would go" if dry_run else "gone") if line.goes else "stays"
        console.print(
            f"{storefront}: {line.reason}: {line.documents} documents, {line.bytes} bytes, "
            f"the oldest of {line.oldest_at:%Y-%m-%d}: {outcome}",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
    console.print(
        f"{storefront}: positions of calls for help: {positions.due} {'would go' if dry_run else 'gone'}, "
        f"{positions.young} stay",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    for count in counts:
        outcome = "would go" if dry_run else "gone"
        console.print(f"{storefront}: {count.name}: {count.due} {outcome}, {count.young} stay", highlight=False)


async def _retain(
    settings: Settings, key: str, *, is_dry: bool
) -> tuple[list[RetentionLine], PositionsReport, list[RetentionCount]]:
    vendors = choose_vendors(settings.per_storefront[key])
    runtime, _gate = await assemble(settings, key)
    try:
        async with runtime.db.read() as connection:
            now = runtime.clock.now()
            lines = await document_retention.report(connection, now=now)
            positions = await emergency_jobs.report_positions(connection, storefront=runtime.storefront, now=now)
            counts = await privacy_retention.report(connection, now=now)
        if not is_dry:
            work = Work(runtime=runtime, vendors=vendors)
            for timer in TIMERS:
                if timer.name in _FORGETTING:
                    await timer.handler(work)
        return lines, positions, counts
    finally:
        await vendors.aclose()
        await runtime.aclose()


# Its own arguments, `--help` among them, are read where they are understood.
@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def sandbox(context: typer.Context) -> None:
    """Play Stripe and the mail provider on this machine (`sojourn sandbox --help`)."""
    sys.argv = ["sojourn sandbox", *context.args]
    runpy.run_module("sojourn.sandbox", run_name="__main__")


def _settings_at_hand() -> Settings:
    """The environment's; beside a running `sojourn up` its databases are meant, unless the environment names others."""
    published = _state().published()
    try:
        return load_settings({**published, **os.environ}, known=_KNOWN)
    except SettingsError as fault:
        if published:
            raise
        raise SettingsError(
            f"{fault}\nNothing runs from this folder. On a laptop start it with `make up` (or `sojourn up`) and repeat "
            "this in a second terminal; on a server set what is missing (.env.example lists every variable)."
        ) from None


def _require_storefront(settings: Settings, key: str) -> None:
    if key not in settings.storefronts:
        raise SettingsError(f"{key!r} is none of {', '.join(settings.storefronts)}.")


def _state() -> State:
    return State(Path(os.environ.get("SOJOURN_STATE", ".sojourn")).resolve())


def main() -> None:
    app()


if __name__ == "__main__":
    main()
