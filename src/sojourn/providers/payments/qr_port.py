"""What `sales/payments` may ask of a scheme whose codes are scanned and paid from the payer's own bank.

Unlike a card processor it is told nothing beforehand: a code is made here, anybody may pay it, nobody can withdraw it,
and it says nothing by itself: it must be asked. There are no refunds. Amounts are major units, times UTC; the faults
are those of `port.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class QrCode:
    """A code to be drawn. `digest` is the name under which its payment is asked for."""

    payload: str
    digest: str
    account_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QrTransfer:
    """Money that was sent by way of a code. `id` is the scheme's name of this one transfer; `sent_at` is when the payer
    sent it, however late it was told."""

    id: str
    from_account: str
    to_account: str
    amount: Decimal
    currency: str
    sent_at: datetime


class QrProvider(Protocol):
    """Raises ProviderUnavailable or ProviderRefused, nothing else."""

    @property
    def name(self) -> str:
        """Stable key stored with payments, e.g. "bakong"."""
        ...

    @property
    def is_live(self) -> bool:
        """Whether it moves real money."""
        ...

    def create_qr(
        self,
        *,
        amount: Decimal,
        currency: str,
        reference: str,
        label: str,
        created_at: datetime,
        expires_at: datetime,
    ) -> QrCode:
        """A code for exactly this amount. `reference` is shown to the payer; `label` tells codes of one reference
        apart (each at most 25 characters). Made here: no network."""
        ...

    async def check(self, *, digests: Sequence[str]) -> Mapping[str, QrTransfer]:
        """The newest transfer of each code that was paid; the others are left out. What cannot be asked about just now
        is left out, too, unless that is everything."""
        ...

    async def aclose(self) -> None: ...
