-- What the planner may and may not do with distributed tables.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS barks;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE TABLE t (a int PRIMARY KEY, b int);
CREATE TABLE u (a int, b int);
INSERT INTO t SELECT i, i % 10 FROM generate_series(1, 1000) i;
INSERT INTO u SELECT i, i % 10 FROM generate_series(1, 1000) i;
SELECT barks.distribute_table('t', by => 'a', partitions => 3);
SELECT barks.distribute_table('u', by => 'b', partitions => 3);
ANALYZE t, u;
SELECT relhasindex, reltuples FROM pg_class WHERE oid = 't'::regclass;
SET barks.enabled = off;
-- unique: the join goes
EXPLAIN (COSTS off) SELECT u.* FROM u LEFT JOIN t USING (a);
EXPLAIN (COSTS off) SELECT t.* FROM t LEFT JOIN u USING (a);
-- never an index, a bitmap, an address, or workers
SET enable_seqscan = off;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET min_parallel_index_scan_size = 0;
SET force_parallel_mode = on;
EXPLAIN (COSTS off) SELECT * FROM t WHERE a = 5;
SELECT * FROM t WHERE a = 5;
EXPLAIN (COSTS off) SELECT count(*), min(a), max(a) FROM t;
SELECT count(*), min(a), max(a) FROM t;
SELECT count(*), sum(t.b) FROM t JOIN u USING (a) WHERE t.a < 100;
SELECT count(*) FROM (SELECT a FROM t UNION ALL SELECT a FROM u) x;
SELECT max(a) FROM t WHERE b = 3;
RESET ALL;
SELECT count(*) FROM t WHERE a > ALL (SELECT a FROM u WHERE a < 500);
-- the same from a prepared plan, before and after the table is laid out otherwise
PREPARE q (int) AS SELECT count(*), sum(b) FROM t WHERE a <= $1;
EXECUTE q (10);
SELECT barks.undistribute_table('t');
EXECUTE q (20);
SELECT barks.broadcast_table('t');
EXECUTE q (30);
PREPARE d AS DELETE FROM u WHERE a = 1;
EXECUTE d;
DEALLOCATE ALL;
-- reading and writing another table
CREATE TABLE heap (a int PRIMARY KEY, v int);
INSERT INTO heap SELECT i, 0 FROM generate_series(1, 5) i;
UPDATE heap SET v = t.b FROM t WHERE t.a = heap.a RETURNING heap.*;
DELETE FROM heap USING u WHERE u.a = heap.a AND u.b = 5;
MERGE INTO heap USING u ON u.a = heap.a AND u.a < 10 WHEN MATCHED THEN UPDATE SET v = u.a * 100 WHEN NOT MATCHED AND u.a < 10 THEN INSERT VALUES (u.a, -1);
SELECT * FROM heap JOIN u USING (a) ORDER BY a FOR UPDATE OF heap;
INSERT INTO heap SELECT * FROM t WHERE a < 7 ON CONFLICT (a) DO UPDATE SET v = 7;
SELECT * FROM heap ORDER BY a;
-- statements that write, with blocks that can fail inside
CREATE FUNCTION peek() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	RETURN (SELECT count(*) FROM u);
EXCEPTION WHEN division_by_zero THEN RETURN -1;
END $$;
INSERT INTO u SELECT 5000 + i, peek() FROM generate_series(1, 3) i;
CREATE FUNCTION peek_plainly() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM u); END $$;
INSERT INTO u SELECT 5000 + i, peek_plainly() FROM generate_series(1, 3) i;
SELECT * FROM u WHERE a > 5000 ORDER BY a;
DROP TABLE t, u, heap;
DROP FUNCTION peek, peek_plainly;
