-- Lambdas and lineages that are not what they should be.
CREATE SCHEMA rdd_lambdas;
SET datestyle = ISO;
SET search_path = rdd_lambdas, barks, public;
CREATE TABLE t (id int, name text);
INSERT INTO t VALUES (1, 'one'), (2, NULL);

-- one expression, nothing else
SELECT rdd_map(rdd_range(0, 3), 'x) FROM (SELECT 1) UNION ALL SELECT (x');
SELECT rdd_map(rdd_range(0, 3), 'x; DROP TABLE t');
SELECT rdd_map(rdd_range(0, 3), '');
SELECT rdd_map(rdd_range(0, 3), NULL);
SELECT rdd_map(rdd_range(0, 3), 'x, 1');
SELECT rdd_map(rdd_range(0, 3), 'x AS y');
SELECT rdd_map(rdd_range(0, 3), '*');
SELECT rdd_map(rdd_table('t'), 'x.*');
SELECT rdd_map(rdd_table('t'), '(x).*');
SELECT rdd_map(rdd_range(0, 3), 'x FROM t');
SELECT rdd_map(rdd_range(0, 3), 'x WHERE true');
SELECT rdd_map(rdd_range(0, 3), 'x LIMIT 1');
SELECT rdd_map(rdd_range(0, 3), 'x UNION SELECT 1');
SELECT rdd_map(rdd_range(0, 3), 'DEFAULT');
SELECT rdd_map(rdd_range(0, 3), '(WITH a AS (DELETE FROM t RETURNING 1) SELECT count(*) FROM a)');
SELECT string_agg(x::text, ' ' ORDER BY x) FROM rdd_collect(rdd_map(rdd_range(0, 3), 'x -- and a remark'), NULL::bigint) x;
-- names that are the query's, not the lambda's
SELECT rdd_map(rdd_range(0, 3), 's.x');
SELECT rdd_map(rdd_range(0, 3), '"#1"');
SELECT rdd_map(rdd_range(0, 3), 'barks_lambda."1.1"');
SELECT rdd_map(rdd_map(rdd_range(0, 3), '(x, 1)'), '"v"."k"');
SELECT rdd_query('SELECT barks_lambda."1.1" FROM t AS barks_lambda("1.1")');
SELECT rdd_query('SELECT 1; SELECT 2');
SELECT rdd_query('DELETE FROM t RETURNING 1');
SELECT rdd_query('SELECT 1 INTO u');
SELECT rdd_query('SELECT');
SELECT rdd_query('SELECT (1, 2)');
SELECT rdd_query('SELECT $1');
CREATE TABLE "rdd 1" (n int);
INSERT INTO "rdd 1" VALUES (42);
SELECT string_agg(x::text, ' ' ORDER BY x) FROM rdd_collect(rdd_map(rdd_union(rdd_range(0, 1), rdd_range(0, 1)), '(SELECT sum(n) FROM "rdd 1")'), NULL::bigint) x;
SELECT rdd_query('SELECT * FROM "rdd 1"');
-- what the place has no use for
SELECT rdd_map(rdd_range(0, 3), 'sum(x)');
SELECT rdd_map(rdd_range(0, 3), 'sum(x) OVER ()');
SELECT rdd_map(rdd_range(0, 3), 'generate_series(1, x)');
SELECT rdd_filter(rdd_range(0, 3), 'x');
SELECT rdd_filter(rdd_range(0, 3), '(true, true)');
SELECT rdd_flat_map(rdd_range(0, 3), 'x');
SELECT rdd_flat_map(rdd_range(0, 3), '(SELECT x FROM generate_series(1, 2))');
SELECT rdd_flat_map(rdd_range(0, 3), 'ARRAY[(x, 1), (x, ''a'')]');
SELECT rdd_agg_by_key(rdd_map(rdd_range(0, 3), '(x, x)'), 'rank() OVER ()');
SELECT rdd_reduce(rdd_range(0, 3), 'a + (SELECT b)', NULL::bigint);
SELECT rdd_map(rdd_range(0, 3), '$2'), rdd_map(rdd_range(0, 3), 'y');
SELECT rdd_map(rdd_range(0, 3), 'nosuch(x)');
SELECT rdd_map(rdd_table('t'), 'x.nosuch'), rdd_map(rdd_table('t'), 'x.name.nosuch');
SELECT rdd_map(rdd_range(0, 3), 'CASE WHEN x > 1 THEN (1, 2) END');
SELECT rdd_map(rdd_table('t'), 'x.name', 'int'), rdd_map(rdd_table('t'), 'x.name', 'point[]');
SELECT rdd_map(rdd_range(0, 3), 'ROW()');
CREATE FUNCTION fickle(bigint) RETURNS t LANGUAGE sql VOLATILE AS 'SELECT ROW(random(), NULL)::t';
SELECT rdd_map(rdd_range(0, 3), 'fickle(x)');
-- types that do not fit
SELECT rdd_keys(rdd_range(0, 3));
SELECT rdd_union(rdd_range(0, 3), rdd_table('t'));
SELECT rdd_join(rdd_map(rdd_range(0, 3), '(x, 1)'), rdd_map(rdd_range(0, 3), '(x::int, 1)'));
SELECT rdd_reduce(rdd_range(0, 3), 'a::text', NULL::bigint);
SELECT rdd_reduce(rdd_range(0, 3), 'a + b * 0.5', NULL::bigint);
SELECT rdd_fold(rdd_range(0, 3), 0, 'acc + x');
SELECT rdd_group_by_key(rdd_map(rdd_range(0, 3), '(''{}''::json, x)'));
SELECT rdd_distinct(rdd_map(rdd_range(0, 3), 'point(x, x)'));
SELECT rdd_sort_by(rdd_range(0, 3), 'point(x, x)');
SELECT rdd_filter_by_range(rdd_map(rdd_range(0, 3), '(x, 1)'), 1, 2);
SELECT rdd_filter_by_range(rdd_map(rdd_range(0, 3), '(x, 1)'), 1::bigint, NULL::bigint);
SELECT * FROM rdd_collect(rdd_table('t'), NULL::int);
SELECT * FROM rdd_collect(rdd_table('t')) AS f(id int, name varchar);
SELECT rdd_parallelize(NULL::int[]), rdd_parallelize(ARRAY[(1, 2)]);
SELECT rdd_parallelize(ARRAY[(1, 2)]);
SELECT rdd_range(0, 3, 0);
SELECT rdd_map(rdd_range(0, 3), 'x', 'anyelement');
SELECT rdd_map(rdd_range(0, 3), 'x', 999999::regtype);
SELECT rdd_empty('void');
SELECT rdd_empty(NULL);
SELECT rdd_map(rdd_range(0, 3), 'pg_sleep(x)');
SELECT rdd_table('pg_class_oid_index');
SELECT rdd_repartition(rdd_range(0, 3), 0);
SELECT rdd_union(rdd_range(0, 3), NULL);
SELECT rdd_sum(rdd_table('t'));
SELECT rdd_sum(rdd_map(rdd_range(0, 3), 'x::oid'));
SELECT rdd_parallelize(ARRAY[rdd_range(0, 3)]);
SELECT rdd_fold(rdd_range(0, 3), rdd_range(0, 3), 'acc');
SELECT * FROM rdd_take(rdd_range(0, 3), -1, NULL::bigint);
-- very long, very deep
SELECT rdd_element_type(rdd_map(rdd_range(0, 3), 'length(''' || repeat('a', 1000000) || ''')'));
SELECT rdd_element_type(rdd_map(rdd_range(0, 3), repeat('(1,', 500) || 'x' || repeat(')', 500))) LIKE '(integer, (integer, %' AS nested;
\set VERBOSITY sqlstate
SELECT rdd_map(rdd_range(0, 3), repeat('(', 100000) || 'x' || repeat(')', 100000));
SELECT rdd_map(rdd_range(0, 3), repeat('1 + ', 100000) || 'x');
\set VERBOSITY default
-- functions and constants
SELECT 999999::regprocedure::fn;
SELECT rdd_map(rdd_range(0, 3), 'sum(bigint)'::regprocedure);
CREATE FUNCTION variadic_one(VARIADIC int[]) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT cardinality($1)';
SELECT rdd_first(rdd_map(rdd_parallelize(ARRAY['{1,2}']), 'x::int[]'), NULL::int[]), rdd_first(rdd_map(rdd_map(rdd_parallelize(ARRAY['{1,2}']), 'x::int[]'), 'variadic_one(int[])'::regprocedure), NULL::int);
SELECT fn('x = $1', (1, 'a', NULL, (2, now() - now()))), fn('x = $1 AND $2 IS NULL OR x + $1 = ''$1''', E'it''s\\', NULL), fn('$1'), fn('x * $3', 1, 2);
SELECT fn('x = $1', (1, 'a', NULL, (2, now() - now()))), fn('x = $1 AND $2 IS NULL OR x + $1 = ''$1''', E'it''s\\', NULL);
SET datestyle = 'SQL, DMY';
SET extra_float_digits = -5;
SET intervalstyle = 'sql_standard';
SELECT fn('($1, $2, $3, $4)', '2020-01-02'::date, 1.23456789012345::float8, '-1 day 2 hours'::interval, 't'::regclass);
SET datestyle = ISO;
RESET extra_float_digits;
RESET intervalstyle;
-- texts of lineages: constants and our own functions only
CREATE FUNCTION evil() RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE EXCEPTION 'evil ran'; END $$;
SELECT 'rdd_range(1, rdd_lambdas.evil())'::rdd;
SELECT 'rdd_range(1, length(current_user))'::rdd;
SELECT 'rdd_range(1, (SELECT 3))'::rdd;
SELECT 'rdd_range(1, 2), rdd_map($1, ''x'') AS a'::rdd;
SELECT 'rdd_count($1)'::rdd;
SELECT ''::rdd;
SELECT 'x'::rdd;
SELECT 'rdd_map($1, ''x'')'::rdd;
SELECT 'rdd_out($1)'::rdd;
SELECT 'rdd_range(1, 2) FROM t'::rdd;
-- what an RDD reads may change
CREATE TABLE kept (r rdd);
INSERT INTO kept VALUES (rdd_table('t'));
ALTER TABLE t ADD COLUMN more int;
SELECT rdd_count(r) FROM kept;
ALTER TABLE t DROP COLUMN more;
SELECT rdd_count(r) FROM kept;
ALTER TABLE t RENAME TO u;
SELECT rdd_count(r) FROM kept;
DROP FUNCTION fickle;
DROP TABLE u;
SELECT rdd_count(r) FROM kept;
-- the aggregate of combinations, called with values or states that are not of its program's types
\set add '\'SELECT s.a || s.x FROM (SELECT NULL::text AS a, NULL::text AS x) s\''
\set int '\'SELECT length(s.a) + s.x FROM (SELECT NULL::text AS a, NULL::int AS x) s\''
SELECT rdd_field(rdd_combine(ARRAY[NULL, NULL, :add, :add], i::text), 1, NULL::text) FROM generate_series(1, 3) i;
SELECT rdd_combine(ARRAY[NULL, NULL, :add, :add], i) FROM generate_series(1, 3) i;
SELECT rdd_combine(ARRAY['SELECT ''''::text', NULL, :add, :add], i) FROM generate_series(1, 3) i;
SELECT rdd_combine(ARRAY['SELECT 1', NULL, :add, :add], i::text) FROM generate_series(1, 3) i;
SELECT rdd_combine(ARRAY[NULL, NULL, :int, :int], i) FROM generate_series(1, 3) i;
SELECT rdd_combine(ARRAY[NULL, 'SELECT s.x::text FROM (SELECT NULL::text AS x) s', :add, :add], i) FROM generate_series(1, 3) i;
SELECT rdd_combine(ARRAY[NULL, NULL, :add, :add], i::text, i::text) FROM generate_series(1, 3) i;
SELECT rdd_combine(ARRAY[NULL, NULL, :add, :add]) FROM generate_series(1, 3) i;
SELECT rdd_combine(ARRAY[NULL, NULL, 'SELECT 1', 'SELECT 1'], 1);
SELECT rdd_combine(CASE i WHEN 1 THEN ARRAY[NULL, NULL, :add, :add] ELSE ARRAY[NULL, NULL, :int, :int] END, i::text) FROM generate_series(1, 3) i GROUP BY i;
SELECT rdd_combine(ARRAY[NULL, NULL, :add, 'DELETE FROM kept'], 'a'::text);
SELECT rdd_combine(ARRAY[NULL, NULL, :add, 'SELECT (SELECT r::text FROM kept) FROM (SELECT NULL::text AS a, NULL::text AS x) s'], 'a'::text);
SELECT rdd_combine(ARRAY[NULL, NULL, :add, 'SELECT s.a FROM (SELECT r::text AS a, NULL::text AS x FROM kept) s'], 'a'::text);
SELECT rdd_combine(ARRAY[:add], 'a'::text), rdd_combine('{}', 1), rdd_combine(NULL, 1);
SELECT rdd_combine(NULL, 1);
SELECT rdd_field('\x00000001', 1, NULL::text), rdd_field('\x0000000100000005', 1, NULL::text);
SELECT rdd_field('\x000000010000000461626364', 1, NULL::text), rdd_field('\x000000010000000461626364', 2, NULL::text);
SELECT rdd_field('\x0000000100000005616263', 1, NULL::text);
SELECT rdd_field('\x0000000100000003616263', 1, NULL::int);
SELECT rdd_field('\x', 1, NULL::int), rdd_field(NULL, 1, NULL::int);
SET client_min_messages = warning;
DROP SCHEMA rdd_lambdas CASCADE;
