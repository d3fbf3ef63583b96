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
SELECT * FROM rdd_call_partitions('parts.total(refcursor)', false, 'rdd_range(0, 10)') AS t(p int, n bigint, x bigint);
SELECT * FROM rdd_call_partitions('parts.total(refcursor)', false, 'rdd_range(0, 10)') AS t(p int, n bigint, x text);

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
