"""Devices: where somebody can be reached by push."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

from sojourn.people.users.fields import LanguageIn
from sojourn.platform.i18n import Language
from sojourn.platform.kit.wire import Wire

# Firebase's tokens are some 160 characters; longer than this none has ever been.
PushToken = Annotated[str, StringConstraints(min_length=1, max_length=1024, pattern=r"^[\x21-\x7e]+$")]
AppVersion = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[\w .+-]+$")]


class Platform(StrEnum):
    IOS = "ios"
    ANDROID = "android"
    WEB = "web"


class DeviceIn(Wire):
    """An app that may be pushed to, by its registration token. Without a language it is the account's."""

    token: PushToken
    platform: Platform
    language: LanguageIn | None = None
    app_version: AppVersion | None = None


class Device(Wire):
    """A device as its owner sees it. `is_current`: the one that asks, as far as its access token tells."""

    id: UUID
    platform: Platform
    language: Language | None
    app_version: str | None
    registered_at: datetime
    last_seen_at: datetime
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where one push goes; `language` None: the device has none of its own."""

    device_id: UUID
    user_id: UUID
    language: Language | None
