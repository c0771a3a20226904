-- Where the work on an order stands, by the stages of its service as it was bought. `stage_promised_on` is the last day,
-- on the storefront's clock, on which the stage is on time. Orders paid before have no case: nothing was promised them.
ALTER TABLE orders
    ADD COLUMN stage_key text,
    ADD COLUMN stage_started_at timestamptz,
    ADD COLUMN stage_promised_on date,
    ADD COLUMN stage_warned_at timestamptz;
ALTER TABLE order_events ADD COLUMN is_public boolean NOT NULL DEFAULT false;
-- Every row there is fits the wider list; it is checked in a transaction by itself (see the revision).
-- squawk-ignore ban-drop-constraint
ALTER TABLE order_events DROP CONSTRAINT order_events_kind_check;
ALTER TABLE order_events ADD CONSTRAINT order_events_kind_check CHECK (
    kind IN ('STATUS', 'STAGE', 'ASSIGNMENT', 'NOTE', 'CASE')
) NOT VALID;
-- Services say of each stage how many working days it may take; none of them has said so yet.
UPDATE services
   SET stages = (SELECT jsonb_agg('{"promised_days": null}'::jsonb || stage ORDER BY position)
                   FROM jsonb_array_elements(stages) WITH ORDINALITY AS listed (stage, position))
 WHERE stages <> '[]';
