DELETE FROM account_links WHERE purpose = 'UNDO_DELETION';
ALTER TABLE account_links
    DROP CONSTRAINT account_links_purpose_check,
    ADD CONSTRAINT account_links_purpose_check
        CHECK (purpose IN ('VERIFY_EMAIL', 'RESET_PASSWORD', 'STAFF_INVITATION')) NOT VALID;
DELETE FROM notifications WHERE channel <> 'MAIL';
ALTER TABLE notifications DROP COLUMN channel;
DROP TABLE devices;
