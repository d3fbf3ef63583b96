-- RDDs of pairs: each function beside the same in plain SQL.
CREATE SCHEMA rdd_pairs;
SET datestyle = ISO;
SET search_path = rdd_pairs, barks, public;
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
CREATE TABLE e (id int NOT NULL, g text, w int) USING barks;
SELECT barks.distribute_table('e', by => 'id', partitions => 3);
INSERT INTO e SELECT i, CASE WHEN i % 6 > 0 THEN 'g' || i % 6 + 3 END, i FROM generate_series(1, 30) i;
CREATE TABLE lineages (name text, r rdd);
INSERT INTO lineages VALUES ('d', rdd_map(rdd_table('d'), '(x.g, x.id)')), ('e', rdd_map(rdd_table('e'), '(x.g, x.w)')), ('n', rdd_map(rdd_table('d'), '(x.g, x.n)'));
CREATE FUNCTION r(name text) RETURNS rdd LANGUAGE sql STABLE AS 'SELECT r FROM lineages l WHERE l.name = $1';
CREATE VIEW dp AS SELECT g AS k, id AS v FROM d;
CREATE VIEW ep AS SELECT g AS k, w AS v FROM e;

-- keys and values
SELECT differ('collect_pairs', $$SELECT * FROM rdd_collect_pairs(r('d'), NULL::text, NULL::int)$$, 'SELECT * FROM dp');
SELECT differ('keys', $$SELECT * FROM rdd_collect(rdd_keys(r('d')), NULL::text)$$, 'SELECT k FROM dp');
SELECT differ('values', $$SELECT * FROM rdd_collect(rdd_values(r('d')), NULL::int)$$, 'SELECT v FROM dp');
SELECT differ('keys of pairs of pairs', $$SELECT * FROM rdd_collect_pairs(rdd_keys(rdd_map(rdd_table('d'), '((x.id, x.g), (x.n, x.day))')), NULL::int, NULL::text)$$, 'SELECT id, g FROM d');
SELECT differ('values of pairs of rows', $$SELECT * FROM rdd_collect(rdd_values(rdd_key_by(rdd_table('d'), 'x.id')), NULL::d)$$, 'SELECT * FROM d');
SELECT differ('map_values', $$SELECT * FROM rdd_collect_pairs(rdd_map_values(r('d'), 'v * 2 + length(k)'), NULL::text, NULL::int)$$, 'SELECT k, v * 2 + length(k) FROM dp');
SELECT differ('map_values of rows', $$SELECT * FROM rdd_collect_pairs(rdd_map_values(rdd_key_by(rdd_table('d'), 'x.id'), 'x.day + k'), NULL::int, NULL::date)$$, 'SELECT id, day + id FROM d');
SELECT differ('flat_map_values', $$SELECT * FROM rdd_collect_pairs(rdd_flat_map_values(rdd_map(rdd_table('d'), '(x.g, x.tags)'), 'v || k'), NULL::text, NULL::text)$$, 'SELECT g, unnest(tags || g) FROM d');
SELECT differ('flat_map_values of sets', $$SELECT * FROM rdd_collect_pairs(rdd_flat_map_values(r('d'), 'generate_series(1, v % 3)'), NULL::text, NULL::int)$$, 'SELECT k, generate_series(1, v % 3) FROM dp');
SELECT differ('filter_keys', $$SELECT * FROM rdd_collect_pairs(rdd_filter_keys(r('d'), 'x > ''g3'''), NULL::text, NULL::int)$$, $$SELECT * FROM dp WHERE k > 'g3'$$);
SELECT differ('filter_values', $$SELECT * FROM rdd_collect_pairs(rdd_filter_values(r('d'), 'x % 2 = 0'), NULL::text, NULL::int)$$, 'SELECT * FROM dp WHERE v % 2 = 0');
SELECT differ('filter_by_range', $$SELECT * FROM rdd_collect_pairs(rdd_filter_by_range(r('d'), 'g2'::text, 'g4'::text), NULL::text, NULL::int)$$, $$SELECT * FROM dp WHERE k BETWEEN 'g2' AND 'g4'$$);
SELECT differ('partition_by', $$SELECT * FROM rdd_collect_pairs(rdd_partition_by(r('d'), 5), NULL::text, NULL::int)$$, 'SELECT * FROM dp');

