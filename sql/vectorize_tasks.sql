-- Tasks over batches, from what they read to what they write, give what rows do.
CREATE SCHEMA vectorize_tasks;
SET search_path = vectorize_tasks;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE EXTENSION IF NOT EXISTS barks;
SET barks.exchanges = on;
SET barks.join_strategy = shuffle;
SET barks.broadcast_threshold = 0;
SET barks.shuffle_partitions = 3;
SET barks.range_rows = 100;
SET barks.driver_groups = 0;
SET extra_float_digits = 3;
CREATE TYPE mood AS ENUM ('low', 'high', 'even');
CREATE DOMAIN small AS int CHECK (VALUE < 1000000);
CREATE TABLE a (i int, b bigint, s smallint, f float8, r real, n numeric(12,2), w numeric(30,4), m numeric, t text, c char(5), v varchar(20), d date, ti time,
    ts timestamp, tz timestamptz, o bool, j jsonb, u uuid, y bytea, iv interval, "ch" "char", id oid, na name, ar int[], e mood, dm small) USING barks;
SELECT barks.distribute_table('a', by => 'b', partitions => 4);
INSERT INTO a SELECT g, g * 1000000007::bigint, g % 100, g / 7.0, g / 3.0, (g % 500) / 100.0, g * 12345678901234567890.1234, g / 3.0, 'text ' || g % 50 || repeat('x', g % 300),
    'c' || g % 7, 'v' || g % 11, date '2020-01-01' + g % 365, time '00:00' + g * interval '1 s', timestamp '2020-01-01' + g * interval '1 h',
    '2020-01-01Z'::timestamptz + g * interval '1 h', g % 3 = 0, jsonb_build_object('g', g % 5), md5((g % 40)::text)::uuid, decode(md5((g % 30)::text), 'hex'),
    g % 20 * interval '1 day', chr(65 + g % 26)::"char", g % 1000, 'name' || g % 9, ARRAY[g % 4, NULL, g % 3], (ARRAY['low', 'high', 'even'])[1 + g % 3]::mood, g % 1000
FROM generate_series(1, 4000) g;
INSERT INTO a (b) SELECT g FROM generate_series(1, 20) g;
INSERT INTO a (b, i, f, n, m, w) VALUES (-1, 0, 'NaN', 'NaN', 'NaN', 'NaN'), (-2, 0, '-0', 0, 0.000, 0), (-3, 0, 'inf', 1, 'inf', 1), (-4, 0, 0, 2, '-inf', -99999999999999.9999),
    (-5, 1, 1, 9999999999.99, 1234567890123456789.5, 99999999999999.9999), (-6, 2, 1, -9999999999.99, 1e-30, -1);
INSERT INTO a (b, t) SELECT g, string_agg(md5((g * i)::text), '') FROM generate_series(100, 103) g, generate_series(1, 2000) i GROUP BY g;
CREATE TABLE z (LIKE a) USING barks;
SELECT barks.distribute_table('z', by => 's', partitions => 3);
INSERT INTO z SELECT * FROM a WHERE i % 10 = 0 OR i IS NULL;
CREATE TABLE empty (LIKE a) USING barks;
SELECT barks.distribute_table('empty', by => 'i', partitions => 3);
ANALYZE a, z, empty;

