"""Consultants' hours over HTTP: their own as `me`, anybody's for an admin."""

from fastapi import Depends

from sojourn.care.consultations import hours
from sojourn.care.consultations.errors import ConsultantNotFound
from sojourn.care.consultations.models import ConsultantHours, HoursIn, OverrideIn, Whose
from sojourn.people.auth.access import CurrentDesk
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Day
from sojourn.platform.storefront import LimitClass

router = Router(
    prefix="/consultants/{whose}", tags=["consultations"], dependencies=[Depends(limited(LimitClass.DEFAULT))]
)


@router.get("/hours", operation_id="get_consultant_hours", responses=refuses(ConsultantNotFound))
async def get_consultant_hours(ctx: Ctx, desk: CurrentDesk, whose: Whose) -> ConsultantHours:
    """A consultant's week on their own clock, and the dates that differ from it."""
    user_id = hours.owner_of(whose, desk)
    async with ctx.read() as connection:
        return await hours.read_hours(connection, user_id=user_id, storefront=ctx.storefront, now=ctx.now())


@router.put("/hours", operation_id="set_consultant_hours", responses=refuses(ConsultantNotFound))
async def set_consultant_hours(ctx: Ctx, desk: CurrentDesk, whose: Whose, body: HoursIn) -> ConsultantHours:
    """Put a week in place of the one that stood. What is booked already stays booked."""
    user_id = hours.owner_of(whose, desk)
    async with ctx.unit_of_work() as tx:
        await hours.set_week(tx, user_id=user_id, actor=desk, body=body, now=ctx.now(), origin=ctx.origin)
        return await hours.read_hours(tx, user_id=user_id, storefront=ctx.storefront, now=ctx.now())


@router.put("/overrides/{day}", operation_id="set_consultant_override", responses=refuses(ConsultantNotFound))
async def set_consultant_override(
    ctx: Ctx, desk: CurrentDesk, whose: Whose, day: Day, body: OverrideIn
) -> ConsultantHours:
    """Let one date differ from the week; without hours it is closed."""
    user_id = hours.owner_of(whose, desk)
    async with ctx.unit_of_work() as tx:
        await hours.set_override(tx, user_id=user_id, day=day, actor=desk, body=body, now=ctx.now(), origin=ctx.origin)
        return await hours.read_hours(tx, user_id=user_id, storefront=ctx.storefront, now=ctx.now())


@router.delete("/overrides/{day}", operation_id="unset_consultant_override")
async def unset_consultant_override(ctx: Ctx, desk: CurrentDesk, whose: Whose, day: Day) -> None:
    """Let one date be like the week again."""
    user_id = hours.owner_of(whose, desk)
    async with ctx.unit_of_work() as tx:
        await hours.unset_override(tx, user_id=user_id, day=day, actor=desk, now=ctx.now(), origin=ctx.origin)
