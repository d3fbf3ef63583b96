-- RDDs: samples, histograms, approximate counts, maps, tables.  Numbers that chance
-- gives are compared with what they must be near to, and the same on any cluster.
SET search_path = barks, public;
SET barks.default_parallelism = 4;
CREATE SCHEMA parts;
CREATE TABLE parts.words (id int NOT NULL, word text) USING barks;
INSERT INTO parts.words SELECT i, CASE WHEN i % 10 > 0 THEN 'w' || i % 7 END FROM generate_series(1, 2000) i;
INSERT INTO parts.words SELECT NULLIF(id, 0), word FROM parts.words WHERE id <= 100;

-- one seed, one sample, however many partitions and nodes
SELECT * FROM rdd_collect(rdd_sample(rdd_range(0, 40), false, 0.3, 7), NULL::bigint);
SELECT count(*), sum(s) FROM rdd_collect(rdd_sample(rdd_map(rdd_table('parts.words'), 'x.id'), false, 0.3, 7), NULL::int) s;
SELECT count(*), sum(s) FROM rdd_collect(rdd_sample(rdd_map(rdd_table('parts.words'), 'x.id'), true, 0.3, 7), NULL::int) s;
SELECT count(*) FROM (
	SELECT * FROM rdd_collect(rdd_sample(rdd_range(0, 1000, 1, 2), false, 0.3, 7), NULL::bigint)
	EXCEPT ALL SELECT * FROM rdd_collect(rdd_sample(rdd_range(0, 1000, 1, 50), false, 0.3, 7), NULL::bigint)) s;
SELECT rdd_count(rdd_sample(rdd_range(0, 1000), false, 0, 7)) AS none, rdd_count(rdd_sample(rdd_range(0, 1000), false, 1, 7)) AS "all",
	rdd_count(rdd_sample(rdd_range(0, 1000), true, 0, 7)) AS no_copies, rdd_count(rdd_sample(rdd_empty('int'), true, 3, 7)) AS of_none;
-- every element of a sample is one of the RDD, and near to the fraction of them
SELECT count(*) BETWEEN 5700 AND 6300 AS fraction, count(DISTINCT s) = count(*) AS once, min(s) >= 0 AND max(s) < 20000 AS within
FROM rdd_collect(rdd_sample(rdd_range(0, 20000), false, 0.3, 1), NULL::bigint) s;
-- chance is even over elements: each tenth has its share
SELECT bool_and(n BETWEEN 500 AND 700) FROM (SELECT s / 2000, count(*) AS n FROM rdd_collect(rdd_sample(rdd_range(0, 20000), false, 0.3, 2), NULL::bigint) s GROUP BY 1) t;
-- copies are a Poisson variable: e^-m m^k / k!
SELECT copies, abs(count(*) - 20000 * exp(-1.5) * 1.5 ^ copies / factorial(copies)::float8) < 5 * sqrt(20000 * exp(-1.5) * 1.5 ^ copies / factorial(copies)::float8) AS near
FROM (SELECT x, count(s) AS copies FROM generate_series(0, 19999) x LEFT JOIN rdd_collect(rdd_sample(rdd_range(0, 20000), true, 1.5, 3), NULL::bigint) s ON s = x GROUP BY x) t
GROUP BY copies HAVING copies <= 5 ORDER BY copies;
SELECT abs(count(*) - 100 * 40.5) < 5 * sqrt(100 * 40.5) AS near FROM rdd_collect(rdd_sample(rdd_range(0, 100), true, 40.5, 3), NULL::bigint);
-- duplicates have chances of their own, nulls too; a sample of a sample is not the same again
SELECT s, count(*) BETWEEN 400 AND 600 AS near FROM rdd_collect(rdd_sample(rdd_query('SELECT CASE WHEN i % 2 = 0 THEN 1 END FROM generate_series(1, 2000) i'), false, 0.5, 1), NULL::int) s GROUP BY s ORDER BY s;
SELECT count(*) BETWEEN 2200 AND 2800 AS quarter FROM rdd_collect(rdd_sample(rdd_sample(rdd_range(0, 10000), false, 0.5, 9), false, 0.5, 9), NULL::bigint);
-- without a seed one is chosen once
SELECT r::text ~ 'rdd_sample\(\$1, false, ''0.5'', -?\d+\)' AS has_seed, rdd_count(r) = rdd_count(r) AS same
FROM (SELECT rdd_sample(rdd_range(0, 1000), false, 0.5) AS r OFFSET 0) s;
SELECT rdd_sample(rdd_range(0, 1000), false, 1.5);
SELECT rdd_sample(rdd_range(0, 1000), true, -1);
SELECT rdd_sample(rdd_range(0, 1000), true, 'NaN');
SELECT rdd_sample(rdd_range(0, 1000), true, NULL);

