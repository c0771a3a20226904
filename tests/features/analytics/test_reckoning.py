"""Figures beside a plain reckoning of the same books: no SQL, only what the business law says, row by row."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from tests.features.analytics.books import Books, at
from tests.support.client import StorefrontClient, read

Row = dict[str, Any]
Sums = tuple[int, int]  # of how many, how many count

MONTH = (at("2026-11-09 17:00"), at("2026-11-25 17:00"))  # 10 to 25 November in Phnom Penh
BEGINNING = at("2026-11-01 00:00")
STATUSES = ("PENDING", "CONFIRMED", "IN_PROGRESS", "COMPLETED", "CANCELLED")


@dataclass(slots=True)
class Chance:
    """Books filled at random, and what was written into them."""

    books: Books
    random: Random
    orders: list[Row] = field(default_factory=list)
    payments: list[Row] = field(default_factory=list)
    assigned: list[Row] = field(default_factory=list)
    documents: list[Row] = field(default_factory=list)

    def moment(self, after: datetime = BEGINNING) -> str:
        """Some minute of the two weeks that follow; often one that is written elsewhere, too."""
        return f"{after + timedelta(hours=self.random.randrange(0, 24 * 14, 6)):%Y-%m-%d %H:%M}"

    async def fill(self, *, orders: int) -> None:
        buyer, service = await self.books.person("Chan Sophea"), await self.books.service("MAIN", "Visa")
        consultant = await self.books.person("Vy Consultant", role="CONSULTANT")
        for _ in range(orders):
            order = await self._order(buyer, service)
            await self._pay(buyer, order["id"])
            await self._work(buyer, consultant, order["id"])

    async def _order(self, buyer: UUID, service: UUID) -> Row:
        made, status = self.moment(), self.random.choice(STATUSES)
        is_confirmed = status in STATUSES[1:4] or (status == "CANCELLED" and self.random.random() < 0.5)
        times: Row = {
            "confirmed_at": at(self.moment(at(made))) if is_confirmed else None,
            "completed_at": at(self.moment(at(made))) if status == "COMPLETED" else None,
            "cancelled_at": at(self.moment(at(made))) if status == "CANCELLED" else None,
        }
        order_id = await self.books.order(buyer, service, kind="MAIN", made=made, status=status, **times)
        self.orders.append({"id": order_id, "status": status, "created_at": at(made), **times})
        return self.orders[-1]

    async def _pay(self, buyer: UUID, order: UUID) -> None:
        for disposition in self.random.choice(((), (None,), ("APPLIED",), ("LATE",), (None, "APPLIED", "DUPLICATE"))):
            made, is_live = self.moment(), self.random.random() < 0.2
            paid = self.moment(at(made)) if disposition else None
            refunded, currency = self.random.choice((0, 0, 30, 100)), self.random.choice(("USD", "USD", "KHR"))
            await self.books.payment(
                buyer, order, 100, paid=paid, refunded=refunded if paid else 0, disposition=disposition,
                is_live=is_live, created_at=at(made), currency=currency,
            )  # fmt: skip
            self.payments.append({
                "order": order, "disposition": disposition, "is_live": is_live, "created_at": at(made),
                "paid_at": at(paid) if paid else None, "refunded": refunded if paid else 0, "currency": currency,
            })  # fmt: skip
            if disposition == "APPLIED":
                return

    async def _work(self, buyer: UUID, consultant: UUID, order: UUID) -> None:
        for _ in range(self.random.randrange(3)):
            moment = at(self.moment())
            await self.books.write(
                "order_events", order_id=order, kind="ASSIGNMENT", consultant_id=consultant, created_at=moment
            )
            self.assigned.append({"order": order, "at": moment})
        for _ in range(self.random.randrange(3)):
            handed_in, is_decided = self.moment(), self.random.random() < 0.7
            decided = self.moment(at(handed_in)) if is_decided else None
            await self.books.document(buyer, order, handed_in=handed_in, decided=decided)
            self.documents.append(
                {"order": order, "created_at": at(handed_in), "verified_at": at(decided) if decided else None}
            )


@dataclass(frozen=True, slots=True)
class Reckoning:
    """The figures of one stretch of time and one mode."""

    chance: Chance
    since: datetime
    until: datetime
    is_live: bool

    def within(self, moment: datetime | None) -> bool:
        return moment is not None and self.since <= moment < self.until

    def of_mode(self, order: UUID) -> bool:
        """What was not paid belongs to both modes."""
        applied = [p for p in self.chance.payments if p["order"] == order and p["disposition"] == "APPLIED"]
        return all(p["is_live"] == self.is_live for p in applied)

    def orders(self, is_meant: Callable[[Row], bool] = lambda _: True) -> Sums:
        count = sum(self.within(o["created_at"]) and self.of_mode(o["id"]) and is_meant(o) for o in self.chance.orders)
        return count, count

    def completion(self) -> Sums:
        ended = [
            (o["status"] == "COMPLETED", o["completed_at"] or o["cancelled_at"])
            for o in self.chance.orders
            if self.of_mode(o["id"]) and (o["status"] == "COMPLETED" or (o["cancelled_at"] and o["confirmed_at"]))
        ]
        counted = [is_completed for is_completed, moment in ended if self.within(moment)]
        return len(counted), sum(counted)

    def success(self) -> Sums:
        tries: dict[UUID, list[Row]] = {}
        for payment in self.chance.payments:
            if payment["is_live"] == self.is_live:
                tries.setdefault(payment["order"], []).append(payment)
        of_time = [p for p in tries.values() if self.within(min(one["created_at"] for one in p))]
        return len(of_time), sum(any(one["disposition"] == "APPLIED" for one in p) for p in of_time)

    def captured(self, *dispositions: str) -> list[Row]:
        return [
            p for p in self.chance.payments
            if p["is_live"] == self.is_live and p["disposition"] in dispositions and self.within(p["paid_at"])
        ]  # fmt: skip

    def late(self) -> Sums:
        paid = self.captured("APPLIED", "LATE")
        return len(paid), sum(p["disposition"] == "LATE" for p in paid)

    def refunds(self) -> tuple[int, int, int, int]:
        paid = [p for p in self.captured("APPLIED") if p["currency"] == "USD"]
        return len(paid), sum(p["refunded"] > 0 for p in paid), sum(p["refunded"] for p in paid), 100 * len(paid)

    def to_assign(self) -> tuple[int, int | None]:
        lasted = []
        for order in self.chance.orders:
            moments = [a["at"] for a in self.chance.assigned if a["order"] == order["id"]]
            if moments and self.within(first := min(moments)) and self.of_mode(order["id"]):
                since = order["confirmed_at"] or order["created_at"]
                lasted.append(max((first - since).total_seconds(), 0))
        return len(lasted), _mean(lasted)

    def to_verify(self) -> tuple[int, int | None]:
        lasted = [
            (d["verified_at"] - d["created_at"]).total_seconds()
            for d in self.chance.documents
            if self.within(d["verified_at"]) and self.of_mode(d["order"])
        ]
        return len(lasted), _mean(lasted)


def _mean(values: list[float]) -> int | None:
    """Halves up, as all sums of the law."""
    return int((2 * sum(values) + len(values)) // (2 * len(values))) if values else None


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_every_figure_is_what_a_plain_reckoning_says(office: StorefrontClient, books: Books, seed: int) -> None:
    chance = Chance(books=books, random=Random(seed))
    await chance.fill(orders=30)
    days = {"fromDate": "2026-11-10", "toDate": "2026-11-25"}
    ever = (at("2000-01-01 00:00"), at("2100-01-01 00:00"))
    for span, asked in ((MONTH, days), (ever, {})):
        for is_live in (False, True):
            mode = {"mode": "live" if is_live else "test"}
            told = read(await office.get("/admin/figures", params={**asked, **mode}))["figures"]
            _compare({figure["name"]: figure for figure in told}, Reckoning(chance, *span, is_live=is_live))


def _compare(told: dict[str, Any], ours: Reckoning) -> None:
    counted = {name: (figure["total"], figure["counted"]) for name, figure in told.items()}
    assert counted["total_orders"] == ours.orders()
    assert counted["active_orders"] == ours.orders(lambda o: o["status"] not in ("COMPLETED", "CANCELLED"))
    assert counted["completed_orders"] == ours.orders(lambda o: o["status"] == "COMPLETED")
    assert counted["completion_rate"] == ours.completion()
    assert counted["payment_success_rate"] == ours.success()
    assert counted["late_payments"] == ours.late()
    refunds = told["refund_rate"]
    amounts = float(refunds["amount"]), float(refunds["wholeAmount"])
    assert (*counted["refund_rate"], *amounts) == ours.refunds()
    for name, (total, mean) in {"time_to_assign": ours.to_assign(), "time_to_verify": ours.to_verify()}.items():
        assert (told[name]["total"], told[name]["value"]) == (total, None if mean is None else str(mean))
    assert ours.orders()[0] > 0, "nothing was asked for"
