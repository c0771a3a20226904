-- Orders that were paid before there were cases get theirs: it stands where staff have said the work is, at the first
-- such stage of the service, else at the first of all. Nothing was promised of it. Only open orders are touched, a few at
-- any time; those that have ended stay as they were.
UPDATE orders o
   SET stage_key = (
           SELECT s.stage ->> 'key' FROM jsonb_array_elements(o.service_snapshot -> 'stages') WITH ORDINALITY AS s (stage, position)
            ORDER BY (s.stage ->> 'refund_stage' = o.refund_stage) DESC, s.position LIMIT 1),
       stage_started_at = coalesce(o.confirmed_at, o.created_at)
 WHERE o.status IN ('CONFIRMED', 'IN_PROGRESS') AND o.stage_key IS NULL AND o.service_type <> 'DIGITAL'
   AND jsonb_array_length(o.service_snapshot -> 'stages') > 0;