-- by key
SELECT differ('reduce_by_key', $$SELECT * FROM rdd_collect_pairs(rdd_reduce_by_key(r('d'), 'a + b'), NULL::text, NULL::int)$$, 'SELECT k, sum(v)::int FROM dp GROUP BY k');
SELECT differ('reduce_by_key by a lambda', $$SELECT * FROM rdd_collect_pairs(rdd_reduce_by_key(r('d'), '(a + b) % 1000'), NULL::text, NULL::int)$$, 'SELECT k, (sum(v) % 1000)::int FROM dp GROUP BY k');
SELECT differ('reduce_by_key with nulls', $$SELECT * FROM rdd_collect_pairs(rdd_reduce_by_key(r('n'), 'a + b'), NULL::text, NULL::numeric)$$, 'SELECT g, CASE WHEN count(*) = count(n) THEN sum(n) END FROM d GROUP BY g');
SELECT differ('reduce_by_key over nulls', $$SELECT * FROM rdd_collect_pairs(rdd_reduce_by_key(r('n'), 'greatest(a, b)'), NULL::text, NULL::numeric)$$, 'SELECT g, max(n) FROM d GROUP BY g');
SELECT differ('reduce_by_key of pairs', $$SELECT * FROM rdd_collect(rdd_reduce_by_key(rdd_map(rdd_table('d'), '(x.g, (x.id, x.day))'), '(a._1 # b._1, greatest(a._2, b._2))')) AS f(k text, a int, b date)$$, 'SELECT g, bit_xor(id), max(day) FROM d GROUP BY g');
SELECT differ('fold_by_key', $$SELECT * FROM rdd_collect_pairs(rdd_fold_by_key(r('d'), 0, 'acc # x'), NULL::text, NULL::int)$$, 'SELECT k, bit_xor(v) FROM dp GROUP BY k');
SELECT differ('aggregate_by_key', $$SELECT * FROM rdd_collect(rdd_aggregate_by_key(r('d'), (0, 0::bigint), '(acc._1 + 1, acc._2 + x)', '(a._1 + b._1, a._2 + b._2)')) AS f(k text, n int, s bigint)$$, 'SELECT k, count(*)::int, sum(v) FROM dp GROUP BY k');
SELECT differ('aggregate_by_key into arrays', $$SELECT k, ARRAY(SELECT unnest(v) ORDER BY 1) FROM rdd_collect_pairs(rdd_aggregate_by_key(r('d'), '{}'::int[], 'acc || x', 'a || b'), NULL::text, NULL::int[])$$, 'SELECT k, array_agg(v ORDER BY v) FROM dp GROUP BY k');
SELECT differ('combine_by_key', $$SELECT * FROM rdd_collect(rdd_combine_by_key(r('d'), '(x, 1)', '(acc._1 + x, acc._2 + 1)', '(a._1 + b._1, a._2 + b._2)')) AS f(k text, s int, n int)$$, 'SELECT k, sum(v)::int, count(*)::int FROM dp GROUP BY k');
SELECT differ('agg_by_key', $$SELECT * FROM rdd_collect(rdd_agg_by_key(r('d'), '(sum(v), max(v) - min(v), count(*))')) AS f(k text, a bigint, b int, c bigint)$$, 'SELECT k, sum(v), max(v) - min(v), count(*) FROM dp GROUP BY k');
SELECT differ('group_by_key', $$SELECT k, ARRAY(SELECT unnest(v) ORDER BY 1) FROM rdd_collect_pairs(rdd_group_by_key(r('n')), NULL::text, NULL::numeric[])$$, 'SELECT g, array_agg(n ORDER BY n) FROM d GROUP BY g');
SELECT differ('group_by_key of rows', $$SELECT k, ARRAY(SELECT unnest(v) ORDER BY 1) FROM rdd_collect_pairs(rdd_group_by_key(rdd_key_by(rdd_table('d'), 'x.g')), NULL::text, NULL::d[])$$, 'SELECT g, array_agg(d ORDER BY d) FROM d GROUP BY g');
SELECT differ('group_by', $$SELECT k, ARRAY(SELECT unnest(v) ORDER BY 1) FROM rdd_collect_pairs(rdd_group_by(rdd_range(0, 20), 'x % 3'), NULL::bigint, NULL::bigint[])$$, 'SELECT i % 3, array_agg(i ORDER BY i) FROM generate_series(0::bigint, 19) i GROUP BY 1');
SELECT differ('group_by of rows', $$SELECT k, ARRAY(SELECT unnest(v) ORDER BY 1) FROM rdd_collect_pairs(rdd_group_by(rdd_table('d'), 'x.day'), NULL::date, NULL::d[])$$, 'SELECT day, array_agg(d ORDER BY d) FROM d GROUP BY 1');
SELECT differ('sort_by_key', $$SELECT * FROM rdd_collect_pairs(rdd_sort_by_key(r('d')), NULL::text, NULL::int)$$, 'SELECT * FROM dp');
SELECT in_order(rdd_keys(rdd_sort_by_key(rdd_map(rdd_parallelize(ARRAY['b', NULL, 'a']), '(x, 1)')))), in_order(rdd_keys(rdd_sort_by_key(rdd_map(rdd_parallelize(ARRAY['b', NULL, 'a']), '(x, 1)'), false)));

