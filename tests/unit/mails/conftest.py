"""One context of every kind of mail, as an admin sees it in the preview, and the two brands they go out under."""

from zoneinfo import ZoneInfo

import pytest

from sojourn.care.notifications.mails import CONTEXTS, Brand, Envelope, MailContext, MailKind
from sojourn.platform.i18n import Language

PHNOM_PENH = ZoneInfo("Asia/Phnom_Penh")
DERLG = Brand(
    key="derlg",
    name="DerLg",
    primary_color="#0f766e",
    frontend_url="https://derlg.example",
    support_email="help@derlg.example",
    address_line="Street 240, Phnom Penh, Cambodia",
    time_zone=PHNOM_PENH,
)
HOLYONE = Brand(
    key="holyone",
    name="Holyone Travels",
    primary_color="#f4b400",
    frontend_url="https://holyone.example",
    support_email="orders@holyone.example",
    address_line="Norodom Boulevard, Phnom Penh, Cambodia",
    time_zone=PHNOM_PENH,
)
BRANDS = (DERLG, HOLYONE)

_CONTEXTS = tuple(CONTEXTS[kind].sample() for kind in MailKind)
SAMPLES: dict[MailKind, MailContext] = {context.kind: context for context in _CONTEXTS}


@pytest.fixture(params=_CONTEXTS, ids=lambda context: context.kind.value)
def context(request: pytest.FixtureRequest) -> MailContext:
    """Every kind of mail, in turn."""
    chosen = request.param
    assert isinstance(chosen, MailContext)
    return chosen


@pytest.fixture(params=list(Language))
def language(request: pytest.FixtureRequest) -> Language:
    return Language(request.param)


@pytest.fixture(params=BRANDS, ids=lambda brand: brand.key)
def brand(request: pytest.FixtureRequest) -> Brand:
    chosen = request.param
    assert isinstance(chosen, Brand)
    return chosen


@pytest.fixture
def samples() -> dict[MailKind, MailContext]:
    return SAMPLES


@pytest.fixture
def envelope() -> Envelope:
    return Envelope(recipient_name="Anna Berg", unsubscribe_url="https://derlg.example/unsubscribe/abc")


@pytest.fixture
def derlg() -> Brand:
    return DERLG
