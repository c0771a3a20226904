UPDATE services
   SET stages = (SELECT jsonb_agg(stage - 'promised_days' ORDER BY position)
                   FROM jsonb_array_elements(stages) WITH ORDINALITY AS listed (stage, position))
 WHERE stages <> '[]';
DROP INDEX orders_promised;
DELETE FROM order_events WHERE kind = 'CASE';
ALTER TABLE order_events DROP CONSTRAINT order_events_kind_check;
ALTER TABLE order_events ADD CONSTRAINT order_events_kind_check CHECK (
    kind IN ('STATUS', 'STAGE', 'ASSIGNMENT', 'NOTE')
) NOT VALID;
ALTER TABLE order_events DROP COLUMN is_public;
ALTER TABLE orders
    DROP COLUMN stage_warned_at,
    DROP COLUMN stage_promised_on,
    DROP COLUMN stage_started_at,
    DROP COLUMN stage_key;
