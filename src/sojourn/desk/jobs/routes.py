"""The queue and the timers, for admins."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Path
from starlette.requests import Request

from sojourn.desk.jobs import service
from sojourn.desk.jobs.errors import JobNotFailed, JobNotFound, JobQueuedAgain
from sojourn.desk.jobs.models import JobsOut
from sojourn.people.auth.access import CurrentAdmin
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.storefront import LimitClass
from sojourn.providers.work import Timer

router = Router(prefix="/admin/jobs", tags=["desk"], dependencies=[Depends(limited(LimitClass.DEFAULT))])

JobId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("", operation_id="get_jobs")
async def get_jobs(ctx: Ctx, admin: CurrentAdmin, request: Request) -> JobsOut:
    """Timers with their last and next run, queues with their sizes, and the jobs that failed for good."""
    timers: Sequence[Timer] = request.app.state.timers
    async with ctx.read() as connection:
        return await service.overview(connection, timers=timers, storefront=ctx.storefront)


@router.post(
    "/{job_id}/retry",
    operation_id="retry_job",
    responses=refuses(JobNotFound, JobNotFailed, JobQueuedAgain),
)
async def retry_job(ctx: Ctx, admin: CurrentAdmin, job_id: JobId) -> None:
    """Do a failed job again, at once."""
    async with ctx.unit_of_work() as tx:
        await service.retry(tx, job_id=job_id, admin=admin, now=ctx.now(), origin=ctx.origin)
