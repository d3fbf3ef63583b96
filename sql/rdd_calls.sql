-- RDDs: how functions may be called: by position and by name, with what may be left out
-- and without, with literals and with variables.
CREATE SCHEMA rdd_calls;
SET search_path = rdd_calls, barks, public;
SET barks.default_parallelism = 3;
CREATE TABLE t (id int, name text) USING barks;
SELECT barks.distribute_table('t', by => 'id', partitions => 4);
INSERT INTO t SELECT i, 'n' || i FROM generate_series(1, 5) i;
CREATE FUNCTION total(c refcursor) RETURNS SETOF bigint LANGUAGE plpgsql AS $$
DECLARE x bigint; sum bigint := 0;
BEGIN
	LOOP
		FETCH c INTO x;
		EXIT WHEN NOT FOUND;
		sum := sum + x;
	END LOOP;
	RETURN NEXT sum;
END $$;
CREATE FUNCTION numbered(index int, c refcursor) RETURNS SETOF bigint LANGUAGE sql AS 'SELECT index + total(c)';
CREATE FUNCTION both_totals(a refcursor, b refcursor) RETURNS SETOF bigint LANGUAGE sql AS 'SELECT total(a) + total(b)';
CREATE FUNCTION nothing(c refcursor) RETURNS void LANGUAGE sql AS '';
CREATE FUNCTION shown(r rdd) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(x::text, ' ') FROM rdd_collect_json(r) x $$;

-- sources
SELECT shown(rdd_parallelize(ARRAY[1, 2])), shown(rdd_parallelize(ARRAY[1, 2], 2)), shown(rdd_parallelize("values" => ARRAY[1, 2], num_partitions => 2)),
	shown(rdd_parallelize('{1,2}'::int[], NULL)), shown(rdd_parallelize('{{1,2},{3,4}}'::int[])), shown(rdd_parallelize('[0:1]={a,b}'::text[])), shown(rdd_parallelize('{}'::text[]));
SELECT shown(rdd_range(1, 3)), shown(rdd_range(1, 5, 2)), shown(rdd_range(1, 5, 2, 2)), shown(rdd_range(first => 1, last => 3, num_partitions => 2)), shown(rdd_range(1::bigint, 3::smallint));
SELECT shown(rdd_empty('int')), shown(rdd_empty('int'::regtype)), shown(rdd_empty('rdd_calls.t')), shown(rdd_empty(element_type => 'numeric(8,2)'));
SELECT rdd_count(rdd_table('t')), rdd_count(rdd_table('t'::regclass)), rdd_count(rdd_table(rel => 'rdd_calls.t')), shown(rdd_query('SELECT 1')), shown(rdd_query(query => 'SELECT 1, 2'));

-- transformations
SELECT shown(rdd_map(rdd_range(0, 2), 'x + 1')), shown(rdd_map(rdd_range(0, 2), 'x + 1', 'text')), shown(rdd_map(r => rdd_range(0, 2), f => 'x + 1', result => 'int'::regtype)),
	shown(rdd_map(rdd_range(0, 2), 'int8inc(int8)'::regprocedure)), shown(rdd_map(rdd_range(0, 2), fn('x * $1', 3))), shown(rdd_map('rdd_range(0, 2)', 'x')),
	shown(rdd_map(rdd_parallelize('{a,b}'::text[]), 'x || ''1''')), shown(rdd_map(rdd_range(0, 2), 'x * 2', result => NULL));
SELECT shown(rdd_filter(rdd_range(0, 2), 'x > 0')), shown(rdd_filter(r => rdd_range(0, 2), f => 'x > 0'));
SELECT shown(rdd_flat_map(rdd_range(0, 2), 'ARRAY[x, x]')), shown(rdd_flat_map(rdd_range(0, 2), 'generate_series(1, x)')), shown(rdd_flat_map(r => rdd_range(0, 2), f => 'ARRAY[x, x]')),
	shown(rdd_flat_map(rdd_range(0, 2), 'ARRAY[x, x]', 'text')), shown(rdd_flat_map(rdd_range(0, 3), 'generate_series(1, x)', result => 'text'));
SELECT shown(rdd_map_partitions(rdd_range(0, 5), 'total(refcursor)')), shown(rdd_map_partitions(r => rdd_range(0, 5), f => 'total(refcursor)'::regprocedure)),
	shown(rdd_map_partitions(rdd_range(0, 5), 'total(refcursor)', 'text')), shown(rdd_map_partitions(rdd_range(0, 5), f => 'total(refcursor)', result => 'numeric'));
