"""What the fields of a service must be to each other."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from sojourn.catalog.faults import Fault, crossed
from sojourn.catalog.services.models import RefundStage, ServiceIn, TypedServiceFilters
from sojourn.catalog.values import find_repeated

# How far the work is, as a number; waiting for information is a part of the review.
RANK: Mapping[RefundStage, int] = {
    RefundStage.NOT_STARTED: 0,
    RefundStage.IN_REVIEW: 1,
    RefundStage.INFORMATION_MISSING: 1,
    RefundStage.LODGED: 2,
    RefundStage.COMPLETED: 3,
}


def service_fee_of(service: ServiceIn) -> Decimal:
    """The fee as said, else what the government fee leaves of the price. Negative when it leaves less than nothing."""
    return service.price - service.government_fee if service.service_fee is None else service.service_fee


def faults_of(service: ServiceIn) -> Iterator[Fault]:
    """Every field that does not fit the others."""
    fee = service_fee_of(service)
    if fee < 0:
        yield Fault("government_fee", "must not be above price")
    if service.price != fee + service.government_fee:
        yield Fault("price", "must be service_fee + government_fee")
    if service.old_price is not None and service.old_price <= service.price:
        yield Fault("old_price", "must be above price")
    if (key := find_repeated([item.key for item in service.checklist])) is not None:
        yield Fault("checklist", f"has the key {key} twice")
    if (key := find_repeated([stage.key for stage in service.stages])) is not None:
        yield Fault("stages", f"has the key {key} twice")
    ranks = [RANK[stage.refund_stage] for stage in service.stages]
    if ranks != sorted(ranks):
        yield Fault("stages", "must not go back from one refund_stage to an earlier one")


def faults_of_filters(filters: TypedServiceFilters) -> Iterator[Fault]:
    """Ranges that cross."""
    yield from crossed("min_price", filters.min_price, "max_price", filters.max_price)
