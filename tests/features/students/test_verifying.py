"""From the first form to the decision, as students and the desk see it."""

import asyncio
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from PIL import Image
from tests.features.students.conftest import CARD, Student, decide, picture, verify
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.system import FILES
from tests.support.trail import acts_on

from sojourn.care.documents.jobs import remove_files
from sojourn.care.student_discount.jobs import end_due
from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work


async def folders(client: StorefrontClient) -> list[str]:
    """Where pictures are said to lie."""
    rows = await client.rows("SELECT card_folder AS c, selfie_folder AS s FROM student_verifications")
    return [folder for row in rows for folder in (row["c"], row["s"]) if folder]


def files_in(folder: str) -> list[Path]:
    return [path for path in (Path(FILES) / folder).glob("**/*") if path.is_file()]


async def mails(client: StorefrontClient) -> list[str]:
    rows = await client.rows("SELECT kind FROM notifications WHERE kind LIKE 'STUDENT%' ORDER BY id")
    return [row["kind"] for row in rows]


async def test_a_student_is_verified_by_the_desk(student: Student, admin: StorefrontClient) -> None:
    assert await student.status() == {
        "is_student": False, "student_verified_at": None, "expires_at": None, "discount_percent": 10, "tries_left": 3,
        "next_try_at": None, "verification": None,
    }  # fmt: skip
    verification_id = await student.submitted()
    waiting = await student.status()
    assert (waiting["is_student"], waiting["tries_left"]) == (False, 2)
    assert waiting["verification"]["status"] == "PENDING_REVIEW"
    (listed,) = read(await admin.get("/admin/student-verifications", params={"status": "PENDING_REVIEW"}))
    assert (listed["id"], listed["student"]["email"], listed["tries"]) == (verification_id, student.client.email, 1)
    kept = await folders(admin)
    assert [len(files_in(folder)) for folder in kept] == [1, 1]
    decided = read(await decide(admin, verification_id, status="APPROVED"))
    assert (decided["status"], decided["decided_by"]) == ("APPROVED", str(admin.user_id))
    assert (decided["has_student_card"], decided["has_selfie"]) == (False, False)
    assert [files_in(folder) for folder in kept] == [[], []], "gone with the decision"
    standing = await student.status()
    assert (standing["is_student"], standing["expires_at"]) == (True, "2027-12-01T03:00:00.000000Z")
    me = read(await student.client.get("/users/me"))
    assert (me["is_student"], me["student_verified_at"]) == (True, "2026-12-01T03:00:00Z")
    assert await mails(admin) == ["STUDENT_APPROVED"]
    (row,) = await admin.rows("SELECT card_digest IS NOT NULL AS kept FROM student_verifications")
    assert row["kept"], "the outcome and the hash stay"


async def test_the_desk_looks_at_the_pictures_by_links_that_are_on_record(
    student: Student, admin: StorefrontClient, clock: FrozenClock
) -> None:
    verification_id = await student.submitted(card=picture(30))
    path = f"/admin/student-verifications/{verification_id}/pictures/STUDENT_CARD"
    assert refusal(await student.client.get(path), 403) == "NOT_ALLOWED"
    link = read(await admin.get(path))
    assert link["file_name"] == "student-card.jpg"
    path_of_link = "/student-discount" + link["url"].partition("/student-discount")[2]
    seen = await admin.visitor().get(path_of_link)
    assert (seen.status_code, seen.headers["cache-control"]) == (200, "private, no-store")
    assert Image.open(BytesIO(seen.content)).size == (120, 90)
    opened = "SELECT actor_id, detail ->> 'kind' AS kind FROM audit_entries WHERE action = 'student.picture_opened'"
    assert await admin.rows(opened) == [{"actor_id": admin.user_id, "kind": "STUDENT_CARD"}]
    token = path_of_link.rpartition("/")[2]
    assert refusal(await admin.get(f"/student-discount/files/{token[:-4]}AAAA"), 404) == "FILE_LINK_INVALID"
    clock.advance(timedelta(minutes=5))
    assert refusal(await admin.get(path_of_link), 410) == "FILE_LINK_EXPIRED"
    fresh = read(await admin.get(path))["url"].partition("/student-discount")[2]
    read(await decide(admin, verification_id, status="REJECTED", reason="Not a student card"))
    assert refusal(await admin.get(f"/student-discount{fresh}"), 404) == "FILE_LINK_INVALID"
    assert refusal(await admin.get(path), 409) == "VERIFICATION_CLOSED"


