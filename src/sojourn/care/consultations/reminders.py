"""Reminding both sides of a consultation, an hour before."""

from datetime import timedelta
from typing import Final

from sojourn.care.consultations import queries
from sojourn.care.consultations.sides import recipient_of, title_of
from sojourn.care.notifications.mails import ConsultationReminder
from sojourn.care.notifications.models import Letter
from sojourn.care.notifications.service import keep
from sojourn.platform.db.database import Row
from sojourn.platform.storefront import Storefront
from sojourn.providers.work import Work

AHEAD: Final = timedelta(hours=1)
# A run; there are twelve within the hour.
BATCH: Final = 200


async def send_reminders(work: Work) -> None:
    """Once for each side and start: who is moved is reminded of the new time. What has begun needs no reminder."""
    now, storefront = work.runtime.clock.now(), work.runtime.storefront
    async with work.runtime.db.unit_of_work() as tx:
        for consultation_id in await queries.list_to_remind(tx, after=now, until=now + AHEAD, limit=BATCH):
            parties = await queries.get_parties(tx, consultation_id)
            for for_customer in (True, False):
                letter = _letter(parties, storefront, for_customer=for_customer)
                if letter is not None:
                    await keep(tx, letter, now=now)


def _letter(parties: Row, storefront: Storefront, *, for_customer: bool) -> Letter | None:
    to = recipient_of(parties, for_customer=for_customer)
    if to is None:
        return None
    other = "consultant_name" if for_customer else "customer_name"
    context = ConsultationReminder.model_validate(
        {
            "starts_at": parties["scheduled_at"],
            "minutes": parties["duration"],
            "time_zone": parties["customer_zone" if for_customer else "consultant_zone"],
            other: parties[other],
            "order_number": parties["order_number"],
            "service_title": title_of(parties, for_customer=for_customer),
            "meeting_link": parties["meeting_link"],
            "consultation_url": f"{storefront.frontend_url}/consultations/{parties['id']}",
        }
    )
    return Letter(context=context, to=to, subject_id=parties["id"], occasion=parties["scheduled_at"].isoformat())