-- the query's rows as text, in any order, with and without
CREATE FUNCTION same(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    expected text[];
    given text[];
    sql text := format('SELECT array_agg(x::text ORDER BY x::text COLLATE "C") FROM (%s) x', query);
BEGIN
    PERFORM set_config('barks.vectorize', 'off', true);
    EXECUTE sql INTO expected;
    PERFORM set_config('barks.vectorize', 'force', true);
    EXECUTE sql INTO given;
    RETURN CASE WHEN given IS NOT DISTINCT FROM expected THEN 'the same'
        ELSE (SELECT format('expected %s rows but got %s; first expected %s but got %s', cardinality(expected), cardinality(given), left(x, 500), left(y, 500))
            FROM unnest(expected, given) u(x, y) WHERE x IS DISTINCT FROM y LIMIT 1) END;
END $$;

-- columns of each type straight to the driver, and through an exchange
SELECT same('SELECT * FROM a');
SELECT same('SELECT * FROM a WHERE n > 1 OR w > 5');
SELECT same('SELECT * FROM empty');
SELECT same('SELECT a.* FROM a JOIN z ON a.i = z.i');
SELECT same('SELECT z.*, a.i FROM z LEFT JOIN a ON z.i = a.i AND a.o');
SELECT same('SELECT a.i, empty.* FROM a LEFT JOIN empty ON a.i = empty.i');
SELECT same('SELECT a.i, empty.i FROM empty JOIN a ON a.i = empty.i');
SELECT same('SELECT i, n * 1.5, n + m, w * 2, NULL::int, NULL::numeric, 7, 7.50, ''x''::text FROM a WHERE i < 100');

-- keys of each type choose the same partitions, of rows and of batches
SELECT key, same(format('SELECT count(*), sum(a.i) FROM a JOIN z ON a.%1$I = z.%1$I', key))
FROM unnest(ARRAY['i', 'b', 's', 'f', 'r', 'n', 'w', 'm', 't', 'c', 'v', 'd', 'ti', 'ts', 'tz', 'o', 'j', 'u', 'y', 'iv', 'ch', 'id', 'na', 'ar', 'e', 'dm']) key;
SELECT key, same(format('SELECT %1$I, count(*), sum(i), min(b) FROM a GROUP BY 1', key))
FROM unnest(ARRAY['i', 'b', 's', 'r', 'n', 'w', 't', 'c', 'v', 'd', 'ti', 'ts', 'tz', 'o', 'j', 'u', 'y', 'iv', 'ch', 'id', 'na', 'ar', 'e', 'dm']) key;
SELECT same('SELECT count(*) FROM a JOIN z ON a.i = z.s AND a.d = z.d');
SELECT same('SELECT count(*), sum(z.b) FROM a JOIN z ON a.i = z.b % 4000 AND a.t = z.t');
SELECT same('SELECT count(*) FROM a WHERE i NOT IN (SELECT i FROM z WHERE i IS NOT NULL)');
SELECT same('SELECT a.i FROM a FULL JOIN z ON a.i = z.i AND a.n = z.n');

-- a table loaded by batches or rows has its rows where both look
SELECT same('SELECT count(*) FROM a JOIN (SELECT DISTINCT b FROM z) x ON a.b = x.b');

-- ranges
SELECT key, same(format('SELECT max(n), sum(n * coalesce(i, 0)) FROM (SELECT i, row_number() OVER (ORDER BY %I, b) AS n FROM a) x', key))
FROM unnest(ARRAY['i', 's', 'f', 'n', 'm', 't', 'd', 'ts', 'o', 'u', 'e']) key;
SELECT key, same(format('SELECT max(n), sum(n * coalesce(i, 0)) FROM (SELECT i, row_number() OVER (ORDER BY %s) AS n FROM z WHERE i IS NOT NULL) x', key))
FROM unnest(ARRAY['b', 'b DESC', 'i::smallint, b', 'ts DESC, b', 'tz NULLS FIRST, b', 'm USING >, b', 'b::numeric(20, 3)', 'b::numeric(20, 3) DESC']) key;
SELECT same('SELECT rank() OVER (ORDER BY n DESC NULLS LAST, d), b FROM a');

-- states between stages
SELECT same('SELECT s, count(*), count(n), sum(n), avg(n), sum(m), avg(m), sum(b), avg(b), sum(i), avg(i), min(t), max(t), min(n), max(m), bool_or(o) FROM a GROUP BY s');
SELECT same('SELECT count(*), sum(n), avg(w), sum(i), avg(i), max(d), min(ts), max(tz), stddev(i), variance(n) FROM a WHERE i > 0');
SELECT same('SELECT t, sum(x) FROM (SELECT left(a.t, 6) AS t, a.n * z.n AS x FROM a JOIN z ON a.s = z.s WHERE a.i < 300) q GROUP BY t HAVING count(*) > 1');
SELECT same('SELECT DISTINCT o, s FROM a');
SELECT same('SELECT count(DISTINCT n), count(DISTINCT t), sum(DISTINCT s) FROM a');
SELECT same('SELECT s, o, grouping(s, o), sum(n) FROM a GROUP BY ROLLUP (s, o)');

-- filters of keys drop the same rows
SET barks.runtime_filters = always;
SELECT key, same(format('SELECT count(*), sum(a.i) FROM a JOIN z ON a.%1$I = z.%1$I WHERE z.i < 100', key))
FROM unnest(ARRAY['i', 'n', 't', 'd', 'ts', 'u', 'e']) key;
SELECT same('SELECT a.i, z.t FROM a LEFT JOIN z ON a.i = z.i AND z.s = 0');
RESET barks.runtime_filters;

-- small batches, of the wire and of operators; all over the wire, compressed
SET barks.batch_rows = 7;
SET barks.vector_batch_rows = 5;
SELECT same('SELECT * FROM a WHERE i < 200 OR i IS NULL');
SELECT same('SELECT z.*, a.i FROM z LEFT JOIN a ON z.i = a.i AND a.o');
RESET barks.vector_batch_rows;
SELECT same('SELECT s, sum(n), max(t) FROM a GROUP BY s');
RESET barks.batch_rows;
SET barks.wire = always;
SET barks.compression = zstd;
SELECT same('SELECT a.* FROM a JOIN z ON a.i = z.i');
RESET barks.wire;
RESET barks.compression;
SET work_mem = '64kB';
SELECT same('SELECT a.*, z.t AS t2 FROM a JOIN z ON a.i = z.i');
SELECT same('SELECT t, sum(n) FROM a GROUP BY t');
RESET work_mem;

-- errors of rows that nobody asked for stay unseen
SET barks.vectorize = force;
SELECT count(*) FROM (SELECT 1 / (i - 4000) FROM a WHERE i = 1 LIMIT 1) x;
SELECT sum(1 / (i - 4000)) FROM a;
SELECT a.i, 1 / (a.i - 4000) FROM a JOIN z ON a.i = z.i;
SELECT same('SELECT * FROM (SELECT i FROM a ORDER BY i LIMIT 10) x');
RESET barks.vectorize;
DROP SCHEMA vectorize_tasks CASCADE;