SELECT shown(rdd_map_partitions_with_index(rdd_range(0, 5), 'numbered(int, refcursor)')), shown(rdd_map_partitions_with_index(r => rdd_range(0, 5), f => 'numbered(int, refcursor)', result => 'text'));
SELECT shown(rdd_glom(rdd_range(0, 5))), shown(rdd_glom(r => rdd_range(0, 5)));
SELECT rdd_count(rdd_sample(rdd_range(0, 9), false, 1)), rdd_count(rdd_sample(rdd_range(0, 9), false, 0.5, 1)) = rdd_count(rdd_sample(r => rdd_range(0, 9), with_replacement => false, fraction => 0.5, seed => 1)) AS same;
SELECT cardinality(rdd_random_split(rdd_range(0, 9), ARRAY[1, 2])), cardinality(rdd_random_split(rdd_range(0, 9), '{0.5,0.5}', 1)), cardinality(rdd_random_split(r => rdd_range(0, 9), weights => ARRAY[0.3, 0.7], seed => 1));
SELECT shown(rdd_union(rdd_range(0, 1), rdd_range(1, 2))), shown(rdd_union(r => rdd_range(0, 1), o => rdd_range(1, 2))), shown(rdd_intersection(rdd_range(0, 2), rdd_range(1, 3))), shown(rdd_intersection(rdd_range(0, 2), o => rdd_range(1, 3), num_partitions => 2)),
	shown(rdd_subtract(rdd_range(0, 2), rdd_range(1, 3))), shown(rdd_subtract(rdd_range(0, 2), rdd_range(1, 3), 2)), shown(rdd_distinct(rdd_parallelize('{1,1}'::int[]))), shown(rdd_distinct(r => rdd_parallelize('{1,1}'::int[]), num_partitions => 2)),
	shown(rdd_cartesian(rdd_range(0, 1), rdd_range(1, 2))), shown(rdd_cartesian(r => rdd_range(0, 1), o => rdd_range(1, 2)));
SELECT shown(rdd_zip(rdd_range(0, 1), rdd_range(1, 2))), shown(rdd_zip(r => rdd_range(0, 1), o => rdd_range(1, 2))), shown(rdd_zip_partitions(rdd_range(0, 5), rdd_range(0, 3), 'both_totals(refcursor, refcursor)')), shown(rdd_zip_partitions(r => rdd_range(0, 5), o => rdd_range(0, 3), f => 'both_totals(refcursor, refcursor)')),
	shown(rdd_zip_with_index(rdd_range(5, 6))), shown(rdd_zip_with_unique_id(r => rdd_range(5, 6, num_partitions => 1)));
SELECT shown(rdd_key_by(rdd_range(5, 6), 'x % 2')), shown(rdd_key_by(r => rdd_range(5, 6), f => 'x % 2')), shown(rdd_group_by(rdd_range(5, 6), 'x % 2')), shown(rdd_group_by(rdd_range(5, 6), 'x % 2', 2)), shown(rdd_group_by(r => rdd_range(5, 6), f => 'x % 2', num_partitions => 2));
SELECT shown(rdd_sort_by(rdd_range(0, 2), '-x')), shown(rdd_sort_by(rdd_range(0, 2), 'x', false)), shown(rdd_sort_by(rdd_range(0, 2), 'x', false, 2)), shown(rdd_sort_by(r => rdd_range(0, 2), f => '-x', ascending => false, num_partitions => 1));
SELECT rdd_num_partitions(rdd_coalesce(rdd_range(0, 2), 2)), rdd_num_partitions(rdd_coalesce(rdd_range(0, 2), 7, true)), rdd_num_partitions(rdd_coalesce(r => rdd_range(0, 2), num_partitions => 7, shuffle => false)), rdd_num_partitions(rdd_repartition(rdd_range(0, 2), 2)), rdd_num_partitions(rdd_repartition(r => rdd_range(0, 2), num_partitions => 2));
SELECT rdd_partitioner(rdd_partition_by(p, 4)), rdd_partitioner(rdd_partition_by(r => p, num_partitions => 4)), rdd_partitioner(rdd_repartition_and_sort(p, 4)), rdd_partitioner(rdd_repartition_and_sort(r => p, num_partitions => 4)) FROM rdd_map(rdd_range(0, 3), '(x, x)') p;

