"""Why weather is refused."""

from sojourn.platform.errors import NotFound, Unavailable


class CityUnknown(NotFound):
    code = "CITY_UNKNOWN"
    sentence = "The weather of this place is not known here. `details.known` names the places that are."


class WeatherUnavailable(Unavailable):
    code = "WEATHER_UNAVAILABLE"
    sentence = "No weather of the last 12 hours is known for this place."
