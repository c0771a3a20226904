"""The address book over HTTP."""

from uuid import UUID

from fastapi import Depends

from sojourn.people.addresses import queries, service
from sojourn.people.addresses.errors import AddressNotFound, TooManyAddresses
from sojourn.people.addresses.models import Address, AddressIn, AddressPatch
from sojourn.people.auth.access import CurrentUser
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass

router = Router(prefix="/users/me/addresses", tags=["users"], dependencies=[Depends(limited(LimitClass.DEFAULT))])


@router.get("", operation_id="list_addresses")
async def list_addresses(ctx: Ctx, user: CurrentUser) -> Page[Address]:
    """All own addresses, the default first."""
    async with ctx.read() as connection:
        items = await queries.list_addresses(connection, user.user_id)
    return Page(items=items, page=1, per_page=service.MAX_ADDRESSES, total=len(items))


@router.post("", operation_id="add_address", status_code=201, responses=refuses(TooManyAddresses))
async def add_address(ctx: Ctx, user: CurrentUser, body: AddressIn) -> Address:
    """Add an address; at most 20."""
    async with ctx.unit_of_work() as tx:
        return await service.add(tx, user_id=user.user_id, wanted=body, now=ctx.now())


@router.get("/{address_id}", operation_id="get_address", responses=refuses(AddressNotFound))
async def get_address(ctx: Ctx, user: CurrentUser, address_id: UUID) -> Address:
    """One of the own addresses."""
    async with ctx.read() as connection:
        return await queries.get_address(connection, address_id, user_id=user.user_id)


@router.patch("/{address_id}", operation_id="update_address", responses=refuses(AddressNotFound))
async def update_address(ctx: Ctx, user: CurrentUser, address_id: UUID, body: AddressPatch) -> Address:
    """Change an address, or make it the default."""
    async with ctx.unit_of_work() as tx:
        return await service.change(tx, user_id=user.user_id, address_id=address_id, patch=body, now=ctx.now())


@router.delete("/{address_id}", operation_id="delete_address", responses=refuses(AddressNotFound))
async def delete_address(ctx: Ctx, user: CurrentUser, address_id: UUID) -> None:
    """Remove an address."""
    async with ctx.unit_of_work() as tx:
        await service.remove(tx, user_id=user.user_id, address_id=address_id)
