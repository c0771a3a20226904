"""Services as goods: how they are read and checked. They need no stock: an order's work is done when it comes."""

from typing import Any

from sojourn.catalog import shelving
from sojourn.catalog.services import queries, rules
from sojourn.catalog.services.models import ServiceIn
from sojourn.catalog.shelving import Goods


def _stored(service: ServiceIn) -> dict[str, Any]:
    """With the service fee written out."""
    return {**shelving.stored(service), "service_fee": str(rules.service_fee_of(service))}


SERVICE = Goods(
    name="service",
    shelf=queries.SERVICES,
    model=ServiceIn,
    faults=rules.faults_of,
    stored=_stored,
    amount=lambda service: service.price,
)
