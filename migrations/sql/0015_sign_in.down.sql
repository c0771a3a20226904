DROP TABLE sign_in_challenges, recovery_codes, second_factors, sign_in_attempts, linked_identities;
