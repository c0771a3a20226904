"""What days in one place would cost, from what is on the shelf: pure choosing and adding up."""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from sojourn.channels.ai_tools.cards import GuideCard, HotelCard, RoomCard, VehicleCard
from sojourn.platform.kit.money import ZERO, round_money
from sojourn.platform.kit.wire import Money, Wire
from sojourn.sales.pricing.wording import counted


class Style(StrEnum):
    """Which of what is on offer: the cheapest, the middle, the dearest."""

    BUDGET = "BUDGET"
    COMFORT = "COMFORT"
    LUXURY = "LUXURY"


class CostKind(StrEnum):
    LODGING = "LODGING"
    TRANSPORT = "TRANSPORT"
    GUIDE = "GUIDE"


class CostLine(Wire):
    """One cost: `amount = quantity x unit_price`, USD. `item_id` is what to book for it."""

    kind: CostKind
    item_id: UUID
    description: str
    quantity: int
    unit_price: Money
    amount: Money


class Stay(Wire):
    """A kind of room, as many as the party needs. `rate` is USD a night for all of them."""

    hotel: HotelCard
    room: RoomCard
    rooms: int
    rate: Money


Item = TypeVar("Item")


def stays_for(hotels: Sequence[HotelCard], people: int) -> list[Stay]:
    """Each hotel's cheapest way to sleep the party in rooms of one kind, cheapest hotel first."""
    found = []
    for hotel in hotels:
        ways = []
        for room in hotel.rooms:
            needed = -(-people // room.max_guests)
            if room.available is None or room.available >= needed:
                ways.append(Stay(hotel=hotel, room=room, rooms=needed, rate=room.nightly_rate_usd * needed))
        if ways:
            found.append(min(ways, key=lambda way: (way.rate, way.room.id)))
    return sorted(found, key=lambda stay: (stay.rate, stay.hotel.id))


def chosen(items: Sequence[Item], style: Style) -> Item | None:
    """The one that a style takes of items that are sorted by price; None when there are none."""
    if not items:
        return None
    return items[{Style.BUDGET: 0, Style.COMFORT: (len(items) - 1) // 2, Style.LUXURY: len(items) - 1}[style]]


def lodging_line(stay: Stay, nights: int) -> CostLine:
    description = f"{stay.hotel.name}, {stay.room.name}: {counted(stay.rooms, 'room')} x {counted(nights, 'night')}"
    return _line(CostKind.LODGING, stay.room.id, description, stay.rooms * nights, stay.room.nightly_rate_usd)


def transport_line(vehicle: VehicleCard, days: int) -> CostLine:
    return _line(
        CostKind.TRANSPORT, vehicle.id, f"{vehicle.name}: {counted(days, 'day')}", days, vehicle.daily_rate_usd
    )


def guide_line(guide: GuideCard, days: int) -> CostLine:
    return _line(CostKind.GUIDE, guide.id, f"Guide {guide.name}: {counted(days, 'day')}", days, guide.daily_rate_usd)


def _line(kind: CostKind, item_id: UUID, description: str, quantity: int, unit_price: Decimal) -> CostLine:
    return CostLine(
        kind=kind, item_id=item_id, description=description, quantity=quantity, unit_price=unit_price,
        amount=round_money(unit_price * quantity),
    )  # fmt: skip


def total_of(lines: Sequence[CostLine]) -> Decimal:
    return sum((line.amount for line in lines), ZERO)
