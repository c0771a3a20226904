"""Every statement about festivals, in the manner of the trips' (`catalog/trips/queries.py`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import LiteralString
from uuid import UUID

from sojourn.catalog.festivals.errors import FestivalNotFound
from sojourn.catalog.festivals.models import MAX_LENGTH_DAYS, FestivalDays
from sojourn.catalog.shelf_queries import fetch_page, json_of, page_of, shelf
from sojourn.catalog.statements import Where, translated
from sojourn.catalog.values import province_key
from sojourn.platform.db.database import Connection
from sojourn.platform.i18n import Language

# One column a field of what is shown of a festival anywhere, in its order. $1 is the language of the display fields.
_SHOWN: LiteralString = f"""
    t.id, t.slug, t.name, t.name_kh, t.name_zh,
    {translated("t.name")} AS display_name,
    CASE WHEN nullif(CASE $1 WHEN 'km' THEN t.name_kh WHEN 'zh' THEN t.name_zh END, '') IS NULL THEN 'en' ELSE $1 END
        AS display_language,
    t.description, t.description_kh, t.description_zh,
    {translated("t.description")} AS display_description,
    t.what_to_know, t.what_to_know_kh, t.what_to_know_zh,
    {translated("t.what_to_know")} AS display_what_to_know,
    t.province, t.kind, t.is_public_holiday, t.images
"""
_WIRE: LiteralString = f"""{_SHOWN},
    coalesce((SELECT json_agg(day) FROM (
        SELECT d.year, d.starts_on, d.ends_on, d.is_confirmed, d.source
          FROM festival_days d WHERE d.festival_id = t.id ORDER BY d.year) AS day), '[]') AS occurrences,
    t.reckoning, t.dates, t.is_active, t.version, iso(t.created_at) AS created_at, iso(t.updated_at) AS updated_at
"""
FESTIVALS = shelf(
    table="festivals",
    answer=json_of(_WIRE),
    columns="""
    slug, name, name_kh, name_zh, description, description_kh, description_zh, what_to_know, what_to_know_kh,
    what_to_know_zh, province, kind, is_public_holiday, reckoning, dates, images, is_active
""",
    not_found=FestivalNotFound,
)
DELETE_DAYS: LiteralString = "DELETE FROM festival_days WHERE festival_id = $1"
INSERT_DAYS: LiteralString = """
INSERT INTO festival_days (festival_id, year, starts_on, ends_on, is_confirmed, source)
SELECT $1, n.year, n.starts_on, n.ends_on, n.is_confirmed, n.source
  FROM jsonb_to_recordset($2::jsonb)
       AS n (year integer, starts_on date, ends_on date, is_confirmed boolean, source text)
"""
SELECT_STARTING_BETWEEN: LiteralString = """
SELECT t.id, t.slug, t.name, t.name_kh, t.name_zh, t.what_to_know, t.what_to_know_kh, t.what_to_know_zh, t.province,
       d.starts_on, d.ends_on, d.is_confirmed
  FROM festival_days d JOIN festivals t ON t.id = d.festival_id
 WHERE d.starts_on BETWEEN $1 AND $2 AND t.is_active
 ORDER BY d.starts_on, t.name, t.id
"""
SELECT_ACTIVE_IDS: LiteralString = "SELECT id FROM festivals WHERE is_active ORDER BY id"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartingFestival:
    """A festival that is about to begin, for those who tell others of it. Texts by language, where there are any."""

    id: UUID
    slug: str
    names: dict[str, str | None]
    what_to_know: dict[str, str | None]
    province: str | None
    starts_on: date
    ends_on: date
    is_confirmed: bool


def occurrence_statement(first: date, last: date, province: str | None) -> tuple[str, list[object]]:
    """The statement and its arguments for one page of what is held between two days, both included: `$1` waits for the
    language, `$2` and `$3` for limit and offset."""
    where = Where(first=4)
    where.require("t.is_active")
    # None is longer than so many days: with both ends bound the index on the first day is read between them only.
    where.add("d.starts_on >= ?", first - timedelta(days=MAX_LENGTH_DAYS - 1))
    where.add("d.starts_on <= ?", last)
    where.add("d.ends_on >= ?", first)
    where.add("(t.province IS NULL OR replace(lower(t.province), ' ', '-') = ?)", province_key(province))
    source = f"festival_days d JOIN festivals t ON t.id = d.festival_id WHERE {where}"
    statement = f"""
SELECT (SELECT count(*) FROM {source}) AS total,
       convert_to(coalesce(json_agg(x)::text, '[]'), 'UTF8') AS items
  FROM (SELECT {_SHOWN}, d.year, d.starts_on, d.ends_on, d.is_confirmed, d.source FROM {source}
         ORDER BY d.starts_on, t.name, t.id LIMIT $2 OFFSET $3) x
"""
    return statement, where.arguments


def page_statement(*, is_active: bool | None) -> str:
    """One page of the festivals themselves, by name: `$1` the language, `$2` and `$3` limit and offset."""
    where = Where(first=4)
    where.only(is_active=is_active)
    return page_of("festivals", where, wire=_WIRE, order="t.name, t.id")


async def list_held_between(
    connection: Connection,
    first: date,
    last: date,
    *,
    province: str | None,
    language: Language,
    limit: int,
    offset: int,
) -> tuple[bytes, int]:
    """What is held on any day from `first` to `last`, both included, as a JSON array of `OccurrenceOut` in the order of
    time, and how many there are in all. With `province`: nationwide festivals too."""
    statement, arguments = occurrence_statement(first, last, province)
    return await fetch_page(connection, statement, language, [limit, offset, *arguments])


async def list_festivals(
    connection: Connection, *, is_active: bool | None, language: Language, limit: int, offset: int
) -> tuple[bytes, int]:
    """One page as a JSON array of `FestivalOut`, and how many there are in all. `is_active` None: retired ones too."""
    return await fetch_page(connection, page_statement(is_active=is_active), language, [limit, offset])


async def list_starting_between(connection: Connection, first_day: date, last_day: date) -> list[StartingFestival]:
    """Festivals on show that begin on a day from `first_day` to `last_day`, both included, in the order of time."""
    rows = await connection.fetch(SELECT_STARTING_BETWEEN, first_day, last_day)
    return [
        StartingFestival(
            id=row["id"], slug=row["slug"], province=row["province"], starts_on=row["starts_on"],
            ends_on=row["ends_on"], is_confirmed=row["is_confirmed"],
            names={"en": row["name"], "km": row["name_kh"], "zh": row["name_zh"]},
            what_to_know={"en": row["what_to_know"], "km": row["what_to_know_kh"], "zh": row["what_to_know_zh"]},
        )
        for row in rows
    ]  # fmt: skip


async def list_active_ids(connection: Connection) -> list[UUID]:
    """Every festival on show."""
    return [row["id"] for row in await connection.fetch(SELECT_ACTIVE_IDS)]


async def put_days(tx: Connection, *, festival_id: UUID, days: Sequence[FestivalDays]) -> None:
    """Make the festival's days these."""
    await tx.execute(DELETE_DAYS, festival_id)
    await tx.execute(INSERT_DAYS, festival_id, [day.model_dump(mode="json") for day in days])
