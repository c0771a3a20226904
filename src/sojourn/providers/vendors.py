"""The vendors of one storefront, chosen once, in the composition root."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from sojourn.providers.emergency.port import Alarm
from sojourn.providers.faces.port import FaceEngine
from sojourn.providers.mail.port import MailSender
from sojourn.providers.meetings.port import MeetingRooms
from sojourn.providers.oauth.port import IdentityProvider
from sojourn.providers.oauth.supabase import SupabaseAuth
from sojourn.providers.ocr.port import TextReader
from sojourn.providers.payments.port import PaymentProvider
from sojourn.providers.payments.qr_port import QrProvider
from sojourn.providers.push.port import PushSender
from sojourn.providers.rates.cached import CachedRates
from sojourn.providers.scanner.port import Scanner
from sojourn.providers.storage.port import FileStore
from sojourn.providers.weather.cached import CachedWeather


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendors:
    payments: PaymentProvider
    qr: QrProvider | None
    mail: MailSender
    push: PushSender | None
    alarm: Alarm | None
    meetings: MeetingRooms
    google: IdentityProvider | None
    supabase: SupabaseAuth | None
    storage: FileStore
    scanner: Scanner
    faces: FaceEngine | None
    ocr: TextReader | None
    rates: CachedRates
    weather: CachedWeather

    async def aclose(self) -> None:
        """Close what the vendors keep open."""
        await self.payments.aclose()
        if self.qr is not None:
            await self.qr.aclose()
        await self.mail.aclose()
        if self.push is not None:
            await self.push.aclose()
        if self.alarm is not None:
            await self.alarm.aclose()
        await self.meetings.aclose()
        await self.storage.aclose()
        if self.google is not None:
            await self.google.aclose()
        if self.supabase is not None:
            await self.supabase.aclose()
        if self.faces is not None:
            await self.faces.aclose()
        await self.rates.aclose()
        await self.weather.aclose()


async def _get_vendors(request: Request) -> Vendors:
    vendors: Vendors = request.app.state.vendors
    return vendors


TheVendors = Annotated[Vendors, Depends(_get_vendors)]
