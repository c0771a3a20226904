"""Which days a booking takes of what, whatever its dates."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.platform.errors import InvalidInput
from sojourn.sales.bookings import guiding, rides, stays
from sojourn.sales.bookings.facts import Guide, Room, Vehicle
from sojourn.sales.bookings.stock import claims_of
from sojourn.sales.inventory.models import ResourceKind

RESOURCES = {kind: UUID(int=number) for number, kind in enumerate(ResourceKind)}
del RESOURCES[ResourceKind.APPOINTMENT]
days = st.dates(date(2027, 1, 1), date(2028, 12, 31))
rates = st.decimals(min_value="0.01", max_value="9999.99", places=2)


@given(days, st.integers(0, 60), st.integers(1, 500), st.integers(1, 100))
def test_nights_are_half_open_and_days_are_not(first: date, length: int, people: int, rooms: int) -> None:
    last = first + timedelta(days=length)
    claims = claims_of(RESOURCES, travel_date=first, end_date=last, people=people, rooms=rooms)
    by_kind = {kind: [claim for claim in claims if claim.kind is kind] for kind in RESOURCES}
    assert [(c.day, c.quantity) for c in by_kind[ResourceKind.DEPARTURE]] == [(first, people)]
    every_day = [first + timedelta(days=n) for n in range(length + 1)]
    assert [c.day for c in by_kind[ResourceKind.ROOM]] == every_day[:-1]
    assert [c.day for c in by_kind[ResourceKind.VEHICLE]] == every_day
    assert [c.day for c in by_kind[ResourceKind.GUIDE]] == every_day
    assert {c.quantity for c in by_kind[ResourceKind.ROOM]} <= {rooms}
    assert {c.quantity for c in by_kind[ResourceKind.GUIDE] + by_kind[ResourceKind.VEHICLE]} == {1}


@given(days, days, days, rates)
def test_stays_that_meet_share_no_night(a: date, b: date, c: date, rate: Decimal) -> None:
    first, middle, last = sorted((a, b, c))
    room = {ResourceKind.ROOM: RESOURCES[ResourceKind.ROOM]}
    one = claims_of(room, travel_date=first, end_date=middle, people=1, rooms=1)
    other = claims_of(room, travel_date=middle, end_date=last, people=1, rooms=1)
    whole = claims_of(room, travel_date=first, end_date=last, people=1, rooms=1)
    assert [*one, *other] == whole


@given(days, st.integers(-3, 70), st.integers(1, 5), rates)
def test_a_line_charges_the_days_that_are_claimed(first: date, length: int, rooms: int, rate: Decimal) -> None:
    last = first + timedelta(days=length)
    one = UUID(int=1)
    room = Room(id=one, title="R", rate=rate, max_guests=2, address="A", policy={}, resource_id=one)
    guide = Guide(id=one, title="G", rate=rate, max_group=2, policy={}, resource_id=UUID(int=2))
    van = Vehicle(
        id=one, title="V", rate=rate, per_km=None, transfers=[], capacity=2, policy={}, resource_id=UUID(int=3)
    )
    if not 1 <= length <= stays.MAX_NIGHTS:
        with pytest.raises(InvalidInput):
            stays.line(room, check_in=first, check_out=last, rooms=rooms, people=1)
    else:
        line = stays.line(room, check_in=first, check_out=last, rooms=rooms, people=2 * rooms)
        assert (line.quantity, line.unit_price) == (length * rooms, rate)
    if not 0 <= length < 60:
        with pytest.raises(InvalidInput):
            guiding.line(guide, first=first, last=last, people=1)
        with pytest.raises(InvalidInput):
            rides.daily_line(van, first=first, last=last, people=1)
    else:
        for line in (
            guiding.line(guide, first=first, last=last, people=2),
            rides.daily_line(van, first=first, last=last, people=2),
        ):
            assert (line.quantity, line.unit_price) == (length + 1, rate)
