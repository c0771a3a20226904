"""Which routers, jobs and timers belong to which module: the one list of all features."""

from collections.abc import Sequence

from fastapi import APIRouter

from sojourn.catalog.trips import routes as trip_routes
from sojourn.people.auth import jobs as auth_jobs
from sojourn.people.auth import routes as auth_routes
from sojourn.platform.storefront import Module
from sojourn.providers.work import JobKind, Timer

ROUTERS: dict[Module, Sequence[APIRouter]] = {
    Module.AUTH: (auth_routes.router,),
    Module.TRIPS: (trip_routes.router,),
}

# Jobs and timers run for every storefront: a module that is switched off leaves nothing for them to find.
JOBS: Sequence[JobKind] = (
    *auth_jobs.JOBS,
)
TIMERS: Sequence[Timer] = ()
