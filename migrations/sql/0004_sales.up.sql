-- Everything scarce: a capacity per unit of time, and claims on it (docs/inventory.md).
CREATE TABLE resources (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('DEPARTURE', 'ROOM', 'VEHICLE', 'GUIDE', 'APPOINTMENT')),
    owner_id uuid NOT NULL,
    name text NOT NULL,
    capacity integer NOT NULL CHECK (capacity >= 0),
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    UNIQUE (kind, owner_id)
);
-- A day that differs: another capacity, or closed (capacity 0).
CREATE TABLE resource_days (
    resource_id uuid NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    day date NOT NULL,
    capacity integer NOT NULL CHECK (capacity >= 0),
    reason text,
    PRIMARY KEY (resource_id, day)
);
CREATE TABLE claims (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    resource_id uuid NOT NULL REFERENCES resources (id),
    day date NOT NULL,
    minute smallint NOT NULL DEFAULT 0 CHECK (minute BETWEEN 0 AND 1439),
    quantity integer NOT NULL CHECK (quantity > 0),
    purchase_kind text NOT NULL CHECK (purchase_kind IN ('BOOKING', 'BOOKING_CHANGE', 'ORDER', 'CONSULTATION')),
    purchase_id uuid NOT NULL,
    expires_at timestamptz,
    released_at timestamptz,
    created_at timestamptz NOT NULL
);
CREATE INDEX claims_live ON claims (resource_id, day, minute) WHERE released_at IS NULL;
CREATE INDEX claims_purchase ON claims (purchase_id) WHERE released_at IS NULL;

-- Takes claims, all or nothing. The lock law: resources once, in id order, then count, then insert. Each statement of
-- a VOLATILE function sees what was committed before it began, so the count is made after the lock was won.
CREATE FUNCTION take_claims(
    p_purchase_kind text, p_purchase_id uuid, p_expires_at timestamptz, p_now timestamptz,
    p_resources uuid[], p_days date[], p_minutes smallint[], p_quantities integer[]
) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    short record;
    taken integer;
BEGIN
    PERFORM 1 FROM resources WHERE id = ANY (p_resources) ORDER BY id FOR NO KEY UPDATE;
    SELECT wanted.resource_id, wanted.day, wanted.minute, wanted.quantity,
           greatest(coalesce(d.capacity, r.capacity, 0) - coalesce(used.quantity, 0), 0) AS free
      INTO short
      FROM (SELECT u.resource_id, u.day, u.minute, sum(u.quantity)::integer AS quantity
              FROM unnest(p_resources, p_days, p_minutes, p_quantities) AS u (resource_id, day, minute, quantity)
             GROUP BY 1, 2, 3) AS wanted
      LEFT JOIN resources r ON r.id = wanted.resource_id AND r.is_active
      LEFT JOIN resource_days d ON d.resource_id = wanted.resource_id AND d.day = wanted.day
      LEFT JOIN LATERAL (
            SELECT sum(c.quantity)::integer AS quantity FROM claims c
             WHERE c.resource_id = wanted.resource_id AND c.day = wanted.day AND c.minute = wanted.minute
               AND c.released_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > p_now)
               AND c.purchase_id <> p_purchase_id
           ) AS used ON true
     WHERE wanted.quantity > CASE WHEN r.id IS NULL THEN 0 ELSE coalesce(d.capacity, r.capacity) END
                             - coalesce(used.quantity, 0)
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'not enough left' USING ERRCODE = 'SJ001', DETAIL = json_build_object(
            'resource_id', short.resource_id, 'day', short.day, 'requested', short.quantity, 'available', short.free)::text;
    END IF;
    -- A purchase that claims anew (a changed date, a revived hold) gives back what it had.
    UPDATE claims SET released_at = p_now WHERE purchase_id = p_purchase_id AND released_at IS NULL;
    INSERT INTO claims (resource_id, day, minute, quantity, purchase_kind, purchase_id, expires_at, created_at)
    SELECT u.resource_id, u.day, u.minute, u.quantity, p_purchase_kind, p_purchase_id, p_expires_at, p_now
      FROM unnest(p_resources, p_days, p_minutes, p_quantities) AS u (resource_id, day, minute, quantity);
    GET DIAGNOSTICS taken = ROW_COUNT;
    RETURN taken;
