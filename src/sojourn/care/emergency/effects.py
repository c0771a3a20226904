"""What a call for help sets going: job kinds and events. Payloads carry ids only."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from sojourn.platform.events.log import NewEvent
from sojourn.platform.jobs.queue import NewJob

TELL: Final = "emergency.tell"  # alert_id, level
CALL_WEBHOOK: Final = "emergency.call_webhook"  # alert_id, news, level
ESCALATE: Final = "emergency.escalate"  # alert_id
# The database's clock starts the job, ours says whether it is time.
_LATER: Final = timedelta(seconds=1)


class News(StrEnum):
    """What has happened to an alert, as the webhook and the traveller's events name it."""

    RAISED = "emergency.raised"
    ESCALATED = "emergency.escalated"
    ACKNOWLEDGED = "emergency.acknowledged"
    RESOLVED = "emergency.resolved"
    CANCELLED = "emergency.cancelled"


def tell(alert_id: UUID, *, level: int, again_in: timedelta) -> tuple[NewJob, ...]:
    """Tell the desk for the `level`-th time, and look again when it is time for the next."""
    news = News.RAISED if level == 1 else News.ESCALATED
    return (
        NewJob(kind=TELL, payload={"alert_id": alert_id, "level": level}),
        call_webhook(alert_id, news, level=level),
        NewJob(kind=ESCALATE, payload={"alert_id": alert_id}, after=again_in + _LATER),
    )


def call_webhook(alert_id: UUID, news: News, *, level: int) -> NewJob:
    return NewJob(kind=CALL_WEBHOOK, payload={"alert_id": alert_id, "news": news.value, "level": level})


def event(news: News, *, user_id: UUID, alert_id: UUID, status: str, at: datetime) -> NewEvent:
    """For the traveller's own stream."""
    return NewEvent(user_id=user_id, kind=news.value, payload={"alert_id": str(alert_id), "status": status}, at=at)
