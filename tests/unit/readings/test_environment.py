"""On a laptop the sandbox plays both vendors; in production nobody may."""

import pytest

from sojourn.settings import SettingsError, load_settings
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


@pytest.mark.parametrize("name", ["EXCHANGE_RATE_API_BASE", "OPENWEATHER_API_BASE"])
def test_production_refuses_another_base(name: str) -> None:
    told = {
        "DATABASE_URL": "postgresql://",
        "JWT_ACCESS_SECRET": "a" * 40,
        "JWT_REFRESH_SECRET": "b" * 40,
        "STRIPE_SECRET_KEY": "sk_live_" + "0" * 24,
        "STRIPE_WEBHOOK_SECRET": "whsec_" + "0" * 24,
        "RESEND_API_KEY": "re_" + "0" * 24,
    }
    assert not load_settings(told, known=KNOWN).is_development
    with pytest.raises(SettingsError, match=f"derlg: {name}: for development only"):
        load_settings(told | {f"DERLG_{name}": "http://127.0.0.1:8001"}, known=KNOWN)
