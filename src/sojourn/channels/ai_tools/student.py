"""Whether the customer travels at the student's price."""

from sojourn.care.student_discount import service
from sojourn.care.student_discount.models import StudentStatus
from sojourn.channels.ai_tools.personal import NothingAsked
from sojourn.channels.ai_tools.tool import Call, tool
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.storefront import Module


@tool(title="Read the student status", module=Module.STUDENT_DISCOUNT, acts_for_customer=True)
async def get_student_status(call: Call, asked: NothingAsked) -> StudentStatus | RawJson:  # noqa: ARG001 - it takes nothing
    """Whether the customer gets the student discount, how much it is, until when, and how far a verification is. Quotes
    already count it in. Cards are uploaded in the app, never here."""
    ctx = call.ctx
    async with ctx.read() as connection:
        return await service.status(connection, user_id=call.actor.user_id, storefront=ctx.storefront, now=ctx.now())


TOOLS = (get_student_status,)
