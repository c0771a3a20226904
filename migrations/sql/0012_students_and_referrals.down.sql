DROP TABLE student_cards;
DROP TABLE student_verifications;
DROP TABLE referrals;
DROP INDEX users_referred_by;
DROP INDEX refresh_tokens_owner;
ALTER TABLE loyalty_transactions DROP CONSTRAINT loyalty_transactions_kind_check;
-- Points that were booked under a newer kind stay booked: only what comes after is checked.
ALTER TABLE loyalty_transactions ADD CONSTRAINT loyalty_transactions_kind_check CHECK (
    kind IN ('EARNED', 'MATURED', 'SPENT', 'RETURNED', 'TAKEN_BACK', 'EXPIRED', 'SET_OFF')
) NOT VALID;
