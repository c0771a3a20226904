"""One of each kind with everything in it, as an admin sends them."""

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


def room(key: str = "double", **changes: Any) -> dict[str, Any]:
    return {
        "key": key,
        "name": "Double room",
        "name_kh": "បន្ទប់គ្រែធំ",
        "max_guests": 2,
        "beds": {"KING": 1},
        "size_m2": 24,
        "nightly_rate_usd": "60.00",
        "count": 3,
        "amenities": ["air_conditioning"],
        **changes,
    }


def hotel(slug: str = "riverside-garden", **changes: Any) -> dict[str, Any]:
    return {
        "slug": slug,
        "name": "Riverside Garden",
        "name_kh": "សួនមាត់ទន្លេ",
        "name_zh": "河畔花园",
        "description": "Quiet rooms by the river.",
        "province": "Siem Reap",
        "destination": "Siem Reap",
        "address": "River Road 1, Siem Reap",
        "latitude": 13.36,
        "longitude": 103.86,
        "stars": 4,
        "amenities": ["pool"],
        "check_in_time": "14:00",
        "check_out_time": "12:00",
        "cancellation_policy": "MODERATE",
        "languages": ["en", "km"],
        "images": ["https://example.com/river.jpg"],
        "rooms": [room(), room("family", name="Family room", max_guests=4, nightly_rate_usd="95.00", count=1)],
        **changes,
    }


def vehicle(slug: str = "temple-van", **changes: Any) -> dict[str, Any]:
    return {
        "slug": slug,
        "name": "Temple van",
        "name_zh": "寺庙面包车",
        "category": "VAN",
        "capacity": 10,
        "luggage": 8,
        "daily_rate_usd": "75.00",
        "per_km_rate_usd": "0.55",
        "transfers": [{"from_place": "Siem Reap", "to_place": "Phnom Penh", "price_usd": "110.00"}],
        "province": "Siem Reap",
        "features": ["air_conditioning"],
        "with_driver": True,
        "languages": ["en", "km"],
        "fleet_count": 2,
        "cancellation_policy": "FLEXIBLE",
        **changes,
    }


def guide(slug: str = "sok-dara", **changes: Any) -> dict[str, Any]:
    return {
        "slug": slug,
        "name": "Sok Dara",
        "bio": "Tells the reliefs of the Bayon as a story book.",
        "bio_zh": "把巴戎寺浮雕讲成故事书。",
        "languages": ["en", "zh"],
        "provinces": ["Siem Reap"],
        "specialties": ["temples"],
        "daily_rate_usd": "55.00",
        "max_group": 12,
        "license_type": "NATIONAL",
        "years_experience": 9,
        "cancellation_policy": "MODERATE",
        **changes,
    }
