"""What customers are told about their documents."""

from datetime import datetime

from sojourn.care.documents.models import Document
from sojourn.care.notifications.mails import DocumentRejected, DocumentReminder
from sojourn.care.notifications.models import Letter, Recipient
from sojourn.platform.db.database import Row
from sojourn.platform.i18n import Language, pick
from sojourn.platform.storefront import Storefront


def rejection_letter(document: Document, *, to: Row, reason: str, storefront: Storefront, at: datetime) -> Letter:
    """One mail a decision: `at` keeps two rejections of one document apart."""
    place = f"orders/{document.order_id}" if document.order_id else "documents"
    context = DocumentRejected(
        file_name=document.file_name,
        reason=reason,
        order_number=document.order_number,
        service_title=to["title"],
        upload_url=f"{storefront.frontend_url}/{place}",
    )
    return Letter(context=context, to=_recipient(to), subject_id=document.id, occasion=at.isoformat())


def reminder_letter(order: Row, *, days: int, storefront: Storefront) -> Letter:
    """What is still missing, once for each of the days."""
    language = Language(order["language"])
    context = DocumentReminder(
        order_number=order["order_number"],
        service_title=order["title"],
        missing=tuple(pick(title, language) for title in order["missing"]),
        order_url=f"{storefront.frontend_url}/orders/{order['id']}",
    )
    return Letter(context=context, to=_recipient(order), subject_id=order["id"], occasion=str(days))


def _recipient(row: Row) -> Recipient:
    return Recipient(user_id=row["user_id"], email=row["email"], name=row["name"], language=Language(row["language"]))
