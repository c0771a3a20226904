"""When the books are checked."""

from sojourn.desk.invariants.service import check_and_tell
from sojourn.providers.work import Timer

TIMERS = (
    Timer(
        name="desk.invariants",
        cron="*/15 * * * *",
        title="every 15 minutes: the books are checked against their invariants",
        handler=check_and_tell,
    ),
)
