"""Every setting, typed, read once from the environment.

A storefront reads `DERLG_STRIPE_SECRET_KEY`, else `STRIPE_SECRET_KEY`: in a one-storefront deployment the documents'
own names work as they stand. Outside development a missing or default secret stops the start.
"""

from collections.abc import Mapping
from enum import StrEnum
from ipaddress import ip_network
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from sojourn.platform.storefront import Network

MAX_SERVICE_KEYS = 2
DEVELOPMENT_SECRET = "development-only-secret-0123456789abcdef"
MIN_SECRET = 32


class Environment(StrEnum):
    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class SettingsError(Exception):
    """The environment is not usable; the message says which variable and what to do."""


class StorefrontSettings(BaseModel):
    """What one storefront needs from the environment."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    database_url: str
    direct_url: str | None = None
    database_pool_size: Annotated[int, Field(ge=1, le=100)] = 10
    database_through_pooler: bool = False
    redis_url: str | None = None
    jwt_access_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    jwt_refresh_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    encryption_key: SecretStr | None = None
    google_client_id: str | None = None
    google_client_secret: SecretStr | None = None
    google_api_base: str | None = None
    supabase_url: str | None = None
    supabase_service_role_key: SecretStr | None = None
    supabase_jwt_secret: SecretStr | None = None
    staff_totp_required: bool = False
    staff_allowed_networks: str = ""
    stripe_secret_key: SecretStr
    stripe_webhook_secret: SecretStr
    stripe_api_base: str | None = None
    bakong_token: SecretStr | None = None
    bakong_account_id: str | None = None
    bakong_merchant_name: str | None = None
    bakong_merchant_city: str = "Phnom Penh"
    bakong_merchant_id: str | None = None
    bakong_acquiring_bank: str | None = None
    bakong_api_base: str | None = None
    mail_vendor: str = "resend"
    resend_api_key: SecretStr | None = None
    resend_api_base: str | None = None
    sendgrid_api_key: SecretStr | None = None
    sendgrid_api_base: str | None = None
    smtp_url: SecretStr | None = None
    storage_vendor: str = "local"
    storage_path: str = ".sojourn/files"
    s3_bucket: str | None = None
    s3_region: str = "us-east-1"
    s3_endpoint: str | None = None
    s3_access_key_id: str | None = None
    s3_secret_access_key: SecretStr | None = None
    cloudinary_url: SecretStr | None = None
    cloudinary_cloud_name: str | None = None
    cloudinary_api_key: str | None = None
    cloudinary_api_secret: SecretStr | None = None
    cloudinary_api_base: str | None = None
    clamd_url: str | None = None
    faces_vendor: str | None = None
    ocr_vendor: str | None = None
    rekognition_region: str = "ap-southeast-1"
    rekognition_access_key_id: str | None = None
    rekognition_secret_access_key: SecretStr | None = None
    rekognition_api_base: str | None = None
    ai_service_key: SecretStr | None = None
    exchange_rate_api_key: SecretStr | None = None
    exchange_rate_api_base: str | None = None
    openweather_api_key: SecretStr | None = None
    openweather_api_base: str | None = None
    firebase_service_account: SecretStr | None = None
    fcm_api_base: str | None = None
    emergency_webhook_url: str | None = None
    emergency_webhook_secret: SecretStr | None = None
    emergency_escalation_emails: str = ""
    reviews_need_approval: bool | None = None
    from_email: str | None = None
    meeting_vendor: str = "jitsi"
    jitsi_base_url: str = "https://meet.jit.si"
    zoom_account_id: str | None = None
    zoom_client_id: str | None = None
    zoom_client_secret: SecretStr | None = None
    google_meet_client_id: str | None = None
    google_meet_client_secret: SecretStr | None = None
    google_meet_refresh_token: SecretStr | None = None
    consultations_need_approval: bool | None = None
    frontend_url: str | None = None
    public_url: str = "http://127.0.0.1:8000"
    allowed_origins: str | None = None
    staff_alert_email: str | None = None
    hold_seconds: Annotated[int | None, Field(ge=1, le=86_400)] = None
    max_open_holds: Annotated[int | None, Field(ge=1)] = None
    downloads_per_file: Annotated[int | None, Field(ge=1, le=1000)] = None
    rate_limit_auth: Annotated[int | None, Field(ge=1)] = None
    rate_limit_catalog: Annotated[int | None, Field(ge=1)] = None
    rate_limit_payments: Annotated[int | None, Field(ge=1)] = None
    rate_limit_default: Annotated[int | None, Field(ge=1)] = None

    @property
    def service_keys(self) -> list[str]:
        """The keys that agents may carry: none, one, or two while one is being replaced."""
        text = self.ai_service_key.get_secret_value() if self.ai_service_key else ""
        return [key for part in text.split(",") if (key := part.strip())]

    @property
    def sealing_secrets(self) -> tuple[str, ...]:
        """What people's secrets are sealed with: the first one, and older ones that may still open them."""
        text = (self.encryption_key or self.jwt_refresh_secret).get_secret_value()
        return tuple(key for part in text.split(",") if (key := part.strip()))

    @property
    def staff_networks(self) -> tuple[Network, ...]:
        """Where staff may work from; empty for anywhere."""
        return tuple(ip_network(part.strip()) for part in self.staff_allowed_networks.split(",") if part.strip())

    @model_validator(mode="after")
    def _readable_networks(self) -> "StorefrontSettings":
        try:
            self.staff_networks  # noqa: B018 - reading is the check
        except ValueError as fault:
            raise ValueError(f"STAFF_ALLOWED_NETWORKS: {fault}") from None
        return self

    @model_validator(mode="after")
    def _at_most_two_service_keys(self) -> "StorefrontSettings":
        if len(self.service_keys) > MAX_SERVICE_KEYS:
            raise ValueError(f"AI_SERVICE_KEY holds at most {MAX_SERVICE_KEYS} keys, with a comma between them")
        return self


