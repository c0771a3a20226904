"""A face engine that is there, is unsure, fails, or is absent. The sandbox plays Amazon's."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from PIL import Image
from tests.conftest import StartSystem
from tests.features.students.conftest import Student, decide, picture
from tests.support.client import StorefrontClient, read
from tests.support.work import do_jobs, work_for

from sojourn.care.student_discount.jobs import compare_faces
from sojourn.people.roles import Role
from sojourn.platform.processes import find_free_port
from sojourn.providers.faces.aws_signature import Credentials, sign
from sojourn.providers.faces.port import FacesUnavailable
from sojourn.providers.faces.rekognition import RekognitionFaces
from sojourn.providers.work import Work

CREDENTIALS = Credentials(access_key_id="AKIDEXAMPLE", secret_access_key="wJalrXUtnFEMI/K7MDENG", region="eu-west-1")


@pytest.fixture
async def engine(sandbox: str) -> AsyncIterator[RekognitionFaces]:
    opened = RekognitionFaces(credentials=CREDENTIALS, base_url=f"{sandbox}/rekognition")
    yield opened
    await opened.aclose()


@pytest.fixture
def seeing(work: Work, engine: RekognitionFaces) -> Work:
    """The worker of an agency that has a face engine."""
    return replace(work, vendors=replace(work.vendors, faces=engine))


async def compare(work: Work, verification_id: str) -> None:
    """What the job does that submitting queues where there is an engine."""
    await compare_faces(work, {"verification_id": verification_id})


async def test_alike_is_near_one_and_unlike_is_not(engine: RekognitionFaces) -> None:
    alike = await engine.score(picture(40), picture(42))
    unlike = await engine.score(picture(0), picture(190))
    assert alike is not None
    assert unlike is not None
    assert Decimal("0.95") < alike <= 1
    assert unlike < Decimal("0.75")


async def test_no_face_is_no_score(engine: RekognitionFaces, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("faces") / "blank.png"
    Image.new("RGB", (80, 80), "white").save(path)
    assert await engine.score(path.read_bytes(), picture(3)) is None


async def test_refused_or_unreachable_is_unavailable(sandbox: str) -> None:
    refused = RekognitionFaces(
        credentials=replace(CREDENTIALS, access_key_id="refused"), base_url=f"{sandbox}/rekognition"
    )
    elsewhere = RekognitionFaces(credentials=CREDENTIALS, base_url=f"{sandbox}/nowhere")
    nobody = RekognitionFaces(credentials=CREDENTIALS, base_url=f"http://127.0.0.1:{find_free_port()}")
    for engine in (refused, elsewhere, nobody):
        with pytest.raises(FacesUnavailable):
            await engine.score(picture(1), picture(2))
        await engine.aclose()


@pytest.mark.parametrize("url", ["https://rekognition.eu-west-1.amazonaws.com/", "http://127.0.0.1:9000/rekognition/"])
@pytest.mark.parametrize("body", [b"{}", '{"a": "ខ្មែរ"}'.encode()])
def test_the_signature_is_what_amazons_own_library_makes(
    url: str, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = datetime(2026, 12, 1, 3, 4, 5, tzinfo=UTC)
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "RekognitionService.CompareFaces"}
    theirs = AWSRequest("POST", url, data=body, headers=headers)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_: at)
    boto = BotoCredentials(CREDENTIALS.access_key_id, CREDENTIALS.secret_access_key)
    SigV4Auth(boto, "rekognition", CREDENTIALS.region).add_auth(theirs)
    ours = sign(url=url, headers=headers, body=body, service="rekognition", credentials=CREDENTIALS, at=at)
    assert ours["Authorization"] == theirs.headers["Authorization"]
    assert ours["X-Amz-Date"] == theirs.headers["X-Amz-Date"]


async def test_sure_of_it_approves_and_the_pictures_are_gone(
    student: Student, admin: StorefrontClient, seeing: Work
) -> None:
    verification_id = await student.submitted(card=picture(60), selfie=picture(61))
    await compare(seeing, verification_id)
    decided = read(await admin.get(f"/admin/student-verifications/{verification_id}"))
    assert (decided["status"], decided["decided_by"], decided["has_selfie"]) == ("APPROVED", None, False)
    assert Decimal(decided["similarity"]) >= Decimal("0.92")
    assert (await student.status())["is_student"] is True
    await compare(seeing, verification_id)
    acts = await admin.rows("SELECT actor_kind FROM audit_entries WHERE action = 'student.approved'")
    assert [act["actor_kind"] for act in acts] == ["SYSTEM"]


async def test_sure_of_the_contrary_rejects_and_unsure_is_for_people(
    student: Student, admin: StorefrontClient, seeing: Work
) -> None:
    verification_id = await student.submitted(card=picture(0), selfie=picture(190))
    await compare(seeing, verification_id)
    assert (await student.status())["verification"]["status"] == "REJECTED"
    between = await student.submitted(card=picture(20), selfie=picture(100))
    await compare(seeing, between)
    shown = read(await admin.get(f"/admin/student-verifications/{between}"))
    assert shown["status"] == "PENDING_REVIEW"
    assert Decimal("0.75") <= Decimal(shown["similarity"]) < Decimal("0.92")
    read(await decide(admin, between, status="APPROVED"))


async def test_the_same_card_in_two_accounts_is_for_people_however_alike(
    student: Student, admin: StorefrontClient, derlg: StorefrontClient, seeing: Work
) -> None:
    card, other = picture(80), Student(await derlg.sign_in_as())
    first = await student.submitted(card=card, selfie=picture(81))
    second = await other.submitted(card=card, selfie=picture(79))
    await compare(seeing, first)
    assert (await student.status())["is_student"] is True
    await compare(seeing, second)
    shown = read(await admin.get(f"/admin/student-verifications/{second}"))
    assert (shown["status"], shown["same_card_elsewhere"]) == ("PENDING_REVIEW", 1)


async def test_absent_or_failing_means_people_and_never_an_error(
    student: Student, admin: StorefrontClient, work: Work, sandbox: str
) -> None:
    verification_id = await student.submitted(card=picture(60), selfie=picture(61))
    queued = "SELECT id FROM pgqueuer WHERE entrypoint = 'students.compare_faces'"
    assert await admin.rows(queued) == [], "nobody to ask"
    assert work.vendors.faces is None
    await compare(work, verification_id)
    failing = RekognitionFaces(credentials=CREDENTIALS, base_url=f"{sandbox}/nowhere")
    await compare(replace(work, vendors=replace(work.vendors, faces=failing)), verification_id)
    await failing.aclose()
    waiting = read(await admin.get("/admin/student-verifications", params={"status": "PENDING_REVIEW"}))
    assert [(one["id"], one["similarity"]) for one in waiting] == [(verification_id, None)]


async def test_an_agency_with_an_engine_asks_it_by_itself(start_system: StartSystem, sandbox: str) -> None:
    told = {
        "FACES_VENDOR": "rekognition", "REKOGNITION_ACCESS_KEY_ID": "AKID", "REKOGNITION_SECRET_ACCESS_KEY": "secret",
        "REKOGNITION_API_BASE": f"{sandbox}/rekognition",
    }  # fmt: skip
    async with start_system(**told) as system:
        student = Student(await system.derlg.sign_in_as(Role.CUSTOMER))
        await student.submitted(card=picture(60), selfie=picture(61))
        async with work_for(system.derlg, sandbox, **told) as work:
            assert "students.compare_faces" in await do_jobs(work)
        assert (await student.status())["is_student"] is True
