"""Where the sandbox runs and where it refuses to; what a crash leaves behind."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import stripe
from stripe import RequestOptions

from sojourn.sandbox.app import create_app
from sojourn.sandbox.config import SandboxConfig, SandboxRefused
from sojourn.sandbox.process import SandboxNotStarted, free_port, start_sandbox

from .conftest import Shop, listening, open_shop


async def test_a_crash_loses_neither_state_nor_undelivered_events(tmp_path: Path) -> None:
    port, shop_port = free_port(), free_port()
    webhooks = [f"sk_test_crash=http://127.0.0.1:{shop_port}/hooks=whsec_crash"]
    running = start_sandbox(port=port, data_dir=tmp_path, webhooks=webhooks, first_retry_seconds=0.05)
    try:
        async with open_shop(running.base_url, "sk_test_crash") as shop:
            # Nobody listens yet: the deliveries wait.
            paid = await shop.paid("pm_card_refundFail", amount=4000)
            key = RequestOptions(idempotency_key="refund-1")
            refund = await shop.stripe.v1.refunds.create_async({"payment_intent": paid.id, "amount": 1000}, key)
    finally:
        running.kill()
        running.output.close()
    running = start_sandbox(port=port, data_dir=tmp_path, webhooks=webhooks, first_retry_seconds=0.05)
    try:
        async with listening(shop_port) as receiver, open_shop(running.base_url, "sk_test_crash") as shop:
            receiver.secret = "whsec_crash"
            again = await shop.stripe.v1.refunds.create_async({"payment_intent": paid.id, "amount": 1000}, key)
            assert again.id == refund.id
            refunds = await shop.stripe.v1.refunds.list_async({"payment_intent": paid.id})
            assert len(refunds.data) == 1
            seen = {(await receiver.next()).event.type for _ in range(8)}
            assert {"payment_intent.succeeded", "refund.created", "refund.failed"} <= seen
            hooks = await shop.stripe.v1.webhook_endpoints.list_async()
            assert len(hooks.data) == 1
    finally:
        running.stop()


async def test_reset_forgets_everything_but_the_given_webhooks() -> None:
    running = start_sandbox(webhooks=["sk_test_reset=http://127.0.0.1:9/hooks=whsec_x"])
    try:
        async with open_shop(running.base_url, "sk_test_reset") as shop:
            await shop.paid()
            await shop.faults(api={"delay_ms": 1})
            assert (await shop.http.post("/_sandbox/reset")).status_code == 200
            assert (await shop.stripe.v1.payment_intents.list_async()).data == []
            assert len((await shop.stripe.v1.webhook_endpoints.list_async()).data) == 1
            assert (await shop.http.get("/_sandbox/deliveries")).json() == []
            faults = await shop.http.get("/_sandbox/faults", params={"account": shop.key})
            assert faults.json()["api"]["delay_ms"] == 0
        log = running.log()
        assert "POST /v1/payment_intents 200" in log
        assert "sk_test_reset" not in log
    finally:
        running.stop()


@pytest.mark.parametrize("environment", ["production", "staging", "Development"])
def test_it_refuses_to_start_outside_development(environment: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sojourn.sandbox", "--port", str(free_port())],
        env={**os.environ, "SOJOURN_ENVIRONMENT": environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert environment in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--host", "0.0.0.0"],
        ["--webhook", "sk_live_x=http://127.0.0.1/=whsec_1"],
        ["--webhook", "sk_test_x=ftp:=whsec_1"],
    ],
)
def test_it_refuses_public_addresses_and_bad_webhooks(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "sojourn.sandbox", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_the_application_itself_refuses_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOJOURN_ENVIRONMENT", "production")
    with pytest.raises(SandboxRefused):
        create_app(SandboxConfig())


def test_a_failed_start_says_why() -> None:
    with pytest.raises(SandboxNotStarted, match="whsec_"):
        start_sandbox(webhooks=["nonsense"])


@pytest.mark.parametrize("live", ["sk_live_51abc", "rk_live_51abc", "pk_live_51abc"])
async def test_live_keys_are_refused_and_leave_no_trace(shop: Shop, live: str) -> None:
    test = {"Authorization": f"Bearer {shop.key}"}
    attempts = [
        await shop.http.post("/v1/customers", headers={"Authorization": f"Bearer {live}"}, data={"email": "a@b.co"}),
        await shop.http.get("/v1/customers", auth=(live, "")),
        await shop.http.post("/v1/customers", headers=test, params={"description": live}),
        await shop.http.post("/v1/customers", headers=test, data={"description": live}),
        await shop.http.put("/_sandbox/faults", params={"account": live}, json={}),
    ]
    assert [answer.status_code for answer in attempts] == [401] * len(attempts)
    assert (await shop.stripe.v1.customers.list_async()).data == []
    assert live not in (await shop.http.get("/")).text


async def test_other_host_names_are_refused(sandbox: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"{sandbox}/mail", headers={"Host": "evil.example"})
    assert answer.status_code == 400


async def test_the_sdk_reports_a_wrong_key_as_its_own_error(sandbox: str) -> None:
    async with open_shop(sandbox, "sk_live_51abc") as shop:
        with pytest.raises(stripe.AuthenticationError):
            await shop.stripe.v1.customers.list_async()