SELECT p, rdd_partitioner(rdd_partition_by(r, p)) AS partition_by, rdd_partitioner(rdd_repartition_and_sort(r, p)) AS repartition_and_sort
	FROM rdd_map(rdd_range(0, 3), '(x, x)') r, unnest('{hash, range, hash(4), "range ( 4 )", "hash(k, 4)", "RANGE(k,4)", NULL}'::text[]) p;
SELECT rdd_partition_by(rdd_map(rdd_range(0, 3), '(x, x)'), 'range(k, 4)'), rdd_partition_by(rdd_map(rdd_range(0, 3), '(x, x)'), 4), rdd_partition_by(rdd_map(rdd_range(0, 3), '(x, x)'), NULL::int)::text::rdd;
SELECT shown(rdd_glom(rdd_keys(rdd_partition_by(p, 'range(k, 3)')))), shown(rdd_glom(rdd_keys(rdd_repartition_and_sort(p, 'range(k, 3)')))), shown(rdd_glom(rdd_keys(rdd_repartition_and_sort(p, partitioner => rdd_partitioner(rdd_sort_by_key(p, true, 2))))))
	FROM rdd_map(rdd_parallelize('{7,3,NULL,3,9,1,3,8,2}'::int[], 2), '(x, x)') p;
SELECT rdd_partition_by(rdd_map(rdd_range(0, 3), '(x, x)'), 'modulo(k, 4)');
SELECT rdd_partition_by(rdd_map(rdd_range(0, 3), '(x, x)'), 'hash(k, 0)');
SELECT rdd_repartition_and_sort(rdd_map(rdd_range(0, 3), '(x, x)'), 'range(v, 4)');
SELECT rdd_partition_by(rdd_map(rdd_range(0, 3), '(x, x)'), 'hash(k, 4) x');
SELECT rdd_partition_by(rdd_map(rdd_range(0, 3), '(x, x)'), 'hash(99999999999)');
SELECT rdd_partition_by(rdd_map(rdd_range(0, 3), '(xid(x::text), x)'), 'range(k, 4)');

-- nothing has no partitions unless it is asked for some
SELECT rdd_num_partitions(e) AS empty, rdd_num_partitions(rdd_cartesian(rdd_range(0, 3), e)) AS cartesian, rdd_count(rdd_glom(rdd_cartesian(rdd_range(0, 3), e))) AS glom, rdd_num_partitions(rdd_union(e, e)) AS "union", rdd_num_partitions(rdd_coalesce(e, 3)) AS coalesce,
	rdd_num_partitions(rdd_repartition(e, 3)) AS repartition, rdd_num_partitions(rdd_distinct(e)) AS "distinct", rdd_count(rdd_glom(rdd_sort_by(e, 'x', true, 2))) AS sort_by FROM rdd_empty('int') e;

-- actions
SELECT * FROM rdd_collect(rdd_range(0, 2), NULL::bigint);
SELECT * FROM rdd_collect(r => rdd_range(0, 2), of_type => NULL::bigint) AS f(n);
SELECT * FROM rdd_collect(rdd_map(rdd_range(0, 2), '(x, ''a'')')) AS f(a bigint, b text);
SELECT rdd_collect(rdd_range(0, 2), NULL::bigint);
SELECT * FROM rdd_collect_pairs(rdd_map(rdd_range(0, 1), '(x, ''a'')'), NULL::bigint, NULL::text);
SELECT * FROM rdd_collect_pairs(r => rdd_map(rdd_range(0, 1), '(x, ''a'')'), key => NULL::bigint, value => NULL::text);
SELECT rdd_collect_json(rdd_range(0, 1)), rdd_collect_json(r => rdd_range(0, 1));
SELECT rdd_collect_as_map(rdd_map(rdd_range(0, 1), '(x, ''a'')')), rdd_reduce_by_key_locally(r => rdd_map(rdd_range(0, 1), '(x, ''a'')'), f => 'a || b');
SELECT * FROM rdd_count_by_key(rdd_map(rdd_range(0, 1), '(x, ''a'')'), NULL::bigint), rdd_count_by_key(r => rdd_map(rdd_range(0, 1), '(x, ''a'')'), key => NULL::bigint) AS n;
SELECT * FROM rdd_count_by_value(rdd_range(0, 1), NULL::bigint), rdd_count_by_value(r => rdd_range(0, 1), of_type => NULL::bigint) AS n;
SELECT rdd_lookup(rdd_map(rdd_range(0, 1), '(x, ''a'')'), 0::bigint, NULL::text), rdd_lookup(r => rdd_map(rdd_range(0, 1), '(x, ''a'')'), key => 0::bigint, value => NULL::text);
SELECT rdd_reduce(rdd_range(0, 4), 'a + b', NULL::bigint), rdd_reduce(r => rdd_range(0, 4), f => 'a + b', of_type => NULL::bigint), rdd_reduce(rdd_range(0, 4), 'int8larger(int8, int8)'::regprocedure, NULL::bigint),
	rdd_fold(rdd_range(0, 4), 0::bigint, 'acc + x'), rdd_fold(r => rdd_range(0, 4), zero => 0::bigint, f => 'acc + x'),
	rdd_aggregate(rdd_range(0, 4), 0, 'acc + 1', 'a + b'), rdd_aggregate(r => rdd_range(0, 4), zero => 0, seq => 'acc + 1', comb => 'a + b'), rdd_aggregate(rdd_range(0, 4), ''::text, 'acc || ''x''', 'a || b');
