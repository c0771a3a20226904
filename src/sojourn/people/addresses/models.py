"""Where people live and want their papers sent."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

from sojourn.people.users.fields import Country, Phone
from sojourn.platform.kit.texts import Line, PersonName
from sojourn.platform.kit.wire import Wire

PostalCode = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20, pattern=r"^[\w -]+$")]


class AddressIn(Wire):
    """A new address. The first one is the default, whatever is sent."""

    label: PersonName | None = None
    recipient: PersonName
    line_one: Line
    line_two: Line | None = None
    city: PersonName
    province: PersonName | None = None
    postal_code: PostalCode | None = None
    country: Country
    phone: Phone | None = None
    is_default: bool = False


class AddressPatch(Wire):
    """What is not sent stays; null empties a field that may be empty."""

    label: PersonName | None = None
    recipient: PersonName | None = None
    line_one: Line | None = None
    line_two: Line | None = None
    city: PersonName | None = None
    province: PersonName | None = None
    postal_code: PostalCode | None = None
    country: Country | None = None
    phone: Phone | None = None
    is_default: bool | None = None


class Address(Wire):
    """An address; at most one of a person's is the default."""

    id: UUID
    label: str | None
    recipient: str
    line_one: str
    line_two: str | None
    city: str
    province: str | None
    postal_code: str | None
    country: str
    phone: str | None
    is_default: bool
    created_at: datetime
    updated_at: datetime
