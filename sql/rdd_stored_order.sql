-- Order and partitions through persisted RDDs, unions of unions and flat maps of rows.
CREATE SCHEMA stored;
SET search_path = stored, barks, public;
SET barks.default_parallelism = 3;
CREATE TABLE d (id int NOT NULL, g text);
SELECT distribute_table('d', by => 'id', partitions => 4);
INSERT INTO d SELECT i, 'g' || i % 7 FROM generate_series(1, 200) i;

-- an RDD, and the same persisted: what is stored has its order and partitions
CREATE TABLE lineages AS SELECT n, name, l::rdd AS plain, rdd_persist(l::rdd) AS kept FROM (VALUES
	(1, 'range', rdd_map(rdd_range(0, 100, 1, 7), 'x * 2')),
	(2, 'table', rdd_map(rdd_table('d'), 'x.id::bigint')),
	(3, 'sorted', rdd_map(rdd_sort_by(rdd_table('d'), 'x.g', false, 5), 'x.id::bigint')),
	(4, 'grouped', rdd_values(rdd_reduce_by_key(rdd_map(rdd_table('d'), '(x.g, x.id::bigint)'), 'a + b', 5))),
	(5, 'union', rdd_union(rdd_range(0, 9, 1, 2), rdd_map(rdd_table('d'), 'x.id::bigint'))),
	(6, 'flat', rdd_flat_map(rdd_range(0, 9, 1, 2), 'ARRAY[x, NULL, x]')),
	(7, 'dealt', rdd_repartition(rdd_map(rdd_table('d'), 'x.id::bigint'), 3)),
	(8, 'empty', rdd_filter(rdd_range(0, 9, 1, 2), 'x > 10'))) v(n, name, l);
CREATE FUNCTION seen(r rdd) RETURNS text[] LANGUAGE sql AS $$
	SELECT ARRAY[rdd_num_partitions(r)::text,
		(SELECT array_agg(x::text)::text FROM rdd_collect(rdd_glom(r), NULL::bigint[]) x),
		(SELECT array_agg(x::text)::text FROM rdd_collect(rdd_sample(r, false, 0.3, 5), NULL::bigint) x),
		(SELECT array_agg(x::text)::text FROM rdd_collect(rdd_sample(r, true, 0.5, 6), NULL::bigint) x)]
$$;
CREATE TABLE before AS SELECT n, seen(plain) AS plain FROM lineages;
BEGIN READ ONLY;
SELECT name FROM before JOIN lineages USING (n) WHERE before.plain <> seen(kept);
COMMIT;
SELECT count(*) FROM storage;
SELECT name, rdd_count(kept) FROM lineages ORDER BY n;
SELECT count(*) FROM storage;
SELECT name FROM before JOIN lineages USING (n) WHERE before.plain <> seen(kept);
SELECT l.n, count(*) FILTER (WHERE k IS DISTINCT FROM v), count(*)
FROM lineages l, rdd_collect_pairs(rdd_zip(kept, rdd_map(plain, 'x')), NULL::bigint, NULL::bigint) GROUP BY 1 ORDER BY 1;
-- what has an order is shown in it, and only that; some comes in its order without a sort
SELECT n, (SELECT array_agg(x) FROM (SELECT * FROM rdd_collect(kept, NULL::bigint) x LIMIT 5) x) FROM lineages WHERE n IN (1, 6);
SELECT n, rdd_sql(kept) LIKE '%ORDER BY%' AS in_order, rdd_sql(plain) LIKE '%ORDER BY%' AS plain FROM lineages ORDER BY n;
-- partitions as this session wants them
SELECT rdd_count(rdd_persist(rdd_range(0, 10)));
SET barks.default_parallelism = 5;
SELECT name, rdd_num_partitions(kept) FROM lineages WHERE seen(plain) <> seen(kept) ORDER BY n;
SELECT rdd_num_partitions(r), (SELECT count(*) FROM rdd_collect(rdd_glom(r), NULL::bigint[])) AS glom,
	(SELECT count(*) FILTER (WHERE k = v) FROM rdd_collect_pairs(rdd_zip(r, rdd_map(r, 'x')), NULL::bigint, NULL::bigint)) AS zipped
FROM (SELECT rdd_persist(rdd_range(0, 10)) AS r) s;
SET barks.default_parallelism = 3;
-- storage of other queries that actions run
CREATE TABLE notes (x text);
CREATE FUNCTION note(x text) RETURNS void LANGUAGE sql AS 'INSERT INTO stored.notes VALUES (x)';
CREATE FUNCTION note_count(c refcursor) RETURNS void LANGUAGE plpgsql AS $$
DECLARE n int := 0; x bigint;
BEGIN
	LOOP FETCH c INTO x; EXIT WHEN NOT FOUND; n := n + 1; END LOOP;
	PERFORM stored.note(n::text);
END $$;
CREATE FUNCTION double(c refcursor) RETURNS SETOF bigint LANGUAGE plpgsql AS $$
DECLARE x bigint;
BEGIN
	LOOP FETCH c INTO x; EXIT WHEN NOT FOUND; RETURN NEXT 2 * x; END LOOP;
