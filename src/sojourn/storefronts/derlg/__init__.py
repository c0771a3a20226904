"""DerLg: trips, hotels, vehicles and guides in Cambodia."""

from pathlib import Path

from sojourn.platform.i18n import Language
from sojourn.platform.storefront import Dialect, Limit, LimitClass, Module, Storefront

STOREFRONT = Storefront(
    key="derlg",
    name="DerLg",
    legal_name="DerLg Travel Co., Ltd.",
    prefix="/v1",
    docs_path="/api-docs",
    dialect=Dialect.SNAKE_ENVELOPE,
    modules=frozenset(
        {
            Module.AUTH,
            Module.USERS,
            Module.TRIPS,
            Module.HOTELS,
            Module.TRANSPORTATION,
            Module.GUIDES,
            Module.EXPLORE,
            Module.FESTIVALS,
            Module.IMAGES,
            Module.BOOKINGS,
            Module.PAYMENTS,
            Module.LOYALTY,
            Module.REFERRALS,
            Module.STUDENT_DISCOUNT,
            Module.CURRENCY,
            Module.WEATHER,
            Module.EMERGENCY,
            Module.REVIEWS,
            Module.DASHBOARD,
            Module.ANALYTICS,
            Module.DESK,
            Module.AI_TOOLS,
            Module.EVENTS,
        }
    ),
    languages=(Language.EN, Language.KM, Language.ZH),
    customer_role="TRAVELER",
    order_prefix="DO",
    booking_prefix="DL",
    invoice_prefix="DLI",
    credit_note_prefix="DLC",
    mail_from="DerLg <bookings@derlg.com>",
    support_email="support@derlg.com",
    frontend_url="https://derlg.com",
    allowed_origins=("https://derlg.com", "https://www.derlg.com", "https://agent.derlg.com"),
    address_lines=("Siem Reap", "Cambodia"),
    primary_color="#b45309",
    limits={LimitClass.DEFAULT: Limit(requests=30)},
    catalogue=Path(__file__).parent / "catalogue",
)
