-- RDDs: partitions, positions and samples.  Each function is compared with a
-- formulation in SQL that does not use it.
SET search_path = barks, public;
SET barks.default_parallelism = 3;
CREATE SCHEMA parts;

-- Spark's slices of an array
CREATE FUNCTION parts.slices(elements anyarray, n int) RETURNS TABLE (p int, part anyarray) LANGUAGE sql AS $$
	SELECT p, COALESCE((SELECT array_agg(e ORDER BY i) FROM unnest(elements) WITH ORDINALITY u(e, i)
						WHERE i > p::bigint * cardinality(elements) / n AND i <= (p + 1)::bigint * cardinality(elements) / n), '{}')
	FROM generate_series(0, n - 1) p
$$;
-- what an expression gives on arrays of many lengths and numbers of partitions
CREATE FUNCTION parts.on_arrays(got text, wanted text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	a text[];
	one text;
	other text;
	n int;
	size int;
	tried int := 0;
BEGIN
	FOREACH size IN ARRAY '{0,1,2,5,17,100}'::int[] LOOP
		FOREACH n IN ARRAY '{1,2,3,7,120}'::int[] LOOP
			a := ARRAY(SELECT CASE WHEN i % 5 <> 3 THEN 'v' || i % 4 END FROM generate_series(1, size) i);
			EXECUTE format('SELECT array_agg(t::text)::text FROM (%s) t', got) INTO one USING a, n;
			EXECUTE format('SELECT array_agg(t::text)::text FROM (%s) t', wanted) INTO other USING a, n;
			IF one IS DISTINCT FROM other THEN
				RETURN format('%s elements in %s partitions: %s instead of %s', size, n, one, other);
			END IF;
			tried := tried + 1;
		END LOOP;
	END LOOP;
	RETURN tried || ' alike';
END $$;

-- glom, numbers of elements
SELECT parts.on_arrays($$SELECT * FROM rdd_collect(rdd_glom(rdd_parallelize($1, $2)), NULL::text[])$$,
	$$SELECT part FROM parts.slices($1, $2) ORDER BY p$$);
SELECT parts.on_arrays($$SELECT * FROM rdd_collect_pairs(rdd_zip_with_index(rdd_parallelize($1, $2)), NULL::text, NULL::bigint)$$,
	$$SELECT e, i - 1 FROM unnest($1) WITH ORDINALITY u(e, i), (SELECT $2) n ORDER BY i$$);
SELECT parts.on_arrays($$SELECT * FROM rdd_collect_pairs(rdd_zip_with_unique_id(rdd_parallelize($1, $2)), NULL::text, NULL::bigint)$$,
	$$SELECT e, (i - 1) * $2 + p FROM parts.slices($1, $2), unnest(part) WITH ORDINALITY u(e, i) ORDER BY p, i$$);
SELECT parts.on_arrays($$SELECT * FROM rdd_collect_pairs(rdd_zip(rdd_parallelize($1, $2), rdd_map(rdd_parallelize($1, $2), 'upper(x)')), NULL::text, NULL::text)$$,
	$$SELECT e, upper(e) FROM unnest($1) WITH ORDINALITY u(e, i), (SELECT $2) n ORDER BY i$$);
SELECT parts.on_arrays($$SELECT rdd_num_partitions(rdd_glom(rdd_filter(rdd_parallelize($1, $2), 'x = ''v1''')))$$, $$SELECT $2 FROM (SELECT $1) a$$);
-- partitions stay when elements go or become many
SELECT parts.on_arrays($$SELECT * FROM rdd_collect(rdd_glom(rdd_flat_map(rdd_filter(rdd_parallelize($1, $2), 'x > ''v0'''), 'array[x, x || ''!'', NULL]')), NULL::text[])$$,
	$$SELECT (SELECT COALESCE(array_agg(f ORDER BY i, j), '{}') FROM unnest(part) WITH ORDINALITY u(e, i), unnest(array[e, e || '!', NULL]) WITH ORDINALITY w(f, j) WHERE e > 'v0')
	  FROM parts.slices($1, $2) ORDER BY p$$);
SELECT parts.on_arrays($$SELECT * FROM rdd_collect(rdd_glom(rdd_flat_map(rdd_parallelize($1, $2), 'regexp_split_to_table(x, '''')')), NULL::text[])$$,
	$$SELECT (SELECT COALESCE(array_agg(f ORDER BY i, j), '{}') FROM unnest(part) WITH ORDINALITY u(e, i), regexp_split_to_table(e, '') WITH ORDINALITY w(f, j))
	  FROM parts.slices($1, $2) ORDER BY p$$);
SELECT parts.on_arrays($$SELECT * FROM rdd_collect(rdd_glom(rdd_union(rdd_parallelize($1, $2), rdd_parallelize($1, 2))), NULL::text[])$$,
	$$(SELECT part FROM parts.slices($1, $2) ORDER BY p) UNION ALL (SELECT part FROM parts.slices($1, 2) ORDER BY p)$$);
-- fewer partitions: of neighbours
SELECT parts.on_arrays($$SELECT * FROM rdd_collect(rdd_glom(rdd_coalesce(rdd_parallelize($1, $2), 3)), NULL::text[])$$,
	$$SELECT (SELECT COALESCE(array_agg(e ORDER BY s.p, i), '{}') FROM parts.slices($1, $2) s, unnest(s.part) WITH ORDINALITY u(e, i) WHERE s.p = ANY (g.part))
	  FROM parts.slices(ARRAY(SELECT generate_series(0, $2 - 1)), least(3, $2)) g ORDER BY g.p$$);
-- dealt in turn
SELECT parts.on_arrays($$SELECT * FROM rdd_collect(rdd_glom(rdd_repartition(rdd_parallelize($1, $2), 4)), NULL::text[])$$,
	$$SELECT (SELECT COALESCE(array_agg(e ORDER BY s.p, i), '{}') FROM parts.slices($1, $2) s, unnest(s.part) WITH ORDINALITY u(e, i) WHERE (s.p + i - 1) % 4 = q)
	  FROM generate_series(0, 3) q$$);
SELECT parts.on_arrays($$SELECT * FROM rdd_collect(rdd_glom(rdd_coalesce(rdd_parallelize($1, $2), 4, true)), NULL::text[])$$,
	$$SELECT * FROM rdd_collect(rdd_glom(rdd_repartition(rdd_parallelize($1, $2), 4)), NULL::text[])$$);
-- what is collected is the partitions in turn
SELECT parts.on_arrays($$SELECT * FROM rdd_collect(rdd_repartition(rdd_parallelize($1, $2), 4), NULL::text)$$,
	$$SELECT u.e FROM rdd_collect(rdd_glom(rdd_repartition(rdd_parallelize($1, $2), 4)), NULL::text[]) WITH ORDINALITY g(part, p), unnest(part) WITH ORDINALITY u(e, i) ORDER BY p, i$$);

-- ranges
SELECT * FROM rdd_collect(rdd_glom(rdd_range(0, 10)), NULL::bigint[]);
SELECT * FROM rdd_collect(rdd_glom(rdd_range(10, 0, -3, 6)), NULL::bigint[]);
SELECT * FROM rdd_collect(rdd_glom(rdd_range(3, 3, 1, 2)), NULL::bigint[]);
SELECT * FROM rdd_collect(rdd_glom(rdd_range(-9223372036854775808, 9223372036854775807, 4611686018427387904, 2)), NULL::bigint[]);
SELECT bool_and(a.x = b.part), count(*) FROM rdd_collect(rdd_glom(rdd_range(5, 700003, 7, 11)), NULL::bigint[]) WITH ORDINALITY a(x, p)
	FULL JOIN parts.slices(ARRAY(SELECT generate_series(5::bigint, 700002, 7)), 11) b ON b.p = a.p - 1;
SELECT bool_and(a.x = b.part), count(*) FROM rdd_collect(rdd_glom(rdd_range(200000, 1, -1, 3)), NULL::bigint[]) WITH ORDINALITY a(x, p)
	FULL JOIN parts.slices(ARRAY(SELECT generate_series(200000::bigint, 2, -1)), 3) b ON b.p = a.p - 1;
SELECT count(*), min(x), max(x), sum(x) FROM rdd_collect(rdd_range(-9223372036854775808, 9223372036854775807, 92233720368547), NULL::bigint) x;
SELECT count(*), min(x), max(x), sum(x) FROM generate_series('-9223372036854775808'::bigint, 9223372036854775806, 92233720368547) x;
SELECT sum(n), count(*) FROM rdd_slices(7), LATERAL (SELECT count(*) FROM rdd_numbers(0, 1, 5, part, parts)) c(n);
SELECT rdd_numbers(0, 1, 5, 7, 7);
SELECT * FROM rdd_collect(rdd_glom(rdd_empty('text')), NULL::text[]);
SELECT * FROM rdd_collect(rdd_zip_with_index(rdd_empty('text'))) AS t(k text, v bigint);

-- numbers of partitions
SELECT rdd_num_partitions(rdd_range(0, 10)) AS range, rdd_num_partitions(rdd_parallelize('{1}'::int[])) AS parallelize,
	rdd_num_partitions(rdd_empty('int')) AS empty, rdd_num_partitions(rdd_query('SELECT 1')) AS query,
	rdd_num_partitions(rdd_union(rdd_range(0, 3, 1, 2), rdd_range(0, 3))) AS "union",
	rdd_num_partitions(rdd_cartesian(rdd_range(0, 3, 1, 2), rdd_range(0, 3, 1, 5))) AS cartesian,
	rdd_num_partitions(rdd_coalesce(rdd_range(0, 3, 1, 2), 5)) AS coalesce, rdd_num_partitions(rdd_repartition(rdd_range(0, 3, 1, 2), 5)) AS repartition,
	rdd_num_partitions(rdd_distinct(rdd_range(0, 3, 1, 2))) AS "distinct", rdd_num_partitions(rdd_intersection(rdd_range(0, 3, 1, 2), rdd_range(0, 3, 1, 4))) AS intersection,
	rdd_num_partitions(rdd_reduce_by_key(rdd_map(rdd_range(0, 3, 1, 2), '(x, x)'), 'a + b')) AS reduce,
	rdd_num_partitions(rdd_cogroup(rdd_map(rdd_range(0, 3, 1, 2), '(x, x)'), rdd_map(rdd_range(0, 3, 1, 6), '(x, x)'))) AS cogroup;
SET barks.default_parallelism = 5;
SELECT rdd_num_partitions(rdd_map(rdd_range(0, 10), 'x'));
SET barks.default_parallelism = 0;
SELECT rdd_num_partitions(rdd_range(0, 10)) > 0 AS slots;
SET barks.default_parallelism = 3;

-- shapes: pairs, tuples, arrays, rows
SELECT * FROM rdd_collect(rdd_glom(rdd_map(rdd_range(0, 4, 1, 2), '(x, ''v'' || x)'))) AS t(k bigint[], v text[]);
SELECT * FROM rdd_collect(rdd_glom(rdd_map(rdd_range(0, 3, 1, 2), '(x, NULL::text, x * 2.5)'))) AS t(_1 bigint[], _2 text[], _3 numeric[]);
SELECT * FROM rdd_collect(rdd_zip_with_index(rdd_map(rdd_range(0, 4, 1, 2), '(x, (x, -x))'))) AS t(k1 bigint, k2 bigint, k3 bigint, v bigint);
SELECT * FROM rdd_collect(rdd_zip(rdd_map(rdd_range(0, 3, 1, 2), 'array[x, x]'), rdd_map(rdd_range(5, 8, 1, 2), '(x, ''a'')'))) AS t(a bigint[], k bigint, v text);
SELECT * FROM rdd_collect(rdd_glom(rdd_map(rdd_range(0, 3), 'array_fill(x, ARRAY[x::int])')), NULL::rdd_array_of_int8[]);
SELECT * FROM rdd_collect(rdd_glom(rdd_sort_by(rdd_parallelize('{5,3,NULL,3,1,4,3,2}'::int[], 2), 'x', true, 3)), NULL::int[]);
SELECT * FROM rdd_collect(rdd_glom(rdd_sort_by(rdd_parallelize('{5,3,NULL,3,1,4,3,2}'::int[], 2), 'x', false, 3)), NULL::int[]);
SELECT * FROM rdd_collect(rdd_glom(rdd_cartesian(rdd_range(0, 2, 1, 2), rdd_range(0, 3, 1, 2)))) AS t(k bigint[], v bigint[]);

-- shuffles by key: equal keys in one partition, and the same one
SELECT count(*), count(DISTINCT k) FROM (
	SELECT DISTINCT k, index FROM rdd_collect(rdd_zip_with_unique_id(rdd_partition_by(rdd_map(rdd_range(0, 1000), '(x % 50, x)'), 7))) AS t(k bigint, v bigint, id bigint), LATERAL (SELECT id % 7) i(index)) s;
SELECT count(*) FROM rdd_collect(rdd_zip_with_unique_id(rdd_partition_by(rdd_map(rdd_range(0, 1000), '(x % 50, x)'), 7))) AS a(k bigint, v bigint, id bigint)
	JOIN rdd_collect(rdd_zip_with_unique_id(rdd_reduce_by_key(rdd_map(rdd_range(0, 1000), '(x % 50, x)'), 'a + b', 7))) AS b(k bigint, v bigint, id bigint)
	ON a.k = b.k AND a.id % 7 <> b.id % 7;
SELECT k = (SELECT array_agg(x ORDER BY x NULLS FIRST) FROM unnest(k) x) AS sorted FROM rdd_collect(rdd_glom(rdd_repartition_and_sort(rdd_map(rdd_range(0, 100), '(nullif(x * 7919 % 31, 3), x)'), 4))) AS t(k bigint[], v bigint[]) WHERE k <> '{}';

-- errors of zip
SELECT rdd_zip(rdd_range(0, 5, 1, 2), rdd_range(0, 5, 1, 3));
SELECT count(*) FROM rdd_collect(rdd_zip(rdd_range(0, 5, 1, 1), rdd_range(0, 6, 1, 1))) AS t(a bigint, b bigint);
SELECT rdd_count(rdd_zip(rdd_range(0, 5, 1, 2), rdd_filter(rdd_range(0, 5, 1, 2), 'x < 2')));
SELECT rdd_count(rdd_zip(rdd_filter(rdd_range(0, 5, 1, 2), 'x >= 2'), rdd_range(0, 5, 1, 2)));
SELECT rdd_count(rdd_zip(rdd_empty('int'), rdd_empty('text')));
SELECT rdd_repartition(rdd_range(0, 5), 0);
SELECT rdd_coalesce(rdd_range(0, 5), NULL);

-- a table has no order of its own, but always the same one
CREATE TABLE parts.words (id int NOT NULL, word text) USING barks;
INSERT INTO parts.words SELECT i, CASE WHEN i % 10 > 0 THEN 'w' || i % 7 END FROM generate_series(1, 2000) i;
INSERT INTO parts.words SELECT id, word FROM parts.words WHERE id <= 100;
SELECT count(*), count(DISTINCT v), min(v), max(v) FROM rdd_collect(rdd_zip_with_index(rdd_map(rdd_table('parts.words'), '(x.id, x.word)'))) AS t(id int, word text, v bigint);
SELECT count(*) FROM (
	SELECT * FROM rdd_collect(rdd_zip_with_index(rdd_map(rdd_table('parts.words'), '(x.id, x.word)'))) AS t(id int, word text, v bigint)
	EXCEPT ALL SELECT * FROM rdd_collect(rdd_zip_with_index(rdd_map(rdd_table('parts.words'), '(x.id, x.word)'))) AS t(id int, word text, v bigint)) s;
SELECT count(*) FROM rdd_collect(rdd_zip_with_index(rdd_map(rdd_table('parts.words'), 'x.id'))) AS a(id int, v bigint)
	FULL JOIN (SELECT u.id, row_number() OVER (ORDER BY p, i) - 1 AS v FROM rdd_collect(rdd_glom(rdd_map(rdd_table('parts.words'), 'x.id')), NULL::int[]) WITH ORDINALITY g(part, p), unnest(part) WITH ORDINALITY u(id, i)) b
	USING (id, v) WHERE a.id IS NULL OR b.id IS NULL;
SELECT count(*), count(*) FILTER (WHERE (a).id IS DISTINCT FROM b) FROM rdd_collect(rdd_zip(rdd_table('parts.words'), rdd_map(rdd_table('parts.words'), 'x.id'))) AS t(id int, word text, b int), LATERAL (SELECT id) a;
SELECT rdd_num_partitions(rdd_table('parts.words')) = (SELECT partitions FROM barks.tables WHERE name = 'parts.words'::regclass) AS partitions;
SELECT count(*) = rdd_num_partitions(rdd_table('parts.words')), sum(cardinality(w)) FROM rdd_collect(rdd_glom(rdd_table('parts.words')), NULL::parts.words[]) w;
-- one by hash has partitions by its key
CREATE TABLE parts.keyed (id int, key text);
INSERT INTO parts.keyed SELECT i, 'k' || i % 20 FROM generate_series(1, 200) i;
SELECT barks.distribute_table('parts.keyed', 'key', 6);
SELECT rdd_num_partitions(rdd_table('parts.keyed')), count(DISTINCT part) FROM rdd_collect(rdd_glom(rdd_map(rdd_table('parts.keyed'), 'x.key')), NULL::text[]) part;
SELECT max(n) FROM (SELECT key, count(DISTINCT part) AS n FROM rdd_collect(rdd_glom(rdd_map(rdd_table('parts.keyed'), 'x.key')), NULL::text[]) part, unnest(part) key GROUP BY key) t;
SELECT rdd_preferred_locations(rdd_map(rdd_table('parts.keyed'), 'x.key'), 5) = (SELECT array_agg(DISTINCT node ORDER BY node) FROM barks.partitions WHERE name = 'parts.keyed'::regclass) AS nodes;
SELECT rdd_preferred_locations(rdd_range(0, 10), 2);
SELECT rdd_preferred_locations(rdd_range(0, 10), 3);

-- functions over partitions
CREATE FUNCTION parts.total(c refcursor) RETURNS SETOF bigint LANGUAGE plpgsql AS $$
DECLARE
	x bigint;
	sum bigint := 0;
BEGIN
	LOOP
		FETCH c INTO x;
		EXIT WHEN NOT FOUND;
		sum := sum + x;
	END LOOP;
	RETURN NEXT sum;
END $$;
CREATE FUNCTION parts.numbered(index int, c refcursor) RETURNS TABLE (part int, value text) LANGUAGE plpgsql AS $$
DECLARE
	r record;
BEGIN
	LOOP
		FETCH c INTO r;
		EXIT WHEN NOT FOUND;
		part := index;
		value := r.x;
		RETURN NEXT;
	END LOOP;
	CLOSE c;
END $$;
CREATE FUNCTION parts.two(c refcursor) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	r record;
	s record;
BEGIN
	FETCH c INTO r;
	MOVE RELATIVE 0 IN c;
	FETCH c INTO s;
	RETURN r.k || ':' || r.v || ' ' || s.k || ':' || s.v;
END $$;
CREATE FUNCTION parts.rows(c refcursor) RETURNS SETOF parts.words LANGUAGE plpgsql AS $$
DECLARE
	r parts.words;
BEGIN
	LOOP
		FETCH c INTO r;
		EXIT WHEN NOT FOUND;
		BEGIN
			r.word := 1 / (r.id % 2);
		EXCEPTION WHEN division_by_zero THEN
			CONTINUE;
		END;
		RETURN NEXT r;
	END LOOP;
END $$;
CREATE FUNCTION parts.merge(a refcursor, b refcursor) RETURNS TABLE (x bigint, y bigint, z text) LANGUAGE plpgsql AS $$
BEGIN
	LOOP
		FETCH a INTO x;
		FETCH b INTO y;
		EXIT WHEN x IS NULL AND y IS NULL;
		z := coalesce(x, 0) + coalesce(y, 0);
		RETURN NEXT;
	END LOOP;
END $$;
CREATE FUNCTION parts.three(a refcursor, b refcursor, c refcursor) RETURNS bigint LANGUAGE sql AS $$
	SELECT sum(s) FROM (SELECT parts.total(a) AS s UNION ALL SELECT parts.total(b) UNION ALL SELECT parts.total(c)) t
$$;
CREATE FUNCTION parts.floats(c refcursor) RETURNS SETOF float8 LANGUAGE plpgsql AS $$
DECLARE
	x float8;
BEGIN
	LOOP
		FETCH c INTO x;
		EXIT WHEN NOT FOUND;
		RETURN NEXT x;
	END LOOP;
END $$;
SELECT * FROM rdd_collect(rdd_map_partitions(rdd_range(0, 10), 'parts.total(refcursor)'), NULL::bigint);
SELECT * FROM rdd_collect(rdd_map_partitions(rdd_range(0, 2, 1, 4), 'parts.total(refcursor)'), NULL::bigint);
SELECT rdd_count(rdd_map_partitions(rdd_empty('bigint'), 'parts.total(refcursor)'));
SELECT * FROM rdd_collect_pairs(rdd_map_partitions_with_index(rdd_parallelize('{a,NULL,b,c}'::text[]), 'parts.numbered(int, refcursor)'), NULL::int, NULL::text);
SELECT * FROM rdd_collect(rdd_map_partitions(rdd_map(rdd_range(0, 6), '(x, x * x)'), 'parts.two(refcursor)'), NULL::text);
SELECT count(*), sum(id), min(word), max(word) FROM rdd_collect(rdd_map_partitions(rdd_table('parts.words'), 'parts.rows(refcursor)')) AS t(id int, word text);
SELECT count(*), sum(id) FROM parts.words WHERE id % 2 = 1;
SELECT rdd_element_type(rdd_zip_partitions(rdd_range(0, 3), rdd_range(0, 3), 'parts.merge(refcursor, refcursor)'));
SELECT * FROM rdd_collect(rdd_zip_partitions(rdd_range(0, 3), rdd_range(0, 7), 'parts.merge(refcursor, refcursor)')) AS t(x bigint, y bigint, z text);
SELECT * FROM rdd_collect(rdd_zip_partitions(rdd_range(0, 3), rdd_range(0, 7), rdd_range(5, 8), 'parts.three(refcursor, refcursor, refcursor)'), NULL::bigint);
-- partitions that do not fit into memory
SET work_mem = '64kB';
SELECT * FROM rdd_collect(rdd_map_partitions(rdd_map(rdd_range(0, 20000, 1, 2), 'x * 2'), 'parts.total(refcursor)'), NULL::bigint);
SELECT count(*), sum(mean) FROM rdd_count_by_value_approx(rdd_map(rdd_range(0, 20000, 1, 2), 'x / 2'), 100000, 0.9, NULL::bigint);
RESET work_mem;
-- and more on top, and one in another
SELECT * FROM rdd_collect(rdd_glom(rdd_map(rdd_map_partitions(rdd_map_partitions(rdd_range(0, 100, 1, 10), 'parts.total(refcursor)'), 'parts.total(refcursor)'), 'x * 2')), NULL::bigint[]);
SELECT rdd_sum(rdd_map_partitions(rdd_map(rdd_range(0, 100, 1, 10), barks.fn('x * $1', 3::bigint)), 'parts.total(refcursor)'));
SELECT rdd_map_partitions(rdd_range(0, 10), 'parts.total(refcursor)');
SELECT rdd_map_partitions(rdd_range(0, 10), 'parts.total(refcursor)')::text::rdd;
SELECT rdd_map_partitions(rdd_range(0, 10), 'parts.numbered(int, refcursor)');
SELECT rdd_map_partitions(rdd_range(0, 10), 'pg_catalog.abs(bigint)');
SELECT rdd_map_partitions(rdd_range(0, 10), NULL);
SELECT rdd_zip_partitions(rdd_range(0, 3, 1, 2), rdd_range(0, 7), 'parts.merge(refcursor, refcursor)');
SELECT rdd_call_field(rdd_call_partition('parts.total(refcursor)', true, '{1}', '{x}', 0, input, row_number() OVER (), x::bigint), 2, NULL::bigint)
	FROM (VALUES (0, 3), (0, 4), (1, NULL)) t(input, x);
SELECT rdd_call_partition('parts.total(refcursor)', true, '{1}', '{x}', 0, 1, 2, 3);
SELECT rdd_call_partition('parts.total(refcursor)', true, '{1}', '{x}', 0, NULL, 1, 3);
SELECT rdd_call_partition('parts.total(refcursor)', true, '{2}', '{x}', 0, 1, 1, 3);
SELECT rdd_call_partition('pg_catalog.abs(bigint)', true, '{1}', '{x}', 0, 1, 1, 3);

-- nodes run functions that do nothing but read their cursors, whatever they are declared to be
CREATE FUNCTION parts.on_nodes(r rdd) RETURNS boolean LANGUAGE sql AS $$
	SELECT bool_or(line ~ 'barks\.rdd_call_partition') FROM rdd_explain(r, false, true) line
$$;
CREATE FUNCTION parts.sql_total(c refcursor) RETURNS bigint LANGUAGE sql AS 'SELECT sum(t) FROM parts.total(c) t';
CREATE FUNCTION parts.noting(c refcursor) RETURNS SETOF bigint LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY SELECT * FROM parts.total(c);
	INSERT INTO parts.keyed VALUES (-1, 'noted');
END $$;
CREATE FUNCTION parts.lucky(c refcursor) RETURNS float8 LANGUAGE plpgsql AS 'BEGIN RETURN random(); END';
CREATE FUNCTION parts.first_x(c refcursor) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS 'DECLARE x bigint; BEGIN FETCH c INTO x; RETURN x; END';
SELECT parts.on_nodes(rdd_map_partitions(rdd_range(0, 10), 'parts.total(refcursor)')) AS total,
	parts.on_nodes(rdd_map_partitions(rdd_range(0, 10), 'parts.sql_total(refcursor)')) AS sql_total,
	parts.on_nodes(rdd_map_partitions(rdd_range(0, 10), 'parts.first_x(refcursor)')) AS first_x,
	parts.on_nodes(rdd_map_partitions_with_index(rdd_range(0, 10), 'parts.numbered(int, refcursor)')) AS numbered,
	parts.on_nodes(rdd_zip_partitions(rdd_range(0, 3), rdd_range(0, 7), 'parts.merge(refcursor, refcursor)')) AS merge,
	parts.on_nodes(rdd_map_partitions(rdd_range(0, 10), 'parts.noting(refcursor)')) AS noting,
	parts.on_nodes(rdd_map_partitions(rdd_range(0, 10), 'parts.lucky(refcursor)')) AS lucky;
-- elements that are read by partitions stay where they are read
SELECT count(*) FROM rdd_explain(rdd_map_partitions(rdd_map(rdd_range(0, 1000000), 'x + 1'), 'parts.total(refcursor)')) line WHERE line ~ 'Exchange: (hash|single)';
SELECT * FROM rdd_collect(rdd_map_partitions(rdd_map(rdd_range(0, 1000000), 'x + 1'), 'parts.total(refcursor)'), NULL::bigint);
SET barks.ship_functions = off;
SELECT parts.on_nodes(rdd_map_partitions(rdd_range(0, 10), 'parts.total(refcursor)')) AS total;
SELECT * FROM rdd_collect(rdd_map_partitions(rdd_range(0, 10), 'parts.total(refcursor)'), NULL::bigint);
RESET barks.ship_functions;
SELECT * FROM rdd_collect(rdd_map_partitions(rdd_range(0, 10), 'parts.sql_total(refcursor)'), NULL::bigint);
SELECT * FROM rdd_collect(rdd_map_partitions(rdd_range(0, 10), 'parts.first_x(refcursor)'), NULL::bigint);
SELECT * FROM rdd_collect(rdd_map_partitions(rdd_range(0, 10), 'parts.noting(refcursor)'), NULL::bigint);
SELECT count(*) FROM parts.keyed WHERE key = 'noted';
SELECT count(*) FROM rdd_collect(rdd_map_partitions(rdd_range(0, 10), 'parts.lucky(refcursor)'), NULL::float8) x WHERE x < 1;
-- an input that comes out differently each time is computed once for all that read it
SELECT count(*) FILTER (WHERE a = b), count(*) FROM (SELECT rdd_map(rdd_range(0, 4), 'random()') AS r OFFSET 0) s,
	rdd_collect_pairs(rdd_zip(r, rdd_map_partitions(r, 'parts.floats(refcursor)')), NULL::float8, NULL::float8) t(a, b);
-- columns of cursors are of the types that the elements have
CREATE FUNCTION parts.types(c refcursor) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	r record;
BEGIN
	FETCH c INTO r;
	RETURN concat_ws(' ', pg_typeof(r.k), pg_collation_for(r.k), pg_typeof(r.v), r.v);
END $$;
SELECT * FROM rdd_collect(rdd_map_partitions(rdd_query('SELECT ''a''::varchar(5) COLLATE "C", 1.5::numeric(5,2)'), 'parts.types(refcursor)'), NULL::text);
-- errors of the function, of its input, and of who may not call it
CREATE FUNCTION parts.bad(c refcursor) RETURNS bigint LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '22012'; END $$;
\set VERBOSITY sqlstate
SELECT * FROM rdd_collect(rdd_map_partitions(rdd_range(0, 10), 'parts.bad(refcursor)'), NULL::bigint);
SELECT * FROM rdd_collect(rdd_map_partitions(rdd_map(rdd_range(0, 10), '1 / (x - 5)'), 'parts.total(refcursor)'), NULL::bigint);
REVOKE ALL ON FUNCTION parts.total(refcursor) FROM PUBLIC;
CREATE ROLE rdd_parts_user;
GRANT USAGE ON SCHEMA parts TO rdd_parts_user;
SET ROLE rdd_parts_user;
SELECT * FROM rdd_collect(rdd_map_partitions(rdd_range(0, 10), 'parts.total(refcursor)'), NULL::bigint);
SELECT * FROM rdd_collect(rdd_map_partitions(rdd_range(0, 10), 'parts.sql_total(refcursor)'), NULL::bigint);
SELECT rdd_foreach_partition(rdd_range(0, 10), 'parts.total(refcursor)');
SELECT * FROM rdd_collect(rdd_map_partitions(rdd_range(0, 3), 'parts.first_x(refcursor)'), NULL::bigint);
RESET ROLE;
\set VERBOSITY default
GRANT EXECUTE ON FUNCTION parts.total(refcursor) TO PUBLIC;
REVOKE ALL ON SCHEMA parts FROM rdd_parts_user;
DROP ROLE rdd_parts_user;

-- what is called for its effect
CREATE TABLE parts.seen (n serial, what text);
CREATE FUNCTION parts.see(what text) RETURNS void LANGUAGE sql AS 'INSERT INTO parts.seen (what) VALUES (what)';
CREATE FUNCTION parts.see_all(c refcursor) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	r record;
	text text := '';
BEGIN
	FOR i IN 1 .. 1000 LOOP
		FETCH c INTO r;
		EXIT WHEN NOT FOUND;
		text := text || r.x || ' ';
	END LOOP;
	INSERT INTO parts.seen (what) VALUES (text);
END $$;
SELECT rdd_foreach(rdd_filter(rdd_range(0, 8), 'x <> 5'), 'parts.see(''x'' || x)');
SELECT rdd_foreach(rdd_map(rdd_range(0, 2), '(x, x + 1)'), 'parts.see(k || ''/'' || v)');
SELECT rdd_foreach(rdd_parallelize('{a,b}'::text[]), 'parts.see(text)'::regprocedure);
SELECT rdd_foreach_partition(rdd_range(0, 8), 'parts.see_all(refcursor)');
SELECT string_agg(what, ',' ORDER BY n) FROM parts.seen;
SELECT rdd_foreach(rdd_range(0, 3), 'generate_series(1, x)');
SELECT rdd_foreach_partition(rdd_range(0, 8), 'parts.see(text)');

CREATE TABLE parts.sorted (id int, k int, t text) USING barks;
INSERT INTO parts.sorted SELECT i, nullif(i * 7919 % 101, 50), 't' || i * 31 % 1009 FROM generate_series(1, 1000) i;
-- sorted by ranges of several tasks, or in one
CREATE FUNCTION parts.both_ways(r rdd) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	all_ways text[];
	one text;
	elements text[];
BEGIN
	FOREACH one IN ARRAY '{0,1000000}'::text[] LOOP
		PERFORM set_config('barks.range_rows', one, true);
		EXECUTE 'SELECT array_agg(x::text) FROM rdd_collect(rdd_glom($1)) AS t(x int[])' INTO elements USING r;
		all_ways := all_ways || elements::text;
		EXECUTE 'SELECT array_agg(k) FILTER (WHERE v <> n - 1) FROM rdd_collect_pairs(rdd_zip_with_index($1), NULL::int, NULL::bigint) WITH ORDINALITY AS t(k, v, n)'
			INTO elements USING r;
		IF elements IS NOT NULL THEN
			RETURN 'wrong numbers: ' || elements::text;
		END IF;
	END LOOP;
	RETURN CASE WHEN all_ways[1] = all_ways[2] THEN length(all_ways[1]) || ' alike' ELSE all_ways[1] || ' instead of ' || all_ways[2] END;
END $$;
SELECT n, ascending, parts.both_ways(rdd_map(rdd_sort_by(rdd_map(rdd_table('parts.words'), 'nullif(x.id % 97, 13)'), 'x', ascending, n), 'x + 0'))
FROM unnest('{1,2,3,7,120}'::int[]) n, unnest('{t,f}'::boolean[]) ascending ORDER BY n, ascending;
SELECT parts.both_ways(rdd_sort_by(rdd_filter(rdd_map(rdd_table('parts.words'), 'x.id'), 'x < 0'), 'x', true, 3)) AS nothing,
	parts.both_ways(rdd_sort_by(rdd_map(rdd_table('parts.words'), '1'), 'x', true, 3)) AS all_equal,
	parts.both_ways(rdd_keys(rdd_sort_by_key(rdd_reduce_by_key(rdd_map(rdd_table('parts.words'), '(x.id % 503, 1)'), 'a + b'), true, 4))) AS after_groups,
	parts.both_ways(rdd_keys(rdd_sort_by_key(rdd_join(rdd_map(rdd_table('parts.words'), '(x.id, 1)'), rdd_map(rdd_table('parts.words'), '(x.id, 1)')), true, 4))) AS after_join,
	parts.both_ways(rdd_sort_by(rdd_map(rdd_range(0, 100000), '(x * 7919 % 100003)::int'), 'x', true, 5)) AS of_range;
SELECT count(*) FROM rdd_explain(rdd_glom(rdd_sort_by(rdd_map(rdd_range(0, 300000), '-x'), 'x'))) line WHERE line ~ 'Exchange: (range|single)';
SET barks.range_rows = 0;
SELECT id, count(*) OVER (), rank() OVER (ORDER BY id % 7), row_number() OVER (ORDER BY id % 7, id) - count(*) OVER () AS before FROM parts.sorted ORDER BY id LIMIT 3;
SELECT count(*), sum(c), min(c), max(r) FROM (SELECT count(*) OVER () AS c, rank() OVER (ORDER BY t) AS r FROM parts.sorted WHERE k > 50) s;
SELECT * FROM (SELECT id, count(*) OVER () AS c, rank() OVER (ORDER BY id) AS r FROM parts.sorted) s WHERE r <= 2 OR r = c ORDER BY id;
RESET barks.range_rows;

-- the first elements, without the others: each thousandth of these would be an error
SELECT * FROM rdd_take(rdd_map(rdd_range(0, 1000000), '1 / (x % 1000 - 999) + x'), 3, NULL::bigint);
SELECT rdd_first(rdd_map(rdd_range(0, 1000000), '1 / (x % 1000 - 999) + x'), NULL::bigint);
SELECT rdd_is_empty(rdd_filter(rdd_range(0, 1000000), '1 / (x % 1000 - 999) = 0')) AS empty, rdd_is_empty(rdd_filter(rdd_range(0, 1000000), 'x < 0')) AS really;
SELECT count(*), bool_and(x = n - 1) FROM rdd_take(rdd_range(0, 300000), 150000, NULL::bigint) WITH ORDINALITY t(x, n);
SELECT count(*), bool_and(x = 1000003 - 7 * n) FROM rdd_collect(rdd_range(999996, 3, -7), NULL::bigint) WITH ORDINALITY t(x, n);
SELECT count(*), bool_and(x = (n + 1) / 2 * (1 - n % 2 * 2)) FROM rdd_take(rdd_flat_map(rdd_range(1, 300001), 'array[-x, x]'), 333333, NULL::bigint) WITH ORDINALITY t(x, n);
SELECT * FROM rdd_take(rdd_filter(rdd_range(0, 300000), 'x % 90000 = 89999'), 10, NULL::bigint);
SELECT * FROM rdd_take(rdd_filter(rdd_range(0, 300000), 'x IN (SELECT i * 100000 FROM generate_series(0, 5) i)'), 2, NULL::bigint);
SELECT * FROM rdd_take(rdd_union(rdd_range(0, 200000), rdd_range(7, 10)), 2, NULL::bigint);
SELECT count(*) FROM (SELECT * FROM rdd_take(rdd_range(0, 300000), 5, NULL::bigint) x JOIN parts.words ON id = x LIMIT 100) s;
SELECT count(*) FROM rdd_take(rdd_range(0, 300000), 0, NULL::bigint);

-- the order of a query
SELECT * FROM rdd_collect_pairs(rdd_query('SELECT id, t FROM parts.sorted WHERE id <= 5 ORDER BY id DESC'), NULL::int, NULL::text);
SELECT * FROM rdd_take(rdd_query('SELECT t FROM parts.sorted ORDER BY k DESC NULLS LAST, id'), 3, NULL::text);
SELECT t FROM parts.sorted ORDER BY k DESC NULLS LAST, id LIMIT 3;
SELECT * FROM rdd_collect_pairs(rdd_zip_with_index(rdd_query('SELECT id FROM parts.sorted WHERE id <= 4 ORDER BY -id')), NULL::int, NULL::bigint);
SELECT * FROM rdd_collect(rdd_glom(rdd_map(rdd_query('SELECT id FROM parts.sorted ORDER BY id % 3, id LIMIT 7'), 'x * 10')), NULL::int[]);
SELECT rdd_first(rdd_query('SELECT s FROM parts.sorted s ORDER BY s.k NULLS FIRST, s.id DESC'), NULL::parts.sorted);
SELECT rdd_count(rdd_query('SELECT id FROM parts.sorted ORDER BY t'));
SELECT * FROM rdd_collect(rdd_query('VALUES (2), (3), (1) ORDER BY 1'), NULL::int);
SELECT * FROM rdd_collect(rdd_query('SELECT 1 UNION ALL SELECT 3 UNION ALL SELECT 2 ORDER BY 1 DESC'), NULL::int);
SELECT * FROM rdd_collect(rdd_query('SELECT DISTINCT ON (id % 3) t FROM parts.sorted ORDER BY id % 3, id DESC'), NULL::text);
SELECT * FROM rdd_collect(rdd_query('SELECT count(*) FROM parts.sorted WHERE k < 4 GROUP BY k ORDER BY min(id) DESC, k'), NULL::bigint);
SELECT * FROM rdd_collect(rdd_query('WITH w AS (SELECT id FROM parts.sorted WHERE id < 4) SELECT id FROM w ORDER BY id USING >'), NULL::int);
SELECT * FROM rdd_collect(rdd_query('SELECT t FROM (VALUES (''b''), (''A''), (''a'')) v(t) ORDER BY t COLLATE "C" DESC'), NULL::text);
SET barks.range_rows = 100;
SELECT count(*), bool_and(x = n) FROM rdd_collect(rdd_query('SELECT id FROM parts.sorted ORDER BY id'), NULL::int) WITH ORDINALITY t(x, n);
SELECT count(*), bool_and(x = n) FROM rdd_collect(rdd_query('SELECT id FROM parts.sorted ORDER BY id + 0'), NULL::int) WITH ORDINALITY t(x, n);
RESET barks.range_rows;

-- cursors
BEGIN;
SELECT rdd_to_cursor(rdd_map(rdd_range(0, 5), '(x, x::text)')) AS c \gset
FETCH 2 FROM :"c";
SELECT rdd_to_cursor(rdd_repartition(rdd_table('parts.words'), 1)) AS d \gset
MOVE ALL IN :"d";
FETCH ALL FROM :"c";
COMMIT;
SET client_min_messages = warning;
DROP SCHEMA parts CASCADE;
