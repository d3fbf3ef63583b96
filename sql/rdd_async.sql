-- Actions that run by themselves.
SET search_path = barks, public;
\set SHOW_CONTEXT never
CREATE TEMP TABLE j (name text, job bigint);
INSERT INTO j SELECT 'count', rdd_submit(rdd_range(0, 1000), 'count');
INSERT INTO j SELECT 'collect', rdd_submit(rdd_map(rdd_range(0, 4), '(x, x * 1.5)'));
INSERT INTO j SELECT 'take', rdd_submit(rdd_range(0, 1000), 'take(3, NULL::bigint)');
INSERT INTO j SELECT 'fails', rdd_submit(rdd_map(rdd_range(0, 10), '1 / (x - 5)'), 'count()');
INSERT INTO j SELECT 'fails too', rdd_submit(rdd_map(rdd_range(0, 10), '1 / (x - 5)'), 'collect');
INSERT INTO j SELECT 'sleeps', rdd_submit(rdd_map(rdd_range(0, 1000), 'pg_sleep(10)::text'), 'collect');
SELECT name, job_wait(job) FROM j WHERE name <> 'sleeps' ORDER BY job;
SELECT job_wait(job, '10 ms') FROM j WHERE name = 'sleeps';
SELECT job_result(job) FROM j WHERE name = 'count';
SELECT job_result(job) FROM j WHERE name = 'collect';
SELECT job_result(job) FROM j WHERE name = 'take';
SELECT job_result(job) FROM j WHERE name = 'fails too';
SELECT job_forget(job) FROM j WHERE name = 'sleeps';
SELECT job_cancel(job) FROM j WHERE name = 'sleeps';
SELECT job_wait(job) FROM j WHERE name = 'sleeps';
SELECT job_cancel(job) FROM j WHERE name = 'sleeps';
SELECT job_result(job) FROM j WHERE name = 'sleeps';
SELECT state, error FROM async_jobs JOIN j USING (job) ORDER BY job;

-- within one transaction, and with its settings and role
CREATE ROLE rdd_async_other;
GRANT ALL ON j TO rdd_async_other;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM j;
SET LOCAL ROLE rdd_async_other;
SET LOCAL timezone = 'Asia/Tokyo';
INSERT INTO j SELECT 'in transaction', rdd_submit(rdd_query('SELECT current_user::text, current_setting(''timezone'')'));
SELECT job_result(job) FROM j WHERE name = 'in transaction';
SELECT job_result(job) FROM j WHERE name = 'count';
ROLLBACK;
SELECT role_name, state FROM async_jobs WHERE role_name = 'rdd_async_other';

-- all jobs of a group are cancelled, and no others; a submitted one has its session's
CREATE TABLE async_slow (i int);
SELECT distribute_table('async_slow', by => 'i', partitions => 2);
INSERT INTO async_slow SELECT generate_series(1, 1000);
SET barks.job_group = 'slow';
INSERT INTO j SELECT 'grouped', rdd_submit(rdd_map(rdd_table('async_slow'), '(x.i, pg_sleep(10)::text)')) FROM generate_series(1, 2);
SET barks.job_group = 'other';
INSERT INTO j SELECT 'other', rdd_submit(rdd_map(rdd_table('async_slow'), '(x.i, pg_sleep(0.0001)::text)'), 'count');
RESET barks.job_group;
SELECT cancel_group('no such group'), cancel_group('');
DO $$
BEGIN
	WHILE EXISTS (SELECT FROM barks.async_jobs JOIN j USING (job) WHERE name = 'grouped' AND state = 'running') LOOP
		PERFORM barks.cancel_group('slow');
		PERFORM pg_sleep(0.01);
	END LOOP;
END $$;
SELECT name, job_wait(job) FROM j WHERE name IN ('grouped', 'other') ORDER BY job;
DROP TABLE async_slow;

-- what is no action
SELECT rdd_submit(rdd_range(0, 10), 'count; DROP TABLE j');
SELECT rdd_submit(rdd_range(0, 10), 'count(), 1');
SELECT rdd_submit(rdd_range(0, 10), 'count() + 1');
SELECT rdd_submit(rdd_range(0, 10), 'pg_catalog.pg_sleep(1)');
SELECT rdd_submit(rdd_range(0, 10), 'wonder');
SELECT rdd_submit(rdd_range(0, 10), 'take(1, NULL::bigint) FROM j');
SELECT rdd_submit(rdd_range(0, 10), 'take(1, NULL::bigint) OVER ()');
SELECT job_wait(-1);
SELECT job_result(-1);

SELECT count(*) FROM (SELECT job_forget(job) FROM async_jobs) f WHERE job_forget;
SELECT count(*) FROM async_result;
DROP TABLE j;
DROP ROLE rdd_async_other;