END;
$$;

CREATE TABLE bookings (
    id uuid PRIMARY KEY,
    booking_ref text NOT NULL UNIQUE CHECK (length(booking_ref) <= 12),
    user_id uuid NOT NULL REFERENCES users (id),
    booking_type text NOT NULL CHECK (booking_type IN ('PACKAGE', 'HOTEL_ONLY', 'TRANSPORT_ONLY', 'GUIDE_ONLY')),
    status text NOT NULL CHECK (
        status IN ('PENDING', 'RESERVED', 'CONFIRMED', 'CANCELLED', 'REFUNDED', 'COMPLETED', 'EXPIRED')),
    trip_id uuid REFERENCES trips (id),
    hotel_room_id uuid,
    vehicle_id uuid,
    guide_id uuid,
    title text NOT NULL,
    snapshot jsonb NOT NULL,
    travel_date date NOT NULL,
    end_date date NOT NULL,
    time_zone text NOT NULL,
    people_count integer NOT NULL CHECK (people_count > 0),
    pickup_location text NOT NULL,
    special_requests text,
    customizations jsonb,
    travelers jsonb NOT NULL DEFAULT '[]',
    currency text NOT NULL,
    subtotal_usd numeric(12,2) NOT NULL,
    discount_amount_usd numeric(12,2) NOT NULL DEFAULT 0,
    loyalty_discount_usd numeric(12,2) NOT NULL DEFAULT 0,
    total_usd numeric(12,2) NOT NULL CHECK (total_usd >= 0),
    non_refundable_usd numeric(12,2) NOT NULL DEFAULT 0,
    paid_usd numeric(12,2) NOT NULL DEFAULT 0,
    refunded_usd numeric(12,2) NOT NULL DEFAULT 0,
    loyalty_points_earned integer NOT NULL DEFAULT 0,
    loyalty_points_used integer NOT NULL DEFAULT 0,
    student_discount_applied boolean NOT NULL DEFAULT false,
    cancellation_policy jsonb NOT NULL,
    reserved_until timestamptz,
    is_extended boolean NOT NULL DEFAULT false,
    is_late_payment boolean NOT NULL DEFAULT false,
    language text NOT NULL DEFAULT 'en',
    version integer NOT NULL DEFAULT 1,
    confirmed_at timestamptz,
    completed_at timestamptz,
    cancelled_at timestamptz,
    cancellation_reason text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX bookings_user ON bookings (user_id, created_at DESC);
CREATE INDEX bookings_open_holds ON bookings (reserved_until) WHERE status = 'RESERVED';
CREATE INDEX bookings_user_holds ON bookings (user_id, reserved_until) WHERE status = 'RESERVED';
CREATE INDEX bookings_status ON bookings (status, created_at DESC);
CREATE INDEX bookings_travel_date ON bookings (travel_date) WHERE status = 'CONFIRMED';

-- A hold's claims: at most `p_max_holds` live ones a customer (the customer's row is locked first, then the resources).
CREATE FUNCTION take_hold(
    p_user_id uuid, p_max_holds integer, p_purchase_kind text, p_purchase_id uuid, p_expires_at timestamptz,
    p_now timestamptz, p_resources uuid[], p_days date[], p_minutes smallint[], p_quantities integer[]
) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM 1 FROM users WHERE id = p_user_id FOR NO KEY UPDATE;
    IF (SELECT count(*) FROM bookings
         WHERE user_id = p_user_id AND status = 'RESERVED' AND reserved_until > p_now) >= p_max_holds THEN
        RAISE EXCEPTION 'too many holds' USING ERRCODE = 'SJ002', DETAIL = p_max_holds::text;
    END IF;
    RETURN take_claims(p_purchase_kind, p_purchase_id, p_expires_at, p_now, p_resources, p_days, p_minutes, p_quantities);