SELECT rdd_tree_reduce(rdd_range(0, 4), 'a + b', NULL::bigint), rdd_tree_reduce(rdd_range(0, 4), 'a + b', NULL::bigint, 3), rdd_tree_reduce(r => rdd_range(0, 4), f => 'a + b', of_type => NULL::bigint, depth => 1),
	rdd_tree_aggregate(rdd_range(0, 4), 0, 'acc + 1', 'a + b'), rdd_tree_aggregate(rdd_range(0, 4), 0, 'acc + 1', 'a + b', 3), rdd_tree_aggregate(r => rdd_range(0, 4), zero => 0, seq => 'acc + 1', comb => 'a + b', depth => 1);
SELECT rdd_tree_reduce(rdd_range(0, 4), 'a + b', NULL::bigint, 0);
SELECT rdd_tree_aggregate(rdd_range(0, 4), 0, 'acc + 1', 'a + b', -1);
SELECT rdd_count(rdd_range(0, 4)), rdd_count(r => rdd_range(0, 4)), rdd_is_empty(rdd_range(0, 4)), rdd_first(rdd_range(0, 4), NULL::bigint), rdd_first(r => rdd_range(0, 4), of_type => NULL::bigint);
SELECT array(SELECT rdd_take(rdd_range(0, 4), 2, NULL::bigint)), array(SELECT rdd_take(r => rdd_range(0, 4), n => 2, of_type => NULL::bigint)), array(SELECT rdd_take(rdd_range(0, 4), 0, NULL::bigint)), array(SELECT rdd_take(rdd_range(0, 4), 2147483647, NULL::bigint)),
	array(SELECT rdd_take_ordered(rdd_range(0, 4), 2, NULL::bigint)), array(SELECT rdd_take_ordered(rdd_range(0, 4), 2, NULL::bigint, '-x')), array(SELECT rdd_take_ordered(r => rdd_range(0, 4), n => 2, of_type => NULL::bigint, key => 'x % 2')),
	array(SELECT rdd_top(rdd_range(0, 4), 2, NULL::bigint)), array(SELECT rdd_top(rdd_range(0, 4), 2, NULL::bigint, '-x'));
