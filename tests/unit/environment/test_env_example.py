"""`.env.example` names every setting, and no setting that is not read."""

import re
from pathlib import Path

from sojourn.settings import StorefrontSettings, load_settings

ROOT = Path(__file__).parents[3]
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
NAMED = dict(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=(.*)$", EXAMPLE, re.MULTILINE))
# Development's own: what `make up` sets, and never anybody in production.
BASES = {name.upper() for name in StorefrontSettings.model_fields if name.endswith("_api_base")}


def test_every_setting_of_a_storefront_is_named() -> None:
    assert {name.upper() for name in StorefrontSettings.model_fields} - BASES <= NAMED.keys()


def test_every_name_is_read_somewhere() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    unread = {name for name in NAMED if name.lower() not in StorefrontSettings.model_fields and name not in source}
    assert unread == set()


def test_filled_in_it_is_a_usable_production_environment() -> None:
    filled = {name: value for name, value in NAMED.items() if value} | {
        "JWT_ACCESS_SECRET": "a" * 40,
        "JWT_REFRESH_SECRET": "b" * 40,
        "STRIPE_SECRET_KEY": "sk_live_" + "0" * 24,
        "STRIPE_WEBHOOK_SECRET": "whsec_" + "0" * 24,
    }
    settings = load_settings(filled, known=("derlg", "holyone"))
    assert settings.storefronts == ("derlg",)
    assert not settings.is_development
