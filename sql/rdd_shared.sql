-- Broadcast values and accumulators.
SET search_path = barks, public;
CREATE TABLE reading (id int NOT NULL, sensor text, value numeric);
SELECT distribute_table('reading', by => 'id', partitions => 4);
INSERT INTO reading SELECT i, CASE WHEN i % 10 > 0 THEN 's' || i % 10 END, i % 7 FROM generate_series(1, 1000) i;
ANALYZE reading;

SELECT broadcast('factors', '{"s1": 10, "s2": 100}'::jsonb);
SELECT bc('factors', NULL::jsonb) -> 's1';
SELECT rdd_sum(rdd_map(rdd_filter(rdd_table('reading'), 'bc(''factors'', NULL::jsonb) ? x.sensor'),
	'(bc(''factors'', NULL::jsonb) ->> x.sensor)::numeric * x.value'));
SELECT sum(CASE sensor WHEN 's1' THEN 10 WHEN 's2' THEN 100 END * value) FROM reading;
-- again with another value: the RDD is the same, the value is not
SELECT broadcast('factors', '{"s1": 1}'::jsonb);
SELECT rdd_sum(rdd_map(rdd_filter(rdd_table('reading'), 'bc(''factors'', NULL::jsonb) ? x.sensor'),
	'(bc(''factors'', NULL::jsonb) ->> x.sensor)::numeric * x.value'));
SELECT sum(value) FROM reading WHERE sensor = 's1';
SELECT bc('factors', NULL::text);
SELECT broadcast_destroy('factors'), broadcast_destroy('factors');
SELECT bc('factors', NULL::jsonb);
SELECT broadcast('none', NULL::int), bc('none', NULL::int) IS NULL;

-- accumulators: any aggregate of one argument whose states combine
SELECT accumulator('count', 'count("any")'::regprocedure);
SELECT accumulator('n', 'sum(bigint)'::regprocedure);
SELECT accumulator('greatest', 'max(numeric)'::regprocedure);
SELECT accumulator('mean', 'avg(numeric)'::regprocedure);
SELECT acc_value('n', NULL::numeric), acc_value('mean', NULL::numeric);
SELECT rdd_count(rdd_filter(rdd_table('reading'), 'CASE WHEN x.sensor IS NULL THEN acc_add(''n'', 1) > 0 ELSE false END'));
SELECT acc_value('n', NULL::numeric), count(*) FROM reading WHERE sensor IS NULL;
-- it goes on from there
SELECT rdd_count(rdd_filter(rdd_table('reading'), 'acc_add(''n'', 10) > 0'));
SELECT acc_value('n', NULL::numeric), 100 + 10 * 1000 AS expected;
SELECT rdd_sum(rdd_map(rdd_table('reading'), 'acc_add(''greatest'', acc_add(''mean'', x.value))'));
SELECT acc_value('greatest', NULL::numeric), acc_value('mean', NULL::numeric)::numeric(10,5), max(value), avg(value)::numeric(10,5) FROM reading;
-- the tasks add, not the driver
SELECT count(*) FROM fallbacks('SELECT count(*) FROM reading WHERE barks.acc_add(''n'', 1) > 0');
-- in plain SQL, too, and in stages that others read
SELECT accumulator('n', 'sum(bigint)'::regprocedure);
SELECT count(*) FROM (SELECT sensor, sum(v) FROM (SELECT sensor, acc_add('n', 1) AS v FROM reading) r GROUP BY sensor) s;
SELECT acc_value('n', NULL::numeric);
-- over ordinary rows
SELECT count(acc_add('n', 5)) FROM generate_series(1, 3);
SELECT acc_value('n', NULL::numeric);
-- what a task knows of itself
SELECT task_context() IS NULL AS on_driver;
CREATE TABLE seen AS SELECT x->>'job' AS job, x->>'stage' AS stage, x->>'partition' AS task, x->>'attempt' AS attempt, count(*) AS n
	FROM rdd_collect(rdd_map(rdd_table('reading'), 'task_context()'), NULL::jsonb) x GROUP BY 1, 2, 3, 4;
