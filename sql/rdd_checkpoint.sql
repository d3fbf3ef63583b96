-- Checkpoints: stored for good, and read instead of the lineage.
CREATE SCHEMA checkpoints;
SET search_path = checkpoints, barks, public;
CREATE TABLE sale (id int NOT NULL, shop text, amount numeric(10,2));
SELECT distribute_table('sale', by => 'id', partitions => 4);
INSERT INTO sale SELECT i, CASE WHEN i % 7 > 0 THEN 'shop ' || i % 7 END, i * 1.25 FROM generate_series(1, 1000) i;
CREATE TABLE kept (name text PRIMARY KEY, r rdd);
CREATE FUNCTION r(text) RETURNS rdd LANGUAGE sql STABLE AS 'SELECT r FROM checkpoints.kept WHERE name = $1';

SELECT rdd_is_checkpointed(rdd_range(0, 3)), rdd_is_checkpointed(rdd_cache(rdd_range(0, 3))), rdd_drop_checkpoint(rdd_range(0, 3));
INSERT INTO kept VALUES ('shops', rdd_checkpoint(rdd_reduce_by_key(rdd_map(rdd_table('sale'), '(x.shop, x.amount)'), 'a + b', 3)));
-- the lineage is one step, whose text is the checkpoint; it has what the RDD had
SELECT regexp_replace(r::text, '_\d+_[0-9a-f]{16}', '_…'), rdd_is_checkpointed(r), rdd_element_type(r), rdd_partitioner(r), rdd_num_partitions(r),
	rdd_storage_level(r) FROM kept;
SELECT level, rows FROM storage;
-- it was computed, and does not change
INSERT INTO sale VALUES (1001, 'new shop', 1);
SELECT k, v FROM rdd_collect_pairs(r('shops'), NULL::text, NULL::numeric(10,2)) ORDER BY k;
SELECT rdd_count(rdd_join(r('shops'), rdd_map(rdd_table('sale'), '(x.shop, x.id)')));
SELECT count(*) FROM rdd_explain(r('shops')) e WHERE e LIKE '%sale%';
-- the text can be read back
SELECT rdd_count(r::text::rdd) FROM kept;
-- another call computes anew; that of a checkpoint does not
SELECT rdd_count(rdd_checkpoint(rdd_reduce_by_key(rdd_map(rdd_table('sale'), '(x.shop, x.amount)'), 'a + b', 3)));
SELECT rdd_checkpoint(r)::text = r::text AS same, rdd_local_checkpoint(r)::text = r::text AS local FROM kept;
SELECT count(*) FROM storage;
-- volatile lambdas have been evaluated
INSERT INTO kept VALUES ('random', rdd_checkpoint(rdd_map(rdd_range(0, 50), 'random()')));
SELECT (SELECT array_agg(x ORDER BY x) FROM rdd_collect(r, NULL::float8) x) = (SELECT array_agg(x ORDER BY x) FROM rdd_collect(r, NULL::float8) x)
FROM kept WHERE name = 'random';

-- order and partitions stay, in whatever session
SET barks.default_parallelism = 3;
INSERT INTO kept VALUES ('sorted', rdd_checkpoint(rdd_sort_by_key(rdd_map(rdd_range(0, 20), '(x * 7 % 20, x)'), true, 4)));
SET barks.default_parallelism = 5;
SELECT rdd_partitioner(r), rdd_num_partitions(r) FROM kept WHERE name = 'sorted';
SELECT rdd_partitioner(rdd_checkpoint(r('sorted'))), rdd_partitioner(rdd_checkpoint(rdd_filter_keys(r('sorted'), 'x > 3')));
SELECT array_agg(x) FROM (SELECT * FROM rdd_take(rdd_keys(r('sorted')), 5, NULL::bigint) x) t;
SELECT x FROM rdd_collect_json(rdd_map(rdd_glom(rdd_keys(r('sorted'))), 'array_length(x, 1)')) x;
RESET barks.default_parallelism;
-- elements of any kind
CREATE TYPE point3 AS (x int, "Y" text, z int[]);
INSERT INTO kept VALUES ('points', rdd_checkpoint(rdd_map(rdd_range(0, 3, 1, 1), '(x, (x::int, ''y'', ARRAY[x, NULL])::checkpoints.point3)')));
SELECT rdd_element_type(r) FROM kept WHERE name = 'points';
SELECT * FROM rdd_collect_json(r('points'));
INSERT INTO kept VALUES ('empty', rdd_checkpoint(rdd_empty('text')));
SELECT rdd_count(r), rdd_element_type(r), rdd_num_partitions(r) > 0 AS some FROM kept WHERE name = 'empty';
-- of what is persisted, from what is kept
SELECT accumulator('computed', 'sum(bigint)');
SELECT rdd_sum(rdd_checkpoint(rdd_persist(rdd_map(rdd_range(0, 10), 'x + barks.acc_add(''computed'', 1::bigint) - 1'), 'DISK_ONLY')));
SELECT acc_value('computed', NULL::numeric);

