"""The peer: NestJS 12 + Prisma 7 on Fastify, built outside the repository from the folder it lies in."""

import hashlib
import os
import shutil
from pathlib import Path

import asyncpg

from bench.plan import JWT_SECRET, POOL_SIZE, WEBHOOK_SECRET
from bench.processes import clean_environment, run
from bench.side import Side

_INSTALL_SECONDS = 600
_BUILD_SECONDS = 180
_VACUUM = "VACUUM ANALYZE;"


def prepare(peer_dir: Path, *, cache: Path) -> Side:
    """Build the peer, unless the same sources were built before, and describe it.

    Raises:
        ProgramError: npm, Prisma or the compiler failed.

    """
    built = _build(peer_dir / "nestjs", cache=cache)
    scripts = [peer_dir / "sql" / name for name in ("schema.sql", "seed.sql")]

    async def fill(dsn: str) -> None:
        await _fill(dsn, scripts)

    return Side(
        key="peer",
        title="NestJS + Prisma",
        command=("node", "dist/main.js"),
        folder=built,
        environment={
            **clean_environment(),
            "NODE_ENV": "production",
            "HTTP": "fastify",
            "POOL": str(POOL_SIZE),
            "JWT_ACCESS_SECRET": JWT_SECRET,
            "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        },
        without_cache={},  # its list is read anew each time as it stands
        fill=fill,
        bookings_sql="SELECT count(*) FROM bookings",
        confirmed_sql="SELECT count(*) FROM bookings WHERE status = 'CONFIRMED'",
    )


def _build(source: Path, *, cache: Path) -> Path:
    target = cache / f"peer-{_digest(source)}"
    if target.is_dir():
        return target
    # Built beside its place and moved there whole, so that a build broken off is never taken for one.
    work = cache / f"{target.name}.partial"
    shutil.rmtree(work, ignore_errors=True)
    _copy_writable(source, work)
    log = cache / "peer-build.log"
    log.unlink(missing_ok=True)
    # Neither step needs Prisma's schema engine, which it would download; nothing is reported to anyone.
    engine = shutil.which("true") or "/bin/true"
    environment = {**os.environ, "PRISMA_SCHEMA_ENGINE_BINARY": engine, "CHECKPOINT_DISABLE": "1"}
    steps: tuple[tuple[tuple[str, ...], int], ...] = (
        (("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"), _INSTALL_SECONDS),
        (("node_modules/.bin/prisma", "generate"), _BUILD_SECONDS),
        (("node_modules/.bin/tsc", "-p", "."), _BUILD_SECONDS),
    )
    for command, timeout in steps:
        run(command, cwd=work, environment=environment, log=log, timeout=timeout)
    work.rename(target)
    return target


def _sources(source: Path) -> list[Path]:
    found = (path.relative_to(source) for path in source.rglob("*") if path.is_file())
    return sorted(path for path in found if not {"node_modules", "dist", "generated"} & set(path.parts))


def _digest(source: Path) -> str:
    digest = hashlib.sha256()
    for path in _sources(source):
        digest.update(str(path).encode() + b"\0" + (source / path).read_bytes())
    return digest.hexdigest()[:12]


def _copy_writable(source: Path, target: Path) -> None:
    # File by file: the peer's folder may be read-only, and so would a copied tree be.
    for path in _sources(source):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / path, target / path)


async def _fill(dsn: str, scripts: list[Path]) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for script in scripts:
            # VACUUM stands alone: a script of several statements is one transaction.
            await connection.execute(script.read_text().replace(_VACUUM, ""))
        await connection.execute(_VACUUM)
    finally:
        await connection.close()
