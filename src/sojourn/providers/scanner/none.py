"""Nobody looks, and the file says so."""

from sojourn.providers.scanner.port import ScanStatus, Verdict


class NoScanner:
    """A `Scanner` for a machine without one."""

    async def scan(self, content: bytes) -> Verdict:  # noqa: ARG002 - the port's
        return Verdict(ScanStatus.UNSCANNED)
