DROP INDEX invoices_one_debit_note;
ALTER TABLE invoices DROP CONSTRAINT invoices_kind_check;
-- Papers of the newer kind stay: only what comes after is checked.
ALTER TABLE invoices ADD CONSTRAINT invoices_kind_check CHECK (kind IN ('INVOICE', 'CREDIT_NOTE')) NOT VALID;