-- several RDDs
SELECT differ('join', $$SELECT * FROM rdd_collect(rdd_join(r('d'), r('e'))) AS f(k text, v int, w int)$$, 'SELECT dp.k, dp.v, ep.v FROM dp JOIN ep ON dp.k IS NOT DISTINCT FROM ep.k');
SELECT differ('left_outer_join', $$SELECT * FROM rdd_collect(rdd_left_outer_join(r('d'), r('e'))) AS f(k text, v int, w int)$$, 'SELECT dp.k, dp.v, ep.v FROM dp LEFT JOIN ep ON dp.k IS NOT DISTINCT FROM ep.k');
SELECT differ('right_outer_join', $$SELECT * FROM rdd_collect(rdd_right_outer_join(r('d'), r('e'))) AS f(k text, v int, w int)$$, 'SELECT ep.k, dp.v, ep.v FROM dp RIGHT JOIN ep ON dp.k IS NOT DISTINCT FROM ep.k');
SELECT differ('full_outer_join', $$SELECT * FROM rdd_collect(rdd_full_outer_join(r('d'), r('e'))) AS f(k text, v int, w int)$$, $$SELECT nullif(coalesce(a.k, b.k), ''), a.v, b.v FROM (SELECT coalesce(k, '') AS k, v FROM dp) a FULL JOIN (SELECT coalesce(k, '') AS k, v FROM ep) b ON a.k = b.k$$);
SELECT differ('subtract_by_key', $$SELECT * FROM rdd_collect_pairs(rdd_subtract_by_key(r('d'), r('e')), NULL::text, NULL::int)$$, 'SELECT * FROM dp WHERE NOT EXISTS (SELECT FROM ep WHERE dp.k IS NOT DISTINCT FROM ep.k)');
SELECT differ('join of joins', $$SELECT * FROM rdd_collect(rdd_join(rdd_join(r('d'), r('e')), rdd_join(r('e'), r('n')))) AS f(k text, a int, b int, c int, d numeric)$$, 'SELECT a.k, a.v, b.v, c.v, d.n FROM dp a, ep b, ep c, d WHERE a.k IS NOT DISTINCT FROM b.k AND a.k IS NOT DISTINCT FROM c.k AND a.k IS NOT DISTINCT FROM d.g');
SELECT differ('join by pairs', $$SELECT * FROM rdd_collect(rdd_join(rdd_map(rdd_table('d'), '((x.g, x.id % 3), x.id)'), rdd_map(rdd_table('e'), '((x.g, x.id % 3), x.w)'))) AS f(k text, l int, v int, w int)$$, 'SELECT d.g, d.id % 3, d.id, e.w FROM d JOIN e ON d.g IS NOT DISTINCT FROM e.g AND d.id % 3 = e.id % 3');
SELECT differ('join of rows', $$SELECT v, w FROM rdd_collect(rdd_map(rdd_join(rdd_key_by(rdd_table('d'), 'x.id'), rdd_key_by(rdd_table('e'), 'x.id')), '(v._1, v._2)')) AS f(v d, w e)$$, 'SELECT d, e FROM d JOIN e USING (id)');
CREATE FUNCTION sorted(anyarray) RETURNS anyarray LANGUAGE sql IMMUTABLE AS 'SELECT coalesce(array_agg(x ORDER BY x), ''{}'') FROM unnest($1) x';
SELECT differ('cogroup', $$SELECT k, sorted(v), sorted(w) FROM rdd_collect(rdd_cogroup(r('d'), r('e'))) AS f(k text, v int[], w int[])$$, 'SELECT k, sorted(array_agg(v) FILTER (WHERE f = 1)), sorted(array_agg(v) FILTER (WHERE f = 2)) FROM (SELECT *, 1 AS f FROM dp UNION ALL SELECT *, 2 FROM ep) s GROUP BY k');
SELECT differ('cogroup of four', $$SELECT k, sorted(a), sorted(b), sorted(c), sorted(e) FROM rdd_collect(rdd_cogroup(r('d'), r('e'), rdd_map(rdd_range(0, 3), '(''g'' || x, x)'), rdd_map_values(r('e'), '-v'))) AS f(k text, a int[], b int[], c bigint[], e int[])$$, $$SELECT k, sorted(array_agg(v) FILTER (WHERE f = 1)), sorted(array_agg(v) FILTER (WHERE f = 2)), sorted(array_agg(v::bigint) FILTER (WHERE f = 3)), sorted(array_agg(-v) FILTER (WHERE f = 2)) FROM (SELECT *, 1 AS f FROM dp UNION ALL SELECT *, 2 FROM ep UNION ALL SELECT 'g' || i, i, 3 FROM generate_series(0, 2) i) s GROUP BY k$$);

