"""What figures are made of, and how they are read: one by one with their rows, or all of them at a glance.

A figure has parts; a part says which rows of a source it is about, and which of these count. The rows behind a figure
and its sums are both written from that, so they cannot disagree; at a glance, all parts of a source are added up in
one pass over it. Parameters of every statement are $1 since, $2 until, $3 is_live, $4 now and $5 currency.
"""

# ruff: noqa: S608 - put together from literals; what a client sends is a parameter

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

# $1..$5 get their types here, whichever of them a figure needs.
ASKED = """asked AS (
    SELECT $1::timestamptz AS since, $2::timestamptz AS until, $3::boolean AS is_live, $4::timestamptz AS now,
           $5::text AS currency)"""
_NO_AMOUNT = "NULL::numeric"


class Measure(StrEnum):
    """How rows become a value."""

    COUNT = "COUNT"  # how many are counted
    PERCENT = "PERCENT"  # counted / all
    PERCENT_OF_AMOUNT = "PERCENT_OF_AMOUNT"  # sum of value / sum of whole, in the storefront's currency
    MEAN_SECONDS = "MEAN_SECONDS"  # mean of value
    POINTS = "POINTS"


class FigureName(StrEnum):
    ACTIVE_ORDERS = "active_orders"
    COMPLETED_ORDERS = "completed_orders"
    TOTAL_ORDERS = "total_orders"
    ACTIVE_BOOKINGS = "active_bookings"
    COMPLETED_BOOKINGS = "completed_bookings"
    TOTAL_BOOKINGS = "total_bookings"
    COMPLETION_RATE = "completion_rate"
    PAYMENT_SUCCESS_RATE = "payment_success_rate"
    HOLDS_PAID = "holds_paid"
    HOLDS_EXPIRED = "holds_expired"
    LATE_PAYMENTS = "late_payments"
    REFUND_RATE = "refund_rate"
    TIME_TO_ASSIGN = "time_to_assign"
    TIME_TO_VERIFY = "time_to_verify"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Purchases as `kind` and `id`, which stand in `tables` as far as `where`. `at` is the moment they go by; `within`
    says that it lies in the stretch of time that was asked for."""

    kind: str
    id: str
    at: str
    tables: str
    where: str
    within: str = "{at} >= $1 AND {at} < $2"

    @property
    def rows(self) -> str:
        return f"FROM {self.tables} WHERE {self.where} AND {self.within.format(at=self.at)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The rows `among` a source's that a figure is about, and which of them are `counted`. `value` is an amount, of the
    amount `whole`; or it is how long something `lasted`."""

    source: Source
    among: str = "true"
    counted: str = "true"
    value: str = _NO_AMOUNT
    whole: str = _NO_AMOUNT
    lasted: str | None = None

    @property
    def listed(self) -> str:
        value = f"extract(epoch FROM {self.lasted})" if self.lasted else self.value
        return f"""
SELECT {self.source.kind} AS purchase_kind, {self.source.id} AS purchase_id, {self.source.at} AS at,
       {self.counted} AS is_counted, {value} AS value, {self.whole} AS whole
  {self.source.rows} AND {self.among}"""

    @property
    def sums(self) -> Sequence[str]:
        """How many there are, how many of them count, and what value and whole come to."""
        value = f"extract(epoch FROM {self._sum(self.lasted)})" if self.lasted else self._sum(self.value)
        count = f"count(*) FILTER (WHERE {self.among}"
        return f"{count})", f"{count} AND {self.counted})", value, self._sum(self.whole)

    def _sum(self, expression: str) -> str:
        return f"sum({expression}) FILTER (WHERE {self.among})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """`meaning` is told to whoever reads the figure."""

    name: FigureName
    measure: Measure
    meaning: str
    parts: tuple[Part, ...]

    @property
    def rows(self) -> str:
        """A SELECT of (purchase_kind, purchase_id, at, is_counted, value, whole)."""
        return " UNION ALL ".join(part.listed for part in self.parts)


def overview_of(figures: Iterable[Figure]) -> str:
    """A statement that answers (name, total, counted, value, whole) for every figure: each source is read once."""
    parts_of: dict[Source, list[tuple[str, Part]]] = {}
    for figure in figures:
        for part in figure.parts:
            parts_of.setdefault(part.source, []).append((figure.name, part))
    sums = " UNION ALL ".join(_added_up(source, parts) for source, parts in parts_of.items())
    return f"""
WITH {ASKED}, parts (name, total, counted, value, whole) AS ({sums})
SELECT name, sum(total)::bigint AS total, sum(counted)::bigint AS counted, sum(value) AS value, sum(whole) AS whole
  FROM parts GROUP BY name"""


def _added_up(source: Source, parts: Sequence[tuple[str, Part]]) -> str:
    columns = [f"{sum_} AS c{number}" for number, sum_ in enumerate(sum_ for _, part in parts for sum_ in part.sums)]
    rows = [
        f"('{name}', " + ", ".join(f"s.c{number}" for number in range(4 * place, 4 * place + 4)) + ")"
        for place, (name, _) in enumerate(parts)
    ]
    return f"""
SELECT v.* FROM (SELECT {", ".join(columns)} {source.rows}) s
 CROSS JOIN LATERAL (VALUES {", ".join(rows)}) v"""