END;
$$;

-- A change of a paid booking that costs more: it waits, with its own claims, for its own payment.
CREATE TABLE booking_changes (
    id uuid PRIMARY KEY,
    booking_id uuid NOT NULL REFERENCES bookings (id),
    status text NOT NULL CHECK (status IN ('PENDING', 'APPLIED', 'CANCELLED')),
    travel_date date NOT NULL,
    end_date date NOT NULL,
    people_count integer NOT NULL CHECK (people_count > 0),
    pickup_location text NOT NULL,
    special_requests text,
    customizations jsonb,
    price jsonb NOT NULL,
    amount_due numeric(12,2) NOT NULL CHECK (amount_due > 0),
    booking_version integer NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    applied_at timestamptz
);
CREATE UNIQUE INDEX booking_changes_one_pending ON booking_changes (booking_id) WHERE status = 'PENDING';

CREATE TABLE orders (
    id uuid PRIMARY KEY,
    order_number text NOT NULL UNIQUE,
    user_id uuid NOT NULL REFERENCES users (id),
    service_id uuid NOT NULL REFERENCES services (id),
    service_type text NOT NULL CHECK (service_type IN ('MAIN', 'MICRO', 'DIGITAL')),
    status text NOT NULL CHECK (status IN ('PENDING', 'CONFIRMED', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED')),
    title text NOT NULL,
    quantity integer NOT NULL DEFAULT 1 CHECK (quantity BETWEEN 1 AND 20),
    currency text NOT NULL,
    total_amount numeric(12,2) NOT NULL CHECK (total_amount >= 0),
    service_fee numeric(12,2) NOT NULL,
    government_fee numeric(12,2) NOT NULL,
    discount_amount numeric(12,2) NOT NULL DEFAULT 0,
    loyalty_discount numeric(12,2) NOT NULL DEFAULT 0,
    paid_amount numeric(12,2) NOT NULL DEFAULT 0,
    refunded_amount numeric(12,2) NOT NULL DEFAULT 0,
    loyalty_points_earned integer NOT NULL DEFAULT 0,
    loyalty_points_used integer NOT NULL DEFAULT 0,
    customer_info jsonb NOT NULL,
    service_details jsonb,
    service_snapshot jsonb NOT NULL,
    consultant_id uuid REFERENCES users (id),
    assigned_at timestamptz,
    refund_stage text NOT NULL DEFAULT 'NOT_STARTED' CHECK (
        refund_stage IN ('NOT_STARTED', 'IN_REVIEW', 'INFORMATION_MISSING', 'LODGED', 'COMPLETED')),
    first_delivered_at timestamptz,
    language text NOT NULL DEFAULT 'en',
    version integer NOT NULL DEFAULT 1,
    confirmed_at timestamptz,
    completed_at timestamptz,
    cancelled_at timestamptz,
    cancellation_reason text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    search text GENERATED ALWAYS AS (
        lower(order_number || ' ' || (customer_info ->> 'full_name') || ' ' || (customer_info ->> 'email'))
    ) STORED
);
CREATE INDEX orders_user ON orders (user_id, created_at DESC);
CREATE INDEX orders_status ON orders (status, created_at DESC);
CREATE INDEX orders_created_at ON orders (created_at DESC, id);
CREATE INDEX orders_consultant ON orders (consultant_id, created_at DESC) WHERE consultant_id IS NOT NULL;
CREATE INDEX orders_search ON orders (search, id);

CREATE TABLE order_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders (id),
    kind text NOT NULL CHECK (kind IN ('STATUS', 'STAGE', 'ASSIGNMENT', 'NOTE')),
    from_status text,
    to_status text,
    consultant_id uuid REFERENCES users (id),
    note text,
    actor_id uuid,
    created_at timestamptz NOT NULL
);
CREATE INDEX order_events_order ON order_events (order_id, id);

-- How a price came to be: one row per step, in order (rules, section 2).
CREATE TABLE price_lines (
    purchase_kind text NOT NULL CHECK (purchase_kind IN ('BOOKING', 'BOOKING_CHANGE', 'ORDER')),
    purchase_id uuid NOT NULL,
    position smallint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('BASE', 'OPTION', 'GOVERNMENT_FEE', 'STUDENT', 'PROMOTION', 'POINTS')),
    description text NOT NULL,
    quantity integer NOT NULL,
    unit_price numeric(12,2) NOT NULL,
    amount numeric(12,2) NOT NULL,
    PRIMARY KEY (purchase_id, position)
);

