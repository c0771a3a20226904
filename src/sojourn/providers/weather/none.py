"""No key, no weather."""

from sojourn.providers.readings.source import SourceUnavailable
from sojourn.providers.weather.port import Weather


class NoWeather:
    """A `WeatherSource` for a deployment without `OPENWEATHER_API_KEY`."""

    async def at(self, *, latitude: float, longitude: float) -> Weather:  # noqa: ARG002 - the port's
        raise SourceUnavailable("OPENWEATHER_API_KEY is not set")

    async def aclose(self) -> None:
        """Nothing is open."""