-- parts are disjoint and have everything
SELECT count(*), count(DISTINCT x), bool_and(n = 1) FROM (
	SELECT x, count(*) AS n FROM (SELECT rdd_random_split(rdd_range(0, 3000), '{1, 2, 0, 3}', 11) AS parts OFFSET 0) p, unnest(parts) part, LATERAL rdd_collect(part, NULL::bigint) x GROUP BY x) t;
SELECT i, rdd_count(part) BETWEEN w * 500 - 130 AND w * 500 + 130 AS near
FROM (SELECT rdd_random_split(rdd_range(0, 3000), '{1, 2, 0, 3}', 11) AS parts OFFSET 0) p, unnest(parts, '{1, 2, 0, 3}'::int[]) WITH ORDINALITY u(part, w, i) ORDER BY i;
SELECT count(*) FROM (
	(SELECT x.id, x.word FROM (SELECT rdd_random_split(rdd_table('parts.words'), '{0.5, 0.5}', 3) AS parts OFFSET 0) p, unnest(parts) part, LATERAL rdd_collect(part) x(id int, word text)
	 EXCEPT ALL SELECT * FROM parts.words)
	UNION ALL
	(SELECT * FROM parts.words EXCEPT ALL
	 SELECT x.id, x.word FROM (SELECT rdd_random_split(rdd_table('parts.words'), '{0.5, 0.5}', 3) AS parts OFFSET 0) p, unnest(parts) part, LATERAL rdd_collect(part) x(id int, word text))) t;
SELECT rdd_random_split(rdd_range(0, 10), '{1, 1}', 5);
SELECT rdd_random_split(rdd_range(0, 10), '{1, -1}');
SELECT rdd_random_split(rdd_range(0, 10), '{0, 0}');
SELECT rdd_random_split(rdd_range(0, 10), '{}');
SELECT rdd_sample_range(rdd_range(0, 10), 0.6, 0.5);

-- samples by key
SELECT k, count(*) BETWEEN 1000 * f - 100 AND 1000 * f + 100 AS near
FROM rdd_collect_pairs(rdd_sample_by_key(rdd_map(rdd_range(0, 3000), '(x % 3, x)'), false, '{"0": 0.2, "1": 0.7, "2": 0}', 4), NULL::bigint, NULL::bigint), LATERAL (SELECT ('{0.2, 0.7, 0}'::float8[])[k + 1]) f(f)
GROUP BY k, f ORDER BY k;
SELECT k, count(*), count(DISTINCT v) FROM rdd_collect_pairs(rdd_sample_by_key_exact(rdd_map(rdd_range(0, 1000), '(x % 3, x)'), false, '{"0": 0.2, "1": 0.333, "2": 1}', 4), NULL::bigint, NULL::bigint) GROUP BY k ORDER BY k;
SELECT ceil(0.2 * 334), ceil(0.333 * 333), 333;
SELECT k, count(*), count(DISTINCT v) < count(*) AS again, bool_and(v % 3 = k) AS own
FROM rdd_collect_pairs(rdd_sample_by_key_exact(rdd_map(rdd_range(0, 1000), '(x % 3, x)'), true, '{"0": 0.5, "1": 2.5, "2": 0}', 4), NULL::bigint, NULL::bigint) GROUP BY k ORDER BY k;
SELECT k, count(*) BETWEEN 2200 AND 2800 AS near FROM rdd_collect_pairs(rdd_sample_by_key(rdd_map(rdd_range(0, 1000), '(''a'', x)'), true, '{"a": 2.5}', 4), NULL::text, NULL::bigint) GROUP BY k;
SELECT rdd_count(rdd_sample_by_key(rdd_map(rdd_range(0, 10), '(x % 3, x)'), false, '{"0": 0.2, "2": 1}', 4));
SELECT rdd_count(rdd_sample_by_key(rdd_map(rdd_range(0, 10), '(x % 3, x)'), false, '{"0": 2, "1": 0, "2": 0}', 4));
SELECT rdd_count(rdd_sample_by_key(rdd_map(rdd_range(0, 10), '(x % 3, x)'), false, '{"0": "all", "1": 0, "2": 0}', 4));
\set VERBOSITY terse
SELECT rdd_count(rdd_sample_by_key(rdd_map(rdd_range(0, 10), '(NULL::int, x)'), false, '{"0": 0.2}', 4));
\set VERBOSITY default
SELECT rdd_sample_by_key(rdd_map(rdd_range(0, 10), '((x, x), x)'), false, '{}', 4);
SELECT rdd_sample_by_key(rdd_range(0, 10), false, '{}', 4);