-- One row per attempt to pay a purchase.
CREATE TABLE payments (
    id uuid PRIMARY KEY,
    purchase_kind text NOT NULL CHECK (purchase_kind IN ('BOOKING', 'BOOKING_CHANGE', 'ORDER')),
    purchase_id uuid NOT NULL,
    user_id uuid NOT NULL REFERENCES users (id),
    reference text NOT NULL,
    provider text NOT NULL,
    provider_intent_id text,
    provider_charge_id text,
    client_secret text,
    success_event_id text,
    amount numeric(12,2) NOT NULL CHECK (amount > 0),
    currency text NOT NULL,
    status text NOT NULL CHECK (
        status IN ('PENDING', 'PROCESSING', 'SUCCEEDED', 'FAILED', 'REFUNDED', 'PARTIALLY_REFUNDED')),
    method text NOT NULL CHECK (method IN ('CARD', 'BAKONG_QR', 'PAYPAL')),
    is_live boolean NOT NULL,
    captured_amount numeric(12,2) NOT NULL DEFAULT 0,
    refunded_amount numeric(12,2) NOT NULL DEFAULT 0 CHECK (refunded_amount <= captured_amount),
    disposition text CHECK (disposition IN ('APPLIED', 'LATE', 'DUPLICATE', 'CANCELLED_PURCHASE', 'MISMATCH')),
    dispute_status text,
    card_brand text,
    card_last4 text,
    card_fingerprint text,
    failure_code text,
    failure_message text,
    payment_attempts integer NOT NULL DEFAULT 0,
    paid_at timestamptz,
    refunded_at timestamptz,
    checked_at timestamptz,
    closed_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX payments_intent ON payments (provider, provider_intent_id) WHERE provider_intent_id IS NOT NULL;
CREATE UNIQUE INDEX payments_one_open ON payments (purchase_id) WHERE closed_at IS NULL AND captured_amount = 0;
CREATE INDEX payments_purchase ON payments (purchase_id, created_at DESC);
CREATE INDEX payments_user ON payments (user_id, created_at DESC);
CREATE INDEX payments_waiting ON payments (created_at) WHERE closed_at IS NULL AND captured_amount = 0;
CREATE INDEX payments_paid_at ON payments (paid_at) WHERE paid_at IS NOT NULL;

CREATE TABLE refunds (
    id uuid PRIMARY KEY,
    payment_id uuid NOT NULL REFERENCES payments (id),
    amount numeric(12,2) NOT NULL CHECK (amount > 0),
    currency text NOT NULL,
    status text NOT NULL CHECK (status IN ('PENDING', 'SUCCEEDED', 'FAILED')),
    cause text NOT NULL CHECK (
        cause IN ('CANCELLATION', 'LATE', 'DUPLICATE', 'CANCELLED_PURCHASE', 'MISMATCH', 'STAFF', 'MODIFICATION', 'PROVIDER')),
    reason text,
    requested_by uuid,
    provider_refund_id text UNIQUE,
    failure_reason text,
    attempts integer NOT NULL DEFAULT 0,
    requested_at timestamptz NOT NULL,
    settled_at timestamptz
);
CREATE INDEX refunds_payment ON refunds (payment_id, requested_at);
CREATE INDEX refunds_pending ON refunds (requested_at) WHERE status = 'PENDING';

CREATE TABLE invoices (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('INVOICE', 'CREDIT_NOTE')),
    number text NOT NULL UNIQUE,
    purchase_kind text NOT NULL CHECK (purchase_kind IN ('BOOKING', 'BOOKING_CHANGE', 'ORDER')),
    purchase_id uuid NOT NULL,
    user_id uuid NOT NULL REFERENCES users (id),
    payment_id uuid NOT NULL REFERENCES payments (id),
    refund_id uuid UNIQUE REFERENCES refunds (id),
    corrects_id uuid REFERENCES invoices (id),
    total numeric(12,2) NOT NULL,
    currency text NOT NULL,
    document jsonb NOT NULL,
    issued_at timestamptz NOT NULL
);
CREATE INDEX invoices_purchase ON invoices (purchase_id, issued_at);
CREATE UNIQUE INDEX invoices_one_per_payment ON invoices (payment_id) WHERE kind = 'INVOICE';

