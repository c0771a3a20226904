"""ExchangeRate-API, version 6, over HTTP: always the same rates, right or wrong as the switches say."""

import asyncio
import json
import time
from decimal import Decimal
from email.utils import formatdate
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sojourn.sandbox import faults
from sojourn.sandbox.errors import Json
from sojourn.sandbox.faults import RatesFaults
from sojourn.sandbox.keys import bearer_key
from sojourn.sandbox.store import Store

DAY: Final = 86_400
SIGNIFICANT: Final = 6
TABLE: Final = """
USD 1       AED 3.6725  AUD 1.5286  BDT 121.74  BND 1.2871  BRL 5.3325  CAD 1.3984  CHF 0.8052  CNY 7.1146
CZK 20.94   DKK 6.4512  EUR 0.8646  GBP 0.7583  HKD 7.7763  HUF 333.12  IDR 16672   ILS 3.2574  INR 88.64
JPY 153.42  KHR 4025.5  KRW 1453.7  KWD 0.3071  LAK 21673   LKR 304.51  MMK 2099.8  MOP 8.0096  MXN 18.482
MYR 4.1824  NOK 10.172  NPR 141.83  NZD 1.7684  PHP 58.917  PKR 281.02  PLN 3.6731  QAR 3.6400  RUB 80.954
SAR 3.7500  SEK 9.5284  SGD 1.3021  THB 32.381  TRY 42.135  TWD 30.974  UAH 41.986  VND 26304   ZAR 17.392
"""
_WORDS = TABLE.split()
PER_USD: Final = dict(zip(_WORDS[::2], map(Decimal, _WORDS[1::2]), strict=True))
WRONG: Final = {"negative": "-0.8646", "zero": "0", "not_a_number": "NaN"}


class RatesApi:
    """Serves `latest` with the key in the address or in the Authorization header; any key will do."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        return [
            Route("/v6/latest/{base}", self.latest, methods=["GET"]),
            Route("/v6/{key}/latest/{base}", self.latest, methods=["GET"]),
        ]

    async def latest(self, request: Request) -> Response:
        key = request.path_params.get("key") or bearer_key(request)
        if not key:
            return _refuse("invalid-key", 403)
        switches = faults.read(self._store, key).rates
        await asyncio.sleep(switches.delay_ms / 1000)
        if faults.take(self._store, key, "rates.fail_next"):
            return _refuse("quota-reached", switches.status)
        base = request.path_params["base"]
        if base not in PER_USD:
            return _refuse("unsupported-code", 404)
        return Response(_answer(base, switches), media_type="application/json")


def _answer(base: str, switches: RatesFaults) -> str:
    updated = int(time.time()) // DAY * DAY + 1
    told: Json = {
        "result": "success",
        "documentation": "https://www.exchangerate-api.com/docs",
        "terms_of_use": "https://www.exchangerate-api.com/terms",
        "time_last_update_unix": updated,
        "time_last_update_utc": formatdate(updated),
        "time_next_update_unix": updated + DAY,
        "time_next_update_utc": formatdate(updated + DAY),
        "base_code": base,
    }
    rates = ",".join(f'"{code}":{rate}' for code, rate in _rates(base, switches).items())
    text = json.dumps(told)[:-1] + f',"conversion_rates":{{{rates}}}}}'
    return text[: len(text) // 2] if switches.answer == "half" else text


def _rates(base: str, switches: RatesFaults) -> dict[str, str]:
    """Numbers as the JSON writes them; some are none."""
    rates = {code: f"{rate / PER_USD[base]:.{SIGNIFICANT}g}" for code, rate in PER_USD.items()}
    rates = {code: f"{Decimal(text):f}" for code, text in rates.items()}
    if switches.answer == "no_riel":
        del rates["KHR"]
    elif switches.answer == "absurd_riel":
        rates["KHR"] = "4.0255"
    elif switches.answer in WRONG:
        rates["EUR"] = WRONG[switches.answer]
    return rates


def _refuse(kind: str, status: int) -> Response:
    return JSONResponse({"result": "error", "error-type": kind}, status_code=status)
