"""Which routers, jobs and timers belong to which module: the one list of all features."""

from collections.abc import Sequence

from fastapi import APIRouter

from sojourn.catalog.services import routes as service_routes
from sojourn.catalog.trips import routes as trip_routes
from sojourn.people.addresses import routes as address_routes
from sojourn.people.auth import jobs as auth_jobs
from sojourn.people.auth import recovery_routes
from sojourn.people.auth import routes as auth_routes
from sojourn.people.staff import routes as staff_routes
from sojourn.people.users import jobs as user_jobs
from sojourn.people.users import routes as user_routes
from sojourn.platform.storefront import Module
from sojourn.providers.work import JobKind, Timer
from sojourn.sales.loyalty import jobs as loyalty_jobs
from sojourn.sales.loyalty import routes as loyalty_routes

ROUTERS: dict[Module, Sequence[APIRouter]] = {
    Module.AUTH: (
        auth_routes.router, recovery_routes.router, staff_routes.acceptance_router, staff_routes.router,
    ),
    Module.USERS: (user_routes.router, address_routes.router),
    Module.SERVICES: (service_routes.router,),
    Module.TRIPS: (trip_routes.router,),
    Module.LOYALTY: (loyalty_routes.router,),
}

# Jobs and timers run for every storefront: a module that is switched off leaves nothing for them to find.
JOBS: Sequence[JobKind] = (
    *auth_jobs.JOBS,
)
TIMERS: Sequence[Timer] = (
    *user_jobs.TIMERS,
    *loyalty_jobs.TIMERS,
)
