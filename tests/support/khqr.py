"""Paying by KHQR: the traveller's and the bank's side."""

from datetime import datetime
from typing import Any

import httpx
from tests.support.client import StorefrontClient, read

from sojourn.modules import PAYABLES
from sojourn.providers.work import Work
from sojourn.sales.payments import qr_checks


async def open_qr(client: StorefrontClient, **purchase: object) -> Any:
    """A code for the purchase, as the frontend is given it."""
    return read(await client.post("/payments/qr", json=purchase), 201)


async def scan(sandbox: str, code: Any, *, at: datetime, **way: object) -> list[dict[str, Any]]:
    """Pay the code in the payer's own bank at that moment; the transfers as the bank tells them."""
    body = {"qr": code["qr_string"], "sent_at": at.isoformat(), **way}
    async with httpx.AsyncClient(base_url=sandbox, timeout=10) as bank:
        answer = await bank.post("/_sandbox/khqr/pay", json=body)
    transfers: list[dict[str, Any]] = answer.raise_for_status().json()
    return transfers


async def set_bank_faults(sandbox: str, **switches: object) -> None:
    """What goes wrong at DerLg's Bakong from now on; nothing, without switches."""
    async with httpx.AsyncClient(base_url=sandbox, timeout=10) as bank:
        answer = await bank.put("/_sandbox/faults", params={"account": "bakong_derlg"}, json={"bakong": switches})
    answer.raise_for_status()


async def ask_bank(work: Work) -> int:
    """What the worker does about the codes whose time has come; how many were found paid."""
    return await qr_checks.ask_about_due(work, payables=PAYABLES)
