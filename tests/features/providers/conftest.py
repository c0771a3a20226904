from collections.abc import AsyncIterator, Iterator

import pytest

from sojourn.sandbox.process import run_sandbox

from .scripted_server import ScriptedServer, scripted_server
from .smtp_inbox import SmtpInbox, smtp_inbox


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as running:
        yield running


@pytest.fixture
async def inbox() -> AsyncIterator[SmtpInbox]:
    async with smtp_inbox() as running:
        yield running


@pytest.fixture(scope="session")
def sandbox() -> Iterator[str]:
    with run_sandbox() as base_url:
        yield base_url
