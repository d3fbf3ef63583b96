CREATE FUNCTION barks.list_shuffle_jobs(
    OUT driver numeric, OUT job_id bigint, OUT sessions int, OUT writers int, OUT bytes bigint)
RETURNS SETOF record LANGUAGE c VOLATILE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'barks_shuffle_jobs';
COMMENT ON FUNCTION barks.list_shuffle_jobs() IS
    'jobs that have sessions or shuffle files on this server, for the view barks.shuffle_jobs';
REVOKE EXECUTE ON FUNCTION barks.list_shuffle_jobs() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION barks.list_shuffle_jobs() TO pg_monitor;

CREATE VIEW barks.shuffle_jobs AS SELECT * FROM barks.list_shuffle_jobs();
COMMENT ON VIEW barks.shuffle_jobs IS
    'one row per job, of any driver, that has sessions or shuffle files on this server';
COMMENT ON COLUMN barks.shuffle_jobs.driver IS 'system identifier of the driver''s server';
COMMENT ON COLUMN barks.shuffle_jobs.job_id IS 'the job there, as in its barks.jobs';
COMMENT ON COLUMN barks.shuffle_jobs.sessions IS 'sessions here that brought tasks of the job; with the last one its files go';
COMMENT ON COLUMN barks.shuffle_jobs.writers IS 'tasks that write files now';
COMMENT ON COLUMN barks.shuffle_jobs.bytes IS 'size of its files, as counted against barks.shuffle_quota';
GRANT SELECT ON barks.shuffle_jobs TO pg_monitor;
