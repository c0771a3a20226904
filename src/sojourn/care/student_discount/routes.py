"""Student verification over HTTP: the student's side."""

from typing import Any
from uuid import UUID

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from sojourn.care.documents.checking import check
from sojourn.care.documents.errors import (
    DocumentInfected,
    DocumentTooLarge,
    DocumentTypeRefused,
    DocumentUnreadable,
    FileLinkExpired,
    FileLinkInvalid,
)
from sojourn.care.documents.links import read_token
from sojourn.care.documents.models import FileToken
from sojourn.care.documents.serving import serve
from sojourn.care.student_discount import decisions, queries, service
from sojourn.care.student_discount.errors import (
    AlreadyVerified,
    PictureRequired,
    PicturesAlike,
    PicturesMissing,
    StudentCardUsed,
    TooManyTries,
    VerificationClosed,
    VerificationNotFound,
    VerificationPending,
)
from sojourn.care.student_discount.models import Picture, PictureIn, StartIn, StudentStatus, VerificationOut
from sojourn.people.auth.access import CurrentUser
from sojourn.platform.errors import Unavailable
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.http.idempotency import never_replayed
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.http.uploads import UploadBroken, received, takes_upload
from sojourn.platform.pictures import PictureTooLarge
from sojourn.platform.storefront import LimitClass
from sojourn.providers.vendors import TheVendors

router = Router(
    prefix="/student-discount", tags=["student-discount"], dependencies=[Depends(limited(LimitClass.DEFAULT))]
)

BYTES: dict[int | str, dict[str, Any]] = {200: {"description": "The picture", "content": {"image/*": {}}}}


@router.get("/status", operation_id="get_student_status")
async def get_student_status(ctx: Ctx, user: CurrentUser) -> StudentStatus | RawJson:
    """Whether you get the student discount, until when, and how far your latest verification is."""
    async with ctx.read() as connection:
        return await service.status(connection, user_id=user.user_id, storefront=ctx.storefront, now=ctx.now())


@router.post(
    "/verifications",
    operation_id="start_student_verification",
    status_code=201,
    responses=refuses(AlreadyVerified, TooManyTries, VerificationPending),
)
async def start_student_verification(ctx: Ctx, user: CurrentUser, body: StartIn) -> VerificationOut | RawJson:
    """Begin to be verified as a student; upload the two pictures next. What was begun before is corrected."""
    async with ctx.unit_of_work() as tx:
        verification_id = await service.start(
            tx, user_id=user.user_id, body=body, storefront=ctx.storefront, now=ctx.now(), origin=ctx.origin
        )
        return await queries.get_own(tx, verification_id=verification_id, user_id=user.user_id)


@router.post(
    "/verifications/{verification_id}/pictures",
    operation_id="upload_student_picture",
    status_code=201,
    openapi_extra=takes_upload(PictureIn),
    responses=refuses(
        VerificationNotFound, VerificationClosed, DocumentTooLarge, DocumentTypeRefused, PictureRequired,
        DocumentUnreadable, PictureTooLarge, DocumentInfected, UploadBroken, Unavailable,
    ),
)  # fmt: skip
@never_replayed  # the same picture again takes the place of the first, and ten megabytes are not held in memory
async def upload_student_picture(
    ctx: Ctx, user: CurrentUser, vendors: TheVendors, request: Request, verification_id: UUID
) -> VerificationOut | RawJson:
    """Upload the student card or a picture of yourself, a JPG or PNG of at most 10 MB, as `multipart/form-data`.

    Pictures are drawn anew without their metadata, seen by nobody but staff, and deleted with the decision.
    """
    async with ctx.read() as connection:
        await service.get_open(connection, verification_id=verification_id, user_id=user.user_id)
    async with received(request, PictureIn, too_large=DocumentTooLarge) as (fields, upload):
        file = await check(upload, scanner=vendors.scanner)
    await service.keep_picture(
        ctx, vendors.storage, user_id=user.user_id, verification_id=verification_id, which=fields.kind, file=file
    )
    async with ctx.read() as connection:
        return await queries.get_own(connection, verification_id=verification_id, user_id=user.user_id)


@router.post(
    "/verifications/{verification_id}/submit",
    operation_id="submit_student_verification",
    responses=refuses(
        VerificationNotFound, VerificationClosed, PicturesMissing, PicturesAlike, StudentCardUsed, TooManyTries
    ),
)
async def submit_student_verification(
    ctx: Ctx, user: CurrentUser, vendors: TheVendors, verification_id: UUID
) -> VerificationOut | RawJson:
    """Hand both pictures over. You hear by mail what came of it."""
    async with ctx.unit_of_work() as tx:
        await service.submit(
            tx, user_id=user.user_id, verification_id=verification_id, storefront=ctx.storefront,
            has_face_engine=vendors.faces is not None, now=ctx.now(), origin=ctx.origin,
        )  # fmt: skip
        return await queries.get_own(tx, verification_id=verification_id, user_id=user.user_id)


@router.get(
    "/files/{token}",
    operation_id="open_student_picture",
    responses={**refuses(FileLinkInvalid, FileLinkExpired, Unavailable), **BYTES},
)
async def open_student_picture(ctx: Ctx, vendors: TheVendors, token: FileToken) -> Response:
    """The picture behind a link that staff asked for. Each opening is put on record."""
    link = read_token(token, secret=ctx.runtime.access_secret, now=ctx.now(), purpose=decisions.PURPOSE)
    which = Picture(link.part)
    async with ctx.unit_of_work() as tx:
        picture = await decisions.open_picture(
            tx, verification_id=link.owner_id, which=which, actor_id=link.actor_id, now=ctx.now(), origin=ctx.origin
        )
    if picture is None:
        raise FileLinkInvalid
    name = decisions.file_name(which, picture)
    return await serve(
        vendors.storage, key=f"{picture.folder}/{service.PICTURE}", file_name=name, mime_type=picture.mime_type
    )
