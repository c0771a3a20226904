"""The switches: what goes wrong on purpose, for one account or for all."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from sojourn.sandbox.store import Store

EVERYONE = ""
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Milliseconds = Annotated[int, Field(ge=0, le=600_000)]
ErrorStatus = Annotated[int, Field(ge=400, le=599)]


class _Switches(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WebhookFaults(_Switches):
    """`repeat` sends each event that often; `reorder` gathers briefly and sends the newest first."""

    delay_ms: Milliseconds = 0
    repeat: Annotated[int, Field(ge=1, le=20)] = 1
    reorder: bool = False
    drop_next: Count = 0
    drop: bool = False


class ApiFaults(_Switches):
    """`fail_next` refuses before any work; `drop_response_next` does the work and breaks the connection.

    `processing_ms` is how long a confirmed payment stays in `processing`.
    """

    fail_next: Count = 0
    status: ErrorStatus = 500
    delay_ms: Milliseconds = 0
    drop_response_next: Count = 0
    processing_ms: Milliseconds = 0


class MailFaults(_Switches):
    fail_next: Count = 0
    status: ErrorStatus = 500


class RatesFaults(_Switches):
    """`answer` other than `good` is sent with status 200, as if nothing were wrong."""

    fail_next: Count = 0
    status: ErrorStatus = 503
    delay_ms: Milliseconds = 0
    answer: Literal["good", "half", "negative", "zero", "not_a_number", "no_riel", "absurd_riel"] = "good"


class WeatherFaults(_Switches):
    """`at`: the moment that is played instead of the present. `is_nonsense`: degrees that no place ever saw."""

    fail_next: Count = 0
    status: ErrorStatus = 503
    delay_ms: Milliseconds = 0
    is_nonsense: bool = False
    at: AwareDatetime | None = None


class PushFaults(_Switches):
    """`retry_after`, in seconds, goes along as a header."""

    fail_next: Count = 0
    status: ErrorStatus = 503
    retry_after: Annotated[int | None, Field(ge=0, le=3600)] = None


class BakongFaults(_Switches):
    """`is_list_closed`: the call that asks about many codes answers 403, as it does to some tokens."""

    fail_next: Count = 0
    status: ErrorStatus = 503
    delay_ms: Milliseconds = 0
    is_list_closed: bool = False


class Faults(_Switches):
    webhooks: WebhookFaults = WebhookFaults()
    api: ApiFaults = ApiFaults()
    mail: MailFaults = MailFaults()
    bakong: BakongFaults = BakongFaults()
    push: PushFaults = PushFaults()
    rates: RatesFaults = RatesFaults()
    weather: WeatherFaults = WeatherFaults()


Counter = Literal[
    "webhooks.drop_next",
    "api.fail_next",
    "api.drop_response_next",
    "mail.fail_next",
    "bakong.fail_next",
    "push.fail_next",
    "rates.fail_next",
    "weather.fail_next",
]


def read(store: Store, account: str) -> Faults:
    """The account's own switches, else those set for everyone, else none."""
    row = _owner(store, account)
    return Faults() if row is None else row[1]


def write(store: Store, account: str, faults: Faults) -> None:
    store.run(
        "INSERT INTO faults (account, body) VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET body = excluded.body",
        account,
        faults.model_dump_json(),
    )


def clear(store: Store, account: str) -> None:
    store.run("DELETE FROM faults WHERE account = ?", account)


def take(store: Store, account: str, counter: Counter) -> bool:
    """Use up one of a counted fault; False when none is left."""
    owner = _owner(store, account)
    if owner is None:
        return False
    name, faults = owner
    group, field = counter.split(".")
    switches = getattr(faults, group)
    left = getattr(switches, field)
    if left < 1:
        return False
    write(store, name, faults.model_copy(update={group: switches.model_copy(update={field: left - 1})}))
    return True


def _owner(store: Store, account: str) -> tuple[str, Faults] | None:
    row = store.row("SELECT * FROM faults WHERE account IN (?, '') ORDER BY account DESC LIMIT 1", account)
    return None if row is None else (row["account"], Faults.model_validate_json(row["body"]))