-- each kind of join by each strategy
CREATE VIEW joins AS SELECT j.kind, CASE j.kind WHEN 'join' THEN rdd_join(r('d'), r('e'), NULL, s.strategy)
		WHEN 'left_outer_join' THEN rdd_left_outer_join(r('d'), r('e'), NULL, s.strategy)
		WHEN 'right_outer_join' THEN rdd_right_outer_join(r('d'), r('e'), NULL, s.strategy)
		ELSE rdd_full_outer_join(r('d'), r('e'), NULL, s.strategy) END AS r, s.strategy, s.n
	FROM (VALUES (1, 'join'), (2, 'left_outer_join'), (3, 'right_outer_join'), (4, 'full_outer_join')) j(m, kind),
		(VALUES (1, 'auto'), (2, 'broadcast'), (3, 'broadcast_left'), (4, 'broadcast_right'), (5, 'shuffle'), (6, 'shuffle_hash'), (7, 'Merge'), (8, 'driver')) s(n, strategy);
CREATE FUNCTION joined(kind text, strategy text) RETURNS rdd LANGUAGE sql STABLE AS 'SELECT j.r FROM joins j WHERE j.kind = $1 AND j.strategy = $2';
SELECT kind, strategy, differ(kind, format('SELECT * FROM rdd_collect(joined(%L, %L)) AS f(k text, v int, w int)', kind, strategy),
	CASE kind WHEN 'join' THEN 'SELECT dp.k, dp.v, ep.v FROM dp JOIN ep ON dp.k IS NOT DISTINCT FROM ep.k'
	WHEN 'left_outer_join' THEN 'SELECT dp.k, dp.v, ep.v FROM dp LEFT JOIN ep ON dp.k IS NOT DISTINCT FROM ep.k'
	WHEN 'right_outer_join' THEN 'SELECT ep.k, dp.v, ep.v FROM dp RIGHT JOIN ep ON dp.k IS NOT DISTINCT FROM ep.k'
	ELSE $$SELECT nullif(coalesce(a.k, b.k), ''), a.v, b.v FROM (SELECT coalesce(k, '') AS k, v FROM dp) a FULL JOIN (SELECT coalesce(k, '') AS k, v FROM ep) b ON a.k = b.k$$ END)
