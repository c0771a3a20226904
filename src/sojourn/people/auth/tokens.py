"""Access tokens: HS256 JWTs of 15 minutes with `sub`, `email`, `role` (the documents' payload) and a version.

The version is the account's `refresh_token_version`; raising it ends every session at once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import jwt

ALGORITHM = "HS256"
ACCESS_LIFE = timedelta(minutes=15)
MAX_TOKEN = 4_096


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a valid token says. Whether the account still stands is asked elsewhere (`access.py`).

    `expires` is in Unix seconds. `session_id` is the family of refresh tokens it was handed out with.
    """

    user_id: UUID
    version: int | None
    expires: int
    session_id: UUID | None


def issue_access_token(
    *, user_id: UUID, email: str, role: str, version: int, now: datetime, secret: str, session_id: UUID | None = None
) -> str:
    """A token for one account, valid for `ACCESS_LIFE` from `now`."""
    claims = {
        "sub": str(user_id), "email": email, "role": role, "ver": version, "iat": now, "exp": now + ACCESS_LIFE,
    }  # fmt: skip
    if session_id is not None:
        claims["sid"] = str(session_id)
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def read_access_token(token: str, *, secret: str, now: datetime) -> AccessClaims | None:
    """The claims of a token that we signed and that has not expired at `now`; else None."""
    if len(token) > MAX_TOKEN:
        return None
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],
            options={"require": ["exp", "sub"], "verify_exp": False, "verify_iat": False},
        )
        expires, version = int(claims["exp"]), claims.get("ver")
        if expires <= now.timestamp() or not (version is None or isinstance(version, int)):
            return None
        session_id = UUID(claims["sid"]) if "sid" in claims else None
        return AccessClaims(user_id=UUID(claims["sub"]), version=version, expires=expires, session_id=session_id)
    except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError, OverflowError):
        return None