SELECT sum(n), count(DISTINCT job) AS jobs, bool_and(EXISTS (SELECT FROM tasks t
	WHERE t.job_id = s.job::bigint AND t.stage = s.stage::int AND t.task = s.task::int AND t.attempt = s.attempt::int)) AS known,
	count(DISTINCT task) > 1 AS several FROM seen s;
SELECT count(*) FROM fallbacks('SELECT id, barks.task_context() FROM reading');
DROP TABLE seen;
-- settings are local properties
SET shared.tenant = 'north';
SELECT DISTINCT x FROM rdd_collect(rdd_map(rdd_table('reading'), 'current_setting(''shared.tenant'')'), NULL::text) x;
-- what jobs are for
SET barks.job_description = 'counts "readings"';
SET barks.job_group = 'shared';
SELECT rdd_count(rdd_table('reading'));
RESET barks.job_group;
SELECT rdd_count(rdd_table('reading'));
RESET barks.job_description;
SELECT rdd_count(rdd_table('reading'));
SELECT job_group, description FROM (SELECT * FROM jobs ORDER BY job_id DESC LIMIT 3) j ORDER BY job_id;

\set SHOW_CONTEXT never
-- a query that fails adds nothing
SELECT accumulator('n', 'sum(bigint)'::regprocedure);
SELECT count(*) FROM reading WHERE acc_add('n', 1) / (id - 500) > 10;
SELECT acc_value('n', NULL::numeric);
-- nor when a function in it catches errors, of queries that run tasks in place too
CREATE FUNCTION careful(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	BEGIN
		EXECUTE 'SELECT sum(1 / (id - id)) FROM barks.reading WHERE id < 10';
	EXCEPTION WHEN OTHERS THEN
		EXECUTE 'SELECT barks.acc_add_to(''pg_catalog.sum(bigint)'', ''n'', 1::bigint)';
	END;
	RETURN i;
END $$;
SECURITY LABEL FOR barks ON FUNCTION careful(int) IS 'shippable';
SELECT count(*) FROM fallbacks('SELECT sum(careful(id)) FROM reading WHERE id < 30');
SELECT accumulator('n', 'sum(bigint)'::regprocedure);
BEGIN;
INSERT INTO reading VALUES (0, 's0', 0);
SELECT sum(careful(id)) FROM reading WHERE id < 30;
SELECT acc_value('n', NULL::numeric);
SAVEPOINT s;
SELECT sum(careful(id) / (id - 25)) FROM reading WHERE id < 30;
ROLLBACK TO s;
SELECT acc_value('n', NULL::numeric);
ROLLBACK;
DROP FUNCTION careful;
-- NULLs are what the aggregate makes of them
SELECT accumulator('strings', 'max(text)'::regprocedure);
SELECT rdd_count(rdd_filter(rdd_table('reading'), 'acc_add(''strings'', x.sensor) IS NULL'));
SELECT acc_value('strings', NULL::text);
SELECT rdd_count(rdd_filter(rdd_table('reading'), 'acc_add(''count'', x.sensor) IS NULL'));
SELECT acc_value('count', NULL::bigint);

SELECT acc_add('missing', 1);
SELECT acc_value('missing', NULL::int);
SELECT acc_value('strings', NULL::int);
SELECT acc_add('n', 'x'::text);
SELECT accumulator('bad', 'abs(int)'::regprocedure);
SELECT accumulator('bad', 'array_agg(anynonarray)'::regprocedure);
SELECT accumulator('bad', 'regr_count(float8, float8)'::regprocedure);
SELECT accumulator('bad', 'string_agg(text, text)'::regprocedure);
SELECT accumulator('bad', 'xmlagg(xml)'::regprocedure);
DROP TABLE reading;
