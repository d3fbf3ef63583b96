-- Rows from stage to stage: writers, files, COPY barks.shuffle, readers.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS barks;
CREATE EXTENSION IF NOT EXISTS lane_test;
RESET client_min_messages;
SELECT 'barks_' || system_identifier || '_2' AS s FROM pg_control_system() \gset
SELECT format('host=%s port=%s dbname=%s user=%s', split_part(current_setting('unix_socket_directories'), ',', 1),
	current_setting('port'), current_database(), current_user) AS self \gset
CREATE SCHEMA :s;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN positive AS int CHECK (value > 0);
CREATE TABLE :s.t AS SELECT i AS a, 'row ' || i AS b, i % 3 AS k, i * 1.5 AS n,
	CASE WHEN i % 7 > 0 THEN (ARRAY['sad', 'ok', 'happy'])[1 + i % 3]::mood END AS m,
	CASE WHEN i % 5 > 0 THEN ROW(i, repeat('x', i % 40))::pair END AS p, i::positive AS d,
	ARRAY[i, NULL, -i] AS arr, repeat('y', i % 50)::char(60) AS c, i / 7.0::float8 AS f,
	timestamptz '2000-01-01' + i * interval '1 hour' AS t, ARRAY['sad', 'ok']::mood[] AS ms
	FROM generate_series(1, 3000) i;
ANALYZE :s.t;
SELECT ARRAY[format('select * from %s.t where k = 0', :'s'), format('select * from %s.t where k > 0', :'s')] AS maps \gset
\set cols 'x(a int, b text, k int, n numeric, m public.mood, p public.pair, d public.positive, arr int[], c char(60), f float8, t timestamptz, ms public.mood[])'
\set types '{int4,text,int4,numeric,mood,pair,positive,int4[],bpchar,float8,timestamptz,mood[]}'
SELECT format('SELECT * FROM barks.exchange(1) AS %s', :'cols') AS reduce \gset
CREATE TABLE expected AS SELECT value FROM lane_run(format('select * from %s.t', :'s'), :'types') WHERE kind = 'row';

-- All types and kinds of exchange, by file and over the wire; every row once.
CREATE FUNCTION compare(maps text[], reduce text, types regtype[], kind text, partitions int, columns int[],
	batch_rows int, step int, conninfo text, inline bool, settings text[],
	OUT missing bigint, OUT extra bigint, OUT rows bigint, OUT other text) LANGUAGE sql AS $$
	WITH got AS MATERIALIZED (SELECT * FROM lane_shuffle(maps, reduce, types, kind => kind, partitions => partitions,
			hash_columns => columns, batch_rows => batch_rows, step => step, conninfo => conninfo,
			inline => inline, settings => settings || ARRAY['barks.wire', CASE WHEN conninfo IS NULL THEN 'auto' ELSE 'always' END])),
		r AS (SELECT value FROM got WHERE kind_of = 'row')
	SELECT (SELECT count(*) FROM (SELECT value FROM expected EXCEPT ALL SELECT value FROM r) x),
		(SELECT count(*) FROM (SELECT value FROM r EXCEPT ALL SELECT value FROM expected) x),
		(SELECT count(*) FROM r),
		(SELECT string_agg(DISTINCT kind_of || ' ' || value, '; ') FROM got WHERE kind_of NOT IN ('row', 'map'))
$$;
SELECT kind, partitions, w.way, c.*
FROM (VALUES ('hash', 1, 1024), ('hash', 3, 1), ('hash', 17, 100), ('hash', 200, 1024), ('round robin', 5, 1000),
		('broadcast', 1, 1000), ('single', 1, 7)) v(kind, partitions, batch_rows),
	(VALUES ('file', NULL, false), ('wire', :'self', false), ('inline', NULL, true)) w(way, conninfo, inline),
	compare(:'maps', :'reduce', :'types', kind, partitions, '{1,2,5}', batch_rows, 2, w.conninfo, w.inline, '{}') c
ORDER BY kind, partitions, way;
-- Little memory: many small blocks.
SELECT c.* FROM compare(:'maps', :'reduce', :'types', 'hash', 50, '{2}', 1024, 7, :'self', false, '{work_mem,64kB}') c;

-- Rows of equal keys meet; partitions without rows are read, too.
SELECT count(*) = count(DISTINCT value) AS meet FROM lane_shuffle(:'maps', format('SELECT m, k, count(*) FROM barks.exchange(1) AS %s GROUP BY 1, 2', :'cols'),
	'{mood,int4,int8}', partitions => 40, hash_columns => '{5,3}') WHERE kind_of = 'row';

-- In sub-selects, CTEs, UNION ALL and joins; twice; with a nested loop that reads it again.
SELECT kind_of, value FROM lane_shuffle(:'maps', format('WITH w(a, k) AS NOT MATERIALIZED (SELECT a, k FROM barks.exchange(1) AS %1$s),
	v(a) AS NOT MATERIALIZED (SELECT a FROM barks.exchange(2) AS %1$s)
	SELECT count(*), sum(a), sum(b) FROM (SELECT w.a, v.a AS b FROM w JOIN v USING (a) WHERE w.a IN (SELECT a FROM w WHERE k = 1)
		UNION ALL SELECT a, (SELECT max(a) FROM v) FROM w WHERE k = 2) x', :'cols'),
	'{int8,int8,int8}', partitions => 3, step => 3, twice => true);
SELECT kind_of, value FROM lane_shuffle(ARRAY[format('select a from %s.t where a < 20', :'s')],
	'SELECT count(*) FROM barks.exchange(1) AS x(a int) JOIN barks.exchange(1) AS y(a int) ON x.a < y.a',
	'{int8}', partitions => 1, settings => '{enable_material,off}');

-- What is not there is an error that names it; what is not allowed is said.
SELECT kind_of, value LIKE '%lost 1/0' AS named FROM lane_shuffle(:'maps', :'reduce', :'types', partitions => 1,
	conninfo => 'host=/nowhere', settings => '{barks.wire,always}') WHERE kind_of <> 'map';
SELECT * FROM barks.exchange(1) AS x(a int);
SELECT kind_of, value FROM lane_shuffle(:'maps', 'SELECT a FROM barks.exchange(3) AS x(a int)', '{int4}', partitions => 1) WHERE kind_of LIKE '%error%';
SELECT kind_of, value FROM lane_shuffle(:'maps', 'SELECT a FROM barks.exchange(1) AS x(a int)', '{int4}', partitions => 1) WHERE kind_of LIKE '%error%';
SET barks.shuffle_quota = '16kB';
SELECT kind_of, value FROM lane_shuffle(:'maps', :'reduce', :'types') WHERE kind_of LIKE '%error%';
RESET barks.shuffle_quota;

-- Nothing is left.
SELECT count(*) FROM pg_ls_dir('base/pgsql_tmp');
