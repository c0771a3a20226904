"""Whose account a guide is, and what guides say of themselves."""

from uuid import UUID

from pydantic import Field

from sojourn.catalog.shelving import Patch
from sojourn.catalog.values import Images, LanguageCodes
from sojourn.platform.kit.wire import LongText, Wire


class GuideAccountIn(Wire):
    user_id: UUID | None = Field(description="An active account with the role GUIDE; null: nobody's.")


class GuideAccount(Wire):
    """Whose account a guide is; all null when nobody's."""

    guide_id: UUID
    user_id: UUID | None
    name: str | None
    email: str | None


class GuideProfilePatch(Patch):
    """What guides change of their own entry; what is left out stays. The rest of it is the agency's."""

    bio: LongText | None = None
    bio_kh: LongText | None = None
    bio_zh: LongText | None = None
    languages: LanguageCodes | None = None
    images: Images | None = None
