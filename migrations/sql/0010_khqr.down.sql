DROP TABLE payouts;
DROP TABLE qr_codes;
ALTER TABLE payments DROP COLUMN captured_currency, DROP COLUMN purchase_amount;
