"""What the traveller's stream says of a call for help fits what the stream may say."""

from datetime import UTC, datetime

import pytest

from sojourn.care.emergency.effects import News, event
from sojourn.channels.events.models import EventOut
from sojourn.platform.kit.ids import new_id


@pytest.mark.parametrize("news", list(News))
def test_an_event_is_one_that_streams_carry(news: News) -> None:
    alert_id = new_id()
    told = event(news, user_id=new_id(), alert_id=alert_id, status="ACKNOWLEDGED", at=datetime.now(UTC))
    shown = EventOut(kind=told.kind, created_at=told.at, **told.payload)
    assert (shown.alert_id, shown.status) == (alert_id, "ACKNOWLEDGED")
