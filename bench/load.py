"""One measurement: wrk, one thread, 32 connections, one script."""

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from bench.plan import CONNECTIONS, Script
from bench.processes import ProgramError, clean_environment, run, tail

_GRACE_SECONDS = 20


class Measurement(BaseModel):
    """What a wrk script printed; latencies in milliseconds."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    rps: float
    requests: int = Field(alias="n")
    p50_ms: float = Field(alias="p50")
    p95_ms: float = Field(alias="p95")
    p99_ms: float = Field(alias="p99")
    not_2xx: int = Field(alias="status")
    socket_errors: int = Field(alias="sock")
    timeouts: int = Field(alias="timeout")
    received_bytes: int = Field(alias="bytes")

    @property
    def fault(self) -> str | None:
        """Say why the figure counts for nothing, if it does."""
        counts = {"not 2xx": self.not_2xx, "socket errors": self.socket_errors, "timeouts": self.timeouts}
        faults = [f"{count} {what}" for what, count in counts.items() if count]
        return ", ".join(faults) or None


def measure(script: Script, *, url: str, folder: Path, seconds: int) -> Measurement:
    """Drive one script of `folder` against a server for that many seconds."""
    log = folder / f"{script}.log"
    log.unlink(missing_ok=True)
    run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", f"{script}.lua", url],
        cwd=folder,
        environment={**clean_environment(), "WRK_DIR": str(folder)},
        log=log,
        timeout=seconds + _GRACE_SECONDS,
    )
    return parse(tail(log))


def parse(output: str) -> Measurement:
    """Read the line `JSON {...}` with which every script ends.

    Raises:
        ProgramError: there is no such line.

    """
    for line in reversed(output.splitlines()):
        if line.startswith("JSON "):
            return Measurement.model_validate(json.loads(line.removeprefix("JSON ")))
    raise ProgramError(f"wrk printed no result:\n{output}")
