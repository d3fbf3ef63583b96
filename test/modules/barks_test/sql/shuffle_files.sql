-- Shuffle files: partitions of all kinds, little memory, damage.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS barks_test;
RESET client_min_messages;
CREATE TYPE shuffle_mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE shuffle_rows AS SELECT i AS a, CASE WHEN i % 11 > 0 THEN 'row ' || i % 100 END AS b, i * 1.5 AS n,
	(ARRAY['sad', 'ok', 'happy'])[1 + i % 3]::shuffle_mood AS m, ROW(i, 'x')::pg_catalog.record::text AS r,
	ARRAY[i, NULL] AS arr, CASE WHEN i % 3 = 0 THEN i::bigint END AS k, repeat('long ', i % 30) AS l,
	i % 2 = 0 AS t, i::float4 AS f, (i % 7)::int2 AS s, int4range(i, i + 5) AS ra, inet '10.0.0.1' + i AS ip
	FROM generate_series(1, 2000) i;

SELECT v.*, r.* FROM (VALUES ('hash', 1, '{1}'::int[], 1024), ('hash', 3, '{2}', 1024), ('hash', 17, '{4,7}', 100),
	('hash', 200, '{1,3}', 1024), ('hash', 7, '{1}', 1), ('spread', 5, '{7}', 300), ('hash', 5, '{7}', 300), ('round robin', 3, '{}', 1000),
	('single', 1, '{}', 500)) v(kind, partitions, columns, batch_rows),
	shuffle_roundtrip('SELECT * FROM shuffle_rows', v.kind, v.partitions, v.columns, v.batch_rows) r;
SELECT * FROM shuffle_roundtrip('SELECT * FROM shuffle_rows ORDER BY m, n', 'range', 13, '{4,3}');
SELECT * FROM shuffle_roundtrip('SELECT * FROM shuffle_rows ORDER BY b', 'range', 4, '{2}');
SELECT * FROM shuffle_roundtrip('SELECT * FROM shuffle_rows WHERE false', 'hash', 4, '{1}');
-- Values larger than all buffers.
SELECT * FROM shuffle_roundtrip($$SELECT i, repeat(md5(i::text), 20000) FROM generate_series(1, 5) i$$, 'hash', 3, '{1}');
-- What memory holds decides how many blocks there are.
SET work_mem = '64kB';
SELECT rows, nonempty, blocks > 500 AS many FROM shuffle_roundtrip('SELECT * FROM shuffle_rows', 'hash', 200, '{1}');
RESET work_mem;
SELECT rows, nonempty, blocks FROM shuffle_roundtrip('SELECT * FROM shuffle_rows', 'hash', 200, '{1}');
SELECT * FROM shuffle_sink('SELECT * FROM shuffle_rows', 3, 1024);

-- Equal values meet whatever their types; where values lie is stored in tables and must never change.
SELECT hash_partition(v, 1000) FROM (VALUES (0), (1), (-1), (2147483647)) x(v);
SELECT hash_partition(v, 1000) FROM (VALUES (0::bigint), (1), (-1), (2147483647), (-9223372036854775808)) x(v);
SELECT hash_partition(v, 1000) FROM (VALUES (''::text), ('a'), ('ä'), (repeat('x', 10000))) x(v);
SELECT hash_partition(v, 1000) FROM (VALUES (1.0), (1.000), ('NaN'::numeric)) x(v);
SELECT hash_partition('happy'::shuffle_mood, 1000), hash_partition(date '2000-02-29', 1000), hash_partition(true, 1000),
	hash_partition(1::int2, 1000), hash_partition('a'::char(3), 1000), hash_partition(1.5::float8, 1000);

-- Any damage is found.
SELECT * FROM shuffle_damage('SELECT * FROM shuffle_rows WHERE a <= 12', 3, 10, 1);
SELECT damages > 100 AS many, damages - refused AS missed FROM shuffle_damage('SELECT * FROM shuffle_rows', 17, 1024, 997);
SELECT count(*) FROM pg_ls_dir('base/pgsql_tmp');
DROP TABLE shuffle_rows;
DROP TYPE shuffle_mood;
