"""One storefront, assembled from its declaration and its settings: used by the web process, the worker and the
command line alike."""

from dataclasses import replace

from sojourn.people.auth.access import Gate
from sojourn.platform.db.database import Database
from sojourn.platform.db.gathering import Gathering
from sojourn.platform.events.hub import Hub
from sojourn.platform.http.context import Runtime
from sojourn.platform.http.rate_limit import RateLimiter
from sojourn.platform.http.response_cache import ResponseCache
from sojourn.platform.kit.clock import Clock, SystemClock
from sojourn.platform.redis.shared import Shared
from sojourn.platform.storefront import Limit, LimitClass, StaffRules, Storefront
from sojourn.settings import Settings, StorefrontSettings
from sojourn.storefronts import STOREFRONTS


def declared(key: str, settings: StorefrontSettings, *, is_development: bool) -> Storefront:
    """The storefront's declaration with what the environment overrides."""
    storefront = STOREFRONTS[key]
    rules = storefront.rules
    if settings.hold_seconds is not None:
        rules = replace(rules, hold_seconds=settings.hold_seconds, hold_seconds_extended=2 * settings.hold_seconds)
    if settings.max_open_holds is not None:
        rules = replace(rules, max_open_holds=settings.max_open_holds)
    if settings.downloads_per_file is not None:
        rules = replace(rules, downloads_per_file=settings.downloads_per_file)
    consultations = storefront.consultations
    reviews = storefront.reviews
    if settings.reviews_need_approval is not None:
        reviews = replace(reviews, needs_approval=settings.reviews_need_approval)
    if settings.consultations_need_approval is not None:
        consultations = replace(consultations, needs_approval=settings.consultations_need_approval)
    asked = {
        LimitClass.AUTH: settings.rate_limit_auth,
        LimitClass.CATALOG: settings.rate_limit_catalog,
        LimitClass.PAYMENTS: settings.rate_limit_payments,
        LimitClass.DEFAULT: settings.rate_limit_default,
    }
    limits = dict(storefront.limits) | {kind: Limit(requests=n) for kind, n in asked.items() if n is not None}
    origins = storefront.allowed_origins
    if settings.allowed_origins:
        origins = tuple(origin.strip() for origin in settings.allowed_origins.split(",") if origin.strip())
    if is_development:
        origins = (*origins, "http://localhost:3000", "http://127.0.0.1:3000")
    return replace(
        storefront,
        rules=rules,
        consultations=consultations,
        emergency=replace(storefront.emergency, escalation_emails=_listed(settings.emergency_escalation_emails)),
        reviews=reviews,
        staff=StaffRules(is_second_factor_required=settings.staff_totp_required, networks=settings.staff_networks),
        limits=limits,
        allowed_origins=origins,
        mail_from=settings.from_email or storefront.mail_from,
        frontend_url=settings.frontend_url or storefront.frontend_url,
        support_email=settings.staff_alert_email or storefront.support_email,
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def redis_prefix(settings: Settings, key: str) -> str:
    """The documents' key names stand as they are where a storefront has its Redis to itself; storefronts of one
    process that share one have their key in front, so that they never meet (docs/redis.md)."""
    url = settings.per_storefront[key].redis_url
    others = [own.redis_url for other, own in settings.per_storefront.items() if other != key]
    return f"{key}:" if url in others else ""


async def assemble(settings: Settings, key: str, *, clock: Clock | None = None) -> tuple[Runtime, Gate]:
    """Connect one storefront. The caller closes the runtime."""
    own = settings.per_storefront[key]
    storefront = declared(key, own, is_development=settings.is_development)
    clock = clock or SystemClock()
    gate = Gate(secret=own.jwt_access_secret.get_secret_value(), clock=clock)
    shared = Shared(url=own.redis_url, prefix=redis_prefix(settings, key))
    database = await Database.connect(
        own.database_url, size=own.database_pool_size, through_pooler=own.database_through_pooler,
        mirror=shared.mirror if shared.has_redis else None,
    )  # fmt: skip
    runtime = Runtime(
        storefront=storefront,
        db=database,
        gathering=Gathering(database),
        clock=clock,
        limiter=RateLimiter(limits=storefront.limits, shared=shared),
        cache=ResponseCache(is_on=settings.has_response_cache),
        shared=shared,
        events=Hub(database),
        identify=gate.identify,
        access_secret=own.jwt_access_secret.get_secret_value(),
        refresh_secret=own.jwt_refresh_secret.get_secret_value(),
        sealing_secrets=own.sealing_secrets,
        public_url=own.public_url,
        is_development=settings.is_development,
        forwarded_hops=settings.forwarded_hops,
    )
    return runtime, gate
