-- Aggregates over batches give what PostgreSQL's own nodes give.
CREATE SCHEMA vectorize_aggregates;
SET search_path = vectorize_aggregates;
SET max_parallel_workers_per_gather = 0;
SET extra_float_digits = 3;
CREATE TABLE a (g int, i int, s smallint, b bigint, n numeric(12,2), m numeric, f float8, r float4, t text, c char(4), d date,
    ts timestamptz, v interval, o bool, bits bit(8), money money);
INSERT INTO a SELECT x % 13, x, x % 100, x * 1000000007::bigint, x / 100.0, x / 7.0, x / 3.0, x / 9.0, 'text ' || x % 40 || repeat('y', x % 11),
    'c' || x % 5, date '2020-01-01' + x % 300, '2020-01-01Z'::timestamptz + x % 77 * interval '1 h', x * interval '1 min', x % 3 = 0,
    (x % 256)::bit(8), (x / 10.0)::numeric::money
FROM generate_series(1, 5000) x;
INSERT INTO a (g) SELECT x FROM generate_series(0, 20) x;
INSERT INTO a (g, f, n, m, r) VALUES (30, 'NaN', 'NaN', 'NaN', 'NaN'), (31, '-0', 0, 0.000, '-0'), (31, 0, 0, 0, 0), (32, 'inf', 1, 'inf', 'inf'),
    (33, '-inf', 2, '-inf', '-inf'), (33, 'inf', 2, 'inf', 'inf'), (34, 1, 1, 1, 1), (34, 'NaN', 'NaN', 'NaN', 'NaN'), (34, 2, 2, 'inf', 2);
-- in the order of all keys below: no sort has a reason to change the order of rows that are equal
CREATE TABLE sorted AS SELECT * FROM a ORDER BY g, o, ctid;
DROP TABLE a;
ALTER TABLE sorted RENAME TO a;
CREATE TABLE huge (g int, m numeric, b bigint, f float8);
INSERT INTO huge SELECT x % 3, CASE x % 4 WHEN 0 THEN 9e131000 WHEN 1 THEN -9e131000 WHEN 2 THEN 1e-30 ELSE 123456789012345678.123456789012345678 END,
    9223372036854775807 - x % 2, 1e307 FROM generate_series(1, 12) x;
ANALYZE a, huge;

