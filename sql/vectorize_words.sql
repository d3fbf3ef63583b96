-- Words of strings over batches.
CREATE SCHEMA vectorize_words;
SET search_path = vectorize_words;
SET max_parallel_workers_per_gather = 0;
SET client_min_messages = warning;
CREATE TABLE w (i int, t text, v varchar(60), n text COLLATE "C", d numeric(10, 2), c char(20));
INSERT INTO w SELECT g, repeat('word' || g % 7 || ' ', g % 12) || 'ends ' || g, 'v' || g || ' äö ' || repeat(' ', g % 3), 'a,b,' || g, g / 100.0, 'x ' || g FROM generate_series(1, 1500) g;
INSERT INTO w VALUES (0, NULL, '', ' ', NULL, ' '), (0, '', ' ', '', 1, ''), (0, 'one', 'two', ',', NULL, NULL), (0, '   ', NULL, NULL, 2, 'a  b');
INSERT INTO w SELECT 10000 + g, repeat('long' || g, 200) || ' ' || repeat(md5(g::text) || ' ', 100), NULL, string_agg(md5((i * g)::text), ','), 3, NULL FROM generate_series(1, 3) g, generate_series(1, 200) i GROUP BY g;
ANALYZE w;
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
SET barks.vectorize = force;
EXPLAIN (COSTS OFF) SELECT string_to_table(t, ' ') FROM w;
EXPLAIN (COSTS OFF) SELECT unnest(string_to_array(v, ' ')), i FROM w;
EXPLAIN (COSTS OFF) SELECT unnest(string_to_array(v, ' ')), string_to_table(t, ' ') FROM w;
EXPLAIN (COSTS OFF) SELECT string_to_table(t, 'ä') FROM w;
EXPLAIN (COSTS OFF) SELECT string_to_table(t, NULL) FROM w;
EXPLAIN (COSTS OFF) SELECT string_to_table(t, ' ', 'one') FROM w;
RESET barks.vectorize;
SELECT col, same(format('SELECT string_to_table(%1$I, '' ''), i, d, %1$I, 7, NULL::text, true AS b FROM w', col)) FROM unnest(ARRAY['t', 'v', 'n', 'c']) col;
SELECT col, same(format('SELECT unnest(string_to_array(%1$I, '','')), i, d FROM w', col)) FROM unnest(ARRAY['t', 'v', 'n', 'c']) col;
SELECT same('SELECT word, count(*), sum(d), max(length(word)) FROM (SELECT string_to_table(t, '' '') AS word, d FROM w OFFSET 0) x GROUP BY word');
SELECT same('SELECT string_to_table(t, ''ä'') FROM w');
SELECT same('SELECT string_to_table(v, '' '') FROM w WHERE i > 5000');
SELECT same('SELECT * FROM (SELECT i, string_to_table(t, '' '') FROM w LIMIT 1700) x');
SET barks.vector_batch_rows = 3;
SELECT same('SELECT string_to_table(t, '' ''), i, d FROM w WHERE i < 100');
RESET barks.vector_batch_rows;
SELECT same('SELECT i, (SELECT string_agg(x, ''-'') FROM (SELECT string_to_table(w.t, '' '') AS x FROM w AS u WHERE u.i = w.i) q) FROM w WHERE i < 20');
DROP SCHEMA vectorize_words CASCADE;
