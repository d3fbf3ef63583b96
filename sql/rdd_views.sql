-- Views of jobs name the operations of RDDs.
CREATE SCHEMA rdd_views;
SET search_path = rdd_views, barks, public;
CREATE TABLE d (id int NOT NULL, g text, n int) USING barks;
SELECT barks.distribute_table('d', by => 'id', partitions => 4);
INSERT INTO d SELECT i, 'g' || i % 7, i / 4 FROM generate_series(1, 200) i;
CREATE TABLE e (id int NOT NULL, g text, w int) USING barks;
SELECT barks.distribute_table('e', by => 'id', partitions => 3);
INSERT INTO e SELECT i, 'g' || i % 6, i FROM generate_series(1, 30) i;
ANALYZE d; ANALYZE e;
CREATE FUNCTION ops() RETURNS TABLE (action text, stage int, exchange text, operations text[]) LANGUAGE sql VOLATILE AS $$
	SELECT j.action, s.stage, s.exchange, s.operations FROM barks.stages s JOIN barks.jobs j USING (job_id)
	WHERE job_id = (SELECT max(job_id) FROM barks.jobs) ORDER BY s.stage $$;
SELECT rdd_count(rdd_table('d'));
SELECT * FROM ops();
SELECT count(*) FROM rdd_collect(rdd_sort_by_key(rdd_reduce_by_key(rdd_map(rdd_filter(rdd_table('d'), 'x.id > 5'), '(x.g, x.n)'), 'a + b'))) AS f(k text, v int);
SELECT * FROM ops();
SET barks.driver_groups = 0;
SELECT count(*) FROM rdd_collect(rdd_sort_by_key(rdd_reduce_by_key(rdd_map(rdd_filter(rdd_table('d'), 'x.id > 5'), '(x.g, x.n)'), 'a + b'))) AS f(k text, v int);
SELECT * FROM ops();
SELECT e FROM rdd_explain(rdd_sort_by_key(rdd_reduce_by_key(rdd_map(rdd_filter(rdd_table('d'), 'x.id > 5'), '(x.g, x.n)'), 'a + b'))) e WHERE e ~ 'Operations';
SELECT rdd_sql(rdd_map(rdd_table('d'), 'x.id')) ~ 'computes' AS shown;
SELECT rdd_count(rdd_map_values(rdd_join(rdd_map(rdd_table('d'), '(x.g, x.n)'), rdd_set_name(rdd_key_by(rdd_table('e'), 'x.g'), 'the small one'), strategy=>'shuffle'), 'v._1'));
SELECT * FROM ops();
SELECT rdd_count(rdd_map_values(rdd_join(rdd_reduce_by_key(rdd_map(rdd_table('d'), '(x.g, x.n)'), 'a+b'), rdd_set_name(rdd_key_by(rdd_table('e'), 'x.g'), 'the small one'), strategy=>'broadcast_right'), 'v._1'));
SELECT * FROM ops();
SELECT rdd_count(rdd_distinct(rdd_map(rdd_union(rdd_range(0, 1000000), rdd_range(5, 1000000)), 'x % 3')));
SELECT * FROM ops();
SELECT rdd_count(rdd_zip_with_index(rdd_map(rdd_table('d'), 'x.g')));
SELECT * FROM ops();
SELECT count(*) FROM rdd_take(rdd_zip_with_index(rdd_map(rdd_table('d'), 'x.g')), 5, NULL::record) as f(a text, b bigint);
SELECT * FROM ops();
SELECT count(*) FROM rdd_collect(rdd_cogroup(rdd_map(rdd_table('d'), '(x.g, x.n)'), rdd_map(rdd_table('e'), '(x.g, x.w)'))) f(k text, v int[], w int[]);
SELECT * FROM ops();
SELECT rdd_count(rdd_join(rdd_map(rdd_table('d'), '(x.g, x.n)'), rdd_map_values(rdd_map(rdd_table('d'), '(x.g, x.n)'), 'v + 1')));
SELECT * FROM ops();
SELECT rdd_sum(rdd_map(rdd_subtract_by_key(rdd_map(rdd_table('d'), '(x.g, x.n)'), rdd_map(rdd_table('e'), '(x.g, x.w)')), 'v'));
SELECT * FROM ops();
SELECT count(*) FROM rdd_count_by_key(rdd_map(rdd_table('d'), '(x.g, x.n)'), NULL::text);
SELECT * FROM ops();
-- what is no action itself
CREATE FUNCTION firsts(c refcursor) RETURNS SETOF int LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN FETCH c INTO r; RETURN NEXT r.id; END $$;
SELECT rdd_count(rdd_map_partitions(rdd_filter(rdd_table('d'), 'x.id < 0'), 'firsts(refcursor)'));
SELECT DISTINCT action FROM ops();
SELECT * FROM rdd_sum_approx(rdd_map(rdd_table('d'), 'x.id'), 100000);
SELECT action, operations FROM ops() ORDER BY stage LIMIT 1;
SELECT rdd_save_as_table(rdd_map(rdd_table('d'), '(x.id, x.g)'), 'saved');
SELECT DISTINCT action FROM ops();
-- within other queries, and in plans that are kept
SELECT count(*) FROM rdd_collect(rdd_reduce_by_key(rdd_map(rdd_table('d'), '(x.g, x.n)'), 'a + b')) AS f(k text, v int) JOIN e ON e.g = f.k;
SELECT * FROM ops();
PREPARE kept AS SELECT count(*) FROM rdd_collect(rdd_filter(rdd_table('d'), 'x.n > 3'), NULL::d);
EXECUTE kept;
EXECUTE kept;
SELECT * FROM ops();
SET barks.enabled = off;
SELECT rdd_count(rdd_reduce_by_key(rdd_map(rdd_table('d'), '(x.g, x.n)'), 'a + b'));
RESET barks.enabled;
-- no RDD
SELECT count(*) FROM d;
SELECT * FROM ops();
SELECT count(*) FROM d WHERE barks.rdd_computes('{nothing}');
SELECT * FROM ops();
SET client_min_messages = warning;
DROP SCHEMA rdd_views CASCADE;
