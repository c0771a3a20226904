"""Holyone Travels: visa packages, micro services and digital guides."""

from pathlib import Path

from sojourn.platform.i18n import Language
from sojourn.platform.storefront import Dialect, Limit, LimitClass, Module, Storefront

STOREFRONT = Storefront(
    key="holyone",
    name="Holyone Travels",
    legal_name="Holyone Travels Co., Ltd.",
    prefix="/api/v1",
    docs_path="/api/docs",
    dialect=Dialect.CAMEL_BARE,
    modules=frozenset(
        {
            Module.AUTH,
            Module.USERS,
            Module.SERVICES,
            Module.ELIGIBILITY,
            Module.IMAGES,
            Module.ORDERS,
            Module.PAYMENTS,
            Module.LOYALTY,
            Module.CONSULTATIONS,
            Module.DOCUMENTS,
            Module.DOWNLOADS,
            Module.DASHBOARD,
            Module.ANALYTICS,
            Module.DESK,
            Module.EVENTS,
        }
    ),
    languages=(Language.EN, Language.KM, Language.ZH),
    order_prefix="HT",
    booking_prefix="HB",
    invoice_prefix="HTI",
    credit_note_prefix="HTC",
    mail_from="Holyone Travels <orders@holyonetravels.com>",
    support_email="support@holyonetravels.com",
    frontend_url="https://holyonetravels.com",
    allowed_origins=("https://holyonetravels.com", "https://www.holyonetravels.com"),
    address_lines=("Phnom Penh", "Cambodia"),
    primary_color="#1d4ed8",
    limits={LimitClass.DEFAULT: Limit(requests=60)},
    consultation_services=("consultation-session", "eligibility-check"),
    catalogue=Path(__file__).parent / "catalogue",
)
