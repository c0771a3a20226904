DROP TABLE loyalty_reservations, loyalty_transactions, loyalty_lots, invoices, refunds, payments, price_lines;
DROP TABLE order_events, orders, booking_changes, bookings;
DROP FUNCTION take_hold(uuid, integer, text, uuid, timestamptz, timestamptz, uuid[], date[], smallint[], integer[]);
DROP FUNCTION take_claims(text, uuid, timestamptz, timestamptz, uuid[], date[], smallint[], integer[]);
DROP TABLE claims, resource_days, resources;
