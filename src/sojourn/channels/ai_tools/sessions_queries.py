"""Every statement on the agent's conversations. The state is the agent's own JSON: nobody here looks into it."""

from datetime import datetime
from uuid import UUID

from sojourn.platform.db.database import Connection
from sojourn.platform.http.dialect import RawJson

_WIRE = """session_id, user_id, state, iso(created_at) AS created_at, iso(updated_at) AS updated_at,
       iso(expires_at) AS expires_at"""
# A conversation that has ended leaves its id free; one of another customer keeps it.
_PUT = f"""
WITH put AS (
    INSERT INTO ai_sessions AS s (session_id, user_id, state, created_at, updated_at, expires_at)
    VALUES ($1, $2, $3::jsonb, $4, $4, $5)
    ON CONFLICT (session_id) DO UPDATE
       SET user_id = excluded.user_id, state = excluded.state, updated_at = excluded.updated_at,
           expires_at = excluded.expires_at,
           created_at = CASE WHEN s.expires_at <= $4 THEN excluded.created_at ELSE s.created_at END
     WHERE s.user_id = excluded.user_id OR s.expires_at <= $4
    RETURNING *
)
SELECT row_to_json(x)::text FROM (SELECT {_WIRE} FROM put) x
"""
_FIND = f"""
SELECT row_to_json(x)::text
  FROM (SELECT {_WIRE} FROM ai_sessions WHERE session_id = $1 AND user_id = $2 AND expires_at > $3) x
"""
_DELETE = "DELETE FROM ai_sessions WHERE session_id = $1 AND user_id = $2 AND expires_at > $3"
_FORGET = """
DELETE FROM ai_sessions
 WHERE session_id IN (SELECT session_id FROM ai_sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)
"""


async def put_session(
    tx: Connection, *, session_id: UUID, user_id: UUID, state: str, now: datetime, expires_at: datetime
) -> RawJson | None:
    """Keep a conversation's state, JSON. None when the id is another customer's."""
    body = await tx.fetchval(_PUT, session_id, user_id, state, now, expires_at)
    return RawJson(body.encode()) if body is not None else None


async def find_session(connection: Connection, *, session_id: UUID, user_id: UUID, now: datetime) -> RawJson | None:
    """The customer's conversation, if its time is not over."""
    body = await connection.fetchval(_FIND, session_id, user_id, now)
    return RawJson(body.encode()) if body is not None else None


async def delete_session(tx: Connection, *, session_id: UUID, user_id: UUID, now: datetime) -> bool:
    """Forget it. False when there was none."""
    return str(await tx.execute(_DELETE, session_id, user_id, now)) == "DELETE 1"


async def forget_ended(tx: Connection, *, now: datetime, limit: int) -> int:
    """Forget conversations whose time is over, at most `limit`; how many there were."""
    return int(str(await tx.execute(_FORGET, now, limit)).removeprefix("DELETE "))
