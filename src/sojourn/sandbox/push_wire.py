"""FCM's HTTP v1 message, as much of it as the sandbox reads; what it does not know, it refuses as FCM does."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Filled = Annotated[str, StringConstraints(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Shown(_Part):
    title: Filled
    body: Filled
    image: Filled | None = None


class AndroidShown(_Part):
    tag: Filled | None = None
    click_action: Filled | None = None


class Android(_Part):
    collapse_key: Filled | None = None
    priority: Annotated[str, StringConstraints(pattern="^(NORMAL|HIGH)$")] | None = None
    ttl: Annotated[str, StringConstraints(pattern=r"^\d+(\.\d+)?s$")] | None = None
    notification: AndroidShown | None = None


class Apns(_Part):
    headers: dict[str, str] = Field(default_factory=dict)
    payload: dict[str, Any] = Field(default_factory=dict)


class WebpushOptions(_Part):
    link: Annotated[str, StringConstraints(pattern="^https://")] | None = None


class Webpush(_Part):
    headers: dict[str, str] = Field(default_factory=dict)
    notification: dict[str, Any] = Field(default_factory=dict)
    fcm_options: WebpushOptions | None = None


class Message(_Part):
    """`token` is the device; topics and conditions are not played."""

    token: Filled
    notification: Shown
    data: dict[str, str] = Field(default_factory=dict)
    android: Android = Android()
    apns: Apns = Apns()
    webpush: Webpush = Webpush()

    @property
    def key(self) -> str:
        """What a later message must carry to take this one's place on an Android screen; empty for none."""
        return (self.android.notification.tag if self.android.notification else None) or ""


class Sending(_Part):
    message: Message
    validate_only: bool = False
