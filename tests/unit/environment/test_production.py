"""In production nobody plays a vendor."""

import pytest

from sojourn.settings import SettingsError, StorefrontSettings, load_settings

KNOWN = ("derlg",)
BASES = sorted(name.upper() for name in StorefrontSettings.model_fields if name.endswith("_api_base"))


@pytest.mark.parametrize("name", BASES)
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
