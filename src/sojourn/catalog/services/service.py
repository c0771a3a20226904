"""Changing services: admins only. Each change drops the cached catalogue everywhere."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from sojourn.catalog.errors import VersionConflict, refusing_taken_slug
from sojourn.catalog.faults import faults_in, invalid, refuse
from sojourn.catalog.services import queries
from sojourn.catalog.services.models import ServiceIn, ServicePatch
from sojourn.catalog.services.rules import faults_of, service_fee_of
from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.db.listen import CATALOGUE_CHANGED, notify
from sojourn.platform.http.context import Origin
from sojourn.platform.kit.ids import new_id


def stored(service: ServiceIn) -> dict[str, Any]:
    """The service as its row holds it, in values of JSON."""
    return {**service.model_dump(mode="json"), "service_fee": str(service_fee_of(service))}


async def create_service(tx: Connection, *, admin: Actor, body: ServiceIn, now: datetime, origin: Origin) -> UUID:
    """Put a new service on the shelf. Raises `InvalidInput`, `SlugTaken`."""
    refuse(faults_of(body))
    service_id = new_id()
    with refusing_taken_slug():
        await queries.insert_service(tx, service_id=service_id, content=stored(body), now=now)
    await _announce(tx, "service.created", service_id=service_id, service=body, admin=admin, now=now, origin=origin)
    return service_id


async def change_service(
    tx: Connection, *, admin: Actor, service_id: UUID, body: ServicePatch, now: datetime, origin: Origin
) -> None:
    """Change the fields that `body` names. Orders keep the service as they were sold it.

    Raises `ServiceNotFound`, `VersionConflict`, `InvalidInput`, `SlugTaken`.
    """
    version, content = await queries.lock_service(tx, service_id)
    if body.version is not None and body.version != version:
        raise VersionConflict(details={"version": version})
    changes = body.model_dump(mode="json", exclude_unset=True, exclude={"version"})
    if changes.keys() & {"price", "government_fee"} and "service_fee" not in changes:
        changes["service_fee"] = None  # what is left of the price
    changed = _read({**content, **changes})
    refuse(faults_of(changed))
    with refusing_taken_slug():
        await queries.update_service(tx, service_id=service_id, content=stored(changed), now=now)
    await _announce(tx, "service.changed", service_id=service_id, service=changed, admin=admin, now=now, origin=origin)


async def retire_service(tx: Connection, *, admin: Actor, service_id: UUID, now: datetime, origin: Origin) -> None:
    """Take a service off the shelf; what was ordered of it stands. A second time changes nothing.

    Raises `ServiceNotFound`.
    """
    _version, content = await queries.lock_service(tx, service_id)
    if await queries.retire_service(tx, service_id=service_id, now=now):
        service = _read(content)
        await _announce(
            tx, "service.retired", service_id=service_id, service=service, admin=admin, now=now, origin=origin
        )


def _read(content: Mapping[str, Any]) -> ServiceIn:
    """What a row says, checked as what an admin sends is. Raises `InvalidInput`."""
    try:
        return ServiceIn.model_validate(content)
    except ValidationError as error:
        raise invalid(faults_in(error)) from None


async def _announce(
    tx: Connection, action: str, *, service_id: UUID, service: ServiceIn, admin: Actor, now: datetime, origin: Origin
) -> None:
    await notify(tx, CATALOGUE_CHANGED)
    act = Act(
        action=action,
        subject_kind="SERVICE",
        subject_id=service_id,
        actor_id=admin.user_id,
        amount=service.price,
        currency="USD",
        reference=service.slug,
    )
    await record(tx, act, now=now, origin=origin)
