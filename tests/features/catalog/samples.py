"""A trip and a service with everything in them, as an admin sends them."""

from typing import Any

ITINERARY = [
    {
        "day": 1,
        "title": {"en": "Bayon", "km": "បាយ័ន", "zh": "巴戎寺"},
        "description": "The faces.",
        "places": ["Bayon"],
        "meals": ["lunch"],
        "overnight": "Siem Reap",
    },
    {
        "day": 2,
        "title": {"en": "Angkor Wat", "km": None, "zh": None},
        "description": "The towers.",
        "places": ["Angkor Wat"],
        "meals": ["breakfast", "lunch"],
        "overnight": None,
    },
]


def trip(slug: str = "angkor-sunrise", **changes: Any) -> dict[str, Any]:
    return {
        "slug": slug,
        "title": "Angkor sunrise",
        "title_kh": "ថ្ងៃរះនៅអង្គរវត្ត",
        "title_zh": "吴哥日出",
        "summary": "Two days among the temples.",
        "summary_kh": "ពីរថ្ងៃក្នុងប្រាសាទ",
        "destination": "Siem Reap",
        "province": "Siem Reap",
        "duration_days": 2,
        "price_per_person_usd": "289.00",
        "non_refundable_fee_usd": "62.00",
        "environment": "TEMPLE",
        "mood_tags": ["culture", "photography"],
        "languages": ["en", "km"],
        "includes": ["Angkor pass"],
        "excludes": ["Flights"],
        "itinerary": ITINERARY,
        "highlights": ["Sunrise"],
        "options": [
            {"key": "single-room", "title": {"en": "Single room"}, "price_usd": "45.00", "per": "PERSON"},
        ],
        "min_people": 2,
        "max_people": 12,
        "capacity_per_departure": 24,
        "cancellation_policy": "MODERATE",
        "transport_type": "VAN",
        "meeting_point": "Your hotel",
        "latitude": 13.4125,
        "longitude": 103.867,
        "images": ["https://example.com/angkor.jpg"],
        "is_active": True,
        "is_featured": False,
        **changes,
    }


def service(slug: str = "professional", **changes: Any) -> dict[str, Any]:
    return {
        "slug": slug,
        "type": "MAIN",
        "title": "Professional",
        "titleKm": "វិជ្ជាជីវៈ",
        "titleZh": "专业套餐",
        "description": "We file it with you.",
        "longDescription": "From the first question to the decision.",
        "price": "329.00",
        "serviceFee": "299.00",
        "governmentFee": "30.00",
        "oldPrice": "349.00",
        "priceRange": "USD 299 to 399",
        "images": ["https://example.com/visa.jpg"],
        "specs": {
            "deliveryDays": 10,
            "revisions": 2,
            "languages": ["en", "km", "zh"],
            "consultationsIncluded": 2,
            "format": None,
            "pages": None,
            "edition": None,
        },
        "features": ["Two consultations"],
        "region": "Europe",
        "checklist": [
            {"key": "passport", "category": "PASSPORT", "title": {"en": "Passport"}, "hint": "Colour scan"},
        ],
        "stages": [{"key": "intake", "title": {"en": "Intake"}, "refundStage": "NOT_STARTED"}],
        "requiresConsultant": True,
        "isActive": True,
        "sortOrder": 20,
        **changes,
    }