async def test_a_rejected_student_hears_why_and_has_three_tries_in_thirty_days(
    student: Student, admin: StorefrontClient, clock: FrozenClock
) -> None:
    for _ in range(3):
        verification_id = await student.submitted()
        read(await decide(admin, verification_id, status="REJECTED", reason="The card is cut off"))
        clock.advance(timedelta(days=1))
    standing = await student.status()
    assert (standing["tries_left"], standing["next_try_at"]) == (0, "2026-12-31T03:00:00.000000Z")
    assert standing["verification"]["rejection_reason"] == "The card is cut off"
    answer = await student.client.post("/student-discount/verifications", json=CARD)
    assert refusal(answer, 409) == "TOO_MANY_TRIES"
    assert answer.json()["error"]["details"] == {"next_try_at": "2026-12-31T03:00:00Z"}
    assert await mails(admin) == ["STUDENT_REJECTED"] * 3
    clock.advance(timedelta(days=27))
    await student.submitted()


async def test_tries_are_counted_when_submitted_too(student: Student, admin: StorefrontClient) -> None:
    begun = await student.start()
    for kind in ("STUDENT_CARD", "SELFIE"):
        read(await student.send(begun, kind, picture()), 201)
    async with admin.database.read() as connection:
        for number in range(3):
            await connection.execute(
                "INSERT INTO student_verifications (id, user_id, status, institution, card_expires_on, submitted_at, "
                "decided_at, rejection_reason, created_at, updated_at) "
                "VALUES ($1, $2, 'REJECTED', 'X', '2029-01-01', $3, $3, 'No', $3, $3)",
                UUID(int=number + 1), student.client.user_id, admin.runtime.clock.now(),
            )  # fmt: skip
    assert refusal(await student.submit(begun), 409) == "TOO_MANY_TRIES"


async def test_one_card_verifies_one_account(
    student: Student, admin: StorefrontClient, derlg: StorefrontClient
) -> None:
    card, other = picture(), Student(await derlg.sign_in_as())
    rival = await other.submitted(card=card)
    await verify(admin, student, card=card)
    shown = read(await admin.get(f"/admin/student-verifications/{rival}"))
    assert shown["same_card_elsewhere"] == 1
    assert refusal(await decide(admin, rival, status="APPROVED"), 409) == "STUDENT_CARD_USED"
    read(await decide(admin, rival, status="REJECTED", reason="Somebody else's card"))
    again = await other.start()
    read(await other.send(again, "STUDENT_CARD", card), 201)
    read(await other.send(again, "SELFIE", picture()), 201)
    assert refusal(await other.submit(again), 409) == "STUDENT_CARD_USED"
    assert (await other.status())["is_student"] is False


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF", 415, "PICTURE_REQUIRED"),
        (b"MZ\x90\x00" + b"\0" * 200, 415, "DOCUMENT_TYPE_REFUSED"),
        (picture()[:300], 422, "DOCUMENT_UNREADABLE"),
        (b"\xff\xd8\xff" + b"\0" * (10 * 1024 * 1024), 413, "DOCUMENT_TOO_LARGE"),
    ],
    ids=["pdf", "program", "torn", "large"],
)
async def test_only_pictures_are_kept(student: Student, content: bytes, status: int, code: str) -> None:
    verification_id = await student.start()
    assert refusal(await student.send(verification_id, "STUDENT_CARD", content), status) == code
    assert await folders(student.client) == []


async def test_a_picture_loses_its_metadata_and_gives_way_to_a_better_one(
    student: Student, work: Work, clock: FrozenClock
) -> None:
    verification_id = await student.start()
    exif, written = Image.Exif(), BytesIO()
    exif[0x010E] = "at home"
    Image.open(BytesIO(picture())).save(written, "JPEG", exif=exif)
    read(await student.send(verification_id, "SELFIE", written.getvalue()), 201)
    (first,) = await folders(student.client)
    (path,) = files_in(first)
    assert b"at home" not in path.read_bytes()
    read(await student.send(verification_id, "SELFIE", picture(kind="PNG")), 201)
    (second,) = await folders(student.client)
    assert second != first
    await remove_files(work)
    assert (files_in(first), len(files_in(second))) == ([], 1)