SELECT array(SELECT rdd_take_sample(rdd_range(0, 4), false, 4, 1, NULL::bigint) ORDER BY 1), array(SELECT rdd_take_sample(r => rdd_range(0, 4), with_replacement => false, n => 9, seed => NULL, of_type => NULL::bigint) ORDER BY 1);
SELECT rdd_max(rdd_range(0, 4), NULL::bigint), rdd_max(r => rdd_range(0, 4), of_type => NULL::bigint, key => '-x'), rdd_min(rdd_range(0, 4), NULL::bigint), rdd_min(rdd_range(0, 4), NULL::bigint, '-x');
SELECT rdd_sum(r), rdd_mean(r), rdd_variance(r), rdd_sample_variance(r), rdd_stdev(r), rdd_sample_stdev(r) FROM rdd_parallelize(ARRAY[1, 3]) r;
SELECT * FROM rdd_stats(rdd_parallelize(ARRAY[1, 3]));
SELECT * FROM rdd_histogram(rdd_range(0, 4), 2);
SELECT * FROM rdd_histogram(rdd_range(0, 4), ARRAY[0, 1, 3]), rdd_histogram(r => rdd_range(0, 4), buckets => ARRAY[0, 1.5]) AS h;
SELECT * FROM rdd_count_approx(rdd_range(0, 4), 100000), rdd_count_approx(r => rdd_range(0, 4), timeout => 100000, confidence => 0.9) AS again;
SELECT * FROM rdd_sum_approx(rdd_range(0, 4), 100000), rdd_mean_approx(r => rdd_range(0, 4), timeout => 100000, confidence => 0.9) AS mean;
SELECT * FROM rdd_count_by_value_approx(rdd_range(0, 1), 100000, 0.9, NULL::bigint), rdd_count_by_key_approx(r => rdd_map(rdd_range(0, 1), '(x, 1)'), timeout => 100000, confidence => 0.9, key => NULL::bigint) AS key;
SELECT rdd_count_approx_distinct(rdd_range(0, 4)), rdd_count_approx_distinct(rdd_range(0, 4), 0.1), rdd_count_approx_distinct(r => rdd_range(0, 4), rsd => 0.1);
SELECT rdd_foreach(rdd_range(0, 4), 'x'), rdd_foreach(r => rdd_range(0, 4), f => 'int8abs(int8)'::regprocedure), rdd_foreach_partition(rdd_range(0, 4), 'nothing(refcursor)'), rdd_foreach_partition(r => rdd_range(0, 4), f => 'nothing(refcursor)');
SELECT rdd_save_as_table(rdd_range(0, 4), 'saved'), rdd_save_as_table(rdd_range(0, 4), 'saved', 'append'), rdd_save_as_table(r => rdd_range(0, 4), name => 'saved', mode => 'ignore');
SELECT job_wait(rdd_submit(rdd_range(0, 4))), job_wait(job => rdd_submit(r => rdd_range(0, 4), action => 'count'), timeout => '1 hour'), job_wait(rdd_submit(rdd_range(0, 4), 'take(2, NULL::bigint)'));
SELECT rdd_submit(rdd_range(0, 4), 'count') AS job \gset
SELECT job_result(:job);
SELECT job_cancel(:job), job_forget(:job);

-- introspection
SELECT rdd_id(r) = rdd_id(r => r) AS id, rdd_name(rdd_set_name(r, 'four')), rdd_name(rdd_set_name(r => r, name => NULL)), rdd_name(r), rdd_num_partitions(r), rdd_preferred_locations(r, 0), rdd_preferred_locations(r => r, partition => 0),
	rdd_partitioner(r), rdd_storage_level(r), rdd_element_type(r), rdd_to_debug_string(r), rdd_debug_string(r) FROM rdd_range(0, 4) r;
SELECT * FROM rdd_dependencies(rdd_range(0, 4)) UNION ALL SELECT * FROM rdd_dependencies(rdd_distinct(rdd_range(0, 4)));
SELECT count(*) > 0 FROM rdd_explain(rdd_range(0, 4));
SELECT count(*) > 0 FROM rdd_explain(r => rdd_range(0, 4), "analyze" => true, "verbose" => true);
-- what is named, persisted or both keeps its name, its level and its partitioner
SELECT rdd_name(rdd_cache(r)), rdd_storage_level(rdd_set_name(rdd_cache(r), 'cached')), rdd_partitioner(rdd_set_name(rdd_cache(r), 'cached')), rdd_name(rdd_persist(rdd_set_name(rdd_cache(r), 'again'), 'DISK_ONLY'))
FROM (SELECT rdd_set_name(rdd_partition_by(rdd_map(rdd_range(0, 4), '(x, x)'), 2), 'pairs') AS r) s;

SELECT rdd_name(r), rdd_storage_level(r), r FROM (SELECT rdd_unpersist(rdd_set_name(rdd_cache(rdd_range(0, 4)), 'kept')) AS r OFFSET 0) s;

-- variables
DO $$
DECLARE
	numbers bigint[] := ARRAY[3, 1, 2];
	n int := 2;
	least bigint := 1;
	f text := 'x * 10';
	lambda fn := 'x + 1';
	kind regtype := 'numeric';
	rel regclass := 't';
	zero bigint := 0;
	fraction float8 := 1;
	seed bigint := 5;
	weights float8[] := '{1,1}';
	what text := 'SELECT id FROM t';
	r rdd := rdd_parallelize(numbers, n);
	o rdd;
	parts rdd[];
	c refcursor;
	element bigint;
	row t;
	result text := '';