END $$;
CREATE FUNCTION entries() RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT count(*) FROM barks.storage';
SELECT entries();
SELECT rdd_foreach(rdd_persist(rdd_range(0, 3, 1, 1)), 'stored.note(x::text)'), entries();
SELECT rdd_foreach_partition(rdd_persist(rdd_range(0, 4, 1, 3)), 'note_count(refcursor)'), entries();
SELECT * FROM notes;
SELECT rdd_save_as_table(rdd_persist(rdd_range(0, 5, 1, 1)), 'stored.saved'), entries();
SELECT rdd_to_cursor(rdd_persist(rdd_range(0, 6, 1, 1))) IS NOT NULL AS opened, entries();
SELECT x FROM rdd_collect(rdd_map_partitions(rdd_persist(rdd_range(0, 3, 1, 2)), 'double(refcursor)'), NULL::bigint) x;
SELECT entries();
SELECT mean FROM rdd_count_approx(rdd_persist(rdd_range(0, 7, 1, 1)), 100000);
SELECT entries();
SELECT rdd_count(rdd_persist(rdd_range(0, 8, 1, 1))), (SELECT mean FROM rdd_count_approx(rdd_persist(rdd_range(0, 8, 1, 1)), 100000));
-- not what policies choose, in whatever query
CREATE ROLE rdd_stored;
GRANT rdd_stored TO CURRENT_USER;
GRANT USAGE ON SCHEMA stored TO rdd_stored;
GRANT SELECT ON d TO rdd_stored;
ALTER TABLE d ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON d USING (id < 10);
SET ROLE rdd_stored;
SELECT rdd_sum(rdd_persist(rdd_map_partitions(rdd_map(rdd_table('d'), 'x.id::bigint'), 'double(refcursor)')));
SELECT entries();
RESET ROLE;

-- unions of unions
CREATE FUNCTION three() RETURNS rdd LANGUAGE sql STABLE AS $$
	SELECT rdd_union(rdd_union(rdd_range(0, 4, 1, 2), rdd_flat_map(rdd_range(10, 12, 1, 1), 'ARRAY[x, -x]')),
		rdd_union(rdd_range(20, 23, 1, 1), rdd_map(rdd_sort_by(rdd_range(30, 33), '-x', true, 1), 'x')))
$$;
SELECT rdd_num_partitions(three());
SELECT * FROM rdd_collect(rdd_glom(three()), NULL::bigint[]);
SELECT array_agg(k ORDER BY v) FROM rdd_collect_pairs(rdd_zip_with_index(three()), NULL::bigint, NULL::bigint);
SELECT count(*), count(*) FILTER (WHERE k <> v) FROM rdd_collect_pairs(rdd_zip(three(), rdd_union(rdd_empty('bigint'), three())), NULL::bigint, NULL::bigint);
SELECT array_agg(x) FROM (SELECT * FROM rdd_take(three(), 6, NULL::bigint) x) x;
-- rows of flat maps in their order
CREATE TYPE pair AS (a bigint, b text);
SELECT * FROM rdd_collect(rdd_zip_with_index(rdd_flat_map(rdd_range(2, 0, -1, 1), 'ARRAY[(x, ''p''), (x * 10, ''q'')]'))) AS t(a bigint, b text, i bigint);
SELECT * FROM rdd_collect(rdd_zip_with_index(rdd_flat_map(rdd_range(2, 0, -1, 1), 'ARRAY[(x, ''p''), (x * 10, ''q''), NULL]::stored.pair[]'))) AS t(a bigint, b text, i bigint);
SELECT * FROM rdd_collect(rdd_flat_map_values(rdd_map(rdd_range(2, 0, -1, 1), '(x, x)'), 'ARRAY[(v, ''p''), (v * 10, ''q'')]')) AS t(k bigint, a bigint, b text);
-- keys that may be null are drawn as others
SELECT k, count(*) FROM rdd_collect_pairs(rdd_sample_by_key_exact(rdd_map(rdd_range(0, 30), '(nullif(x % 3, 0), x)'), true, '{"1": 0.5, "2": 2}', 1), NULL::bigint, NULL::bigint) GROUP BY k;
SELECT k, count(*) FROM rdd_collect_pairs(rdd_sample_by_key_exact(rdd_map(rdd_range(0, 30), '(x % 3, x)'), true, '{"0": 0, "1": 0.5, "2": 2}', 1), NULL::bigint, NULL::bigint) GROUP BY k ORDER BY k;
SELECT rdd_repartition_and_sort(rdd_map(rdd_range(0, 3), '(json ''1'', x)'));
-- expressions that would be copied too often, with order and partitions
SELECT * FROM rdd_collect(rdd_glom(rdd_map(rdd_map(rdd_map(rdd_map(rdd_map(rdd_range(0, 4, 1, 2), 'x + x + x'), 'x + x + x'), 'x + x + x'), 'x + x + x'), 'x + x + x')), NULL::bigint[]);

SET client_min_messages = warning;
DO $$
DECLARE t regclass;
BEGIN
	FOR t IN SELECT rel FROM barks.storage LOOP
		EXECUTE format('DROP TABLE %s', t);
	END LOOP;
END $$;
DROP SCHEMA stored CASCADE;
DROP ROLE rdd_stored;
