CREATE FUNCTION barks.list_jobs(OUT job_id bigint, OUT role_name text, OUT query text, OUT state text,
	OUT started timestamptz, OUT finished timestamptz, OUT stages int, OUT tasks int, OUT tasks_done int,
	OUT rows bigint, OUT shuffle_bytes bigint, OUT spill_bytes bigint, OUT error text, OUT job_group text,
	OUT description text, OUT action text)
RETURNS SETOF record AS 'MODULE_PATHNAME', 'barks_list_jobs' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION barks.list_jobs() IS 'jobs of this database that the current user may see';

CREATE FUNCTION barks.list_stages(OUT job_id bigint, OUT stage int, OUT exchange text, OUT state text,
	OUT tasks int, OUT tasks_done int, OUT attempts int, OUT rows bigint, OUT bytes bigint,
	OUT shuffle_bytes bigint, OUT spill_bytes bigint, OUT started timestamptz, OUT finished timestamptz,
	OUT operations text[])
RETURNS SETOF record AS 'MODULE_PATHNAME', 'barks_list_stages' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION barks.list_stages() IS 'stages of the jobs that the current user may see';

CREATE FUNCTION barks.list_tasks(OUT job_id bigint, OUT stage int, OUT task int, OUT attempt int, OUT node text,
	OUT state text, OUT pid int, OUT rows bigint, OUT bytes bigint, OUT spill_bytes bigint,
	OUT queue_ms float8, OUT plan_ms float8, OUT run_ms float8,
	OUT started timestamptz, OUT finished timestamptz, OUT error text)
RETURNS SETOF record AS 'MODULE_PATHNAME', 'barks_list_tasks' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION barks.list_tasks() IS 'attempts of the tasks of the jobs that the current user may see';

CREATE VIEW barks.jobs AS SELECT * FROM barks.list_jobs();
COMMENT ON VIEW barks.jobs IS
'running and recent jobs: one''s own, all of the database''s for members of pg_monitor';

CREATE VIEW barks.stages AS SELECT * FROM barks.list_stages();
COMMENT ON VIEW barks.stages IS 'stages of the jobs in barks.jobs';

CREATE VIEW barks.tasks AS SELECT * FROM barks.list_tasks();
COMMENT ON VIEW barks.tasks IS 'each attempt of a task that was sent to a node, of the jobs in barks.jobs';

CREATE FUNCTION barks.cancel_job(job_id bigint) RETURNS bool
AS 'MODULE_PATHNAME', 'barks_cancel_job' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION barks.cancel_job(bigint) IS
'cancel the query that runs the job; false when it does not run any more';

CREATE FUNCTION barks.cancel_group(name text) RETURNS int
AS 'MODULE_PATHNAME', 'barks_cancel_group' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION barks.cancel_group(text) IS
'cancel the queries of sessions with this barks.job_group that run jobs, and that one may cancel; how many';

GRANT SELECT ON barks.jobs, barks.stages, barks.tasks TO PUBLIC;

CREATE FUNCTION barks.drop_shipped_functions() RETURNS bigint
AS 'MODULE_PATHNAME', 'barks_drop_shipped_functions' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION barks.drop_shipped_functions() IS
'drop the copies of functions that nodes got of this database, once no transaction uses them; how many';
REVOKE EXECUTE ON FUNCTION barks.drop_shipped_functions() FROM PUBLIC;

CREATE FUNCTION barks.rdd_parts(n int, in_turn boolean DEFAULT false) RETURNS TABLE(part int, parts int)
AS 'MODULE_PATHNAME', 'barks_rdd_parts' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 16;
COMMENT ON FUNCTION barks.rdd_parts(int, boolean) IS
    'numbers of n parts, which tasks share out; null: as many as suit the nodes; in_turn: what is made of them comes in their order';
CREATE FUNCTION barks.rdd_slices(n int, in_turn boolean DEFAULT false) RETURNS TABLE(part int, parts int)
AS 'MODULE_PATHNAME', 'barks_rdd_slices' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 16;
COMMENT ON FUNCTION barks.rdd_slices(int, boolean) IS 'likewise, of what the driver can make as well as the nodes';
