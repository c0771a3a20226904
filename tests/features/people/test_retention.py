"""What is forgotten by itself, and what is not."""

from collections.abc import Callable
from datetime import timedelta

from tests.features.people.conftest import Queued
from tests.features.people.google import sign_in, visit
from tests.features.people.test_second_factor import challenge, enrol
from tests.support.client import PASSWORD, StorefrontClient, read

from sojourn.desk.privacy.jobs import anonymise_deleted_accounts
from sojourn.people.auth.links import find_link_expiry
from sojourn.people.auth.queries import purge
from sojourn.people.effects import VERIFY_EMAIL
from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work


async def _kept(client: StorefrontClient) -> tuple[int, int, int]:
    [row] = await client.rows(
        "SELECT (SELECT count(*) FROM failed_sign_ins) AS failures, (SELECT count(*) FROM account_links) AS links,"
        " (SELECT count(*) FROM refresh_tokens) AS tokens"
    )
    return row["failures"], row["links"], row["tokens"]


async def test_only_what_says_nothing_more_is_purged(derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest = await derlg.register()
    await derlg.post("/auth/login", json={"email": guest.email, "password": "wrong"})
    for days, kept in ((0, (1, 1, 1)), (1, (1, 1, 1)), (2, (0, 1, 1)), (9, (0, 0, 1)), (38, (0, 0, 0))):
        async with derlg.database.read() as connection:
            await purge(connection, now=clock.now() + timedelta(days=days))
        assert await _kept(derlg) == kept, f"after {days} days"


async def test_a_mail_can_say_until_when_its_link_works(
    derlg: StorefrontClient, queued: Queued, clock: FrozenClock
) -> None:
    await derlg.register()
    [mail] = await queued(derlg, VERIFY_EMAIL)
    async with derlg.database.read() as connection:
        assert await find_link_expiry(connection, mail["secret"]) == clock.now() + timedelta(hours=24)
        read(await derlg.post("/auth/verify-email", json={"token": mail["secret"]}))
        assert await find_link_expiry(connection, mail["secret"]) is None


async def test_the_timer_forgets_everybody_who_is_due(
    derlg: StorefrontClient, clock: FrozenClock, work_for: Callable[[StorefrontClient], Work]
) -> None:
    gone = [await derlg.register() for _ in range(3)]
    staying = await derlg.register()
    for guest in gone:
        await guest.delete(f"/users/{guest.user_id}")
    clock.advance(timedelta(days=15))
    for _ in range(2):  # at least once, perhaps twice
        await anonymise_deleted_accounts(work_for(derlg))
    rows = await derlg.rows("SELECT id FROM users WHERE deleted_at IS NOT NULL")
    assert {row["id"] for row in rows} == {guest.user_id for guest in gone}
    assert len(await derlg.rows("SELECT id FROM audit_entries WHERE action = 'account.anonymised'")) == 3
    read(await derlg.post("/auth/login", json={"email": staying.email, "password": PASSWORD}))


async def test_what_nobody_came_back_for_is_purged(derlg: StorefrontClient, clock: FrozenClock) -> None:
    guest = await derlg.register()
    await enrol(guest, clock)
    await challenge(derlg, guest.email)
    await visit(derlg)
    for minutes, kept in ((0, (1, 1)), (6, (0, 1)), (11, (0, 0))):
        async with derlg.database.read() as connection:
            await purge(connection, now=clock.now() + timedelta(minutes=minutes))
        [row] = await derlg.rows(
            "SELECT (SELECT count(*) FROM sign_in_challenges) AS challenges,"
            " (SELECT count(*) FROM sign_in_attempts) AS attempts"
        )
        assert (row["challenges"], row["attempts"]) == kept, f"after {minutes} minutes"


async def test_a_forgotten_person_is_forgotten_at_google_and_in_the_app(
    derlg: StorefrontClient, work_for: Callable[[StorefrontClient], Work], clock: FrozenClock
) -> None:
    guest = await derlg.register(email="dara@gmail.example")
    await derlg.rows("UPDATE users SET email_verified_at = now()")
    await sign_in(derlg)
    await enrol(guest, clock)
    read(await guest.delete(f"/users/{guest.user_id}"))
    clock.advance(timedelta(days=15))
    await anonymise_deleted_accounts(work_for(derlg))
    for table in ("linked_identities", "second_factors", "recovery_codes", "sign_in_challenges"):
        assert await derlg.rows(f"SELECT user_id FROM {table}") == []
