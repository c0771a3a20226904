"""On a laptop the sandbox plays both vendors."""

from sojourn.settings import load_settings
from sojourn.up.environment import development_environment, make_secrets

KNOWN = ("derlg",)


def test_a_laptop_reads_from_the_sandbox() -> None:
    told = development_environment(
        {}, storefronts=KNOWN, made=make_secrets(KNOWN), databases={"derlg": "postgresql://"}, api_port=8000,
        sandbox_port=8001, files="files",
    )  # fmt: skip
    derlg = load_settings(told, known=KNOWN).per_storefront["derlg"]
    assert derlg.exchange_rate_api_base == derlg.openweather_api_base == "http://127.0.0.1:8001"
    assert derlg.exchange_rate_api_key is not None
    assert derlg.openweather_api_key is not None