async def test_what_is_missing_or_not_ones_own(student: Student, derlg: StorefrontClient) -> None:
    verification_id, other = await student.start(), Student(await derlg.sign_in_as())
    answer = await student.submit(verification_id)
    assert refusal(answer, 409) == "PICTURES_MISSING"
    assert answer.json()["error"]["details"] == {"missing": ["STUDENT_CARD", "SELFIE"]}
    assert refusal(await other.send(verification_id, "SELFIE", picture()), 404) == "VERIFICATION_NOT_FOUND"
    assert refusal(await other.submit(verification_id), 404) == "VERIFICATION_NOT_FOUND"
    same = picture()
    for kind in ("STUDENT_CARD", "SELFIE"):
        read(await student.send(verification_id, kind, same), 201)
    assert refusal(await student.submit(verification_id), 409) == "PICTURES_ALIKE"
    assert faulty_fields(await student.send(verification_id, "PASSPORT", picture())) == ["kind"]
    assert refusal(await derlg.get("/student-discount/status"), 401) == "NOT_AUTHENTICATED"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"institution": " "}, ["institution"]), ({"card_expires_on": "2026-11-30"}, ["card_expires_on"]),
        ({"card_expires_on": "2037-01-01"}, ["card_expires_on"]), ({"card_expires_on": "soon"}, ["card_expires_on"]),
        ({"is_student": True}, ["is_student"]),
    ],
)  # fmt: skip
async def test_a_start_names_the_field_at_fault(student: Student, body: dict[str, object], fields: list[str]) -> None:
    answer = await student.client.post("/student-discount/verifications", json=CARD | body)
    assert faulty_fields(answer) == fields


async def test_what_was_begun_is_corrected_and_what_waits_is_not(student: Student, admin: StorefrontClient) -> None:
    begun = await student.start()
    assert await student.start(institution="Institute of Technology") == begun
    assert (await student.status())["verification"]["institution"] == "Institute of Technology"
    waiting = await student.submitted()
    assert waiting == begun
    answer = await student.client.post("/student-discount/verifications", json=CARD)
    assert refusal(answer, 409) == "VERIFICATION_PENDING"
    assert refusal(await student.send(begun, "SELFIE", picture()), 409) == "VERIFICATION_CLOSED"
    read(await decide(admin, waiting, status="APPROVED"))
    answer = await student.client.post("/student-discount/verifications", json=CARD)
    assert refusal(answer, 409) == "ALREADY_VERIFIED"
    assert refusal(await student.submit(begun), 409) == "VERIFICATION_CLOSED"


async def test_a_decision_is_made_by_admins_with_its_reason(
    student: Student, admin: StorefrontClient, derlg: StorefrontClient
) -> None:
    verification_id = await student.submitted()
    consultant = await derlg.sign_in_as(Role.CONSULTANT)
    assert refusal(await decide(consultant, verification_id, status="APPROVED"), 403) == "NOT_ALLOWED"
    assert refusal(await consultant.get("/admin/student-verifications"), 403) == "NOT_ALLOWED"
    assert refusal(await decide(admin, verification_id, status="REJECTED"), 400) == "VALIDATION_FAILED"
    assert refusal(await decide(admin, verification_id, status="APPROVED", reason="x"), 400) == "VALIDATION_FAILED"
    ended = {"status": "APPROVED", "card_expires_on": "2026-11-30"}
    assert faulty_fields(await decide(admin, verification_id, **ended)) == ["card_expires_on"]
    read(await decide(admin, verification_id, status="APPROVED", card_expires_on="2027-03-31"))
    assert (await student.status())["expires_at"] == "2027-03-31T17:00:00.000000Z", "the end of that day in Phnom Penh"
    nobody = str(UUID(int=1))
    assert refusal(await decide(admin, nobody, status="APPROVED"), 404) == "VERIFICATION_NOT_FOUND"


