"""Paid bookings, and their papers as the traveller gets them."""

from io import BytesIO
from typing import Any
from uuid import UUID

import httpx
from pypdf import PdfReader
from tests.support.client import StorefrontClient
from tests.support.work import do_jobs

from sojourn.modules import JOBS
from sojourn.providers.work import Work


def text_of(answer: httpx.Response) -> str:
    """What is printed in a PDF answer."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages)


def number_of(answer: httpx.Response) -> str:
    """The number in the file name of a PDF answer."""
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="'), disposition
    return str(disposition.removeprefix('attachment; filename="').removesuffix('.pdf"'))


async def payment_of(client: StorefrontClient, purchase_id: str | UUID) -> UUID:
    rows = await client.rows("SELECT id FROM payments WHERE purchase_id = $1 AND disposition = 'APPLIED'", purchase_id)
    payment_id: UUID = rows[0]["id"]
    return payment_id


async def refund_of(client: StorefrontClient, payment_id: UUID) -> dict[str, Any]:
    rows = await client.rows("SELECT * FROM refunds WHERE payment_id = $1", payment_id)
    assert len(rows) == 1, rows
    return rows[0]


async def settle_jobs(work: Work) -> None:
    """Refunds go out; mails are kept."""
    await do_jobs(work, JOBS)