BEGIN
	r := rdd_map(r, f);
	r := rdd_map(r, lambda);
	r := rdd_filter(r, fn('x > $1', least));
	o := rdd_map(r, 'x', kind);
	RAISE NOTICE '% % %', shown(r), rdd_element_type(o), rdd_num_partitions(r);
	RAISE NOTICE '% % % %', rdd_count(rdd_table(rel)), rdd_count(rdd_query(what)), rdd_sum(rdd_range(zero, least, 1, n)), rdd_is_empty(rdd_empty(kind));
	RAISE NOTICE '% % %', rdd_fold(r, zero, 'acc + x'), rdd_reduce(r, 'greatest(a, b)', element), rdd_aggregate(r, zero, 'acc + 1', 'a + b');
	parts := rdd_random_split(rdd_sample(r, false, fraction, seed), weights, seed);
	RAISE NOTICE '% %', rdd_count(parts[1]) + rdd_count(parts[2]), rdd_first(rdd_sort_by(r, 'x', false, n), element);
	FOR element IN SELECT rdd_collect(r, element) LOOP result := result || element || ' '; END LOOP;
	FOR element IN SELECT * FROM rdd_take(r, n, element) LOOP result := result || element || ' '; END LOOP;
	FOR row IN SELECT * FROM rdd_collect(rdd_sort_by(rdd_table(rel), '-x.id'), row) LOOP result := result || row || ' '; END LOOP;
	RAISE NOTICE '%', result;
	c := rdd_to_cursor(r);
	FETCH c INTO element;
	RAISE NOTICE '%', element;
	CLOSE c;
	IF rdd_count(r) = 3 AND NOT rdd_is_empty(r) THEN RAISE NOTICE '%', (SELECT sum(x) FROM rdd_collect(rdd_union(r, r), element) x); END IF;
END $$;
PREPARE p(rdd, fn, int) AS SELECT shown(rdd_map(rdd_repartition($1, $3), $2)), array(SELECT rdd_take($1, $3, NULL::bigint));
EXECUTE p('rdd_range(0, 3)', 'x * 2', 1);
EXECUTE p(rdd_range(0, 3), fn('x * $1', 3), 2);

-- a few elements of very many are there at once, and all are looked at if need be
SELECT rdd_first(r, NULL::bigint), array(SELECT rdd_take(rdd_filter(rdd_map(r, 'x * 3'), 'x % 2 = 1'), 3, NULL::bigint)), rdd_is_empty(r), array(SELECT rdd_take(rdd_flat_map(r, 'ARRAY[x, -x]'), 3, NULL::bigint)),
	rdd_first(rdd_values(rdd_filter_keys(rdd_key_by(r, 'x + 1'), 'x > 5')), NULL::bigint) FROM rdd_range(0, 3000000000000000000) r;
SELECT array(SELECT rdd_take(r, 2, NULL::bigint)), array(SELECT rdd_take(rdd_filter(rdd_range(300000, 0, -7), 'x < 20'), 9, NULL::bigint)), rdd_first(rdd_filter(rdd_range(0, 300000), 'x = 299999'), NULL::bigint), rdd_is_empty(rdd_filter(rdd_range(0, 300000), 'x < 0'))
	FROM rdd_range(9223372036854775807, -9223372036854775808, -9223372036854775807) r;
SELECT count(*), sum(x) FROM rdd_take(rdd_range(0, 300000), 299999, NULL::bigint) x;

-- null where something is needed
SELECT rdd_foreach_partition(NULL, 'nothing(refcursor)');
SELECT rdd_foreach_partition(rdd_range(0, 4), NULL);
SELECT rdd_foreach(rdd_range(0, 4), NULL);
SELECT rdd_to_cursor(NULL);
SELECT rdd_save_as_table(NULL, 'saved');
SELECT rdd_save_as_table(rdd_range(0, 4), NULL);
SELECT rdd_save_as_table(rdd_range(0, 4), 'saved', NULL);
SELECT rdd_submit(NULL);
SELECT rdd_submit(rdd_range(0, 4), NULL);
SELECT rdd_sample(rdd_range(0, 4), NULL, 0.5);
SELECT rdd_sample_by_key(rdd_map(rdd_range(0, 4), '(x, x)'), NULL, '{}');
SELECT rdd_take_sample(rdd_range(0, 4), NULL, 5, 1, NULL::bigint);
SELECT rdd_count_approx(NULL, 10);
SET client_min_messages = warning;
DROP SCHEMA rdd_calls CASCADE;
