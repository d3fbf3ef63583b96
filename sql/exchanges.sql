-- Jobs of several stages: what EXPLAIN and the views say of them, and that they
-- see what their transaction wrote.
CREATE SCHEMA exchanges;
SET search_path = exchanges, public;
SET barks.exchanges = on;
SET barks.join_strategy = shuffle;
SET barks.broadcast_threshold = 0;
SET barks.shuffle_partitions = 3;
CREATE TABLE a (id int, k int, s text) USING barks;
SELECT barks.distribute_table('a', by => 'id', partitions => 4);
CREATE TABLE b (id int, k int, s text) USING barks;
SELECT barks.distribute_table('b', by => 'id', partitions => 4);
CREATE TABLE l (k int, s text);
INSERT INTO a SELECT i, i % 100, 'a' || i FROM generate_series(1, 2000) i;
INSERT INTO b SELECT i, i % 50, 'b' || i FROM generate_series(1, 300) i;
INSERT INTO l SELECT i, 'l' || i FROM generate_series(0, 19) i;
ANALYZE a;
ANALYZE b;
ANALYZE l;

-- the stages of a plan, without what depends on the cluster
CREATE FUNCTION stages(query text) RETURNS TABLE (stage int, exchange text, inputs text, done bool, rows bigint, moved text)
LANGUAGE plpgsql AS $$
DECLARE plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT json) ' || query INTO plan;
	RETURN QUERY SELECT (s->>'Stage')::int, s->>'Exchange', coalesce(s->>'Inputs', s->>'Rows From'),
		(s->>'Tasks Done')::int = coalesce((s->>'Tasks')::int, 1) OR (s->>'Tasks Done')::int > 0,
		(s->>'Rows')::bigint,
		CASE WHEN (s->>'Bytes by Memory')::bigint + (s->>'Bytes by File')::bigint + (s->>'Bytes by Wire')::bigint > 0 THEN 'moved ' ELSE '' END
		|| CASE WHEN (s->>'Bytes Written')::bigint > 0 THEN 'written' ELSE '' END
	FROM jsonb_path_query(plan, '$.**.Stages[*]') s ORDER BY 1;
END $$;
SELECT * FROM stages('SELECT count(*) FROM a JOIN b ON a.k = b.k');
SELECT * FROM stages('SELECT a.id, b.s FROM a JOIN b ON a.k = b.k ORDER BY a.id, b.id');
SELECT * FROM stages('SELECT a.s, l.s FROM a JOIN l ON a.k = l.k WHERE a.id < 50');

-- what the views show of the last of them
SELECT stage, exchange, state, tasks = tasks_done AS done, shuffle_bytes > 0 AS shuffled
FROM barks.stages WHERE job_id = (SELECT max(job_id) FROM barks.jobs WHERE stages > 2) ORDER BY 1;
SELECT state, tasks = tasks_done AS done, shuffle_bytes > 0 AS shuffled FROM barks.jobs
WHERE job_id = (SELECT max(job_id) FROM barks.jobs WHERE stages > 2);

-- rows of one long list are numbered range by range
SET barks.range_rows = 2000;
SELECT * FROM stages('SELECT max(n), sum(n * id) FROM (SELECT id, row_number() OVER (ORDER BY k, id) AS n FROM a) x');
SELECT max(n), sum(n * id) FROM (SELECT id, row_number() OVER (ORDER BY k, id) AS n FROM a) x;
SET barks.range_rows = 2001;
SELECT * FROM stages('SELECT max(n), sum(n * id) FROM (SELECT id, row_number() OVER (ORDER BY k, id) AS n FROM a) x');
SELECT max(n), sum(n * id) FROM (SELECT id, row_number() OVER (ORDER BY k, id) AS n FROM a) x;
RESET barks.range_rows;

-- a transaction sees what it wrote, through stages too, and after a rollback it does not
BEGIN;
SELECT count(*), sum(a.id) FROM a JOIN b ON a.k = b.k;
INSERT INTO a SELECT i, i % 100, 'new' FROM generate_series(2001, 2100) i;
SELECT count(*), sum(a.id) FROM a JOIN b ON a.k = b.k;
SAVEPOINT s;
INSERT INTO b SELECT i, i % 50, 'new' FROM generate_series(301, 350) i;
SELECT count(*), sum(a.id) FROM a JOIN b ON a.k = b.k;
SELECT count(*), min(l.s) FROM a JOIN l ON a.k = l.k JOIN b ON b.k = l.k;
ROLLBACK TO s;
SELECT count(*), sum(a.id) FROM a JOIN b ON a.k = b.k;
INSERT INTO b SELECT a.id, a.k, 'copy' FROM a JOIN b ON a.k = b.k WHERE a.id <= 10;
SELECT count(*), count(*) FILTER (WHERE s = 'copy') FROM b;
ROLLBACK;
SELECT count(*), sum(a.id) FROM a JOIN b ON a.k = b.k;

-- one snapshot for all queries of a transaction
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM a JOIN b ON a.k = b.k;
SELECT count(*), max(b.s) FROM a JOIN b ON a.k = b.k JOIN l ON l.k = b.k;
COMMIT;

