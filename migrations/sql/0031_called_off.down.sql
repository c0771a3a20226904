DROP INDEX IF EXISTS payments_still_payable;