FROM joins ORDER BY kind, n;
-- what the plan does then: the tables that go somewhere, where nothing is small enough to be broadcast by itself
CREATE FUNCTION moves(r rdd) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(kind || ' ' || inputs, '; ' ORDER BY kind || ' ' || inputs)
	FROM (SELECT regexp_replace(e, ' *Exchange: (\w*).*', '\1') AS kind,
		regexp_replace(regexp_replace(lead(e) OVER (ORDER BY n), ' *Inputs: ', ''), '(stage \d+), (\w)$', '\2, \1') AS inputs
		FROM rdd_explain(r) WITH ORDINALITY l(e, n) WHERE e ~ 'Exchange|Inputs') s
	WHERE kind !~ 'Inputs' AND (kind <> 'gather' OR inputs !~ 'stage') $$;
ANALYZE e;
SET barks.broadcast_threshold = 0;
SELECT kind, strategy, moves(r) FROM joins ORDER BY kind, n;
-- several joins of one query, each in its way; a setting is for those without one
CREATE TABLE f (id int NOT NULL, g text) USING barks;
SELECT barks.distribute_table('f', by => 'id', partitions => 4);
INSERT INTO f SELECT i, 'g' || i % 9 FROM generate_series(1, 20) i;
ANALYZE f;
INSERT INTO lineages VALUES ('f', rdd_map(rdd_table('f'), '(x.g, x.id)'));
SELECT moves(rdd_join(rdd_join(r('d'), r('e'), NULL, 'broadcast_left'), r('f'), NULL, 'shuffle'));
SELECT moves(rdd_join(rdd_join(r('d'), r('e'), NULL, 'shuffle'), r('f'), NULL, 'broadcast_right'));
SELECT moves(rdd_join(rdd_join(r('d'), r('e'), NULL, 'shuffle'), r('f')));
SET barks.join_strategy = shuffle;
SELECT moves(rdd_join(rdd_join(r('d'), r('e'), NULL, 'auto'), r('f')));
SET barks.join_strategy = driver;
SELECT moves(rdd_join(r('d'), r('e'), NULL, 'broadcast_right'));
RESET barks.join_strategy;
RESET barks.broadcast_threshold;
SELECT differ('joins by strategies', $$SELECT * FROM rdd_collect(rdd_left_outer_join(rdd_join(r('d'), r('e'), NULL, 'broadcast_left'), rdd_reduce_by_key(r('f'), 'a + b'), NULL, 'shuffle')) AS f(k text, v int, w int, n int)$$,
	'SELECT a.k, a.v, b.v, c.n FROM dp a JOIN ep b ON a.k IS NOT DISTINCT FROM b.k LEFT JOIN (SELECT g, sum(id)::int AS n FROM f GROUP BY g) c ON a.k IS NOT DISTINCT FROM c.g');
SELECT differ('joins of shared RDDs by strategies', $$SELECT * FROM rdd_collect(rdd_full_outer_join(rdd_join(r('d'), r('e'), NULL, 'broadcast'), rdd_right_outer_join(r('e'), r('d'), NULL, 'shuffle'), NULL, 'merge')) AS f(k text, a int, b int, c int, d int)$$,
	$$SELECT nullif(k, ''), a, b, c, d FROM (SELECT coalesce(a.k, '') AS k, a.v AS a, b.v AS b FROM dp a JOIN ep b ON a.k IS NOT DISTINCT FROM b.k) l FULL JOIN (SELECT coalesce(a.k, '') AS k, b.v AS c, a.v AS d FROM dp a LEFT JOIN ep b ON a.k IS NOT DISTINCT FROM b.k) r USING (k)$$);
