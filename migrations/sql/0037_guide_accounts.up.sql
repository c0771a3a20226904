-- Whose account a guide of the catalogue is (docs/guides.md); NULL: nobody's. The reference holds for every new row at
-- once; older rows have none. Nobody refers to a guide by its account: with the condition the index is no key, so that
-- linking keeps no booking of the guide waiting.
ALTER TABLE guides
    ADD COLUMN user_id uuid,
    ADD CONSTRAINT guides_account FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;
-- An agency has some dozens of guides, and none has an account yet: there is nothing to wait for.
-- squawk-ignore require-concurrent-index-creation
CREATE UNIQUE INDEX guides_user ON guides (user_id) WHERE user_id IS NOT NULL;
