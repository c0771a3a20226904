"""The same module switched on in the storefront that speaks the other dialect."""

from dataclasses import replace

import pytest
from tests.contract.conftest import Contract, read_document
from tests.features.consultations.conftest import THURSDAY, WEEK, Practice, StartSystem
from tests.support.client import StorefrontClient, faulty_fields, read, refusal

from sojourn.people.roles import Role
from sojourn.platform.storefront import Module
from sojourn.storefronts import STOREFRONTS


async def test_derlg_could_offer_consultations_too(monkeypatch: pytest.MonkeyPatch, start_system: StartSystem) -> None:
    declared = STOREFRONTS["derlg"]
    more = replace(declared, modules=declared.modules | {Module.SERVICES, Module.ORDERS, Module.CONSULTATIONS})
    monkeypatch.setitem(STOREFRONTS, "derlg", more)
    async with start_system() as system:
        transport, origin = system.derlg._own
        judged = Contract(transport, await read_document(system.derlg))
        derlg = StorefrontClient(system.derlg.runtime, judged, origin=origin)
        staff, traveler = await derlg.sign_in_as(Role.CONSULTANT), await derlg.sign_in_as()
        weekly = {day: [{"starts": "09:00", "ends": "10:00"}] for day in WEEK}
        body = {"time_zone": "Asia/Phnom_Penh", "weekly": weekly}
        assert read(await staff.put("/consultants/me/hours", json=body))["weekly"] == weekly
        order_id = await Practice(staff, await derlg.sign_in_as(Role.ADMIN)).order(traveler)
        days = {"from": "2026-12-03", "to": "2026-12-03", "order_id": order_id}
        slots = read(await traveler.get("/consultations/slots", params=days))["items"]
        assert [slot["local_starts_at"][11:16] for slot in slots] == ["09:00", "09:15", "09:30"]
        wanted = {"order_id": order_id, "starts_at": slots[0]["starts_at"]}
        booked = read(await traveler.post("/consultations", json=wanted), 201)
        assert (booked["status"], booked["scheduled_at"]) == ("SCHEDULED", "2026-12-03T02:00:00Z")
        page = (await traveler.get("/consultations")).json()
        assert [one["id"] for one in page["data"]] == [booked["id"]]
        assert page["meta"]["total"] == 1
        late = {**wanted, "starts_at": THURSDAY.isoformat()}
        answer = await traveler.post("/consultations", json=late)
        assert (refusal(answer, 409), answer.json()["error"]["details"]) == ("SLOT_NOT_OFFERED", {"reason": "HOURS"})
        assert faulty_fields(await traveler.post("/consultations", json={"order_id": order_id})) == ["starts_at"]
