"""The two who meet: how each of them is written to."""

from sojourn.care.notifications.models import Recipient
from sojourn.platform.db.database import Row
from sojourn.platform.i18n import Language


def recipient_of(parties: Row, *, for_customer: bool) -> Recipient | None:
    """One side of a row of `get_parties`; None when the account was closed meanwhile."""
    side = "customer" if for_customer else "consultant"
    if parties[f"{side}_email"] is None:
        return None
    return Recipient(
        user_id=parties["user_id" if for_customer else "consultant_id"],
        email=parties[f"{side}_email"],
        name=parties[f"{side}_name"],
        language=Language(parties[f"{side}_language"]),
    )


def title_of(row: Row, *, for_customer: bool) -> str:
    """What it is about, as the customer bought it or as the house calls it."""
    title: str = row["customer_title" if for_customer else "service_title"]
    return title
