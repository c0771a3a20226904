"""Every request that the documentation shows is one that the route accepts, in both spellings."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import params
from pydantic import TypeAdapter
from tests.support.client import StorefrontClient

from sojourn.documentation import load_examples
from sojourn.modules import ROUTERS
from sojourn.platform.http.describing import read
from sojourn.platform.http.dialect import respelled, variant
from sojourn.platform.storefront import Dialect


def _routes_that_take_json() -> Iterator[tuple[str, Any]]:
    for routers in ROUTERS.values():
        for route in (route for router in routers for route in router.routes):
            body = read(route).body_field
            if body is not None and not isinstance(body.field_info, params.Form):
                yield route.operation_id, body.field_info.annotation


BODIES = dict(_routes_that_take_json())


def test_every_body_has_its_example() -> None:
    assert sorted(set(BODIES) - set(load_examples())) == []
    assert sorted(set(load_examples()) - set(BODIES)) == []


@pytest.mark.parametrize("operation", sorted(BODIES))
@pytest.mark.parametrize("dialect", list(Dialect))
def test_the_example_is_accepted(operation: str, dialect: Dialect) -> None:
    annotation = BODIES[operation]
    shown = respelled(load_examples()[operation], annotation, dialect)
    TypeAdapter(variant(annotation, dialect)).validate_python(shown)


async def test_the_documentation_shows_it(derlg: StorefrontClient, holyone: StorefrontClient) -> None:
    async def shown(client: StorefrontClient) -> Any:
        path = f"{client.storefront.docs_path}/openapi.json"
        document = (await client.get(str(client.base_url.copy_with(path=path)))).json()
        register = document["paths"][f"{client.storefront.prefix}/auth/register"]["post"]
        return register["requestBody"]["content"]["application/json"]["example"]

    assert (await shown(derlg))["name"] == (await shown(holyone))["fullName"] == "Sok Dara"
