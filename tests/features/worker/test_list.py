"""docs/jobs.md says of every job and timer what it is; every effect that is queued has somebody who does it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from croniter import croniter  # type: ignore[import-untyped]  # pgqueuer's own, which reads the schedules

from sojourn.modules import JOBS, TIMERS
from sojourn.people import effects as people_effects
from sojourn.sales import effects as sales_effects

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "jobs.md").read_text(encoding="utf-8")
TABLE_ROW = re.compile(r"^\| `([a-z_.]+)` \| `([a-z_/]+\.py)` \| (.+?) \| (.+?) \|$", re.MULTILINE)


def rows(section: str) -> dict[str, tuple[str, str]]:
    """Name to (file of the handler, when)."""
    text = PAGE.partition(f"## {section}\n")[2].partition("\n## ")[0]
    return {name: (file, when) for name, file, when, _ in TABLE_ROW.findall(text)}


def home_of(handler: Callable[..., Any]) -> str:
    return handler.__module__.removeprefix("sojourn.").replace(".", "/") + ".py"


def test_the_page_lists_every_job_with_its_home() -> None:
    assert {name: file for name, (file, _) in rows("Jobs").items()} == {j.name: home_of(j.handler) for j in JOBS}


def test_the_page_lists_every_timer_with_its_home_and_schedule() -> None:
    wanted = {t.name: (home_of(t.handler), f"`{t.cron}` local" if t.is_local else f"`{t.cron}`") for t in TIMERS}
    assert rows("Timers") == wanted


def test_names_are_used_once_and_schedules_can_be_read() -> None:
    names = [job.name for job in JOBS] + [timer.name for timer in TIMERS]
    assert len(names) == len(set(names))
    assert all(croniter.is_valid(timer.cron) for timer in TIMERS)


def test_every_effect_has_somebody_who_does_it() -> None:
    kinds = {
        value
        for module in (people_effects, sales_effects)
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, str)
    }
    assert kinds - {job.name for job in JOBS} == set()


def test_the_page_names_files_that_exist() -> None:
    named = set(re.findall(r"`((?:src|tests)/[a-z_/]+(?:\.py)?)`", PAGE))
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
