-- `hold_stock` stands in its place since 0038, and no process of the release before that is left to call it.
-- squawk-ignore ban-drop-function
DROP FUNCTION take_hold(uuid, integer, text, uuid, timestamptz, timestamptz, uuid[], date[], smallint[], integer[]);
