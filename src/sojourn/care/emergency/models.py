"""Calls for help: rows and wire."""

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from sojourn.catalog.values import InLanguage
from sojourn.platform.i18n import Language
from sojourn.platform.kit.texts import Reason
from sojourn.platform.kit.wire import PageIn, SortByTime, Text, Wire


class AlertType(StrEnum):
    SOS = "SOS"
    MEDICAL = "MEDICAL"
    THEFT = "THEFT"
    LOST = "LOST"
    ACCIDENT = "ACCIDENT"
    OTHER = "OTHER"


class AlertStatus(StrEnum):
    """`CANCELLED`: the traveller has said that they are safe."""

    OPEN = "OPEN"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    RESOLVED = "RESOLVED"
    CANCELLED = "CANCELLED"


class ContactKind(StrEnum):
    POLICE = "POLICE"
    FIRE = "FIRE"
    AMBULANCE = "AMBULANCE"
    TOURIST_POLICE = "TOURIST_POLICE"
    HOSPITAL = "HOSPITAL"
    EMBASSY = "EMBASSY"


def _number_or_nothing(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _storable(text: str) -> str:
    return text.replace("\0", "")  # PostgreSQL keeps none in a text


# A call for help is never refused for what a broken receiver says: such a position is none.
Loose = Annotated[float | None, BeforeValidator(_number_or_nothing)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
MessageIn = Annotated[str, AfterValidator(_storable), StringConstraints(strip_whitespace=True, max_length=2000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place on the globe, in degrees (WGS 84); `accuracy_m` is the radius the receiver promises, in metres."""

    latitude: float
    longitude: float
    accuracy_m: float | None


class _Positioned(Wire):
    lat: Loose = None
    lng: Loose = None
    accuracy: Loose = None

    @property
    def position(self) -> Position | None:
        """None where nothing usable was said: nothing at all, off the globe, or 0/0, which receivers without a fix
        say and which lies in the sea off Africa."""
        if self.lat is None or self.lng is None or abs(self.lat) > 90 or abs(self.lng) > 180:
            return None
        if self.lat == 0 and self.lng == 0:
            return None
        accuracy = self.accuracy if self.accuracy is not None and self.accuracy >= 0 else None
        return Position(latitude=self.lat, longitude=self.lng, accuracy_m=accuracy)


class AlertIn(_Positioned):
    """A call for help. Nothing has to be known: without a kind it is an SOS, and what a receiver without a fix says of
    its position is left out, not refused. `accuracy` is in metres."""

    alert_type: AlertType = AlertType.SOS
    message: MessageIn | None = None


class AlertPatch(_Positioned):
    """Where the traveller is now, or more words; what is left out stays."""

    message: MessageIn | None = None


class ContactOut(Wire):
    """Somebody to ring. `name` is in the language asked for; `phone` is null where none is confirmed, and `source` says
    where to look. `distance_km` is the straight way from the position asked about, where both are known."""

    kind: ContactKind
    name: str
    phone: str | None
    address: str | None
    province: str | None
    lat: float | None
    lng: float | None
    languages: list[str]
    distance_km: float | None
    source: str


class AlertOut(Wire):
    """A call for help as its traveller sees it. `lat` and `lng` are null where they were never known, and 30 days
    later; `repeats` counts calls that came within half a minute of another and are part of this one."""

    id: UUID
    alert_type: AlertType
    status: AlertStatus
    lat: float | None
    lng: float | None
    accuracy: float | None
    positioned_at: datetime | None
    province: str | None
    message: str | None
    repeats: int
    created_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    cancelled_at: datetime | None


class AlertWithContacts(AlertOut):
    """With whom to ring, in the order in which to ring them."""

    contacts: list[ContactOut]


class AlertTraveler(Wire):
    """Who has called, and whom they want told."""

    id: UUID
    name: str
    email: str
    phone: str | None
    country: str | None
    preferred_language: Language
    emergency_contact_name: str | None
    emergency_contact_phone: str | None


class AlertAtDesk(AlertOut):
    """A call for help as staff see it. `level` is how many times the desk was told, `escalates_at` when it is told
    again unless somebody acknowledges the alert before."""

    traveler: AlertTraveler
    map_url: str | None
    level: int
    escalates_at: datetime | None
    acknowledged_by: UUID | None
    resolved_by: UUID | None
    resolution_note: str | None


class AlertFilters(PageIn):
    status: AlertStatus | None = None
    sort: SortByTime = SortByTime.NEWEST


class ResolutionIn(Wire):
    """What was done."""

    note: Reason


class ContactsAsked(InLanguage):
    """`province` is its English name or key; or else `lat` and `lng`, for the nearest one. `country` is the traveller's
    own, by name or ISO code: of the embassies only that one is answered."""

    province: Annotated[Text, Field(max_length=100)] | None = None
    lat: Latitude | None = None
    lng: Longitude | None = None
    country: Annotated[Text, Field(max_length=100)] | None = None


class ContactsOut(Wire):
    """Whom to ring there. `province` is null where no province is meant, or the position is far from all of them: then
    these are the numbers of the whole country."""

    province: str | None
    province_name: str | None
    contacts: list[ContactOut]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The traveller behind an alert."""

    user_id: UUID
    name: str
    email: str
    phone: str | None
    country: str | None
    language: Language
    emergency_contact_name: str | None
    emergency_contact_phone: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A row of `emergency_alerts`."""

    id: UUID
    user_id: UUID
    alert_type: AlertType
    status: AlertStatus
    latitude: float | None
    longitude: float | None
    accuracy_m: float | None
    positioned_at: datetime | None
    province: str | None
    message: str | None
    repeats: int
    level: int
    escalates_at: datetime
    created_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: UUID | None
    resolved_at: datetime | None
    resolved_by: UUID | None
    resolution_note: str | None
    cancelled_at: datetime | None

    @property
    def position(self) -> Position | None:
        if self.latitude is None or self.longitude is None:
            return None
        return Position(latitude=self.latitude, longitude=self.longitude, accuracy_m=self.accuracy_m)

    @property
    def is_ended(self) -> bool:
        return self.status in (AlertStatus.RESOLVED, AlertStatus.CANCELLED)

    @property
    def map_url(self) -> str | None:
        """The position on a map that opens on any phone (Google's Maps URLs, "Search action")."""
        if self.position is None:
            return None
        return f"https://www.google.com/maps/search/?api=1&query={self.latitude:.6f},{self.longitude:.6f}"

    def fields(self) -> dict[str, Any]:
        """What the traveller sees of it."""
        return {
            "id": self.id, "alert_type": self.alert_type, "status": self.status, "lat": self.latitude,
            "lng": self.longitude, "accuracy": self.accuracy_m, "positioned_at": self.positioned_at,
            "province": self.province, "message": self.message, "repeats": self.repeats,
            "created_at": self.created_at, "acknowledged_at": self.acknowledged_at, "resolved_at": self.resolved_at,
            "cancelled_at": self.cancelled_at,
        }  # fmt: skip