async def test_lists_are_one_statement_however_long(admin: StorefrontClient, derlg: StorefrontClient) -> None:
    for _ in range(3):
        await Student(await derlg.sign_in_as()).start()
    await admin.get("/admin/student-verifications")
    async with admin.statements() as statements:
        answer = await admin.get("/admin/student-verifications", params={"per_page": 2})
    assert len(statements) == 1, statements
    assert (len(read(answer)), answer.json()["meta"]["total"]) == (2, 3)
    async with admin.statements() as statements:
        await admin.get("/student-discount/status")
    assert len(statements) == 1, statements


async def test_a_verification_runs_out_after_a_reminder_and_is_renewed(
    student: Student, admin: StorefrontClient, work: Work, clock: FrozenClock
) -> None:
    first = await verify(admin, student)
    clock.advance(timedelta(days=334))  # 2027-10-31
    await end_due(work)
    assert await mails(admin) == ["STUDENT_APPROVED"]
    clock.advance(timedelta(days=1))
    await end_due(work)
    await end_due(work)
    assert await mails(admin) == ["STUDENT_APPROVED", "STUDENT_ENDING"]
    renewed = await student.submitted()
    clock.advance(timedelta(days=30))
    assert (await student.status())["is_student"] is False, "by the clock, before any timer"
    await end_due(work)
    (row,) = await admin.rows("SELECT is_student FROM users WHERE id = $1", student.client.user_id)
    assert row == {"is_student": False}
    assert (await acts_on(admin, first))[-1] == ("student.expired", None)
    read(await decide(admin, renewed, status="APPROVED"))
    assert (await student.status())["expires_at"] == "2028-12-01T03:00:00.000000Z"
    statuses = await admin.rows("SELECT status FROM student_verifications ORDER BY created_at")
    assert [row["status"] for row in statuses] == ["EXPIRED", "APPROVED"]


async def test_what_was_begun_and_left_is_given_up(student: Student, work: Work, clock: FrozenClock) -> None:
    begun = await student.start()
    read(await student.send(begun, "SELFIE", picture()), 201)
    (folder,) = await folders(student.client)
    clock.advance(timedelta(hours=23))
    await end_due(work)
    assert len(files_in(folder)) == 1
    clock.advance(timedelta(hours=1))
    await end_due(work)
    await remove_files(work)
    assert files_in(folder) == []
    standing = await student.status()
    assert (standing["verification"]["status"], standing["tries_left"]) == ("EXPIRED", 3)
    own = student.client.user_id
    assert await acts_on(student.client, begun) == [("student.started", own), ("student.picture_uploaded", own)]
    assert await student.start() != begun


async def test_two_decisions_at_once_are_one(student: Student, admin: StorefrontClient) -> None:
    verification_id = await student.submitted()
    answers = await asyncio.gather(
        *(decide(admin, verification_id, status="APPROVED") for _ in range(3)),
        *(decide(admin, verification_id, status="REJECTED", reason="No") for _ in range(3)),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]
    assert len(await mails(admin)) == 1
    outcome = (await student.status())["verification"]["status"]
    assert (outcome == "APPROVED") == (await student.status())["is_student"]


async def test_two_submissions_and_two_starts_at_once_are_one(student: Student, admin: StorefrontClient) -> None:
    begun = await asyncio.gather(*(student.start() for _ in range(4)))
    assert len(set(begun)) == 1
    for kind in ("STUDENT_CARD", "SELFIE"):
        read(await student.send(begun[0], kind, picture()), 201)
    answers = await asyncio.gather(*(student.submit(begun[0]) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    acts = await admin.rows("SELECT id FROM audit_entries WHERE action = 'student.submitted'")
    assert len(acts) == 1


async def test_two_accounts_with_one_card_approved_at_once(
    student: Student, admin: StorefrontClient, derlg: StorefrontClient
) -> None:
    card, other = picture(), Student(await derlg.sign_in_as())
    waiting = [await student.submitted(card=card), await other.submitted(card=card)]
    answers = await asyncio.gather(*(decide(admin, one, status="APPROVED") for one in waiting))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert (await student.status())["is_student"] != (await other.status())["is_student"]
