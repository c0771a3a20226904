"""What the fields of a service must be to each other."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from itertools import count

from sojourn.catalog.faults import Fault, crossed
from sojourn.catalog.services.models import RefundStage, ServiceIn, TypedServiceFilters
from sojourn.catalog.values import RESERVED_SLUGS, find_id, find_repeated

# How far the work is, as a number; waiting for information is a part of the review.
RANK: Mapping[RefundStage, int] = {
    RefundStage.NOT_STARTED: 0,
    RefundStage.IN_REVIEW: 1,
    RefundStage.INFORMATION_MISSING: 1,
    RefundStage.LODGED: 2,
    RefundStage.COMPLETED: 3,
}

MAX_MADE_SLUG = 100  # leaves room for a number behind it


def service_fee_of(service: ServiceIn) -> Decimal:
    """The fee as said, else what the government fee leaves of the price. Negative when it leaves less than nothing."""
    return service.price - service.government_fee if service.service_fee is None else service.service_fee


def faults_of(service: ServiceIn) -> Iterator[Fault]:
    """Every field that does not fit the others."""
    fee = service_fee_of(service)
    if fee < 0:
        yield Fault("government_fee", "must not be above `price`")
    if service.price != fee + service.government_fee:
        yield Fault("price", "must be `service_fee` + `government_fee`")
    if service.old_price is not None and service.old_price <= service.price:
        yield Fault("old_price", "must be above `price`")
    if (key := find_repeated([item.key for item in service.checklist])) is not None:
        yield Fault("checklist", f"has the key {key} twice")
    if (key := find_repeated([stage.key for stage in service.stages])) is not None:
        yield Fault("stages", f"has the key {key} twice")
    ranks = [RANK[stage.refund_stage] for stage in service.stages]
    if ranks != sorted(ranks):
        yield Fault("stages", "must not go back from one `refund_stage` to an earlier one")


def slug_of(title: str) -> str:
    """What a title is called in addresses. Empty when it has neither Latin letters nor digits."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall("[a-z0-9]+", plain))[:MAX_MADE_SLUG].strip("-")


def free_slug(wanted: str, taken: Collection[str]) -> str:
    """`wanted`, or the first of `wanted-2`, `wanted-3`, ... that may be used and is not taken."""
    if wanted not in taken and wanted not in RESERVED_SLUGS and find_id(wanted) is None:
        return wanted
    return next(slug for number in count(2) if (slug := f"{wanted}-{number}") not in taken)


def faults_of_filters(filters: TypedServiceFilters) -> Iterator[Fault]:
    """Ranges that cross."""
    yield from crossed("min_price", filters.min_price, "max_price", filters.max_price)
