"""Everything the sandbox remembers, in one SQLite file that survives `kill -9`."""

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sojourn.sandbox.errors import Json

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
  created INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (account, id));
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (account, kind, seq);
CREATE INDEX IF NOT EXISTS objects_by_intent ON objects (account, kind, json_extract(body, '$.payment_intent'));
CREATE TABLE IF NOT EXISTS deliveries (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, endpoint TEXT NOT NULL, event TEXT NOT NULL,
  event_type TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, queued_at REAL NOT NULL,
  due_at REAL NOT NULL, sent TEXT NOT NULL DEFAULT '[]');
CREATE INDEX IF NOT EXISTS deliveries_waiting ON deliveries (endpoint, due_at) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS steps (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, action TEXT NOT NULL, object TEXT NOT NULL,
  due_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS answers (
  account TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, request_id TEXT NOT NULL,
  status INTEGER NOT NULL, body TEXT NOT NULL, created_at REAL NOT NULL, PRIMARY KEY (account, key));
CREATE TABLE IF NOT EXISTS faults (account TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mails (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, recipients TEXT NOT NULL, subject TEXT NOT NULL,
  body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS attachments (
  mail TEXT NOT NULL, position INTEGER NOT NULL, filename TEXT NOT NULL, content_type TEXT NOT NULL,
  content BLOB NOT NULL, PRIMARY KEY (mail, position));
CREATE TABLE IF NOT EXISTS oidc_keys (seq INTEGER PRIMARY KEY AUTOINCREMENT, jwk TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS oidc_grants (
  secret TEXT PRIMARY KEY, body TEXT NOT NULL, made_at REAL NOT NULL, is_used INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS pushes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, project TEXT NOT NULL, token TEXT NOT NULL, key TEXT NOT NULL,
  body TEXT NOT NULL, sends INTEGER NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS pushes_shown ON pushes (project, token, key) WHERE key <> '';
"""
TABLES = (
    "objects",
    "deliveries",
    "steps",
    "answers",
    "faults",
    "mails",
    "attachments",
    "oidc_keys",
    "oidc_grants",
    "pushes",
)

Value = str | int | float | bytes | None


class Store:
    """The state, used from one event loop by one process; writes happen inside `transaction()`."""

    def __init__(self, data_dir: Path | None) -> None:
        if data_dir is not None:
            data_dir.mkdir(parents=True, exist_ok=True)
        path = ":memory:" if data_dir is None else str(data_dir / "sandbox.sqlite3")
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        # A killed process loses nothing at NORMAL; only a power cut could take the last transactions.
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. The block must not await: two requests would share one transaction."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def run(self, statement: str, *values: Value) -> int:
        """Run one write and return how many rows it touched."""
        return self._db.execute(statement, values).rowcount

    def rows(self, statement: str, *values: Value) -> Sequence[sqlite3.Row]:
        return self._db.execute(statement, values).fetchall()

    def row(self, statement: str, *values: Value) -> sqlite3.Row | None:
        found: sqlite3.Row | None = self._db.execute(statement, values).fetchone()
        return found

    def clear(self) -> None:
        for table in TABLES:
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - names from TABLES

    def accounts(self) -> list[str]:
        return [row["account"] for row in self.rows("SELECT DISTINCT account FROM objects ORDER BY account")]

    def put_object(self, account: str, body: Json) -> None:
        """Insert the object or replace the one with its id."""
        self.run(
            "INSERT INTO objects (account, kind, id, created, body) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (account, id) DO UPDATE SET body = excluded.body",
            account,
            body["object"],
            body["id"],
            body["created"],
            json.dumps(body),
        )

    def find_object(self, account: str, kind: str, object_id: str) -> Json | None:
        row = self.row("SELECT body FROM objects WHERE account = ? AND kind = ? AND id = ?", account, kind, object_id)
        return None if row is None else read_json(row["body"])

    def delete_object(self, account: str, object_id: str) -> None:
        self.run("DELETE FROM objects WHERE account = ? AND id = ?", account, object_id)

    def find_owner(self, kind: str, object_id: str) -> str | None:
        """The account that holds this object; ids are unique across accounts."""
        row = self.row("SELECT account FROM objects WHERE kind = ? AND id = ?", kind, object_id)
        return None if row is None else row["account"]

    def add_step(self, account: str, action: str, object_id: str, seconds: float) -> None:
        self.run(
            "INSERT INTO steps (account, action, object, due_at) VALUES (?, ?, ?, ?)",
            account,
            action,
            object_id,
            time.time() + seconds,
        )


def read_json(text: str) -> Json:
    body: Json = json.loads(text)
    return body
