-- Batches of any number of rows give the same.
CREATE SCHEMA vectorize_batches;
SET search_path = vectorize_batches;
SET max_parallel_workers_per_gather = 0;
SET enable_mergejoin = off;
SET enable_nestloop = off;
SET enable_sort = off;
CREATE TABLE v (i int, k int, n numeric(12,2), t text, c char(5), d date);
INSERT INTO v SELECT g, g % 200, g / 100.0, 'text ' || g % 50 || repeat('x', g % 9), 'c' || g % 7, date '2020-01-01' + g % 365 FROM generate_series(1, 1500) g;
INSERT INTO v (i) VALUES (NULL), (NULL), (-1);
CREATE TABLE w AS SELECT g AS id, g % 300 AS k, repeat('w', 10 + g % 40) AS t FROM generate_series(1, 1100) g;
INSERT INTO w VALUES (0, NULL, NULL);
ANALYZE v, w;
CREATE FUNCTION same(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    expected text;
    given text;
    sql text := format('SELECT count(*) || '' '' || coalesce(md5(string_agg(x::text, E''\n'' ORDER BY x::text COLLATE "C")), '''') FROM (%s) x', query);
BEGIN
    PERFORM set_config('barks.vectorize', 'off', true);
    EXECUTE sql INTO expected;
    PERFORM set_config('barks.vectorize', 'force', true);
    EXECUTE sql INTO given;
    RETURN CASE WHEN given IS NOT DISTINCT FROM expected THEN split_part(given, ' ', 1) || ' rows'
        ELSE 'expected ' || expected || ' but got ' || given END;
END $$;
SET barks.vector_batch_rows = 0;
SET barks.vector_batch_rows = 1025;
SHOW barks.vector_batch_rows;
SELECT query, string_agg(DISTINCT result, ', ')
FROM unnest(ARRAY[
        'SELECT * FROM v WHERE t LIKE ''%1%'' OR c = ''c3''',
        'SELECT k, count(*), sum(n), min(t), max(d) FROM v GROUP BY k',
        'SELECT count(*), sum(n), avg(i) FROM v WHERE n > 3',
        'SELECT k, count(*) FROM (SELECT i % 10 AS k FROM v ORDER BY i LIMIT 1201) q GROUP BY k',
        'SELECT v.*, w.* FROM v JOIN w USING (k) WHERE w.id < 800',
        'SELECT v.*, w.* FROM v LEFT JOIN w ON v.k = w.k AND v.i < w.id',
        'SELECT v.*, w.* FROM v FULL JOIN w ON v.i = w.id * 2',
        'SELECT * FROM v WHERE EXISTS (SELECT FROM w WHERE w.k = v.i)',
        'SELECT * FROM v WHERE NOT EXISTS (SELECT FROM w WHERE w.k = v.k AND w.id > v.i)']) query,
    unnest(ARRAY[1, 3, 63, 64, 65, 1024]) size,
    LATERAL (SELECT set_config('barks.vector_batch_rows', size::text, false) OFFSET 0) s,
    LATERAL (SELECT same(query) AS result OFFSET 0) r
WHERE s.set_config = size::text
GROUP BY query ORDER BY query COLLATE "C";
SET work_mem = '64kB';
SELECT set_config('barks.vector_batch_rows', size::text, false),
    same('SELECT i, t, count(*), sum(n), max(d) FROM v GROUP BY i, t'),
    same('SELECT v.*, w.* FROM v FULL JOIN w ON v.i = w.id + 700')
FROM unnest(ARRAY[1, 3, 63, 64, 65, 1024]) size;

RESET barks.vector_batch_rows;
SET client_min_messages = warning;
DROP SCHEMA vectorize_batches CASCADE;
