"""One report of what would go, and every rule has somebody who carries it out."""

import re
from pathlib import Path

from tests.features.documents.test_command import retention
from tests.support.client import StorefrontClient

from sojourn.cli import _FORGETTING
from sojourn.modules import TIMERS

PAGE = (Path(__file__).parents[3] / "docs" / "privacy.md").read_text(encoding="utf-8")


def test_the_page_and_the_command_name_the_same_timers() -> None:
    rows = re.findall(r"^\| [^|]+ \| [^|]+ \| `([a-z_.]+)` \|$", PAGE, re.MULTILINE)
    assert set(rows) == _FORGETTING
    assert set(rows) <= {timer.name for timer in TIMERS}


async def test_the_command_reports_what_it_forgets(holyone: StorefrontClient, sandbox: str) -> None:
    guest = await holyone.register()
    # The command goes by the machine's clock.
    await holyone.rows("UPDATE users SET deletion_requested_at = now() - interval '15 days'")
    await holyone.rows("UPDATE audit_entries SET at = now() - interval '25 months'")
    await holyone.rows(
        "INSERT INTO inbox (provider, event_id, name, payload, is_live, received_at, handled_at)"
        " VALUES ('stripe', 'evt_old', 'n', 'who paid', false, now(), now() - interval '15 days'),"
        " ('stripe', 'evt_new', 'n', 'who paid', false, now(), now() - interval '13 days')"
    )
    told = retention(holyone.database.dsn, sandbox, "--dry-run")
    assert "holyone: closed accounts: 1 would go, 0 stay" in told
    assert "holyone: what providers' events said: 1 would go, 1 stay" in told
    assert re.search(r"holyone: audit entries: [1-9]\d* would go, 0 stay", told)
    assert (await holyone.rows("SELECT email FROM users"))[0]["email"] == guest.email
    assert "holyone: closed accounts: 1 gone, 0 stay" in retention(holyone.database.dsn, sandbox)
    assert [row["name"] for row in await holyone.rows("SELECT name FROM users")] == ["Deleted account"]
    payloads = await holyone.rows("SELECT event_id, payload FROM inbox ORDER BY event_id")
    assert [(row["event_id"], row["payload"]) for row in payloads] == [("evt_new", "who paid"), ("evt_old", "")]
    acts = await holyone.rows("SELECT action FROM audit_entries")
    assert [row["action"] for row in acts] == ["account.anonymised"]
