CREATE EXTENSION IF NOT EXISTS barks;
-- The numbers of this test's jobs start after this one.
SELECT job_begin('SELECT before') AS base \gset
CREATE VIEW my_jobs AS SELECT job_id - current_setting('test.base')::bigint AS job, role_name, query, state, started IS NOT NULL AS started,
	finished IS NOT NULL AS finished, stages, tasks, tasks_done AS done, rows, shuffle_bytes AS shuffle, spill_bytes AS spill, error
FROM barks.jobs WHERE job_id > current_setting('test.base')::bigint ORDER BY 1;
CREATE VIEW my_stages AS SELECT job_id - current_setting('test.base')::bigint AS job, stage, exchange, state, tasks, tasks_done AS done, attempts, rows,
	bytes, spill_bytes AS spill, started <= finished AS times FROM barks.stages WHERE job_id > current_setting('test.base')::bigint ORDER BY 1, 2;
CREATE VIEW my_tasks AS SELECT job_id - current_setting('test.base')::bigint AS job, stage, task, attempt, node, state, pid, rows, bytes,
	queue_ms, plan_ms, run_ms, started <= finished AS times, error FROM barks.tasks WHERE job_id > current_setting('test.base')::bigint;
GRANT SELECT ON my_jobs, my_stages, my_tasks TO PUBLIC;
SELECT set_config('test.base', :'base', false) IS NOT NULL AS set;

-- A job while it runs, with a task that was tried again.
BEGIN;
SELECT job_begin('SELECT ' || repeat('long ', 3) || 'text') AS job \gset
SELECT job_stage(:job, 1, 'shuffle', 3), job_stage(:job, 2, 'gather', 2);
SELECT task_started(:job, 1, t, 1, 'n' || t % 2) FROM generate_series(0, 1) t;
SELECT task_progress(:job, 1, 0, 1, 500), task_done(:job, 1, 1, 1, 30), task_failed(:job, 1, 0, 1, 'lost'), task_started(:job, 1, 0, 2, 'n1');
SELECT * FROM my_jobs;
SELECT * FROM my_stages;
SELECT * FROM my_tasks;
SELECT task_done(:job, 1, 0, 2, 700), task_started(:job, 1, 2, 1, 'n0'), task_done(:job, 1, 2, 1, 1), task_started(:job, 2, 0, 1, 'n1');
-- What is not there is ignored.
SELECT task_started(:job, 3, 0, 1, 'x'), task_started(:job, 1, 3, 1, 'x'), task_started(:job, 1, -1, 1, 'x'), task_done(:job, 1, 1, 9, 9), task_started(0, 1, 1, 1, 'x'),
	task_failed(:job, 1, 1, 7, 'x'), job_end(0, 'failed', 'x');
-- More tasks, and fewer.
SELECT job_stage(:job, 2, 'gather', 4);
SELECT * FROM my_stages;
SELECT job_stage(:job, 2, 'gather', 1);
SELECT * FROM my_stages;
-- Finished early: what ran was cancelled.
SELECT job_end(:job, 'finished', NULL);
SELECT job_end(:job, 'failed', 'too late');
SELECT * FROM my_jobs;
SELECT * FROM my_stages;
SELECT * FROM my_tasks;
COMMIT;

-- Jobs end with their transaction or subtransaction.
SELECT job_begin('ends at commit') IS NOT NULL;
BEGIN;
SELECT job_begin('ends at rollback') AS job \gset
SELECT job_stage(:job, 1, 'gather', 2), task_started(:job, 1, 0, 1, 'n1'), task_failed(:job, 1, 0, 1, 'the task''s error'), task_started(:job, 1, 1, 1, 'n1');
SAVEPOINT s;
SELECT job_begin('ends with savepoint') IS NOT NULL;
SAVEPOINT s2;
SELECT job_begin('lives on') IS NOT NULL;
RELEASE s2;
SELECT job, query, state FROM my_jobs WHERE state = 'running';
ROLLBACK TO s;
SELECT job, query, state FROM my_jobs WHERE state = 'running';
ROLLBACK;
SELECT job, query, state, error FROM my_jobs WHERE job > 1;
SELECT job, stage, task, state, error FROM my_tasks WHERE job = 3;
BEGIN;
SELECT job_end(job_begin('fails'), 'failed', 'an error'), job_end(job_begin('is cancelled'), 'cancelled', 'canceling');
SELECT job, query, state, error FROM my_jobs WHERE query IN ('fails', 'is cancelled');
COMMIT;

-- Passwords stay hidden.
SELECT job_end(job_begin('SELECT barks.ADD_NODE(''n'', password => ''secret''), count(*) FROM t'), 'finished', NULL);
SELECT query FROM my_jobs ORDER BY job DESC LIMIT 1;

-- One's own, unless a member of pg_monitor.
CREATE ROLE barks_alice;
CREATE ROLE barks_bob;
CREATE ROLE barks_monitor IN ROLE pg_monitor;
CREATE ROLE barks_signaller IN ROLE pg_signal_backend;
SET ROLE barks_alice;
SELECT job_end(job_begin('alice''s'), 'finished', NULL);
SELECT role_name, query FROM barks.jobs;
SET ROLE barks_bob;
SELECT count(*) FROM barks.jobs;
SELECT count(*) FROM barks.stages;
SELECT count(*) FROM barks.tasks;
SET ROLE barks_monitor;
SELECT count(*) > 5 FROM barks.jobs;
SELECT count(*) > 1 FROM barks.stages;
RESET ROLE;
SELECT max(job_id) AS alices, max(job_id) - 1 AS supers FROM barks.jobs \gset
SET ROLE barks_alice;
SELECT barks.cancel_job(:alices), barks.cancel_job(0), barks.cancel_job(-1), barks.cancel_job(NULL);
SET ROLE barks_bob;
\set VERBOSITY sqlstate
SELECT barks.cancel_job(:alices);
SET ROLE barks_signaller;
SELECT barks.cancel_job(:alices);
SELECT barks.cancel_job(:supers);
\set VERBOSITY default
-- A running job is cancelled; this session is its driver.
RESET ROLE;
BEGIN;
SELECT job_begin('to be cancelled') AS job \gset
SELECT barks.cancel_job(:job), pg_sleep(10);
ROLLBACK;
SELECT query, state FROM my_jobs ORDER BY job DESC LIMIT 1;

-- History is bounded, running jobs stay.
BEGIN;
SELECT job_begin('stays') IS NOT NULL;
SELECT count(job_end(job_begin('many'), 'finished', NULL)) FROM generate_series(1, 500);
SELECT query, count(*) BETWEEN 90 AND 101 OR query = 'stays' FROM barks.jobs GROUP BY 1 ORDER BY 1;
COMMIT;
-- Cheap enough for many tasks; memory of dropped jobs is used again.
SELECT registry_speed(10000) < 50;
SELECT count(registry_speed(10000)) FROM generate_series(1, 300);
SELECT count(*) BETWEEN 10 AND 100 FROM barks.jobs WHERE query = 'registry_speed';
SELECT count(*) FROM barks.tasks WHERE job_id = (SELECT max(job_id) FROM barks.jobs);
DROP ROLE barks_alice, barks_bob, barks_monitor, barks_signaller;
