"""The queue and the trail as admins see them."""

import json
from datetime import timedelta

import pytest
from tests.support.client import StorefrontClient, faulty_fields, read, refusal

from sojourn.modules import TIMERS
from sojourn.people.roles import Role
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.jobs.queue import NewJob, enqueue
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.ids import new_id

FAIL = "UPDATE pgqueuer SET status = 'failed', attempts = 11, updated = now() RETURNING id"
NOTE_FAULT = """
INSERT INTO pgqueuer_log (job_id, status, priority, entrypoint, traceback)
VALUES ($1, 'failed', 0, 'trial.kind', $2)
"""


async def failed_job(client: StorefrontClient, *, key: str | None = None) -> int:
    async with client.database.unit_of_work() as tx:
        await enqueue(tx, NewJob(kind="trial.kind", payload={"secret": "hush"}, key=key))
    (job,) = await client.rows(FAIL)
    fault = {"exception_type": "ValueError", "exception_message": "it never works"}
    await client.rows(NOTE_FAULT, job["id"], fault)
    found: int = job["id"]
    return found


async def test_failed_jobs_are_shown_with_their_fault_and_without_their_payload(derlg: StorefrontClient) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN)
    job_id = await failed_job(derlg)
    answer = await admin.get("/admin/jobs")
    shown = read(answer)
    (job,) = shown["failed"]
    assert (job["id"], job["kind"], job["attempts"]) == (job_id, "trial.kind", 12)
    assert job["last_error"] == "ValueError: it never works"
    assert "hush" not in answer.text
    (queue,) = shown["queues"]
    assert (queue["kind"], queue["waiting"], queue["failed"]) == ("trial.kind", 0, 1)


async def test_timers_are_shown_with_their_runs(derlg: StorefrontClient, holyone: StorefrontClient) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN)
    await derlg.rows(
        "INSERT INTO pgqueuer_schedules (expression, entrypoint, next_run, last_run) "
        "VALUES ('*/15 * * * *', 'desk.invariants', '2026-12-01T03:15:00Z', '2026-12-01T03:00:01Z')"
    )
    timers = {timer["name"]: timer for timer in read(await admin.get("/admin/jobs"))["timers"]}
    assert set(timers) == {timer.name for timer in TIMERS}
    ran = timers["desk.invariants"]
    assert (ran["last_run_at"], ran["next_run_at"]) == ("2026-12-01T03:00:01Z", "2026-12-01T03:15:00Z")
    assert timers["desk.forget_answers"]["last_run_at"] is None
    assert (ran["zone"], timers["notifications.festival_alerts"]["zone"]) == ("UTC", "Asia/Phnom_Penh")
    bare = read(await (await holyone.sign_in_as(Role.ADMIN)).get("/admin/jobs"))
    assert {"isRunning", "lastRunAt", "nextRunAt"} <= set(bare["timers"][0])


async def test_a_failed_job_is_tried_again(derlg: StorefrontClient) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN)
    job_id = await failed_job(derlg)
    read(await admin.post(f"/admin/jobs/{job_id}/retry"))
    (job,) = await derlg.rows("SELECT status, attempts, execute_after <= now() AS is_due FROM pgqueuer")
    assert job == {"status": "queued", "attempts": 0, "is_due": True}
    assert refusal(await admin.post(f"/admin/jobs/{job_id}/retry"), 409) == "JOB_NOT_FAILED"
    (act,) = read(await admin.get("/admin/audit", params={"action": "job.*"}))
    assert (act["action"], act["actor_id"], act["reference"]) == ("job.retried", str(admin.user_id), str(job_id))


async def test_a_job_that_was_queued_anew_is_not_doubled(derlg: StorefrontClient) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN)
    job_id = await failed_job(derlg, key="only one")
    async with derlg.database.unit_of_work() as tx:
        await enqueue(tx, NewJob(kind="trial.kind", key="only one"))
    assert refusal(await admin.post(f"/admin/jobs/{job_id}/retry"), 409) == "JOB_QUEUED_AGAIN"


@pytest.mark.parametrize("job_id", ["0", "-1", "x", str(2**63), "1.5"])
async def test_what_is_no_job_is_refused(derlg: StorefrontClient, job_id: str) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN)
    assert faulty_fields(await admin.post(f"/admin/jobs/{job_id}/retry")) == ["job_id"]
    assert refusal(await admin.post(f"/admin/jobs/{2**63 - 1}/retry"), 404) == "JOB_NOT_FOUND"


@pytest.mark.parametrize("path", ["/admin/jobs", "/admin/audit"])
async def test_the_desk_is_for_admins(derlg: StorefrontClient, path: str) -> None:
    assert refusal(await derlg.get(path), 401) == "NOT_AUTHENTICATED"
    for role in (Role.CUSTOMER, Role.CONSULTANT, Role.GUIDE):
        assert refusal(await (await derlg.sign_in_as(role)).get(path), 403) == "NOT_ALLOWED"


async def test_the_trail_is_filtered_and_paged(derlg: StorefrontClient, clock: FrozenClock) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN)
    subject = new_id()
    async with derlg.database.unit_of_work() as tx:
        for number in range(5):
            act = Act(
                action="refund.requested" if number % 2 else "refundable.thing",
                subject_kind="PAYMENT",
                subject_id=subject,
                actor_id=admin.user_id,
                reference=f"DL-{number}",
                detail={"number": number},
            )
            await record(tx, act, now=clock.now())
            clock.advance(timedelta(seconds=1))
    answer = await admin.get("/admin/audit", params={"subject_id": str(subject), "per_page": 2, "page": 2})
    assert json.loads(answer.content)["meta"] == {"page": 2, "per_page": 2, "total": 5}
    assert [entry["detail"]["number"] for entry in read(answer)] == [2, 1]
    assert len(read(await admin.get("/admin/audit", params={"action": "refund.*"}))) == 2
    assert len(read(await admin.get("/admin/audit", params={"reference": "DL-3"}))) == 1
    assert read(await admin.get("/admin/audit", params={"since": "2027-01-01T00:00:00Z"})) == []
    assert faulty_fields(await admin.get("/admin/audit", params={"since": "yesterday", "action": "%"})) == [
        "action",
        "since",
    ]
