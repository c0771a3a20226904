"""Who did what to one thing, as the trail has it."""

from uuid import UUID

from tests.support.client import StorefrontClient


async def acts_on(client: StorefrontClient, subject_id: UUID | str) -> list[tuple[str, UUID | None]]:
    """Every act with its actor (None: the system), oldest first. None can do without the request it belongs to."""
    rows = await client.rows(
        "SELECT action, actor_id, actor_kind, request_id FROM audit_entries WHERE subject_id = $1 ORDER BY at, id",
        UUID(str(subject_id)),
    )
    assert all(row["actor_kind"] != "USER" or (row["actor_id"] and row["request_id"]) for row in rows)
    return [(row["action"], row["actor_id"]) for row in rows]