-- a sample of a size
SELECT * FROM rdd_take_sample(rdd_range(0, 1000), false, 5, 3, NULL::bigint);
SELECT count(*), count(DISTINCT t), min(t) >= 0, max(t) < 100 FROM rdd_take_sample(rdd_range(0, 100), false, 40, 3, NULL::bigint) t;
SELECT count(*), count(DISTINCT t) FROM rdd_take_sample(rdd_range(0, 100), false, 1000, 3, NULL::bigint) t;
SELECT count(*), count(DISTINCT t) BETWEEN 90 AND 100, max(t) < 100 FROM rdd_take_sample(rdd_range(0, 100), true, 500, 3, NULL::bigint) t;
SELECT count(*) FROM rdd_take_sample(rdd_empty('int'), true, 5, 3, NULL::int);
SELECT count(*) FROM rdd_take_sample(rdd_range(0, 100), true, 5, NULL, NULL::bigint);
SELECT count(*) FROM rdd_take_sample(rdd_range(0, 100), true, 0, NULL, NULL::bigint);
SELECT count(*) FROM rdd_take_sample(rdd_range(0, 100), true, -1, NULL, NULL::bigint);

-- hashes: equal values have one, whatever they look like
SELECT rdd_hash(0, false, 1.0) = rdd_hash(0, false, 1.00) AS equal, rdd_hash(0, true, 1.0) = rdd_hash(0, true, 1.00) AS exact,
	rdd_hash(0, false, '-0'::float8) = rdd_hash(0, false, '0'::float8) AS zero, rdd_hash(0, false, 1) = rdd_hash(1, false, 1) AS seed,
	rdd_hash(0, false, NULL::int) IS NULL AS "null", rdd_hash(0, false, 'a'::text, 'bc'::text) = rdd_hash(0, false, 'ab'::text, 'c'::text) AS cut,
	rdd_hash(0, false, ARRAY[1.0, NULL]) = rdd_hash(0, false, ARRAY[1.00, NULL]) AS arrays, rdd_hash(0, false, ROW(1, ROW(2.0))) = rdd_hash(0, false, ROW(1, ROW(2.00))) AS rows,
	rdd_hash(0, false, '[1,3)'::int4range) = rdd_hash(0, false, '[1,2]'::int4range) AS ranges;
CREATE TYPE parts.mood AS ENUM ('sad', 'ok');
SELECT rdd_hash(0, false, 'ok'::parts.mood, 1, 'x'::text, ARRAY['ok'::parts.mood], '{"a": [1, null]}'::jsonb, date '2020-01-01', 1.5::float8);
SELECT bool_and(u >= 0 AND u < 1), abs(avg(u) - 0.5) < 0.02, abs(stddev(u) - sqrt(1 / 12.0)) < 0.01 FROM (SELECT rdd_uniform(1, i) AS u FROM generate_series(1, 10000) i) t;
SELECT rdd_copies('Infinity', 1, 1);
SELECT rdd_copies('-1', 1, 1), rdd_copies(NULL, 1, 1), rdd_fraction(NULL, 'a', false), rdd_histogram_bounds(0, 1, -5);
SELECT rdd_fraction('[1]', '1', false);

