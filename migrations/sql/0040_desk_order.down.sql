DROP INDEX IF EXISTS student_verifications_created_at;
DROP INDEX IF EXISTS referrals_created_at;