# Where the sandbox plays a vendor.
DEVELOPMENT_BASES = tuple(name for name in StorefrontSettings.model_fields if name.endswith("_api_base"))


class Settings(BaseModel):
    """What the process needs, and each storefront's part."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    environment: Environment = Environment.PRODUCTION
    storefronts: tuple[str, ...]
    forwarded_hops: Annotated[int, Field(ge=0, le=5)] = 0
    log_level: str = "INFO"
    has_response_cache: bool = True
    has_mcp_server: bool = False
    per_storefront: dict[str, StorefrontSettings]

    @property
    def is_development(self) -> bool:
        return self.environment is not Environment.PRODUCTION

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> "Settings":
        if self.is_development:
            return self
        for key, settings in self.per_storefront.items():
            for name in ("jwt_access_secret", "jwt_refresh_secret"):
                secret = getattr(settings, name).get_secret_value()
                if secret == DEVELOPMENT_SECRET or len(secret) < MIN_SECRET:
                    raise ValueError(
                        f"{key.upper()}_{name.upper()} must be {MIN_SECRET} secret characters or more in production"
                    )
            if settings.encryption_key and any(len(secret) < MIN_SECRET for secret in settings.sealing_secrets):
                raise ValueError(f"{key.upper()}_ENCRYPTION_KEY must be {MIN_SECRET} secret characters or more")
            if any(len(service_key) < MIN_SECRET for service_key in settings.service_keys):
                raise ValueError(f"{key.upper()}_AI_SERVICE_KEY must be {MIN_SECRET} secret characters or more")
            if (settings.emergency_webhook_url or "https://").partition("://")[0] != "https":
                raise ValueError(f"{key.upper()}_EMERGENCY_WEBHOOK_URL must be https in production")
            if set_bases := [name.upper() for name in DEVELOPMENT_BASES if getattr(settings, name)]:
                raise ValueError(f"{key}: {', '.join(set_bases)}: for development only")
        return self


def chosen_storefronts(environ: Mapping[str, str], *, known: tuple[str, ...]) -> tuple[str, ...]:
    """The storefronts named in `SOJOURN_STOREFRONTS`; all `known` ones when it is not set.

    Raises `SettingsError` for a name that is not known.
    """
    asked = tuple(k.strip() for k in environ.get("SOJOURN_STOREFRONTS", ",".join(known)).split(",") if k.strip())
    unknown = [key for key in asked if key not in known]
    if unknown or not asked:
        raise SettingsError(f"SOJOURN_STOREFRONTS names {unknown or 'nothing'}; there are: {', '.join(known)}.")
    return asked


def load_settings(environ: Mapping[str, str], *, known: tuple[str, ...]) -> Settings:
    """Read the settings of the storefronts named in `SOJOURN_STOREFRONTS` (default: all `known`).

    Raises `SettingsError` naming the variable at fault.
    """
    asked = chosen_storefronts(environ, known=known)
    values: dict[str, Any] = {
        "storefronts": asked,
        "per_storefront": {key: _values_for(environ, key) for key in asked},
    }
    names = {
        "environment": "SOJOURN_ENVIRONMENT",
        "forwarded_hops": "FORWARDED_HOPS",
        "log_level": "LOG_LEVEL",
        "has_response_cache": "RESPONSE_CACHE",
        "has_mcp_server": "MCP_SERVER",
    }
    values |= {field: environ[name] for field, name in names.items() if environ.get(name)}
    try:
        return Settings.model_validate(values)
    except ValidationError as fault:
        lines = (f"  {_variable(e['loc'])}: {e['msg']}" for e in fault.errors(include_input=False))
        raise SettingsError("The environment is not complete:\n" + "\n".join(lines)) from None


def _variable(location: tuple[int | str, ...]) -> str:
    """The environment variable that a fault is about: `DERLG_DATABASE_URL (or DATABASE_URL)`."""
    names = [str(part).upper() for part in location if part != "per_storefront"]
    return f"{'_'.join(names)} (or {names[-1]})" if len(names) > 1 else "_".join(names)


def _values_for(environ: Mapping[str, str], key: str) -> dict[str, str]:
    def find(name: str) -> str | None:
        return environ.get(f"{key}_{name}".upper()) or environ.get(name.upper())

    found = {name: value for name in StorefrontSettings.model_fields if (value := find(name))}
    shared = find("jwt_secret")  # the Holyone document's one name for both
    if shared:
        found = {"jwt_access_secret": shared, "jwt_refresh_secret": shared} | found
    return found