-- histograms
SELECT * FROM rdd_histogram(rdd_range(0, 11), 4);
SELECT i, count(*) FROM (SELECT least(floor(x / 10.0 * 4), 3) AS i FROM generate_series(0, 10) x) t GROUP BY i ORDER BY i;
SELECT * FROM rdd_histogram(rdd_parallelize('{1,1.5,2,NULL,9,3,-1}'::numeric[]), '{1,2,3}'::float8[]);
SELECT * FROM rdd_histogram(rdd_parallelize('{1,1.5,2,NaN,9,3,-1}'::float8[]), '{0,10}'::float8[]);
SELECT * FROM rdd_histogram(rdd_parallelize('{7,7,7}'::int[]), 5);
SELECT * FROM rdd_histogram(rdd_empty('int'), '{0,1,2}'::float8[]);
SELECT sum(h.count), count(*) FROM rdd_histogram(rdd_map(rdd_table('parts.words'), 'x.id'), 7) h;
SELECT * FROM rdd_histogram(rdd_empty('int'), 5);
SELECT * FROM rdd_histogram(rdd_parallelize('{1,NaN}'::float8[]), 5);
SELECT * FROM rdd_histogram(rdd_parallelize('{1,-Infinity}'::float8[]), 5);
SELECT * FROM rdd_histogram(rdd_range(0, 11), 0);
SELECT * FROM rdd_histogram(rdd_range(0, 11), '{1}'::float8[]);
SELECT * FROM rdd_histogram(rdd_range(0, 11), '{1,3,2}'::float8[]);
SELECT * FROM rdd_histogram(rdd_parallelize('{a}'::text[]), 2);

-- counts that may be approximate
SELECT n, abs(rdd_count_approx_distinct(rdd_map(rdd_range(0, 3 * n), barks.fn('x % $1', n)), rsd) - n) <= 4 * rsd * n AS near
FROM unnest('{0,1,2,10,100,1000,30000}'::bigint[], '{0.01,0.01,0.01,0.01,0.05,0.2,0.02}'::float8[]) u(n, rsd) WHERE n > 0;
SELECT rdd_count_approx_distinct(rdd_empty('text')) AS none, rdd_count_approx_distinct(rdd_parallelize('{NULL,NULL}'::text[])) AS "null", rdd_count_approx_distinct(rdd_map(rdd_range(0, 100), '(x % 2, ''a'')')) AS pairs;
SELECT k, abs(v - (k + 1) * 100) < (k + 1) * 8 AS near
FROM rdd_collect_pairs(rdd_count_approx_distinct_by_key(rdd_map(rdd_range(0, 3000), '(x % 3, x / 3 % ((x % 3 + 1) * 100))'), 0.02), NULL::bigint, NULL::bigint) ORDER BY k;
SELECT rdd_count_approx_distinct(rdd_range(0, 10), 0);
SELECT rdd_count_approx_distinct(rdd_range(0, 10), 0.0001);
SELECT * FROM rdd_count_approx(rdd_range(0, 10), 100000);
SELECT * FROM rdd_sum_approx(rdd_parallelize('{1,2,NULL}'::int[]), 100000, 0.9);
SELECT * FROM rdd_mean_approx(rdd_parallelize('{1,2,NULL}'::int[]), 100000, 0.9);
SELECT * FROM rdd_count_by_key_approx(rdd_map(rdd_range(0, 10), '(nullif(x % 3, 1), x)'), 100000, 0.9, NULL::bigint) ORDER BY k;
SELECT * FROM rdd_count_by_value_approx(rdd_map(rdd_range(0, 10), 'x % 3'), 100000, 0.9, NULL::bigint) ORDER BY x;
SELECT * FROM rdd_sum_approx(rdd_empty('int'), 100000);
SELECT * FROM rdd_count_approx(rdd_map(rdd_table('parts.words'), 'x.id'), 100000);
SELECT * FROM rdd_mean_approx(rdd_map(rdd_table('parts.words'), 'x.id'), 100000), (SELECT avg(id) FROM parts.words) a;
-- when time is up: one partition of ten is done, the second never will be
SELECT * FROM rdd_count_approx(rdd_map(rdd_range(0, 1000, 1, 10), '(x, CASE WHEN x >= 100 THEN pg_sleep(1000)::text END)'), 2000);
SELECT mean, confidence, round(low::numeric, 3) AS low, round(high::numeric, 3) AS high FROM rdd_mean_approx(rdd_map(rdd_range(0, 1000, 1, 10), 'CASE WHEN x >= 100 THEN length(pg_sleep(1000)::text) ELSE x END'), 2000);
SELECT mean, confidence, round(low::numeric, 3) AS low, round(high::numeric, 3) AS high FROM rdd_sum_approx(rdd_map(rdd_range(0, 500, 1, 10), 'CASE WHEN x >= 50 THEN length(pg_sleep(1000)::text) ELSE x END'), 2000, 0.9);
SELECT * FROM rdd_count_by_value_approx(rdd_map(rdd_range(0, 1000, 1, 10), 'CASE WHEN x >= 100 THEN length(pg_sleep(1000)::text) ELSE x % 2 END'), 2000, 0.9, NULL::bigint) ORDER BY x;
SELECT * FROM rdd_count_approx(rdd_range(0, 10), 0);
SELECT * FROM rdd_mean_approx(rdd_range(0, 10), 0);
\set VERBOSITY terse
SET statement_timeout = 500;
SELECT * FROM rdd_count_approx(rdd_map(rdd_range(0, 10), '(x, pg_sleep(1000)::text)'), 100000);
RESET statement_timeout;
SELECT * FROM rdd_sum_approx(rdd_map(rdd_range(0, 10), '1 / x'), 100000);
\set VERBOSITY default
SELECT * FROM rdd_mean_approx(rdd_map(rdd_range(0, 10), 'x::text'), 100000);
SELECT * FROM rdd_count_approx(rdd_range(0, 10), -1);
SELECT * FROM rdd_count_approx(rdd_range(0, 10), 1000, 1.5);

