-- Target lists that PostgreSQL looks at, or that depend on one another, above and in batches.
CREATE SCHEMA vectorize_targets;
SET search_path = vectorize_targets;
SET barks.vectorize = force;

-- ModifyTable wants a constant for a dropped column
CREATE TABLE dropped (gone int, id int, v text);
ALTER TABLE dropped DROP COLUMN gone;
INSERT INTO dropped SELECT i, 'v' || i FROM generate_series(1, 3) i;
INSERT INTO dropped SELECT id + 10, v FROM dropped WHERE id < 3;
SELECT * FROM dropped ORDER BY id;

-- one target sets others
CREATE TABLE parent (a int, b text);
CREATE TABLE child () INHERITS (parent);
CREATE TABLE one (x int);
INSERT INTO parent SELECT i, 'p' || i FROM generate_series(1, 2) i;
INSERT INTO child SELECT i, 'c' || i FROM generate_series(3, 4) i;
INSERT INTO one VALUES (1), (2);
UPDATE parent p SET (a, b) = (SELECT p.a + 100, p.b || '-' FROM one LIMIT 1);
SELECT * FROM parent ORDER BY a;
UPDATE parent p SET (a, b) = (SELECT max(x + p.a), min(x || p.b) FROM one) WHERE p.a > 101;
SELECT * FROM parent ORDER BY a;

-- columns of domains, in what PostgreSQL evaluates
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN numbers AS int[];
CREATE TYPE pair AS (x int, y text);
CREATE DOMAIN dpair AS pair;
CREATE TABLE of_domains (p positive, n numbers, d dpair);
INSERT INTO of_domains SELECT i, ARRAY[i, 2 * i], ROW(i, 'y' || i)::pair FROM generate_series(1, 3) i;
INSERT INTO of_domains VALUES (NULL, NULL, NULL);
SELECT p + 1, pg_typeof(p), n[2], (d).y, (d).* FROM of_domains ORDER BY p;
SELECT count(*), max(p), sum(n[1]), string_agg((d).y, ',' ORDER BY p) FROM of_domains WHERE (d).x > 1 AND n[1] < 9;
SELECT a.p, b.n[1] FROM of_domains a JOIN of_domains b ON a.p = b.p AND a.n[1] + b.n[1] > 2 ORDER BY a.p;

-- EXPLAIN names what subqueries are given
CREATE TABLE keyed (k int PRIMARY KEY, other int);
INSERT INTO keyed SELECT i, 7919 * i % 1000 FROM generate_series(0, 999) i;
VACUUM ANALYZE keyed;
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM keyed a WHERE EXISTS (SELECT FROM keyed b WHERE b.k = a.other OFFSET 0) OR other < 0;
EXPLAIN (COSTS OFF) SELECT (SELECT b.other FROM keyed b WHERE b.k = s.c) FROM (SELECT other, count(*) AS c FROM keyed GROUP BY other OFFSET 0) s;

-- LIMIT takes the first rows, also where their order is not asked for above
RESET enable_seqscan;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT k, x FROM (SELECT k % 23 AS k, sum(other) AS x FROM keyed GROUP BY k % 23 ORDER BY 1 LIMIT 4) s ORDER BY x;
SET enable_hashagg = off;
SELECT k, x FROM (SELECT k % 23 AS k, sum(other) AS x FROM keyed GROUP BY k % 23 ORDER BY 1 LIMIT 4) s ORDER BY x;

RESET barks.vectorize;
SET client_min_messages = warning;
DROP SCHEMA vectorize_targets CASCADE;
