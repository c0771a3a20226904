"""The outside world as the sandbox plays it: the card that pays, the mailbox that is read, the switches for faults."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from sojourn.demo.teller import Unexpected, expect
from sojourn.demo.waiting import until

Json = dict[str, Any]
Mail = Mapping[str, Any]


class Vendors:
    """The sandbox's own calls."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def pay(self, intent_id: str, method: str) -> str:
        """Pay as the customer's browser would, with a payment method such as `pm_card_visa`.

        Answers the intent's status, or the code of a decline.
        """
        path = f"/_sandbox/payment_intents/{intent_id}/pay"
        response = await self._http.post(path, json={"payment_method": method})
        body: Json = response.json()
        if response.status_code == httpx.codes.PAYMENT_REQUIRED:
            return str(body["error"]["decline_code"] or body["error"]["code"])
        expect(response.is_success, f"the card was not taken: {response.status_code} {response.text[:300]}")
        return str(body["status"])

    async def scan(self, code: str) -> str:
        """Pay a KHQR code in full, as the customer's banking app would. Answers who has paid."""
        response = await self._http.post("/_sandbox/khqr/pay", json={"qr": code})
        expect(response.status_code == httpx.codes.CREATED, f"the code was not paid: {response.text[:300]}")
        return str(response.json()[0]["fromAccountId"])

    async def wait_for_push(self, token: str, kind: str) -> Json:
        """What a device shows of that kind. Raises `Unexpected` when it shows nothing of it."""

        async def look() -> Json | None:
            shown = await self._read("/push", token=token, limit=1000)
            return next((push for push in shown if push["data"]["kind"] == kind), None)

        return await until(look, f"a push {kind!r} to {token}")

    async def mails(self, to: str, *, kind: str | None = None) -> list[Mail]:
        """What lies in the mailbox for an address (or a part of one), newest first."""
        found = await self._read("/mail", to=to, limit=1000)
        return [mail for mail in found if kind is None or mail["tags"].get("kind") == kind]

    async def wait_for_mail(self, to: str, kind: str, *, about: str) -> Mail:
        """The newest mail of that kind whose text names `about`. Raises `Unexpected` when none comes."""

        async def look() -> Mail | None:
            mails = await self.mails(to, kind=kind)
            return next((mail for mail in mails if about in mail["subject"] + mail["text"]), None)

        return await until(look, f"a mail {kind!r} to {to} about {about}")

    async def read_pdf(self, mail: Mail) -> str:
        """The name and size of the PDF that came with a mail. Raises `Unexpected` when there is none."""
        name, content = await self._find_attached(mail, b"%PDF-")
        return f"{name}, {len(content) // 1024} kB"

    async def read_calendar(self, mail: Mail) -> tuple[str, str]:
        """The name and the text of the calendar file that came with a mail. Raises `Unexpected` without one."""
        name, content = await self._find_attached(mail, b"BEGIN:VCALENDAR")
        return name, content.decode()

    async def _find_attached(self, mail: Mail, beginning: bytes) -> tuple[str, bytes]:
        for attached in mail["attachments"]:
            response = await self._http.get(attached["url"])
            if response.content.startswith(beginning):
                return attached["filename"], response.content
        raise Unexpected(f"nothing that begins with {beginning!r} came with {mail['subject']!r}")

    async def deliveries(self, account: str, *, after: int) -> list[Json]:
        """The account's webhooks queued after number `after`, oldest first."""
        found = await self._read("/_sandbox/deliveries", account=account)
        return sorted((row for row in found if row["seq"] > after), key=lambda row: int(row["seq"]))

    async def last_delivery(self, account: str) -> int:
        """The number of the account's newest webhook."""
        return max((int(row["seq"]) for row in await self._read("/_sandbox/deliveries", account=account)), default=0)

    async def redeliver(self, event_id: str) -> None:
        """Have the provider send an event once more."""
        response = await self._http.post(f"/_sandbox/events/{event_id}/redeliver")
        expect(response.status_code == httpx.codes.ACCEPTED, f"redelivery answered {response.status_code}")

    @asynccontextmanager
    async def switched(self, account: str, webhooks: Mapping[str, object]) -> AsyncIterator[None]:
        """The account's webhooks go wrong like this for the length of the block; then all is as it was before."""
        before, everyone = await self._faults(account), await self._faults("")
        await self._switch(account, {**before, "webhooks": webhooks})
        try:
            yield
        finally:
            # What is set for everyone must count for this account again, also when it changes later.
            if before == everyone:
                await self._http.delete("/_sandbox/faults", params={"account": account})
            else:
                await self._switch(account, before)

    async def _faults(self, account: str) -> Json:
        response = await self._http.get("/_sandbox/faults", params={"account": account})
        faults: Json = response.json()
        return faults

    async def _switch(self, account: str, faults: Json) -> None:
        response = await self._http.put("/_sandbox/faults", params={"account": account}, json=faults)
        expect(response.is_success, f"the switches answered {response.status_code}: {response.text[:200]}")

    async def _read(self, path: str, **params: str | int) -> list[Json]:
        response = await self._http.get(path, params=params)
        expect(response.is_success, f"the sandbox answered {response.status_code} to {path}")
        rows: list[Json] = response.json()
        return rows
