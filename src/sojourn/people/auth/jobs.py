"""What the sign-in desk leaves for later."""

from sojourn.people.auth.models import LinkPurpose
from sojourn.people.auth.recovery import REQUEST_LINK, send_link
from sojourn.platform.jobs.queue import Payload
from sojourn.providers.work import JobKind, Work


async def handle_request_link(work: Work, payload: Payload) -> None:
    """Mail the link that somebody asked for. Twice within a minute: one link."""
    async with work.runtime.db.unit_of_work() as tx:
        await send_link(
            tx, email=payload["email"], purpose=LinkPurpose(payload["purpose"]), now=work.runtime.clock.now()
        )


JOBS = (JobKind(name=REQUEST_LINK, handler=handle_request_link),)