SELECT differ('join of constant keys', $$SELECT * FROM rdd_collect(rdd_join(rdd_map(rdd_range(0, 5), '(1, x)'), rdd_map(rdd_table('e'), '(1, x.w)'), NULL, 'broadcast_right')) AS f(k int, v bigint, w int)$$, 'SELECT 1, i, w FROM generate_series(0::bigint, 4) i, e');
SELECT differ('join of pairs', $$SELECT * FROM rdd_collect(rdd_full_outer_join(rdd_map(rdd_table('d'), '((x.g, x.id % 3), x.id)'), rdd_map(rdd_table('d'), '((x.g, x.id % 3), x.day)'), NULL, 'broadcast')) AS f(k1 text, k2 int, v int, w date)$$, 'SELECT a.g, a.id % 3, a.id, b.day FROM d a JOIN d b ON a.g IS NOT DISTINCT FROM b.g AND a.id % 3 = b.id % 3');
SELECT rdd_join(r('d'), r('e'), NULL, 'quick');
SELECT rdd_join(r('d'), r('e'), NULL, 'broadcast_left');
-- the same in SQL
CREATE FUNCTION sql_moves(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP
		IF line ~ 'Exchange' THEN RETURN NEXT trim(line); END IF;
	END LOOP;
END $$;
SELECT * FROM sql_moves('SELECT * FROM d JOIN e ON d.g = e.g AND join_hint(''broadcast_left'', d.id, e.id)');
SELECT * FROM sql_moves('SELECT * FROM d LEFT JOIN e ON d.g = e.g AND join_hint(''shuffle'', d.id, e.id)');
SELECT * FROM sql_moves('SELECT * FROM d JOIN e ON d.g = e.g WHERE join_hint(''Driver'', d.id, e.id)');
SELECT * FROM sql_moves('SELECT * FROM d WHERE EXISTS (SELECT FROM e WHERE d.g = e.g AND join_hint(''broadcast_right'', d.id, e.id))');
SELECT * FROM sql_moves('SELECT * FROM d JOIN e ON d.g = e.g AND join_hint(''slow'', d.id, e.id)');
SET barks.enabled = off;
SELECT count(*) FROM d JOIN e ON d.g = e.g AND join_hint('broadcast_left', d.id, e.id);
RESET barks.enabled;

-- again and again: neither the plan nor what EXPLAIN shows of it doubles
CREATE FUNCTION iterated(n int) RETURNS rdd LANGUAGE plpgsql STABLE AS $$
DECLARE r rdd := rdd_map(rdd_table('d'), '(x.id, x.id)');
BEGIN
	FOR i IN 1..n LOOP
		r := rdd_map_values(rdd_reduce_by_key(r, 'a + b'), 'v + 1');
	END LOOP;
	RETURN r;
END $$;
SELECT rdd_sum(rdd_values(iterated(40))), (SELECT sum(id + 40) FROM d);

-- actions
SELECT differ('count_by_key', $$SELECT * FROM rdd_count_by_key(r('d'), NULL::text)$$, 'SELECT k, count(*) FROM dp GROUP BY k');
SELECT differ('lookup', $$SELECT * FROM rdd_lookup(r('d'), 'g3'::text, NULL::int)$$, $$SELECT v FROM dp WHERE k = 'g3'$$);
SELECT differ('lookup of null', $$SELECT * FROM rdd_lookup(r('d'), NULL::text, NULL::int)$$, 'SELECT v FROM dp WHERE k IS NULL');
SELECT differ('lookup of rows', $$SELECT * FROM rdd_lookup(rdd_key_by(rdd_table('d'), 'x.g'), 'g3'::text, NULL::d)$$, $$SELECT * FROM d WHERE g = 'g3'$$);

-- nulls are one key, of whatever type
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE keys (n int, i2 int2, i4 int4, i8 int8, f8 float8, nu numeric(6,2), t text, vc varchar(5), bp char(4), d date, ts timestamp, tz timestamptz, tm time, iv interval, u uuid,
	ba bytea, bo bool, jb jsonb, m mood, p positive, ar int[], r int4range, bi bit(3), nm name, ine inet, oi oid, ch "char");
INSERT INTO keys SELECT g, h, h, h, h, h + 0.1, 't' || h, 'v' || h, 'b' || h, '2020-01-01'::date + h, '2020-01-01'::timestamp + h * interval '1h', '2020-01-01'::timestamptz + h * interval '1h',
	'10:00'::time + h * interval '1h', h * interval '1 month', ('00000000-0000-0000-0000-00000000000' || h)::uuid, ('x' || h)::bytea, g % 2 = 0, ('{"a":' || h || '}')::jsonb,
	CASE g % 2 WHEN 0 THEN 'sad'::mood ELSE 'ok' END, h + 1, ARRAY[h, NULL], int4range(h, 10), h::bit(3), 'n' || h, ('10.0.0.' || h)::inet, h, h::text FROM (SELECT g, g % 3 AS h FROM generate_series(1, 7) g) s;
INSERT INTO keys (n) VALUES (100), (101);
-- every kind of join over every type of key, whose nulls an array finds alike
CREATE FUNCTION joins_differ() RETURNS TABLE (col text, kind text, rdd bigint, plain bigint) LANGUAGE plpgsql AS $$
BEGIN
	FOR col IN SELECT attname FROM pg_attribute WHERE attrelid = 'keys'::regclass AND attnum > 1 LOOP
		FOREACH kind IN ARRAY ARRAY['', 'left_outer_', 'right_outer_', 'full_outer_'] LOOP
			EXECUTE format('SELECT rdd_count(rdd_%sjoin(rdd_map(rdd_table(''keys''), ''(x.%I, x.n)''), rdd_map(rdd_filter(rdd_table(''keys''), ''x.n > 3''), ''(x.%I, x.n)'')))', kind, col, col) INTO rdd;
			EXECUTE format('SELECT count(*) FROM keys l %s JOIN (SELECT * FROM keys WHERE n > 3) r ON ARRAY[l.%I] = ARRAY[r.%I]', split_part(kind, '_', 1), col, col) INTO plain;
			IF rdd <> plain THEN RETURN NEXT; END IF;
		END LOOP;
		kind := 'subtract_by_key';
		EXECUTE format('SELECT rdd_count(rdd_subtract_by_key(rdd_map(rdd_table(''keys''), ''(x.%I, x.n)''), rdd_map(rdd_filter(rdd_table(''keys''), ''x.n > 6''), ''(x.%I, x.n)'')))', col, col) INTO rdd;
		EXECUTE format('SELECT count(*) FROM keys l WHERE NOT EXISTS (SELECT FROM keys r WHERE n > 6 AND ARRAY[l.%I] = ARRAY[r.%I])', col, col) INTO plain;
		IF rdd <> plain THEN RETURN NEXT; END IF;
		kind := 'cogroup, distinct';
		EXECUTE format('SELECT rdd_count(rdd_cogroup(rdd_map(rdd_table(''keys''), ''(x.%I, x.n)''), rdd_map(rdd_table(''keys''), ''(x.%I, x.n)'')))', col, col) INTO rdd;
		EXECUTE format('SELECT rdd_count(rdd_distinct(rdd_map(rdd_table(''keys''), ''x.%I'')))', col) INTO plain;
		IF rdd <> plain THEN RETURN NEXT; END IF;
	END LOOP;
END $$;
SELECT * FROM joins_differ();
SET client_min_messages = warning;
DROP SCHEMA rdd_pairs CASCADE;
