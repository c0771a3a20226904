"""Devices over HTTP."""

from uuid import UUID

from fastapi import Depends
from starlette.requests import Request

from sojourn.care.devices import queries, service
from sojourn.care.devices.errors import DeviceNotFound, PushNotOffered
from sojourn.care.devices.models import Device, DeviceIn
from sojourn.people.auth.access import CurrentUser, Gate, TheGate
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass
from sojourn.providers.vendors import TheVendors

router = Router(
    prefix="/notifications/devices", tags=["notifications"], dependencies=[Depends(limited(LimitClass.DEFAULT))]
)


@router.post("", operation_id="register_device", status_code=201, responses=refuses(PushNotOffered))
async def register_device(
    ctx: Ctx, request: Request, gate: TheGate, vendors: TheVendors, user: CurrentUser, body: DeviceIn
) -> Device:
    """Let an app be pushed to: after sign-in, at every start, and whenever its registration token changes.

    A token belongs to the account that registered it last. The device is forgotten when its sign-in ends, when its
    token dies, and when ten others of the account were seen since.
    """
    if vendors.push is None:
        raise PushNotOffered
    async with ctx.unit_of_work() as tx:
        return await service.register(
            tx, user_id=user.user_id, session_id=_session(gate, request), wanted=body, now=ctx.now()
        )


@router.get("", operation_id="list_devices")
async def list_devices(ctx: Ctx, request: Request, gate: TheGate, user: CurrentUser) -> Page[Device]:
    """The own devices, the one seen last first; at most ten."""
    async with ctx.read() as connection:
        items = await queries.list_devices(connection, user.user_id, session_id=_session(gate, request))
    return Page(items=items, page=1, per_page=service.MAX_DEVICES, total=len(items))


@router.delete("/{device_id}", operation_id="forget_device", responses=refuses(DeviceNotFound))
async def forget_device(ctx: Ctx, user: CurrentUser, device_id: UUID) -> None:
    """No more pushes to this device."""
    async with ctx.unit_of_work() as tx:
        await queries.delete_device(tx, device_id, user_id=user.user_id)


def _session(gate: Gate, request: Request) -> UUID | None:
    claims = gate.claims(request)
    return claims.session_id if claims else None