-- in a loop, the lineage stays short
DO $$
DECLARE
	r barks.rdd := barks.rdd_range(0, 10);
BEGIN
	FOR i IN 1 .. 12 LOOP
		r := barks.rdd_map(r, 'x + 1');
		IF i % 4 = 0 THEN
			r := barks.rdd_local_checkpoint(r);
		END IF;
	END LOOP;
	RAISE NOTICE '% steps, sum %', (SELECT count(*) FROM regexp_split_to_table(r::text, ',\n')), barks.rdd_sum(r);
END $$;

-- who may read, and drop
CREATE ROLE rdd_checkpoints;
GRANT USAGE ON SCHEMA checkpoints TO rdd_checkpoints;
GRANT SELECT ON kept, sale TO rdd_checkpoints;
SET ROLE rdd_checkpoints;
\set VERBOSITY terse
DO $$ BEGIN PERFORM barks.rdd_count(r) FROM checkpoints.kept WHERE name = 'shops'; EXCEPTION WHEN insufficient_privilege THEN RAISE NOTICE 'may not read'; END $$;
DO $$ BEGIN PERFORM barks.rdd_drop_checkpoint(r) FROM checkpoints.kept WHERE name = 'shops'; EXCEPTION WHEN insufficient_privilege THEN RAISE NOTICE 'may not drop'; END $$;
SELECT count(*) FROM storage;
SELECT rdd_count(rdd_checkpoint(rdd_table('sale')));
SELECT level, rows FROM storage;
RESET ROLE;
-- neither in a transaction that only reads, nor when it is rolled back
BEGIN READ ONLY;
SELECT rdd_checkpoint(rdd_range(0, 3));
ROLLBACK;
SELECT count(*) AS before FROM storage \gset
BEGIN;
SELECT rdd_count(rdd_checkpoint(rdd_range(0, 3)));
ROLLBACK;
SELECT count(*) - :before AS more FROM storage;
SELECT rdd_checkpoint(rdd_range(0, 3), 0);
SELECT rdd_count(rdd_checkpoint(rdd_range(0, 3), 9));

-- local ones are dropped after their session; what is dropped is gone
SELECT count(*) FROM storage WHERE level = 'LOCAL_CHECKPOINT';
INSERT INTO kept VALUES ('local', rdd_local_checkpoint(rdd_range(0, 33)));
SELECT rdd_count(r('local')), rdd_is_checkpointed(r('local'));
\c -
SET search_path = checkpoints, barks, public;
\set VERBOSITY terse
SELECT rdd_count(rdd_persist(rdd_range(0, 34)));
SELECT count(*) FROM storage WHERE level = 'LOCAL_CHECKPOINT';
SELECT rdd_is_checkpointed(r), rdd_drop_checkpoint(r) FROM kept WHERE name = 'local';
DO $$ BEGIN PERFORM barks.rdd_count(r) FROM checkpoints.kept WHERE name = 'local'; EXCEPTION WHEN undefined_table THEN RAISE NOTICE 'gone'; END $$;
SELECT rdd_drop_checkpoint(r), rdd_is_checkpointed(r), rdd_drop_checkpoint(r) FROM kept WHERE name = 'shops';
SELECT 'rdd_checkpointed(''no_such'')'::rdd;
SELECT rdd_checkpointed(NULL);
-- a table of somebody else's is none
CREATE TABLE barks_storage.checkpoint_1_0000000000000000 (x bigint);
SELECT rdd_checkpointed('checkpoint_1_0000000000000000');
DROP TABLE barks_storage.checkpoint_1_0000000000000000;

SET client_min_messages = warning;
DO $$
DECLARE t regclass;
BEGIN
	FOR t IN SELECT rel FROM barks.storage LOOP
		EXECUTE format('DROP TABLE %s', t);
	END LOOP;
END $$;
DROP SCHEMA checkpoints CASCADE;
DROP ROLE rdd_checkpoints;
