"""Why rates are refused."""

from sojourn.platform.errors import Unavailable


class RatesUnavailable(Unavailable):
    code = "RATES_UNAVAILABLE"
    sentence = "No exchange rates of the last 24 hours are known. Prices in US dollars stand."
