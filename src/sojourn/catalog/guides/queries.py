"""Every statement about guides, in the manner of the trips' (`catalog/trips/queries.py`)."""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

from sojourn.catalog.guides.errors import GuideNotFound
from sojourn.catalog.guides.models import GuideFilters, GuideSort
from sojourn.catalog.shelf_queries import fetch_page, free_on, json_of, page_of, shelf
from sojourn.catalog.statements import Where, translated
from sojourn.catalog.values import containing, province_key
from sojourn.platform.db.database import Connection
from sojourn.platform.i18n import Language
from sojourn.platform.kit.ids import new_id

# One column a field of GuideOut, in its order. $1 is the language of the display fields.
_WIRE: LiteralString = f"""
    t.id, t.slug, t.name, t.bio, t.bio_kh, t.bio_zh,
    {translated("t.bio")} AS display_bio,
    t.languages, t.provinces, t.specialties, t.daily_rate_usd::text, t.max_group, t.license_type, t.years_experience,
    t.cancellation_policy, t.images, t.is_active, t.avg_rating, t.review_count, t.version,
    iso(t.created_at) AS created_at, iso(t.updated_at) AS updated_at
"""
GUIDES = shelf(
    table="guides",
    answer=json_of(_WIRE),
    columns="""
    slug, name, bio, bio_kh, bio_zh, languages, provinces, specialties, daily_rate_usd, max_group, license_type,
    years_experience, cancellation_policy, images, is_active
""",
    not_found=GuideNotFound,
)
_ORDERS: dict[GuideSort, LiteralString] = {
    GuideSort.RATING: "t.avg_rating DESC NULLS LAST, t.years_experience DESC, t.id",
    GuideSort.PRICE_ASC: "t.daily_rate_usd, t.id",
    GuideSort.PRICE_DESC: "t.daily_rate_usd DESC, t.id DESC",
    GuideSort.EXPERIENCE: "t.years_experience DESC, t.id",
    GuideSort.NEWEST: "t.created_at DESC, t.id DESC",
}
# One person: a capacity of one a day.
PUT_STOCK: LiteralString = """
INSERT INTO resources (id, kind, owner_id, name, capacity, is_active, created_at)
SELECT $2, 'GUIDE', id, name, 1, is_active, $3 FROM guides WHERE id = $1
ON CONFLICT (kind, owner_id) DO UPDATE SET name = excluded.name, is_active = excluded.is_active
"""


def page_statement(filters: GuideFilters, *, is_active: bool | None, now: datetime) -> tuple[str, list[object]]:
    """The statement and its arguments for one page. `$1` waits for the language."""
    where = Where(first=4)
    where.add("t.languages @> ARRAY[?::text]", filters.language)
    # An agency names the provinces that a guide serves, whatever the licence would allow.
    where.add(
        "EXISTS (SELECT FROM unnest(t.provinces) AS p WHERE replace(lower(p), ' ', '-') = ?)",
        province_key(filters.province),
    )
    where.add("t.daily_rate_usd <= ?", filters.max_price)
    where.add("t.max_group >= ?", filters.people)
    where.add("t.search LIKE lower(?)", containing(filters.q) if filters.q else None)
    where.only(is_active=is_active)
    if filters.available_date is not None:
        free_on(where, "GUIDE", filters.available_date, filters.end_date or filters.available_date, now=now)
    order = _ORDERS[filters.sort]
    statement = page_of("guides", where, wire=_WIRE, order=order)
    return statement, [filters.per_page, filters.offset, *where.arguments]


async def list_guides(
    connection: Connection, filters: GuideFilters, *, language: Language, is_active: bool | None, now: datetime
) -> tuple[bytes, int]:
    """One page as a JSON array of `GuideOut`, and how many there are in all. `is_active` None: retired ones too."""
    statement, arguments = page_statement(filters, is_active=is_active, now=now)
    return await fetch_page(connection, statement, language, arguments)


async def put_stock(tx: Connection, *, guide_id: UUID, now: datetime) -> None:
    """Make the guide's stock what the row says."""
    await tx.execute(PUT_STOCK, guide_id, new_id(), now)
