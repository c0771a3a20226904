"""The mailbox: every mail the sandbox was asked to send, kept for reading instead."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from sojourn.sandbox.errors import Json
from sojourn.sandbox.store import Store, Value, read_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail as it was handed in; addresses as written, `Name <name@example.com>` included."""

    sender: str
    to: Sequence[str]
    subject: str
    html: str | None = None
    text: str | None = None
    cc: Sequence[str] = ()
    bcc: Sequence[str] = ()
    reply_to: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    attachments: Sequence[Attached] = ()
    provider: str


def keep(store: Store, letter: Letter) -> str:
    """Put the mail into the mailbox and return its id."""
    mail_id = str(uuid4())
    body: Json = {
        "id": mail_id,
        "to": list(letter.to),
        "from": letter.sender,
        "subject": letter.subject,
        "html": letter.html,
        "text": letter.text,
        "cc": list(letter.cc),
        "bcc": list(letter.bcc),
        "reply_to": list(letter.reply_to),
        "headers": dict(letter.headers),
        "tags": dict(letter.tags),
        "attachments": [
            {
                "filename": item.filename,
                "content_type": item.content_type,
                "size": len(item.content),
                "url": f"/mail/{mail_id}/attachments/{position}",
            }
            for position, item in enumerate(letter.attachments)
        ],
        "created_at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "provider": letter.provider,
    }
    recipients = " ".join([*letter.to, *letter.cc, *letter.bcc]).casefold()
    store.run(
        "INSERT INTO mails (id, recipients, subject, body) VALUES (?, ?, ?, ?)",
        mail_id,
        recipients,
        letter.subject.casefold(),
        json.dumps(body),
    )
    for position, item in enumerate(letter.attachments):
        store.run(
            "INSERT INTO attachments (mail, position, filename, content_type, content) VALUES (?, ?, ?, ?, ?)",
            mail_id,
            position,
            item.filename,
            item.content_type,
            item.content,
        )
    return mail_id


def find(store: Store, mail_id: str) -> Json | None:
    row = store.row("SELECT body FROM mails WHERE id = ?", mail_id)
    return None if row is None else read_json(row["body"])


def list_mails(store: Store, *, to: str = "", subject: str = "", limit: int = 100) -> list[Json]:
    """Newest first; `to` and `subject` match any part, whatever the case."""
    values: list[Value] = [to.casefold(), subject.casefold(), limit]
    rows = store.rows(
        "SELECT body FROM mails WHERE instr(recipients, ?) > 0 AND instr(subject, ?) > 0 ORDER BY seq DESC LIMIT ?",
        *values,
    )
    return [read_json(row["body"]) for row in rows]


def find_attachment(store: Store, mail_id: str, position: int) -> Attached | None:
    row = store.row("SELECT * FROM attachments WHERE mail = ? AND position = ?", mail_id, position)
    if row is None:
        return None
    return Attached(filename=row["filename"], content_type=row["content_type"], content=row["content"])


def empty(store: Store) -> int:
    """Throw all mail away and return how much there was."""
    store.run("DELETE FROM attachments")
    return store.run("DELETE FROM mails")
