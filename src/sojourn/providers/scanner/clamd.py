"""ClamAV's daemon over TCP. Its StreamMaxLength must be above the largest upload (10 MB)."""

from io import BytesIO

from aioclamd import ClamdAsyncClient, ClamdError

from sojourn.providers.scanner.port import ScannerUnavailable, ScanStatus, Verdict

TIMEOUT_SECONDS = 30.0


class ClamdScanner:
    """A `Scanner`."""

    def __init__(self, *, host: str, port: int) -> None:
        self._client = ClamdAsyncClient(host, port, timeout=TIMEOUT_SECONDS)

    async def scan(self, content: bytes) -> Verdict:
        try:
            answer = await self._client.instream(BytesIO(content))
        except (ClamdError, OSError) as fault:
            raise ScannerUnavailable(repr(fault)) from fault
        # None, or a status that is no verdict: whoever says nothing has found nothing out.
        status, malware = next(iter((answer or {}).values()), ("ERROR", None))
        if status == "FOUND":
            return Verdict(ScanStatus.INFECTED, malware)
        if status == "OK":
            return Verdict(ScanStatus.CLEAN)
        raise ScannerUnavailable(f"clamd answered {status}: {malware}")
