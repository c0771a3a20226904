"""What a storefront's database holds before anybody can shop there."""

from collections.abc import Callable

from sojourn.platform.db.migrate import upgrade


def prepare(dsn: str, report: Callable[[str], None]) -> None:
    """Bring one storefront's database up to date. Everything here may be done again and again."""
    report("migrations")
    upgrade(dsn)