-- maps
SELECT rdd_collect_as_map(rdd_map(rdd_range(0, 10), '(x % 3, x)')) = (SELECT jsonb_object_agg(x % 3, x ORDER BY x) FROM generate_series(0, 9) x) AS last_stays;
SELECT rdd_collect_as_map(rdd_map(rdd_range(0, 3), '(''k'' || x, (x, array[x]))'));
SELECT rdd_collect_as_map(rdd_map(rdd_empty('int'), '(x, x)'));
SELECT rdd_collect_as_map(rdd_map(rdd_range(0, 3), '(NULL::text, x)'));
SELECT rdd_collect_as_map(rdd_range(0, 3));
SELECT rdd_reduce_by_key_locally(rdd_map(rdd_range(0, 10), '(x % 3, x)'), 'a + b') = (SELECT jsonb_object_agg(k, s) FROM (SELECT x % 3 AS k, sum(x) AS s FROM generate_series(0, 9) x GROUP BY 1) t) AS same;
SELECT rdd_reduce_by_key_locally(rdd_map(rdd_range(0, 6), '(x % 2, (x, ''v''))'), '(greatest(a._1, b._1), a._2)');

-- tables
SELECT rdd_save_as_table(rdd_map(rdd_range(0, 10), '(x, x * 2)'), 'parts.saved');
SELECT layout FROM barks.tables WHERE name = 'parts.saved'::regclass;
SELECT * FROM parts.saved ORDER BY k LIMIT 2;
SELECT rdd_save_as_table(rdd_map(rdd_range(10, 12), '(x, x * 2)'), 'parts.saved', 'append');
SELECT rdd_save_as_table(rdd_map(rdd_range(10, 12), '(x, x * 2)'), 'parts.saved', 'ignore');
SELECT count(*), sum(v) FROM parts.saved;
SELECT rdd_save_as_table(rdd_filter(rdd_table('parts.saved'), 'x.k > 7'), 'parts.saved', 'overwrite');
SELECT * FROM parts.saved ORDER BY k;
SELECT rdd_save_as_table(rdd_map(rdd_range(10, 12), '(x, x * 2)'), 'parts.saved');
SELECT rdd_save_as_table(rdd_range(10, 12), 'parts.saved', 'replace');
SELECT rdd_save_as_table(rdd_range(10, 12), 'parts.saved', 'append');
SELECT rdd_save_as_table(rdd_map(rdd_range(10, 12), '(x, ''a'')'), 'parts.saved', 'append');
SELECT rdd_save_as_table(rdd_range(10, 12), 'nowhere.saved');
SELECT rdd_save_as_table(rdd_range(10, 12), 'parts."Odd ""name"', 'overwrite');
SELECT * FROM parts."Odd ""name" ORDER BY x;
SELECT rdd_save_as_table(rdd_table('parts.words'), 'parts.rows');
SELECT count(*), sum(id) FROM parts.rows;
CREATE VIEW parts.seen AS SELECT 1 AS x;
SELECT rdd_save_as_table(rdd_range(10, 12), 'parts.seen', 'overwrite');
SELECT rdd_save_as_table(rdd_empty('text'), 'parts.none', 'append');
SELECT count(*) FROM parts.none;
SET client_min_messages = warning;
DROP SCHEMA parts CASCADE;
