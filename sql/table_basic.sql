-- Layouts, and rows through every way in and out.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS barks;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE TABLE t (a int, b text, c numeric) USING barks;
SELECT name, layout, key FROM barks.tables;
INSERT INTO t SELECT i, 'x' || i, i / 3.0 FROM generate_series(1, 2500) i;
SELECT count(*), sum(a), sum(c) FROM t;
SELECT barks.distribute_table('t', by => 'a', partitions => 3);
SELECT name, layout, key, partitions, rows FROM barks.tables;
SELECT partition, rows FROM barks.partitions ORDER BY partition;
SELECT count(*), sum(a), sum(c) FROM t;
-- again, otherwise
SELECT barks.distribute_table('t', by => 'b, a', partitions => 5);
SELECT name, layout, key, partitions, rows FROM barks.tables;
SELECT barks.broadcast_table('t');
SELECT name, layout, key, partitions, rows FROM barks.tables;
SELECT count(*), sum(a), sum(c) FROM t;
SELECT barks.distribute_table('t');
SELECT name, layout, key, rows FROM barks.tables;
SELECT count(*), sum(a), sum(c) FROM t;
SELECT barks.undistribute_table('t');
SELECT name, layout, key, partitions, rows FROM barks.tables;
SELECT count(*), sum(a), sum(c) FROM t;
SELECT count(*) FROM barks.placement;

-- wrong arguments
SELECT barks.distribute_table('t', by => 'nope');
SELECT barks.distribute_table('t', by => 'a,');
SELECT barks.distribute_table('t', by => 'a, a');
SELECT barks.distribute_table('t', by => 'ctid');
SELECT barks.distribute_table('t', by => 'a', partitions => 0);
SELECT barks.distribute_table('t', colocate_with => 't');
SELECT barks.distribute_table('pg_class', by => 'oid');
SELECT barks.distribute_table(NULL);

-- names that need quotes
CREATE TABLE "T t" ("Key ""k""" int, "a,b" text);
INSERT INTO "T t" SELECT i, i FROM generate_series(1, 10) i;
SELECT barks.distribute_table('"T t"', by => '"Key ""k""", "a,b"', partitions => 4);
SELECT name, layout, key, partitions, rows FROM barks.tables;
SELECT count(*), min("Key ""k""") FROM "T t";
DROP TABLE "T t";

-- ways in
SELECT barks.distribute_table('t', by => 'a', partitions => 4);
TRUNCATE t;
SELECT count(*) FROM t;
COPY t FROM stdin;
1	one	1.1
2	two	\N
\N	\N	3
\.
INSERT INTO t VALUES (4, 'four', 4), (5, 'five', 5.50) RETURNING *;
SELECT * FROM t ORDER BY a;
COPY (SELECT * FROM t ORDER BY a) TO stdout;
CREATE TABLE u USING barks AS SELECT * FROM t;
SELECT * FROM u ORDER BY a;
CREATE MATERIALIZED VIEW m USING barks AS SELECT a, b FROM t;
SELECT count(*) FROM m;
INSERT INTO t VALUES (6, 'six', 6);
REFRESH MATERIALIZED VIEW m;
SELECT count(*) FROM m;
REFRESH MATERIALIZED VIEW m WITH NO DATA;
SELECT count(*) FROM m;
REFRESH MATERIALIZED VIEW CONCURRENTLY m;
DROP MATERIALIZED VIEW m;
SET default_table_access_method = barks;
CREATE TABLE v AS SELECT generate_series(1, 100) g;
SELECT * INTO w FROM v;
RESET default_table_access_method;
SELECT count(*), sum(g) FROM w;
SELECT name, layout FROM barks.tables ORDER BY name::text;
DROP TABLE u, v, w;

-- transactions
BEGIN;
INSERT INTO t VALUES (7, 'seven', 7);
SELECT count(*) FROM t;
SAVEPOINT s;
INSERT INTO t VALUES (8, 'eight', 8);
SELECT count(*) FROM t;
ROLLBACK TO s;
SELECT count(*) FROM t;
TRUNCATE t;
SELECT count(*) FROM t;
INSERT INTO t VALUES (9, 'nine', 9);
SELECT * FROM t;
ROLLBACK;
SELECT count(*) FROM t;
BEGIN;
CREATE TABLE x (i int) USING barks;
INSERT INTO x VALUES (1);
TRUNCATE x;
INSERT INTO x VALUES (2);
SELECT * FROM x;
SAVEPOINT s;
SELECT barks.distribute_table('x', by => 'i', partitions => 2);
INSERT INTO x VALUES (3);
SELECT * FROM x ORDER BY i;
ROLLBACK TO s;
SELECT name, layout FROM barks.tables WHERE name = 'x'::regclass;
SELECT * FROM x;
DROP TABLE x;
COMMIT;
BEGIN;
DROP TABLE t;
ROLLBACK;
SELECT count(*) FROM t;

-- a query that reads what the statement's functions write, and the other way round
CREATE TABLE log (n int) USING barks;
CREATE FUNCTION add_row(n int) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO log VALUES (n);
	RETURN (SELECT count(*) FROM log);
END $$;
SELECT add_row(i) FROM generate_series(1, 3) i;
CREATE FUNCTION try_row(n int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO log VALUES (n);
	IF n % 2 = 0 THEN RAISE 'even'; END IF;
	RETURN 'ok';
EXCEPTION WHEN raise_exception THEN RETURN sqlerrm;
END $$;
SELECT try_row(i) FROM generate_series(10, 13) i;
SELECT * FROM log ORDER BY n;
INSERT INTO log SELECT n + 100 FROM log;
SELECT * FROM log ORDER BY n;
WITH i AS (INSERT INTO log VALUES (1000), (1001) RETURNING n) SELECT count(*), sum(n) FROM i;
SELECT count(*) FROM log;
DROP TABLE log;
DROP FUNCTION add_row, try_row;

-- cursors, both ways
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT a FROM t WHERE a IS NOT NULL ORDER BY a;
FETCH 2 FROM c;
FETCH BACKWARD 1 FROM c;
FETCH ALL FROM c;
FETCH BACKWARD 2 FROM c;
CLOSE c;
SET LOCAL barks.enabled = off;
DECLARE c SCROLL CURSOR FOR SELECT a IS NULL OR a > 0 FROM t;
FETCH 3 FROM c;
FETCH BACKWARD 1 FROM c;
FETCH ALL FROM c;
FETCH BACKWARD 2 FROM c;
FETCH ABSOLUTE 1 FROM c;
FETCH BACKWARD 1 FROM c;
FETCH FIRST FROM c;
COMMIT;

-- samples
SELECT count(*) = (SELECT count(*) FROM t) FROM t TABLESAMPLE bernoulli (100);
SELECT count(*) = (SELECT count(*) FROM t) FROM t TABLESAMPLE system (100);
SELECT count(*) FROM t TABLESAMPLE bernoulli (0);

-- statistics
ANALYZE t;
SELECT reltuples FROM pg_class WHERE oid = 't'::regclass;
SELECT attname, null_frac > 0 AS has_nulls FROM pg_stats WHERE tablename = 't' ORDER BY attname;
VACUUM t;
VACUUM (FULL, ANALYZE) t;
SELECT count(*) FROM t;
SELECT * FROM t ORDER BY a;
DROP TABLE t;
SELECT count(*) FROM barks.placement;
