-- RDDs of any elements: each function beside the same in plain SQL.
CREATE SCHEMA rdds;
SET datestyle = ISO;
SET search_path = rdds, barks, public;
SET barks.default_parallelism = 3;
CREATE TABLE d (id int NOT NULL, g text, n numeric(8,2), day date, tags text[]) USING barks;
SELECT barks.distribute_table('d', by => 'id', partitions => 4);
INSERT INTO d SELECT i, CASE WHEN i % 7 > 0 THEN 'g' || i % 7 END, CASE WHEN i % 5 > 0 THEN i / 4.0 END,
	'2020-01-01'::date + i % 3, CASE i % 4 WHEN 0 THEN '{}' WHEN 1 THEN ARRAY['a', NULL, 'b'] WHEN 2 THEN ARRAY['t' || i] END
	FROM generate_series(1, 200) i;
ANALYZE d;

-- rows that one query gives and the other does not, as often as that is
CREATE FUNCTION differ(what text, rdd text, plain text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE n bigint; rows bigint;
BEGIN
	EXECUTE format('SELECT count(*) FROM ((%1$s EXCEPT ALL %2$s) UNION ALL (%2$s EXCEPT ALL %1$s)) s', '(' || rdd || ')', '(' || plain || ')') INTO n;
	EXECUTE format('SELECT count(*) FROM (%s) s', plain) INTO rows;
	RETURN what || ': ' || CASE WHEN n = 0 THEN rows || ' rows alike' ELSE n || ' ROWS DIFFER' END;
END $$;
-- elements in the order that a cursor of PL/pgSQL, which plans nothing with them, gives
CREATE FUNCTION in_order(r rdd) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(x::text, ' ') FROM rdd_collect_json(r) x $$;

-- sources
SELECT differ('table', $$SELECT * FROM rdd_collect(rdd_table('d'), NULL::d)$$, 'SELECT * FROM d');
SELECT differ('query', $$SELECT * FROM rdd_collect_pairs(rdd_query('SELECT g, n FROM d WHERE id > 3; -- ;'), NULL::text, NULL::numeric)$$, 'SELECT g, n FROM d WHERE id > 3');
SELECT differ('query of rows', $$SELECT * FROM rdd_collect(rdd_query('SELECT d FROM d'), NULL::d)$$, 'SELECT * FROM d');
SELECT differ('range', 'SELECT * FROM rdd_collect(rdd_range(0, 10), NULL::bigint)', 'SELECT i::bigint FROM generate_series(0, 9) i');
SELECT differ('range by 3', 'SELECT * FROM rdd_collect(rdd_range(0, 10, 3), NULL::bigint)', 'VALUES (0::bigint), (3), (6), (9)');
SELECT differ('range down', 'SELECT * FROM rdd_collect(rdd_range(5, 0, -2), NULL::bigint)', 'VALUES (5::bigint), (3), (1)');
SELECT differ('range at the end', 'SELECT * FROM rdd_collect(rdd_range(9223372036854775805, 9223372036854775807), NULL::bigint)', 'VALUES (9223372036854775805), (9223372036854775806)');
SELECT differ('empty', $$SELECT * FROM rdd_collect(rdd_empty('d'), NULL::d)$$, 'SELECT * FROM d WHERE false');
SELECT differ('parallelize', $$SELECT * FROM rdd_collect(rdd_parallelize(ARRAY['a', NULL, 'a']), NULL::text)$$, $$VALUES ('a'), (NULL), ('a')$$);
SELECT differ('parallelize rows', $$SELECT * FROM rdd_collect(rdd_parallelize((SELECT array_agg(d) FROM d)), NULL::d)$$, 'SELECT * FROM d');

-- one for one
SELECT differ('map', $$SELECT * FROM rdd_collect(rdd_map(rdd_table('d'), 'x.id * 2'), NULL::int)$$, 'SELECT id * 2 FROM d');
SELECT differ('map to a type', $$SELECT * FROM rdd_collect(rdd_map(rdd_table('d'), 'x.id * 2', 'text'), NULL::text)$$, 'SELECT (id * 2)::text FROM d');
SELECT differ('map to tuples', $$SELECT * FROM rdd_collect(rdd_map(rdd_table('d'), '(x.g, x.n, (x.id, x.day))')) AS f(a text, b numeric, c int, e date)$$, 'SELECT g, n, id, day FROM d');
SELECT differ('map of tuples', $$SELECT * FROM rdd_collect(rdd_map(rdd_map(rdd_table('d'), '(x.g, x.n, (x.id, x.day))'), 'x._3._1 + length(x._1)'), NULL::int)$$, 'SELECT id + length(g) FROM d');
SELECT differ('map of whole rows', $$SELECT * FROM rdd_collect(rdd_map(rdd_table('d'), '(x, x IS NULL)')) AS f(d d, n bool)$$, 'SELECT d, false FROM d');
SELECT differ('map expanding rows', $$SELECT * FROM rdd_collect(rdd_map(rdd_table('d'), '(x.*, 1)')) AS f(a int, b text, c numeric, d date, e text[], f int)$$, 'SELECT d.*, 1 FROM d');
CREATE FUNCTION next_one(d) RETURNS d LANGUAGE sql IMMUTABLE AS 'SELECT ROW($1.id + 1, $1.g, $1.n, $1.day, $1.tags)::d';
SELECT differ('map by a function of rows', $$SELECT * FROM rdd_collect(rdd_map(rdd_table('d'), 'next_one(x)'), NULL::d)$$, 'SELECT id + 1, g, n, day, tags FROM d');
SELECT differ('map by a function', $$SELECT * FROM rdd_collect(rdd_map(rdd_map(rdd_table('d'), 'x.g'), 'upper(text)'::regprocedure), NULL::text)$$, 'SELECT upper(g) FROM d');
SELECT differ('map by a function of two', $$SELECT * FROM rdd_collect(rdd_map(rdd_map(rdd_table('d'), '(x.g, x.id)'), 'left(text, int)'::regprocedure), NULL::text)$$, 'SELECT left(g, id) FROM d');
SELECT differ('map with constants', $$SELECT * FROM rdd_collect(rdd_map(rdd_table('d'), fn('$2 || coalesce(x.g, $1)', NULL::text, 'it''s \ $1')), NULL::text)$$, $$SELECT 'it''s \ $1' || g FROM d$$);
SELECT differ('map with a sub-select', $$SELECT * FROM rdd_collect(rdd_map(rdd_range(0, 5), '(SELECT count(*) FROM d WHERE d.id < x)'), NULL::bigint)$$, 'SELECT (SELECT count(*) FROM d WHERE d.id < x) FROM generate_series(0, 4) x');
SELECT differ('filter', $$SELECT * FROM rdd_collect(rdd_filter(rdd_table('d'), 'x.g = ''g1'' OR x.n IS NULL'), NULL::d)$$, $$SELECT * FROM d WHERE g = 'g1' OR n IS NULL$$);
SELECT differ('key_by', $$SELECT * FROM rdd_collect(rdd_key_by(rdd_table('d'), 'x.g')) AS f(k text, v d)$$, 'SELECT g, d FROM d');

-- one for many
SELECT differ('flat_map of arrays', $$SELECT * FROM rdd_collect(rdd_flat_map(rdd_table('d'), 'x.tags'), NULL::text)$$, 'SELECT unnest(tags) FROM d');
SELECT differ('flat_map of sets', $$SELECT * FROM rdd_collect(rdd_flat_map(rdd_table('d'), 'generate_series(1, x.id % 4)'), NULL::int)$$, 'SELECT generate_series(1, id % 4) FROM d');
SELECT differ('flat_map of pairs', $$SELECT * FROM rdd_collect_pairs(rdd_flat_map(rdd_table('d'), 'ARRAY[(x.id, x.g), (-x.id, NULL)]'), NULL::int, NULL::text)$$, 'SELECT id, g FROM d UNION ALL SELECT -id, NULL FROM d');
SELECT differ('flat_map of pairs of literals', $$SELECT * FROM rdd_collect(rdd_flat_map(rdd_table('d'), 'ARRAY[(''one'', x.id, NULL), (''two'', NULL, ''three'')]')) AS f(a text, b int, c text)$$, $$SELECT 'one', id, NULL FROM d UNION ALL SELECT 'two', NULL, 'three' FROM d$$);
SELECT differ('flat_map by a function of columns', $$SELECT * FROM rdd_collect_pairs(rdd_flat_map(rdd_map(rdd_table('d'), 'jsonb_build_object(''a'', x.id, ''b'', x.g)'), 'jsonb_each_text(x)'), NULL::text, NULL::text)$$, $$SELECT 'a', id::text FROM d UNION ALL SELECT 'b', g FROM d$$);
SELECT differ('flat_map of rows', $$SELECT * FROM rdd_collect(rdd_flat_map(rdd_query('SELECT array_agg(d) FROM d GROUP BY g'), 'x'), NULL::d)$$, 'SELECT * FROM d');

-- two RDDs
SELECT differ('union', $$SELECT * FROM rdd_collect(rdd_union(rdd_map(rdd_table('d'), 'x.g'), rdd_parallelize(ARRAY['g1', NULL])), NULL::text)$$, $$SELECT g FROM d UNION ALL VALUES ('g1'), (NULL)$$);
SELECT differ('union with itself', $$SELECT * FROM rdd_collect(rdd_union(rdd_table('d'), rdd_table('d')), NULL::d)$$, 'SELECT * FROM d UNION ALL SELECT * FROM d');
SELECT differ('intersection', $$SELECT * FROM rdd_collect(rdd_intersection(rdd_map(rdd_table('d'), 'x.g'), rdd_parallelize(ARRAY['g1', 'g1', NULL, 'z'])), NULL::text)$$, $$VALUES ('g1'), (NULL)$$);
SELECT differ('subtract', $$SELECT * FROM rdd_collect(rdd_subtract(rdd_map(rdd_table('d'), 'x.g'), rdd_parallelize(ARRAY['g1', NULL])), NULL::text)$$, $$SELECT g FROM d WHERE g <> 'g1'$$);
SELECT differ('subtract tuples', $$SELECT * FROM rdd_collect(rdd_subtract(rdd_map(rdd_table('d'), '(x.g, x.n, 1)'), rdd_map(rdd_table('d'), '(x.g, x.n + 0.25, 1)'))) AS f(a text, b numeric, c int)$$, 'SELECT g, n, 1 FROM d WHERE NOT EXISTS (SELECT FROM d e WHERE d.g IS NOT DISTINCT FROM e.g AND d.n IS NOT DISTINCT FROM e.n + 0.25)');
SELECT differ('distinct', $$SELECT * FROM rdd_collect(rdd_distinct(rdd_map(rdd_table('d'), '(x.g, x.day)'))) AS f(a text, b date)$$, 'SELECT DISTINCT g, day FROM d');
SELECT differ('cartesian', $$SELECT * FROM rdd_collect(rdd_cartesian(rdd_map(rdd_table('d'), 'x.g'), rdd_range(0, 3))) AS f(a text, b bigint)$$, 'SELECT g, i::bigint FROM d, generate_series(0, 2) i');
SELECT differ('repartition', $$SELECT * FROM rdd_collect(rdd_repartition(rdd_table('d'), 7), NULL::d)$$, 'SELECT * FROM d');
SELECT differ('set_name', $$SELECT * FROM rdd_collect(rdd_set_name(rdd_table('d'), 'd'), NULL::d)$$, 'SELECT * FROM d');

-- orders
SELECT in_order(rdd_sort_by(rdd_parallelize(ARRAY[3, NULL, 1, 2]), 'x'));
SELECT in_order(rdd_sort_by(rdd_parallelize(ARRAY[3, NULL, 1, 2]), 'x', false));
SELECT in_order(rdd_sort_by(rdd_range(0, 7), '(x % 3, -x)'));
SELECT in_order(rdd_sort_by(rdd_sort_by(rdd_range(0, 4), 'x'), '-x'));
SELECT in_order(rdd_map(rdd_filter(rdd_union(rdd_range(3, 0, -1), rdd_sort_by(rdd_range(0, 3), 'x', false)), 'x > 0'), 'x * 10'));
WITH r AS (SELECT rdd_range(0, 3) AS r) SELECT in_order(rdd_union(rdd_sort_by(r, 'x', false), r)) FROM r;
SELECT string_agg(x::text, ' ') FROM rdd_take(rdd_sort_by(rdd_map(rdd_table('d'), 'x.id'), '-x'), 4, NULL::int) x;
SELECT * FROM rdd_collect(rdd_sort_by(rdd_filter(rdd_table('d'), 'x.id < 4'), '-x.id'), NULL::d);
SELECT id FROM rdd_collect(rdd_sort_by(rdd_table('d'), '(x.day, -x.id)'), NULL::d) LIMIT 4;
SELECT string_agg(x::text, ' ') FROM rdd_collect(rdd_sort_by(rdd_map(rdd_filter(rdd_table('d'), 'x.id < 9'), 'x.id'), '-x'), NULL::int) x;
-- elements of one element stay in their order
SELECT string_agg(x::text, ' ') FROM rdd_collect(rdd_flat_map(rdd_sort_by(rdd_range(0, 6), '-x'), 'ARRAY[x, x * 10, x * 100]'), NULL::bigint) x;
SELECT string_agg(x::text, ' ') FROM rdd_collect(rdd_flat_map(rdd_sort_by(rdd_range(0, 30), '-x'), 'generate_series(x * 10, x * 10 + 3)'), NULL::bigint) x;
SELECT string_agg(v, ' ') FROM rdd_take(rdd_flat_map_values(rdd_sort_by_key(rdd_map(rdd_parallelize(ARRAY['b', 'a', 'c']), '(x, ARRAY[x || 1, x || 2])')), 'x'), 5, NULL::record) AS f(k text, v text);

-- actions
SELECT rdd_count(rdd_table('d')) = (SELECT count(*) FROM d) AS count, rdd_count(rdd_empty('int')), rdd_is_empty(rdd_table('d')), rdd_is_empty(rdd_empty('text'));
SELECT rdd_sum(r) = (SELECT sum(n::float8) FROM d) AS sum, rdd_mean(r) = (SELECT avg(n::float8) FROM d) AS mean,
	abs(rdd_variance(r) - (SELECT var_pop(n) FROM d)) < 1e-6 AS variance, abs(rdd_sample_variance(r) - (SELECT var_samp(n) FROM d)) < 1e-6 AS sample_variance,
	abs(rdd_stdev(r) - (SELECT stddev_pop(n) FROM d)) < 1e-6 AS stdev, abs(rdd_sample_stdev(r) - (SELECT stddev_samp(n) FROM d)) < 1e-6 AS sample_stdev
FROM rdd_map(rdd_table('d'), 'x.n') r;
SELECT count, mean, round(stdev::numeric, 6) AS stdev, max, min FROM rdd_stats(rdd_map(rdd_table('d'), 'x.n'));
SELECT round(stddev_pop(n), 6) FROM d;
SELECT rdd_sum(e), rdd_mean(e), rdd_min(e, NULL::int), rdd_max(e, NULL::int), rdd_first(e, NULL::int), rdd_reduce(e, 'a + b', NULL::int), rdd_fold(e, 7, 'acc + x') FROM rdd_empty('int') e;
SELECT * FROM rdd_stats(rdd_empty('int'));
SELECT rdd_first(rdd_sort_by(rdd_table('d'), 'x.id'), NULL::d), rdd_max(rdd_table('d'), NULL::d), rdd_min(rdd_map(rdd_table('d'), '(x.g, x.id)'), NULL::record);
SELECT rdd_max(rdd_table('d'), NULL::d, '(x.day, x.id)'), rdd_min(rdd_table('d'), NULL::d, 'x.n');
SELECT * FROM rdd_take_ordered(rdd_map(rdd_table('d'), 'x.n'), 42, NULL::numeric) OFFSET 38;
SELECT * FROM rdd_top(rdd_map(rdd_table('d'), 'x.n'), 3, NULL::numeric);
SELECT * FROM rdd_top(rdd_map(rdd_table('d'), '(x.g, x.id)'), 3, NULL::record, '(length(k), v % 10, v)') AS f(k text, v int);
SELECT differ('count_by_value', $$SELECT * FROM rdd_count_by_value(rdd_map(rdd_table('d'), 'x.g'), NULL::text)$$, 'SELECT g, count(*) FROM d GROUP BY 1');
SELECT differ('collect_json', $$SELECT * FROM rdd_collect_json(rdd_map(rdd_table('d'), '(x.g, (x.id, x.tags))'))$$, $$SELECT jsonb_build_object('k', g, 'v', jsonb_build_object('_1', id, '_2', tags)) FROM d$$);
SELECT rdd_reduce(r, 'a + b', NULL::int) = (SELECT sum(id) FROM d) AS sum, rdd_reduce(r, 'greatest(a, b)', NULL::int), rdd_reduce(r, 'least(a, b)', NULL::int),
	rdd_tree_reduce(r, 'a # b', NULL::int) = (SELECT bit_xor(id) FROM d) AS tree, rdd_fold(r, 0, 'acc + x') = (SELECT sum(id) FROM d) AS fold,
	rdd_reduce(rdd_map(r, '(x, x)'), '(least(a._1, b._1), greatest(a._2, b._2))', NULL::record)
FROM rdd_map(rdd_table('d'), 'x.id') r;
SELECT rdd_reduce(rdd_map(rdd_table('d'), 'x.n'), 'a + b', NULL::numeric), rdd_reduce(rdd_map(rdd_table('d'), 'x.n'), 'coalesce(a, 0) + coalesce(b, 0)', NULL::numeric) = (SELECT sum(n) FROM d) AS sum;
SELECT rdd_reduce(rdd_table('d'), 'CASE WHEN (a.day, a.id) > (b.day, b.id) THEN a ELSE b END', NULL::d);
CREATE FUNCTION later(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT greatest($1, $2)';
SELECT rdd_reduce(rdd_map(rdd_table('d'), 'x.g'), 'later(text, text)'::regprocedure, NULL::text);
SELECT rdd_aggregate(rdd_map(rdd_table('d'), 'x.id'), (0, 0::bigint), '(acc._1 + 1, acc._2 + x)', '(a._1 + b._1, a._2 + b._2)');
SELECT (SELECT array_agg(DISTINCT x) FROM unnest(rdd_tree_aggregate(rdd_map(rdd_table('d'), 'x.g'), '{}'::text[], 'CASE WHEN x = ANY (acc) OR x IS NULL THEN acc ELSE acc || x END', 'a || b')) x) AS by_reference;

-- a lineage and its text
CREATE TABLE lineages (n int, r rdd);
INSERT INTO lineages VALUES
	(1, rdd_fold_by_key(rdd_map(rdd_range(0, 9), '(x % 2, x)'), 5::bigint, 'acc + x')),
	(2, rdd_filter_by_range(rdd_map(rdd_table('d'), '(x.g, x.id)'), 'g2'::text, 'g''4'::text)),
	(3, rdd_cogroup(rdd_map(rdd_range(0, 3), '(x, 1)'), rdd_map(rdd_range(0, 3), '(x, 1)'), rdd_map(rdd_range(2, 5), '(x, ''\x'')'))),
	(4, rdd_sort_by(rdd_parallelize(ARRAY['2020-01-02', NULL]::date[], 3), 'x', false)),
	(5, rdd_aggregate_by_key(rdd_key_by(rdd_range(0, 9), 'x % 3'), ROW(0, ''), '(acc._1 + 1, acc._2 || x)', '(a._1 + b._1, a._2 || b._2)')),
	(6, rdd_map(rdd_parallelize(ARRAY[1.5, 'NaN']::float8[]), fn('x = $1 OR x::text = $2', 1.5::float8, E'a\\b''c\n'))),
	(7, rdd_map(rdd_parallelize(ARRAY[ROW(1, E'a"\\,', NULL, NULL, '{x}')::d]), 'x', 'd')),
	(8, rdd_union(rdd_query('SELECT 1 -- one'), rdd_set_name(rdd_empty('int'), 'none')));
SET datestyle = 'SQL, DMY';
SELECT n, r::text::rdd::text = r::text AS same, rdd_id(r::text::rdd) = rdd_id(r) AS id, rdd_count(r::text::rdd) = rdd_count(r) AS count FROM lineages ORDER BY n;
SET datestyle = ISO;
\pset format unaligned
SELECT r FROM lineages ORDER BY n;
SELECT rdd_debug_string(rdd_union(r, rdd_partition_by(r, 4))) FROM lineages WHERE n = 1;
\pset format aligned
SELECT rdd_name(rdd_set_name(rdd_range(0, 1), 'it''s')), rdd_name(rdd_range(0, 1)), rdd_id(rdd_range(0, 1)) = rdd_id(rdd_range(0, 1)) AS same, rdd_id(rdd_range(0, 1)) = rdd_id(rdd_range(0, 2)) AS other;
SELECT rdd_num_partitions(rdd_cartesian(r, r)), rdd_num_partitions(rdd_union(r, r)) FROM rdd_range(0, 3, 1, 2000000000) r;
SELECT rdd_partitioner(r), rdd_num_partitions(r), rdd_element_type(r) FROM lineages ORDER BY n;
SELECT rdd_element_type(parent), shuffle FROM rdd_dependencies(rdd_join(rdd_partition_by(rdd_map(rdd_range(0, 3), '(x, 1)'), 4), rdd_map(rdd_range(0, 3), '(x, ''a'')'), 4));
-- what is shared is there once, and long chains are quick enough
DO $$
DECLARE r rdd := rdd_range(0, 1); s rdd := rdd_range(0, 10); t rdd := rdd_range(0, 10);
BEGIN
	FOR i IN 1..15 LOOP r := rdd_union(r, r); END LOOP;
	FOR i IN 1..600 LOOP s := rdd_map(s, 'x + 1'); END LOOP;
	FOR i IN 1..40 LOOP t := rdd_map(t, '(x * x + x) % 7'); END LOOP;
	RAISE NOTICE '% elements, % bytes, sums % %', rdd_count(r), length(r::text), rdd_sum(s), rdd_sum(t);
END $$;

-- names, lengths, columns that are gone
CREATE TABLE odd (x int, k int, v int, "a.b" int, "q""q" int, "#1" int, s int, acc int, "select" int, "X" int, gone int,
	"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff121" int, "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff122" int);
INSERT INTO odd SELECT 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13;
ALTER TABLE odd DROP COLUMN gone;
SELECT differ('odd names', $$SELECT * FROM rdd_collect(rdd_table('odd'), NULL::odd)$$, 'SELECT * FROM odd');
SELECT differ('odd names as values', $$SELECT v FROM rdd_collect(rdd_key_by(rdd_table('odd'), 'x.k')) AS f(k int, v odd)$$, 'SELECT odd FROM odd');
SELECT differ('odd names in arrays', $$SELECT v FROM rdd_collect(rdd_group_by_key(rdd_key_by(rdd_table('odd'), 'x.k'))) AS f(k int, v odd[])$$, 'SELECT ARRAY[odd] FROM odd');
SELECT * FROM rdd_collect(rdd_map(rdd_table('odd'), 'ARRAY[x.x, x.k, x.v, x."a.b", x."q""q", x."#1", x.s, x.acc, x."select", x."X", x.aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff122]'), NULL::int[]);
SELECT rdd_reduce(rdd_table('odd'), 'a', NULL::odd), rdd_first(rdd_table('odd'), NULL::odd);
SELECT rdd_reduce(rdd_map(rdd_range(1, 4), 'x::varchar(1)'), 'a || b', NULL::varchar), rdd_reduce(rdd_map(rdd_range(1, 4), 'x::numeric(2,1)'), 'a + b * 100', NULL::numeric);
SELECT string_agg(x, ' ' ORDER BY x) FROM rdd_collect(rdd_union(rdd_map(rdd_range(0, 2), 'x::varchar(1)'), rdd_map(rdd_range(0, 2), '(x + 1000)::varchar(9)')), NULL::varchar) x;
CREATE TABLE parent (k int NOT NULL);
CREATE TABLE child () INHERITS (parent);
ALTER TABLE child ALTER k DROP NOT NULL;
INSERT INTO child VALUES (NULL);
SELECT rdd_count(rdd_join(rdd_map(rdd_table('parent'), '(x.k, 1)'), rdd_map(rdd_table('parent'), '(x.k, 2)')));
SET client_min_messages = warning;
DROP SCHEMA rdds CASCADE;

-- long ranges are made by several tasks, and are the same
SELECT rdd_sum(rdd_range(0, 300000)) = 299999 * 300000::float8 / 2 AS up,
	rdd_sum(rdd_range(300000, -7, -2)) = (SELECT sum(x) FROM generate_series(300000, -6, -2) x) AS down,
	(SELECT count(*) FROM rdd_explain(rdd_map(rdd_range(0, 300000), 'x + 1')) e WHERE e LIKE '%Inputs: parts%') AS by_tasks;
SELECT * FROM rdd_take(rdd_range(5, 900000, 3), 3, NULL::bigint);
SELECT rdd_count(rdd_range(-9000000000000000000, 9000000000000000000, 90000000000000)) AS wide,
	rdd_min(rdd_range(9223372036854475807, 9223372036854775807), NULL::bigint) AS near_the_end;
SET barks.enabled = off;
SELECT rdd_sum(rdd_range(0, 300000)) = 299999 * 300000::float8 / 2 AS on_the_driver;
RESET barks.enabled;
