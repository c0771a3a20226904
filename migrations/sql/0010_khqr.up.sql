-- Paying by KHQR: in riel too, and what only a person can pay back.
-- A payment in another currency than its purchase's keeps what it stands for there (`purchase_amount`); money that came
-- in another currency than was asked for keeps that one (`captured_currency`), as its refunds do. NULL: the same.
ALTER TABLE payments
    ADD COLUMN purchase_amount numeric(12,2),
    ADD COLUMN captured_currency text;

-- The code that a payment of the method BAKONG_QR is scanned by; its MD5 is the payment's `provider_intent_id`. Nobody
-- can withdraw a code once it is shown: it is asked about until `next_check_at` is NULL, however its purchase ended.
CREATE TABLE qr_codes (
    payment_id uuid PRIMARY KEY REFERENCES payments (id),
    payload text NOT NULL,
    account_id text NOT NULL,
    exchange_rate numeric(18,6) CHECK (exchange_rate > 0),
    rate_as_of timestamptz,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    checks integer NOT NULL DEFAULT 0,
    checked_at timestamptz,
    next_check_at timestamptz,
    payer_account text,
    CHECK ((exchange_rate IS NULL) = (rate_as_of IS NULL))
);
CREATE INDEX qr_codes_due ON qr_codes (next_check_at) WHERE next_check_at IS NOT NULL;

-- Refunds that no provider sends: a person does, and says under which reference.
CREATE TABLE payouts (
    refund_id uuid PRIMARY KEY REFERENCES refunds (id),
    payee_account text,
    reference text,
    paid_out_by uuid REFERENCES users (id),
    paid_out_at timestamptz,
    created_at timestamptz NOT NULL,
    CHECK ((reference IS NULL) = (paid_out_at IS NULL) AND (paid_out_by IS NULL) = (paid_out_at IS NULL))
);
CREATE INDEX payouts_created_at ON payouts (created_at DESC, refund_id);
CREATE INDEX payouts_open ON payouts (created_at, refund_id) WHERE paid_out_at IS NULL;
