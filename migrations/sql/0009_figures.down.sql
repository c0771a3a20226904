DROP INDEX order_events_assigned, bookings_created_at, payments_mode, payments_revenue, orders_created_at;
CREATE INDEX orders_created_at ON orders (created_at DESC, id);
