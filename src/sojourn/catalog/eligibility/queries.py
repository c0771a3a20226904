"""Every statement about eligibility, in the manner of the trips' (`catalog/trips/queries.py`)."""

from collections.abc import Sequence
from typing import LiteralString

from sojourn.catalog.eligibility.errors import EligibilityRuleNotFound
from sojourn.catalog.eligibility.models import EligibilityQuestion, EligibilityRuleFilters
from sojourn.catalog.shelf_queries import fetch_page, json_of, page_of, shelf
from sojourn.catalog.statements import Where, translated
from sojourn.platform.db.database import Connection, Row
from sojourn.platform.i18n import Language

# One column a field of EligibilityRuleOut, in its order. $1 is the language of the display field.
_WIRE: LiteralString = f"""
    t.id, t.slug, t.nationality, t.destination, t.purpose, t.outcome, t.max_stay_days, t.documents, t.caution,
    t.caution_km, t.caution_zh,
    {translated("t.caution", khmer="km")} AS display_caution,
    t.source_name, t.source_url, t.checked_on, t.services, t.is_active, t.version,
    iso(t.created_at) AS created_at, iso(t.updated_at) AS updated_at
"""
RULES = shelf(
    table="eligibility_rules",
    answer=json_of(_WIRE),
    columns="""
    nationality, destination, purpose, outcome, max_stay_days, documents, caution, caution_km, caution_zh, source_name,
    source_url, checked_on, services, is_active
""",
    not_found=EligibilityRuleNotFound,
)
# The rule, if there is one, and what is on sale of its services ($5: of those for whom there is none), in one row.
FIND_ANSWER: LiteralString = """
WITH rule AS (
    SELECT * FROM eligibility_rules WHERE nationality = $1 AND destination = $2 AND purpose = $3 AND is_active
), wanted AS (
    SELECT slug, position FROM unnest(coalesce((SELECT services FROM rule WHERE outcome <> 'ASK_A_CONSULTANT'), $5))
      WITH ORDINALITY AS listed (slug, position)
)
SELECT r.outcome, r.max_stay_days, r.documents, r.source_name, r.source_url, r.checked_on,
       coalesce(nullif(CASE $4::text WHEN 'km' THEN r.caution_km WHEN 'zh' THEN r.caution_zh END, ''), r.caution)
           AS caution,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'id', s.id, 'slug', s.slug, 'type', s.type, 'price', s.price::text, 'display_title',
                   coalesce(nullif(CASE $4 WHEN 'km' THEN s.title_km WHEN 'zh' THEN s.title_zh END, ''), s.title))
                   ORDER BY wanted.position), '[]')
          FROM wanted JOIN services s ON s.slug = wanted.slug AND s.is_active) AS services
  FROM (SELECT) AS always LEFT JOIN rule r ON true
"""


async def find_answer(
    connection: Connection, question: EligibilityQuestion, *, language: Language, otherwise: Sequence[str]
) -> Row:
    """The rule that answers, all its columns NULL where there is none, and `services` to buy: for want of a rule, or
    where it says to ask, those with the slugs `otherwise`."""
    row = await connection.fetchrow(
        FIND_ANSWER, question.nationality, question.destination, question.purpose, language, list(otherwise)
    )
    assert row is not None  # noqa: S101 - a LEFT JOIN of one row always answers
    return row


def page_statement(filters: EligibilityRuleFilters) -> tuple[str, list[object]]:
    """The statement and its arguments for one page. `$1` waits for the language."""
    where = Where(first=4)
    where.add("t.nationality = ?", filters.nationality)
    where.add("t.destination = ?", filters.destination)
    where.add("t.purpose = ?", filters.purpose)
    where.add("t.outcome = ?", filters.outcome)
    where.add("t.checked_on < ?", filters.checked_before)
    where.add("t.is_active = ?", filters.is_active)
    statement = page_of("eligibility_rules", where, wire=_WIRE, order="t.checked_on, t.id")
    return statement, [filters.per_page, filters.offset, *where.arguments]


async def list_rules(
    connection: Connection, filters: EligibilityRuleFilters, *, language: Language
) -> tuple[bytes, int]:
    """One page as a JSON array of `EligibilityRuleOut`, and how many there are in all."""
    statement, arguments = page_statement(filters)
    return await fetch_page(connection, statement, language, arguments)
