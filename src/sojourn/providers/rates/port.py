"""What currencies are worth, as a vendor of rates says."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Final, Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, field_validator

USD: Final = "USD"
KHR: Final = "KHR"
# Without these an answer is a piece of one: what we charge in, and what most of our customers think in.
NEEDED: Final = frozenset({USD, KHR, "CNY", "EUR"})
# The National Bank of Cambodia has kept the riel between 3,700 and 4,300 to the dollar for over twenty years.
LEAST_KHR: Final = Decimal(3_000)
MOST_KHR: Final = Decimal(6_000)

CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Rate = Annotated[Decimal, Field(gt=0, lt=1_000_000_000)]


class Rates(BaseModel):
    """Units of each currency for one US dollar. `published_at` is the vendor's own word, where it gives one.

    Cannot be made of an answer that is not to be believed: a rate that is no positive number, a needed currency that
    is missing, a dollar that is not one dollar, a riel beyond all that has been seen.
    """

    model_config = ConfigDict(frozen=True)

    per_usd: Mapping[CurrencyCode, Rate]
    published_at: AwareDatetime | None
    source: str

    @field_validator("per_usd")
    @classmethod
    def _believable(cls, per_usd: Mapping[str, Decimal]) -> Mapping[str, Decimal]:
        missing = NEEDED - per_usd.keys()
        if missing:
            raise ValueError(f"no rate of {', '.join(sorted(missing))}")
        if per_usd[USD] != 1:
            raise ValueError(f"a dollar of {per_usd[USD]} dollars")
        if not LEAST_KHR <= per_usd[KHR] <= MOST_KHR:
            raise ValueError(f"a dollar of {per_usd[KHR]} riel")
        return per_usd

    @property
    def khr_per_usd(self) -> Decimal:
        """Riel for one US dollar, as the vendor gives it; rounding is the caller's."""
        return self.per_usd[KHR]


class RatesSource(Protocol):
    async def latest(self) -> Rates:
        """Ask the vendor. Raises `SourceUnavailable`."""
        ...

    async def aclose(self) -> None: ...
