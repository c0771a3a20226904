"""Visa eligibility over HTTP: the traveller's question, the list of countries, and the admin's table."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from sojourn.catalog import shelf_queries, shelf_routes
from sojourn.catalog.eligibility import queries
from sojourn.catalog.eligibility.answering import answer, list_countries
from sojourn.catalog.eligibility.errors import EligibilityRuleNotFound
from sojourn.catalog.eligibility.goods import RULE
from sojourn.catalog.eligibility.models import (
    CountryOut,
    EligibilityOut,
    EligibilityQuestion,
    EligibilityRuleFilters,
    EligibilityRuleIn,
    EligibilityRuleOut,
    EligibilityRulePatch,
)
from sojourn.catalog.eligibility.queries import RULES
from sojourn.catalog.errors import SlugTaken, VersionConflict
from sojourn.catalog.values import InLanguage
from sojourn.people.auth.access import CurrentAdmin
from sojourn.platform.errors import InvalidInput
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass

router = Router(tags=["eligibility"])
_READS = [Depends(limited(LimitClass.CATALOG, by_address=True))]
_WRITES = [Depends(limited(LimitClass.DEFAULT))]


@router.get("/eligibility", operation_id="check_eligibility", dependencies=_READS)
async def check_eligibility(
    ctx: Ctx, request: Request, question: Annotated[EligibilityQuestion, Query()]
) -> EligibilityOut:
    """Which visa a traveller needs, who says so and when that was checked, and what of ours helps. Never a guess."""
    if question.nationality == question.destination:
        raise InvalidInput.at("destination", "is the nationality's own country")
    language = question.language or ctx.language
    storefront = ctx.storefront
    async with ctx.read() as connection:
        found = await queries.find_answer(
            connection, question, language=language, otherwise=storefront.consultation_services
        )
    told = answer(question, found, language=language, today=ctx.today(), months=storefront.eligibility_months)
    # What is fresh grows old by itself; what is old, or not known, stays so until somebody changes the table.
    request.scope["is_public_answer"] = told.is_outdated or not told.is_known
    return told


@router.get("/countries", operation_id="list_countries", dependencies=_READS)
async def get_countries(ctx: Ctx, request: Request, asked: Annotated[InLanguage, Query()]) -> list[CountryOut]:
    """The countries and territories of ISO 3166-1, by name."""
    request.scope["is_public_answer"] = True
    return list_countries(asked.language or ctx.language)


@router.get("/admin/eligibility", operation_id="list_eligibility_rules", dependencies=_WRITES)
async def list_eligibility_rules(
    ctx: Ctx, admin: CurrentAdmin, filters: Annotated[EligibilityRuleFilters, Query()]
) -> Page[EligibilityRuleOut] | RawJson:
    """The table, retired rules too; what has not been checked for longest comes first."""
    async with ctx.read() as connection:
        body, total = await queries.list_rules(connection, filters, language=filters.language or ctx.language)
    return RawJson(body, page=filters.page, per_page=filters.per_page, total=total)


@router.get(
    "/admin/eligibility/{rule_id}",
    operation_id="get_eligibility_rule",
    dependencies=_WRITES,
    responses=refuses(EligibilityRuleNotFound),
)
async def get_eligibility_rule(ctx: Ctx, admin: CurrentAdmin, rule_id: UUID) -> EligibilityRuleOut | RawJson:
    """One rule, retired or not."""
    async with ctx.read() as connection:
        body = await shelf_queries.get(connection, RULES, rule_id, language=ctx.language)
    return RawJson(body)


@router.post(
    "/admin/eligibility",
    operation_id="create_eligibility_rule",
    status_code=201,
    dependencies=_WRITES,
    responses=refuses(SlugTaken),
)
async def create_eligibility_rule(
    ctx: Ctx, admin: CurrentAdmin, body: EligibilityRuleIn
) -> EligibilityRuleOut | RawJson:
    """Add what an authority says. There is one rule for a nationality, destination and purpose."""
    return await shelf_routes.create(ctx, RULE, admin=admin, body=body)


@router.patch(
    "/admin/eligibility/{rule_id}",
    operation_id="change_eligibility_rule",
    dependencies=_WRITES,
    responses=refuses(EligibilityRuleNotFound, SlugTaken, VersionConflict),
)
async def change_eligibility_rule(
    ctx: Ctx, admin: CurrentAdmin, rule_id: UUID, body: EligibilityRulePatch
) -> EligibilityRuleOut | RawJson:
    """Change what is sent, leave the rest: `checked_on` alone, when the authority still says the same."""
    return await shelf_routes.change(ctx, RULE, rule_id, admin=admin, body=body)


@router.delete(
    "/admin/eligibility/{rule_id}",
    operation_id="retire_eligibility_rule",
    dependencies=_WRITES,
    responses=refuses(EligibilityRuleNotFound),
)
async def retire_eligibility_rule(ctx: Ctx, admin: CurrentAdmin, rule_id: UUID) -> None:
    """Take a rule out of the answers: the question is then one for a consultant."""
    await shelf_routes.retire(ctx, RULE, rule_id, admin=admin)
