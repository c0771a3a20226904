-- As 0001, 0004, 0009, 0016 and 0024 made them.
CREATE INDEX bookings_open_holds ON bookings (reserved_until) WHERE status = 'RESERVED';
CREATE INDEX bookings_status ON bookings (status, created_at DESC);
CREATE INDEX payments_mode ON payments (is_live, purchase_id) INCLUDE (purchase_kind, created_at, disposition);
CREATE INDEX payments_purchase ON payments (purchase_id, created_at DESC);
CREATE INDEX inbox_payloads ON inbox (handled_at) WHERE handled_at IS NOT NULL AND payload <> '';
CREATE INDEX loyalty_transactions_lot ON loyalty_transactions (lot_id);
CREATE INDEX pgqueuer_priority_id_id1_idx ON pgqueuer USING btree (priority, id DESC) INCLUDE (id) WHERE (status = 'queued'::pgqueuer_status);
CREATE INDEX user_events_user ON user_events (user_id, id);
ALTER TABLE user_events DROP CONSTRAINT user_events_pkey, ADD CONSTRAINT user_events_pkey PRIMARY KEY (id);
DROP INDEX payments_of_purchase, inbox_handled;