-- a query within a query, and cursors that wait
CREATE FUNCTION inner_count(int) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN RETURN (SELECT count(*) FROM a JOIN b ON a.k = b.k WHERE a.id <= $1); END $$;
SELECT id, inner_count(id) FROM b WHERE id <= 3 ORDER BY id;
SELECT q.id, inner_count(q.id) FROM (SELECT a.id FROM a JOIN b ON a.k = b.k WHERE a.id IN (5, 7) AND b.id < 60) q ORDER BY 1;
BEGIN;
DECLARE c CURSOR FOR SELECT a.id, b.id FROM a JOIN b ON a.k = b.k ORDER BY 1, 2;
DECLARE d CURSOR FOR SELECT a.id, b.id FROM a JOIN b ON a.k = b.k ORDER BY 1 DESC, 2;
FETCH 2 FROM c;
FETCH 2 FROM d;
SELECT count(*) FROM a JOIN b ON a.k = b.k;
FETCH 2 FROM c;
MOVE 5000 IN d;
FETCH 1 FROM d;
COMMIT;
SELECT * FROM (SELECT a.id, b.id AS bid FROM a JOIN b ON a.k = b.k) q ORDER BY 1, 2 LIMIT 3;

-- run again with other values
PREPARE p (int) AS SELECT count(*), sum(b.id) FROM a JOIN b ON a.k = b.k WHERE a.id < $1;
EXECUTE p (10);
EXECUTE p (100);
EXECUTE p (-1);
SELECT l.k, (SELECT count(*) FROM a JOIN b ON a.k = b.k WHERE a.k = l.k + 0 * random()) FROM l WHERE l.k < 3 ORDER BY 1;

-- nothing to read, errors, and a broken query leaves the next one alone
SELECT count(*), max(a.s) FROM a JOIN b ON a.k = b.k WHERE a.id < 0;
\set SHOW_CONTEXT never
SELECT count(*) FROM a JOIN b ON a.k = b.k WHERE 10 / (a.id - 5) > b.id;
SELECT count(*), max(q) FROM a JOIN (SELECT k, 10 / (k - 7) AS q FROM l OFFSET 0) x ON a.k = x.k;
SELECT count(*) FROM a JOIN b ON a.k = b.k;
DO $$
BEGIN
	PERFORM count(*) FROM a JOIN b ON a.k = b.k WHERE 10 / (a.id - 5) > b.id;
EXCEPTION WHEN division_by_zero THEN
	RAISE NOTICE 'caught, % rows now', (SELECT count(*) FROM a JOIN b ON a.k = b.k);
END $$;

-- one partition, and more than there are values
SET barks.shuffle_partitions = 1;
SELECT count(*), sum(a.id) FROM a JOIN b ON a.k = b.k;
SET barks.shuffle_partitions = 500;
SELECT count(*), sum(a.id) FROM a JOIN b ON a.k = b.k;
RESET barks.shuffle_partitions;
SELECT count(*), sum(a.id) FROM a JOIN b ON a.k = b.k;
-- rows that have no partner stay where they are
CREATE FUNCTION filters(query text) RETURNS TABLE (stage int, exchange text, inputs text, rows bigint, filter text, keys bigint, bytes bigint, dropped bigint)
LANGUAGE plpgsql AS $$
DECLARE plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT json) ' || query INTO plan;
	RETURN QUERY SELECT (s->>'Stage')::int, s->>'Exchange', coalesce(s->>'Inputs', s->>'Rows From'), (s->>'Rows')::bigint,
		s->>'Runtime Filter', (s->>'Filter Keys')::bigint, (s->>'Filter Bytes')::bigint, (s->>'Rows Dropped')::bigint
	FROM jsonb_path_query(plan, '$.**.Stages[*]') s ORDER BY 1;
END $$;
SET barks.runtime_filters = always;
SET barks.shuffle_partitions = 3;
SELECT * FROM filters('SELECT count(*) FROM a JOIN b ON a.k = b.k WHERE b.id <= 3');
SELECT * FROM filters('SELECT count(*) FROM a JOIN b ON a.k = b.id WHERE b.k = 7');
SELECT * FROM filters('SELECT count(*) FROM a LEFT JOIN b ON a.k = b.id AND b.k = 7');
SELECT * FROM filters('SELECT count(*) FROM a WHERE EXISTS (SELECT FROM b WHERE a.k = b.id AND b.k = 7)');
SELECT * FROM filters('SELECT count(*) FROM a WHERE NOT EXISTS (SELECT FROM b WHERE a.k = b.id AND b.k = 7)');
-- what the keys are asked for and cannot be computed is an error only where rows need it
SELECT * FROM filters('SELECT count(*) FROM (SELECT * FROM a WHERE k < 0) a JOIN b ON a.k = b.id WHERE 1 / (b.k - 7) > 0');
SELECT count(*) FROM a JOIN b ON a.k = b.id WHERE 1 / (b.k - 7) > 0;
RESET barks.runtime_filters;
RESET barks.shuffle_partitions;

-- rows made unique by an expression: one stands for all of equal value, though its columns differ
CREATE TABLE small (k int);
SELECT barks.distribute_table('small', by => 'k', partitions => 4);
INSERT INTO small SELECT i FROM generate_series(1, 10) i;
CREATE TABLE large (k int, v int);
SELECT barks.distribute_table('large', by => 'k', partitions => 4);
INSERT INTO large SELECT i, i % 20 - 10 FROM generate_series(1, 20000) i;
ANALYZE small;
ANALYZE large;
SELECT count(*) FROM small WHERE EXISTS (SELECT FROM large WHERE abs(large.v) = abs(small.k));
SELECT * FROM barks.fallbacks('SELECT count(*) FROM small WHERE EXISTS (SELECT FROM large WHERE abs(large.v) = abs(small.k))');

SET barks.enabled = off;
SELECT count(*), sum(a.id) FROM a JOIN b ON a.k = b.k;
SET client_min_messages = warning;
DROP SCHEMA exchanges CASCADE;
