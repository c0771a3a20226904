import pytest
from tests.support.mailbox import Mailbox, reader_of


@pytest.fixture
def screen(sandbox: str) -> Mailbox:
    """What a device shows that was registered with a token, oldest first."""
    return reader_of(sandbox, "/push", by="token")