-- the query's rows as text, in any order, with and without
CREATE FUNCTION same(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    expected text;
    given text;
    sql text := format('SELECT string_agg(x::text, E''\n'' ORDER BY x::text COLLATE "C") FROM (%s) x', query);
BEGIN
    PERFORM set_config('barks.vectorize', 'off', true);
    EXECUTE sql INTO expected;
    PERFORM set_config('barks.vectorize', 'force', true);
    EXECUTE sql INTO given;
    RETURN CASE WHEN given IS NOT DISTINCT FROM expected THEN 'the same'
        ELSE 'expected ' || COALESCE(expected, 'NULL') || E'\nbut got ' || COALESCE(given, 'NULL') END;
EXCEPTION WHEN OTHERS THEN
    RETURN 'error ' || SQLERRM;
END $$;
-- the same in order, hashed, sorted and in parallel, for aggregates over a table's rows
CREATE FUNCTION ways(aggregates text, source text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    plan record;
    answer text;
    every text[] := '{}';
BEGIN
    FOR plan IN SELECT * FROM (VALUES ('plain', '', '', 'on', '0'), ('hashed', '', 'GROUP BY g', 'off', '0'), ('many', '', 'GROUP BY g, o', 'off', '0'),
        -- what minds the order of rows keeps the sort
        ('sorted', ', array_agg(g)', 'GROUP BY g', 'on', '0'), ('two keys', ', array_agg(g)', 'GROUP BY g, o', 'on', '0'),
        ('parallel', '', '', 'on', '2'), ('parallel groups', '', 'GROUP BY g', 'on', '2')) p (name, more, grouping, sort, workers)
    LOOP
        PERFORM set_config('enable_hashagg', CASE plan.sort WHEN 'on' THEN 'off' ELSE 'on' END, true);
        PERFORM set_config('enable_sort', plan.sort, true);
        PERFORM set_config('max_parallel_workers_per_gather', plan.workers, true);
        answer := same(format('SELECT %s %s FROM %s %s', aggregates, plan.more, source, plan.grouping));
        IF answer <> 'the same' THEN
            every := every || (plan.name || ': ' || answer);
        END IF;
    END LOOP;
    RETURN QUERY SELECT unnest(CASE WHEN every = '{}' THEN ARRAY['the same'] ELSE every END);
END $$;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;

SET barks.vectorize = force;
SET enable_hashagg = off;
EXPLAIN (COSTS OFF) SELECT g, count(DISTINCT t), string_agg(c, ',') FROM a GROUP BY g;
EXPLAIN (COSTS OFF) SELECT DISTINCT g FROM a;
EXPLAIN (COSTS OFF) SELECT g FROM a GROUP BY g;
EXPLAIN (COSTS OFF) SELECT string_agg(t, ',' ORDER BY i) FROM a;
EXPLAIN (COSTS OFF) SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY i) FROM a;
RESET enable_hashagg;
EXPLAIN (COSTS OFF) SELECT sum(DISTINCT m) FROM a;
EXPLAIN (COSTS OFF) SELECT sum(DISTINCT n) FROM a;
RESET barks.vectorize;

-- every aggregate: all rows, none, NULLs only, and with FILTER
SELECT list, ways(list, 'a'), ways(list, '(SELECT * FROM a WHERE i < 0) q'), ways(list, '(SELECT * FROM a WHERE i IS NULL AND f IS NULL) q')
FROM (VALUES
    ('count(*), count(i), count(t), count(*) FILTER (WHERE o), count(i) FILTER (WHERE i < 0)'),
    ('sum(i), sum(s), sum(b), sum(n), avg(i), avg(s), avg(b), avg(n)'),
    ('sum(i) FILTER (WHERE o), avg(n) FILTER (WHERE NOT o), sum(n) FILTER (WHERE i > 100), sum(n) FILTER (WHERE NULL)'),
    ('min(i), max(i), min(s), max(s), min(b), max(b), min(n), max(n), min(d), max(d), min(ts), max(ts)'),
    ('min(t), max(t), min(c), max(c), min(v), max(v), min(money), max(money), min(r), max(r)'),
    ('bool_and(o), bool_or(o), every(o), bit_and(i), bit_or(s), bit_xor(b), bit_and(bits), bit_or(bits)'),
    ('sum(v), avg(v), sum(money), sum(i) + 1, max(i) - min(i)'),
    ('stddev(i), stddev_samp(b), stddev_pop(s), variance(n), var_samp(i), var_pop(n), stddev(n)')
) l (list);
-- sums of floats depend on the order
SET parallel_setup_cost = 1000000000;
SELECT list, ways(list, 'a') FROM (VALUES
    ('sum(f), avg(f), sum(r), avg(r), min(f), max(f), stddev(f), var_pop(f), stddev(r)'),
    ('sum(m), avg(m), min(m), max(m), stddev(m), variance(m)'),
    ('corr(f, i), covar_pop(f, s), regr_slope(i, s), regr_count(f, i)')
) l (list);
-- what keeps more than a number, in the order of rows
SELECT same(format('SELECT %s FROM a %s', list, grouping)) FROM (VALUES
    ('array_agg(i), array_agg(t), string_agg(t, '',''), json_agg(i), jsonb_agg(t), jsonb_object_agg(i, t) FILTER (WHERE i IS NOT NULL)'),
    ('string_agg(t, c), string_agg(t, '','') FILTER (WHERE i < 50), array_agg(ARRAY[i, s]) FILTER (WHERE i < 50), xmlagg(xmlelement(name x, i))::text'),
    ('mode() WITHIN GROUP (ORDER BY s), percentile_disc(0.5) WITHIN GROUP (ORDER BY i), string_agg(t, '','' ORDER BY i)'),
    ('range_agg(int4range(i, i + 2)), count(i), min(ARRAY[i])')
) l (list), (VALUES (''), ('GROUP BY g')) k (grouping);

-- the edges of types
SELECT ways('sum(m), avg(m), max(m), min(m), count(m)', '(SELECT g, NULL::bool AS o, m FROM huge) q');
SELECT ways('sum(b), avg(b), max(b)', '(SELECT g, NULL::bool AS o, b FROM huge) q');
SELECT same('SELECT sum(m) FROM huge WHERE m > 1e131000');
SELECT same('SELECT sum(f) FROM huge');
SELECT same('SELECT sum(f * 10) FROM huge');
SELECT same('SELECT avg(f * 10) FROM huge');
SELECT same('SELECT sum(i + 2147483647) FROM a');
SELECT same('SELECT sum(x), avg(x) FROM (SELECT (10::numeric ^ (y % 20) / 10 ^ (y % 17)) AS x FROM generate_series(1, 3000) y) q');
SELECT same('SELECT y % 10, avg(x), sum(x) FROM (SELECT y, (y * 7919 % 100003)::numeric(10, 0) / (1 + y % 3) AS x FROM generate_series(1, 3000) y) q GROUP BY 1');
SELECT same('SELECT y / 3, avg(x), avg(y), avg(-y), avg(y::bigint * 99999999), avg(z) FROM (SELECT y, (y * 7919 % 100003 / 100.0)::numeric(12, 2) AS x, (y::numeric / 1000000)::numeric(15, 9) AS z FROM generate_series(1, 3000) y) q GROUP BY 1');

-- DISTINCT
SELECT ways('count(DISTINCT i), count(DISTINCT t), count(DISTINCT m), count(DISTINCT f), count(DISTINCT s), count(*)', 'a');
SELECT ways('sum(DISTINCT s), sum(DISTINCT n), avg(DISTINCT s), avg(DISTINCT n), sum(s), min(DISTINCT t), max(DISTINCT i)', 'a');
SELECT ways('count(DISTINCT i) FILTER (WHERE o), sum(DISTINCT s) FILTER (WHERE i > 4000), sum(DISTINCT b % 50)', 'a');
SELECT ways('count(DISTINCT i), sum(DISTINCT s)', '(SELECT * FROM a WHERE i < 0) q');
SELECT ways('count(DISTINCT i), sum(DISTINCT s)', '(SELECT * FROM a WHERE i IS NULL) q');
SELECT ways('string_agg(DISTINCT t, '',''), array_agg(DISTINCT s), sum(DISTINCT f), sum(DISTINCT m), count(DISTINCT (i, s))', 'a');
SELECT same('SELECT g FROM a GROUP BY g HAVING count(DISTINCT s) > 3');
SET enable_hashagg = off;
SELECT same('SELECT DISTINCT g, o, c FROM a');
SELECT same('SELECT DISTINCT m FROM a WHERE g > 20');
SELECT same('SELECT DISTINCT f FROM a WHERE g > 20');
SELECT same('SELECT g, g + 1, c FROM a GROUP BY g, c');
SELECT same('SELECT x FROM (SELECT DISTINCT ON (g) g, i AS x FROM a ORDER BY g, i) q');

-- order is kept; rows that nobody asks for fail nobody
SET barks.vectorize = force;
SELECT g, count(*), min(t), array_agg(i) IS NULL FROM a GROUP BY g ORDER BY g LIMIT 3;
SELECT g, sum(1 / (g - 3)), array_agg(i) IS NULL FROM a GROUP BY g ORDER BY g LIMIT 3;
SELECT g, sum(1 / (g - 3)), array_agg(i) IS NULL FROM a GROUP BY g ORDER BY g LIMIT 4;
SELECT g, sum(f), array_agg(g) IS NULL FROM (SELECT g, CASE WHEN g = 2 THEN 1e308::float8 ELSE 0 END AS f FROM a WHERE g < 4) q GROUP BY g ORDER BY g LIMIT 2;
SELECT g, sum(f), array_agg(g) IS NULL FROM (SELECT g, CASE WHEN g = 2 THEN 1e308::float8 ELSE 0 END AS f FROM a WHERE g < 4) q GROUP BY g ORDER BY g LIMIT 3;
RESET barks.vectorize;
RESET enable_hashagg;

-- aggregates of users
CREATE FUNCTION add_if(state int, value int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN
    IF value = 77 THEN RAISE EXCEPTION 'no 77' USING ERRCODE = 'P7777'; END IF;
    RETURN COALESCE(state, 0) + COALESCE(value, 1); END $$;
CREATE AGGREGATE loose_sum(int) (SFUNC = add_if, STYPE = int);
CREATE FUNCTION larger(a text, b text) RETURNS text LANGUAGE sql STRICT IMMUTABLE AS 'SELECT CASE WHEN a > b THEN a WHEN b = ''text 1y'' THEN NULL ELSE b END';
CREATE AGGREGATE strict_larger(text) (SFUNC = larger, STYPE = text);
CREATE FUNCTION finish(state anyarray, value anyelement, other int) RETURNS anyelement LANGUAGE plpgsql AS $$ BEGIN RETURN state[array_length(state, 1)]; END $$;
CREATE FUNCTION push(state anyarray, value anyelement, other int) RETURNS anyarray LANGUAGE sql AS 'SELECT array_append(state, value)';
CREATE AGGREGATE last_of(anyelement, int) (SFUNC = push, STYPE = anyarray, FINALFUNC = finish, FINALFUNC_EXTRA, INITCOND = '{}');
CREATE AGGREGATE gathered(anycompatible) (SFUNC = array_append, STYPE = anycompatiblearray, INITCOND = '{}');
CREATE AGGREGATE joined(VARIADIC text[]) (SFUNC = concat_ws, STYPE = text, INITCOND = '-');
SELECT same('SELECT g, loose_sum(s) FROM a WHERE s <> 77 OR s IS NULL GROUP BY g');
SELECT same('SELECT loose_sum(s) FROM a');
SELECT same('SELECT g, strict_larger(t), gathered(s), last_of(t, i), last_of(i, s) FROM a GROUP BY g');
SELECT same('SELECT strict_larger(t), gathered(s), last_of(t, i) FROM a WHERE i < 0');
SELECT same('SELECT g, gathered(t) || gathered(t) FROM a GROUP BY g');
SELECT same('SELECT joined(t, c), joined(VARIADIC ARRAY[t, c]) FROM a WHERE i < 9 OR i IS NULL');
SET enable_hashagg = off;
SELECT same('SELECT g, strict_larger(t), gathered(s), last_of(t, i), count(DISTINCT i) FROM a GROUP BY g');
RESET enable_hashagg;
CREATE ROLE vectorize_nobody;
GRANT USAGE ON SCHEMA vectorize_aggregates TO vectorize_nobody;
GRANT SELECT ON a TO vectorize_nobody;
REVOKE EXECUTE ON FUNCTION gathered(anycompatible) FROM PUBLIC;
SET ROLE vectorize_nobody;
SET barks.vectorize = force;
SELECT gathered(i) FROM a;
RESET ROLE;
RESET barks.vectorize;

-- little memory
SET work_mem = '64kB';
SELECT same('SELECT i, string_agg(t, '',''), count(*), array_agg(m), sum(m), stddev(n) FROM (SELECT * FROM a UNION ALL SELECT * FROM a) q WHERE i > 0 GROUP BY i');
SELECT same('SELECT n, count(*) FROM (SELECT n::numeric(12, 2) FROM a UNION ALL SELECT i::numeric(12, 2) FROM a) q GROUP BY n');
SET enable_sort = off;  -- it leaves open which of equal values stands for a group
SELECT same('SELECT n, m, sum(i) FROM a GROUP BY n, m');
RESET enable_sort;
SELECT ways('count(DISTINCT i), sum(DISTINCT b), count(DISTINCT t || i), count(DISTINCT s)', 'a');
SELECT ways('count(DISTINCT x), sum(DISTINCT x), count(*)', '(SELECT x % 2 AS g, x % 3 = 0 AS o, x % 9000 AS x FROM generate_series(1, 20000) x) q');
SELECT ways('count(DISTINCT x), sum(DISTINCT x), max(DISTINCT y)', '(SELECT x / 7000 AS g, NULL AS o, x % 9000 AS x, ''y'' || x AS y FROM generate_series(1, 20000) x) q');
SELECT same('SELECT x, (SELECT sum(DISTINCT i) FROM a WHERE i > x * 100) FROM generate_series(1, 5) x');
RESET work_mem;
SELECT ways('count(DISTINCT x), sum(DISTINCT x), count(*), array_agg(x)', '(SELECT x / 3 AS g, NULL AS o, x % 2 AS x FROM generate_series(1, 5000) x) q');

-- halves in parallel: PostgreSQL's above ours, ours above PostgreSQL's, and both ours
CREATE FUNCTION zero() RETURNS int LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS 'BEGIN RETURN 0; END';
SET parallel_setup_cost = 0;
SELECT ways(list || ', zero()', 'a'), ways(list || ', count(*) FILTER (WHERE zero() = 0)', 'a'), ways(list, 'a'), ways(list || ', zero()', '(SELECT * FROM a WHERE i IS NULL) q'),
    ways(list || ', count(*) FILTER (WHERE zero() = 0)', '(SELECT * FROM a WHERE i IS NULL) q'), ways(list, '(SELECT * FROM a WHERE i < 0) q')
FROM (VALUES
    ('count(*), count(i), sum(i), sum(s), sum(b), sum(n), sum(m), avg(i), avg(s), avg(b), avg(n), avg(m)'),
    ('min(i), max(s), min(b), max(n), min(m), max(f), min(f), max(t), min(c), max(d), min(ts)'),
    ('stddev(i), variance(n), bool_and(o), bit_or(s), sum(v), sum(money), max(v), min(r)'),
    ('sum(n) FILTER (WHERE o), avg(m) FILTER (WHERE i > 4900), round(sum(f)::numeric, 3), round(avg(f)::numeric, 5)')
) l (list);
SELECT ways('sum(m), avg(m), sum(b), avg(b), zero()', '(SELECT g, NULL::bool AS o, m, b FROM huge) q'), ways('sum(m), avg(m), sum(b), avg(b)', '(SELECT g, NULL::bool AS o, m, b FROM huge) q');
SET work_mem = '64kB';
SELECT ways('count(*)', '(SELECT i AS g, t AS o FROM a) q'), ways('sum(n), avg(m), max(t)', '(SELECT b AS g, t AS o, n, m, t FROM a) q');
RESET work_mem;

-- every kind of value in files
SET work_mem = '64kB';
SELECT same('SELECT i, t, c, d, ts, v, o, bits, r, money, g::smallint, m, n, min(i), count(*), array_agg(v), max(t || c), sum(f) FROM a WHERE g < 30 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13');
SELECT same('SELECT x, count(*), min(length(y)), max(z) FROM (SELECT i AS x, repeat(t, 1 + i % 300) AS y, CASE WHEN i % 2 = 0 THEN t END AS z FROM a OFFSET 0) q GROUP BY x');
SELECT same('SELECT x, max(y), min(y::text), count(DISTINCT y) FROM (SELECT i AS x, CASE WHEN i % 1000 = 7 THEN NULL WHEN i % 5 = 0 THEN (n + 1)::numeric(20, 4) ELSE n END AS y FROM a) q GROUP BY x');
RESET work_mem;

SET client_min_messages = warning;
DROP SCHEMA vectorize_aggregates CASCADE;
DROP ROLE vectorize_nobody;