-- Points come in lots and leave through the ledger; the ledger is never changed. What remains of a lot is the sum of its
-- entries; the sum of the entries without a lot is the customer's debt, negated.
CREATE TABLE loyalty_lots (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    purchase_kind text,
    purchase_id uuid,
    status text NOT NULL CHECK (status IN ('PENDING', 'AVAILABLE', 'VOIDED')),
    points integer NOT NULL CHECK (points > 0),
    remaining integer NOT NULL CHECK (remaining BETWEEN 0 AND points),
    available_at timestamptz,
    expires_at timestamptz,
    warned_at timestamptz,
    created_at timestamptz NOT NULL
);
CREATE INDEX loyalty_lots_expiry ON loyalty_lots (expires_at) WHERE status = 'AVAILABLE' AND remaining > 0;
CREATE INDEX loyalty_lots_user ON loyalty_lots (user_id, expires_at) WHERE remaining > 0;
CREATE UNIQUE INDEX loyalty_lots_purchase ON loyalty_lots (purchase_id) WHERE purchase_id IS NOT NULL;

CREATE TABLE loyalty_transactions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    kind text NOT NULL CHECK (kind IN ('EARNED', 'MATURED', 'SPENT', 'RETURNED', 'TAKEN_BACK', 'EXPIRED', 'SET_OFF')),
    points integer NOT NULL CHECK (points <> 0),
    status text NOT NULL CHECK (status IN ('PENDING', 'AVAILABLE')),
    lot_id uuid REFERENCES loyalty_lots (id),
    purchase_id uuid,
    booking_id uuid REFERENCES bookings (id),
    created_at timestamptz NOT NULL
);
CREATE INDEX loyalty_transactions_user ON loyalty_transactions (user_id, created_at DESC, id);
CREATE INDEX loyalty_transactions_purchase ON loyalty_transactions (purchase_id);
CREATE INDEX loyalty_transactions_lot ON loyalty_transactions (lot_id);
CREATE INDEX loyalty_transactions_debt ON loyalty_transactions (user_id) WHERE lot_id IS NULL;

-- Points set aside for a held purchase; a lapsed one counts as free at query time, as a claim does. A released one is
-- kept, for a payment that comes after all. A row without a lot is what a purchase spent beyond its lots.
CREATE TABLE loyalty_reservations (
    purchase_id uuid NOT NULL,
    lot_id uuid REFERENCES loyalty_lots (id),
    user_id uuid NOT NULL REFERENCES users (id),
    points integer NOT NULL CHECK (points > 0),
    state text NOT NULL CHECK (state IN ('RESERVED', 'CONSUMED', 'RELEASED')),
    returned integer NOT NULL DEFAULT 0 CHECK (returned BETWEEN 0 AND points),
    expires_at timestamptz,
    created_at timestamptz NOT NULL,
    UNIQUE NULLS NOT DISTINCT (purchase_id, lot_id)
);
CREATE INDEX loyalty_reservations_live ON loyalty_reservations (lot_id) WHERE state = 'RESERVED';
CREATE INDEX loyalty_reservations_user ON loyalty_reservations (user_id) WHERE state = 'RESERVED';
