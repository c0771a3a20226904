"""Which routers, jobs and timers belong to which module: the one list of all features."""

from collections.abc import Sequence

from fastapi import APIRouter

from sojourn.platform.storefront import Module
from sojourn.providers.work import JobKind, Timer

ROUTERS: dict[Module, Sequence[APIRouter]] = {}

# Jobs and timers run for every storefront: a module that is switched off leaves nothing for them to find.
JOBS: Sequence[JobKind] = ()
TIMERS: Sequence[Timer] = ()
