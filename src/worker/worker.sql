CREATE FUNCTION barks.worker_slots(
    OUT slot int, OUT state text, OUT pid int, OUT database oid,
    OUT session_pid int, OUT pool text, OUT tasks bigint, OUT since timestamptz)
RETURNS SETOF record LANGUAGE c VOLATILE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_worker_slots';
COMMENT ON FUNCTION barks.worker_slots() IS 'slots of this server, for the view barks.workers';

CREATE VIEW barks.workers AS
    SELECT s.slot, s.state, s.pid, d.datname AS database, s.session_pid, s.pool, s.tasks, s.since
    FROM barks.worker_slots() s LEFT JOIN pg_catalog.pg_database d ON d.oid = s.database;
COMMENT ON VIEW barks.workers IS
    'one row per executor slot of this server: its worker, the session it works for, tasks it ran';
COMMENT ON COLUMN barks.workers.state IS 'free, starting, idle (a warm worker), busy or leaving';
COMMENT ON COLUMN barks.workers.pool IS 'the pool whose share of the slots the session takes (barks.pool)';
COMMENT ON COLUMN barks.workers.tasks IS 'tasks run by this worker since it started';
GRANT SELECT ON barks.workers TO PUBLIC;

CREATE FUNCTION barks.slot_queue(OUT session_pid int, OUT pool text, OUT since timestamptz)
RETURNS SETOF record LANGUAGE c VOLATILE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_slot_queue';
COMMENT ON FUNCTION barks.slot_queue() IS
    'sessions of this server that wait for an executor slot, and the pool whose share they take';

CREATE FUNCTION barks.exchange(index int)
RETURNS SETOF record LANGUAGE c STABLE STRICT PARALLEL RESTRICTED ROWS 1000
AS 'MODULE_PATHNAME', 'barks_exchange';
COMMENT ON FUNCTION barks.exchange(int) IS
    'output of another stage of a distributed query, for the SQL of tasks only';
REVOKE EXECUTE ON FUNCTION barks.exchange(int) FROM PUBLIC;

CREATE FUNCTION barks.row_holds(holds boolean)
RETURNS boolean LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL SAFE COST 100000
AS 'MODULE_PATHNAME', 'barks_row_holds';
COMMENT ON FUNCTION barks.row_holds(boolean) IS
    'in the tasks of INSERT: fails unless true, when a table would not take the row';

CREATE FUNCTION barks.combine_state(state "any")
RETURNS boolean LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_combine_state';
COMMENT ON FUNCTION barks.combine_state("any") IS
    'in the tasks of queries: marks an aggregate that combines states of an earlier stage';

CREATE FUNCTION barks.keep_functions(schema text, role text, names text[], definitions text[])
RETURNS void LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'barks_keep_functions';
COMMENT ON FUNCTION barks.keep_functions(text, text, text[], text[]) IS
    'on nodes, for drivers only: makes the copies of functions that tasks of the role call';
REVOKE EXECUTE ON FUNCTION barks.keep_functions(text, text, text[], text[]) FROM PUBLIC;

CREATE FUNCTION barks.drop_kept_functions(schema text)
RETURNS bigint LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'barks_drop_kept_functions';
COMMENT ON FUNCTION barks.drop_kept_functions(text) IS
    'on nodes, for drivers only: drops the copies of functions in the schema';
REVOKE EXECUTE ON FUNCTION barks.drop_kept_functions(text) FROM PUBLIC;
