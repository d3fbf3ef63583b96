-- Pairs that lie partitioned alike meet where they are, null keys too.
CREATE SCHEMA rdd_aligned;
SET search_path = rdd_aligned, barks, public;
SET barks.broadcast_threshold = 0;
SET barks.runtime_filters = always;
-- so many tasks, however small the rows are
SET barks.shuffle_partitions = 5;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'glad');
CREATE TABLE a (id int NOT NULL, k bigint, m text, e mood) USING barks;
CREATE TABLE b (id int NOT NULL, k bigint, m text, e mood) USING barks;
SELECT barks.distribute_table('a', by => 'id', partitions => 4), barks.distribute_table('b', by => 'id', partitions => 3);
-- NULLs, duplicates, one key that most rows have, keys of one side alone
INSERT INTO a SELECT i, CASE WHEN i % 9 > 0 THEN CASE WHEN i % 2 = 0 THEN 1 ELSE i % 40 END END, CASE WHEN i % 4 > 0 THEN 'm' || i % 4 END,
	CASE WHEN i % 5 > 0 THEN 'ok'::mood END FROM generate_series(1, 400) i;
INSERT INTO b SELECT i, CASE WHEN i % 7 > 0 THEN CASE WHEN i % 3 = 0 THEN 1 ELSE i % 50 + 20 END END, CASE WHEN i % 3 > 0 THEN 'm' || i % 3 END,
	CASE WHEN i % 6 > 0 THEN 'ok'::mood ELSE 'sad' END FROM generate_series(1, 100) i;
ANALYZE a, b;
CREATE VIEW ap AS SELECT k, id AS v FROM a;
CREATE VIEW bp AS SELECT k, id AS v FROM b;
CREATE VIEW ag AS SELECT k, sum(id)::int AS v FROM a GROUP BY k;
CREATE VIEW bg AS SELECT k, sum(id)::int AS v FROM b GROUP BY k;

CREATE FUNCTION differ(what text, rdd text, plain text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE n bigint; rows bigint;
BEGIN
	EXECUTE format('SELECT count(*) FROM ((%1$s EXCEPT ALL %2$s) UNION ALL (%2$s EXCEPT ALL %1$s)) s', '(' || rdd || ')', '(' || plain || ')') INTO n;
	EXECUTE format('SELECT count(*) FROM (%s) s', plain) INTO rows;
	RETURN what || ': ' || CASE WHEN n = 0 THEN rows || ' rows alike' ELSE n || ' ROWS DIFFER' END;
END $$;
-- what moves, and of what kind that is
CREATE FUNCTION moves(explained text[]) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(string_agg(regexp_replace(kind, ' *Exchange: (hash|[a-z-]*).*( as table)?', '\1') || ' of ' || inputs, '; ' ORDER BY inputs), 'nothing')
	FROM (SELECT regexp_replace(e, ' as \S*', ' as table') AS kind,
		regexp_replace(regexp_replace(lead(e) OVER (ORDER BY n), ' *Inputs: ', ''), 'rdd_\d+_\w+', 'a kept one') AS inputs
		FROM unnest(explained) WITH ORDINALITY l(e, n) WHERE e ~ 'Exchange|Inputs') s
	WHERE kind ~ 'Exchange' AND kind !~ 'gather|driver' $$;
CREATE FUNCTION rdd_moves(r rdd) RETURNS text LANGUAGE sql AS $$ SELECT moves(array_agg(e)) FROM rdd_explain(r) e $$;
CREATE FUNCTION sql_moves(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; explained text[];
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP
		explained := explained || line;
	END LOOP;
	RETURN moves(explained);
END $$;

CREATE TABLE lineages (name text, r rdd);
CREATE FUNCTION r(name text) RETURNS rdd LANGUAGE sql STABLE AS 'SELECT r FROM lineages l WHERE l.name = $1';
INSERT INTO lineages VALUES ('a', rdd_map(rdd_table('a'), '(x.k, x.id)')), ('b', rdd_map(rdd_table('b'), '(x.k, x.id)'));
INSERT INTO lineages VALUES ('pa', rdd_partition_by(r('a'), 4)), ('pb', rdd_partition_by(r('b'), 4)), ('pb 3', rdd_partition_by(r('b'), 3)),
	('ra', rdd_reduce_by_key(r('a'), 'a + b', 4)), ('rb', rdd_reduce_by_key(r('b'), 'a + b', 4)), ('rb 3', rdd_reduce_by_key(r('b'), 'a + b', 3));
INSERT INTO lineages VALUES ('kept pa', rdd_persist(r('pa'))), ('kept pb', rdd_persist(r('pb'))), ('kept pb 3', rdd_persist(r('pb 3'))),
	('kept ra', rdd_persist(r('ra'))), ('kept rb', rdd_persist(r('rb')));
SELECT name, rdd_count(r) FROM lineages WHERE name ~ 'kept' ORDER BY name;

CREATE TABLE sides (l text, r text, lt text, rt text);
INSERT INTO sides VALUES ('pa', 'pb', 'ap', 'bp'), ('ra', 'rb', 'ag', 'bg'), ('kept pa', 'kept pb', 'ap', 'bp'), ('kept ra', 'kept rb', 'ag', 'bg'),
	('kept pa', 'kept rb', 'ap', 'bg'), ('kept pa', 'b', 'ap', 'bp'), ('ra', 'kept pb', 'ag', 'bp'), ('kept ra', 'pb', 'ag', 'bp'), ('pa', 'rb', 'ap', 'bg'),
	('pa', 'pb 3', 'ap', 'bp'), ('ra', 'rb 3', 'ag', 'bg'), ('kept pa', 'kept pb 3', 'ap', 'bp');
CREATE TABLE kinds (kind text, plain text);
INSERT INTO kinds VALUES ('rdd_join', 'SELECT l.k, l.v, r.v AS w FROM %s l JOIN %s r ON l.k IS NOT DISTINCT FROM r.k'),
	('rdd_left_outer_join', 'SELECT l.k, l.v, r.v AS w FROM %s l LEFT JOIN %s r ON l.k IS NOT DISTINCT FROM r.k'),
	('rdd_right_outer_join', 'SELECT r.k, l.v, r.v AS w FROM %s l RIGHT JOIN %s r ON l.k IS NOT DISTINCT FROM r.k'),
	('rdd_full_outer_join', 'SELECT nullif(k, -1) AS k, l.v, r.v AS w FROM (SELECT coalesce(k, -1) AS k, v FROM %s) l FULL JOIN (SELECT coalesce(k, -1) AS k, v FROM %s) r USING (k)');

-- what moves is what the sides' own shuffles are, and what no kept one has to meet
SELECT l, r, rdd_moves(rdd_join(r(l), r(r))) FROM sides ORDER BY l, r;
SELECT l, r, kind, CASE kind WHEN 'rdd_left_outer_join' THEN rdd_moves(rdd_left_outer_join(r(l), r(r))) WHEN 'rdd_right_outer_join' THEN rdd_moves(rdd_right_outer_join(r(l), r(r)))
	WHEN 'rdd_full_outer_join' THEN rdd_moves(rdd_full_outer_join(r(l), r(r))) WHEN 'rdd_cogroup' THEN rdd_moves(rdd_cogroup(r(l), r(r))) ELSE rdd_moves(rdd_subtract_by_key(r(l), r(r))) END
	FROM sides, (SELECT kind FROM kinds UNION ALL VALUES ('rdd_cogroup'), ('rdd_subtract_by_key')) s
	WHERE (l, r) IN (('pa', 'pb'), ('ra', 'rb'), ('kept pa', 'kept rb')) AND kind <> 'rdd_join' ORDER BY 1, 2, 3;
SELECT l, r, rdd_to_debug_string(rdd_join(r(l), r(r))) FROM sides WHERE (l, r) IN (('pa', 'pb'), ('ra', 'rb'), ('ra', 'rb 3')) ORDER BY l, r;
SELECT differ(format('%s of %s and %s', kind, l, r), format('SELECT * FROM rdd_collect(%s(r(%L), r(%L))) AS f(k bigint, v int, w int)', kind, l, r), format(plain, lt, rt))
	FROM sides, kinds ORDER BY kind, l, r;
SELECT differ(format('rdd_cogroup of %s and %s', l, r), format('SELECT k, (SELECT sum(x) FROM unnest(v) x), (SELECT sum(x) FROM unnest(w) x) FROM rdd_collect(rdd_cogroup(r(%L), r(%L))) AS f(k bigint, v int[], w int[])', l, r),
	format('SELECT k, sum(v), sum(w) FROM (SELECT k, v, NULL::int AS w FROM %s UNION ALL SELECT k, NULL, v FROM %s) s GROUP BY k', lt, rt)) FROM sides ORDER BY l, r;
SELECT differ(format('rdd_subtract_by_key of %s and %s', l, r), format('SELECT * FROM rdd_collect_pairs(rdd_subtract_by_key(r(%L), r(%L)), NULL::bigint, NULL::int)', l, r),
	format('SELECT * FROM %s l WHERE NOT EXISTS (SELECT FROM %s r WHERE l.k IS NOT DISTINCT FROM r.k)', lt, rt)) FROM sides ORDER BY l, r;

-- what is joined is partitioned by the key
CREATE FUNCTION reduced(kind text, l text, r text) RETURNS rdd LANGUAGE plpgsql STABLE AS $$
DECLARE result rdd;
BEGIN
	EXECUTE format('SELECT rdd_agg_by_key(%s(r($1), r($2)), ''(count(*), sum(v._2))'')', kind) INTO result USING l, r;
	RETURN result;
END $$;
SELECT kind, l, r, rdd_moves(reduced(kind, l, r)) FROM kinds, sides WHERE (l, r) IN (('pa', 'pb'), ('kept ra', 'kept rb')) ORDER BY 1, 2;
SELECT differ(format('reduced %s of %s and %s', kind, l, r), format('SELECT * FROM rdd_collect(reduced(%L, %L, %L)) AS f(k bigint, n bigint, s bigint)', kind, l, r),
	format('SELECT k, count(*), sum(w) FROM (%s) s GROUP BY k', format(plain, lt, rt))) FROM sides, kinds WHERE l IN ('pa', 'kept ra') ORDER BY kind, l, r;
SELECT rdd_moves(rdd_join(rdd_left_outer_join(r('kept ra'), r('kept pb')), r('kept rb')));
SELECT differ('join of a join', $$SELECT * FROM rdd_collect(rdd_full_outer_join(rdd_left_outer_join(r('kept ra'), r('kept pb')), r('kept rb'))) AS f(k bigint, v int, w int, x int)$$,
	$$SELECT nullif(k, -1), l.v, l.w, r.v FROM (SELECT coalesce(a.k, -1) AS k, a.v, b.v AS w FROM ag a LEFT JOIN bp b ON a.k IS NOT DISTINCT FROM b.k) l FULL JOIN (SELECT coalesce(k, -1) AS k, v FROM bg) r USING (k)$$);

-- keys of several columns, and of a type that is compared as an array
INSERT INTO lineages VALUES ('two a', rdd_reduce_by_key(rdd_map(rdd_table('a'), '((x.k, x.m), x.id)'), 'a + b', 4)), ('two b', rdd_reduce_by_key(rdd_map(rdd_table('b'), '((x.k, x.m), x.id)'), 'a + b', 4)),
	('enum a', rdd_reduce_by_key(rdd_map(rdd_table('a'), '(x.e, x.id)'), 'a + b', 4)), ('enum b', rdd_reduce_by_key(rdd_map(rdd_table('b'), '(x.e, x.id)'), 'a + b', 4));
INSERT INTO lineages VALUES ('kept two a', rdd_persist(r('two a'))), ('kept two b', rdd_persist(r('two b')));
SELECT rdd_count(r('kept two a')), rdd_count(r('kept two b'));
SELECT l, rdd_moves(rdd_join(r(l), r(r))) FROM (VALUES ('two a', 'two b'), ('kept two a', 'kept two b'), ('kept two a', 'two b'), ('enum a', 'enum b')) s(l, r);
SELECT differ('keys of two columns, ' || l, format('SELECT * FROM rdd_collect(rdd_left_outer_join(r(%L), r(%L))) AS f(k bigint, m text, v int, w int)', l, r),
	'SELECT a.k, a.m, a.v, b.v FROM (SELECT k, m, sum(id)::int AS v FROM a GROUP BY k, m) a LEFT JOIN (SELECT k, m, sum(id)::int AS v FROM b GROUP BY k, m) b ON a.k IS NOT DISTINCT FROM b.k AND a.m IS NOT DISTINCT FROM b.m')
	FROM (VALUES ('two a', 'two b'), ('kept two a', 'kept two b'), ('kept two a', 'two b')) s(l, r);
SELECT differ('enums', $$SELECT * FROM rdd_collect(rdd_full_outer_join(r('enum a'), r('enum b'))) AS f(k mood, v int, w int)$$,
	$$SELECT nullif(k, 'glad'), a.v, b.v FROM (SELECT coalesce(e, 'glad') AS k, sum(id)::int AS v FROM a GROUP BY 1) a FULL JOIN (SELECT coalesce(e, 'glad') AS k, sum(id)::int AS v FROM b GROUP BY 1) b USING (k)$$);

-- in SQL: tables partitioned by the key, rows that moved by it, and such as lie anywhere when it is NULL
CREATE TABLE ak (k bigint, v int) USING barks;
CREATE TABLE bk (k bigint, v int) USING barks;
SELECT barks.distribute_table('ak', by => 'k', partitions => 4), barks.distribute_table('bk', by => 'k', partitions => 4);
INSERT INTO ak SELECT * FROM ap;
INSERT INTO bk SELECT * FROM bp;
ANALYZE ak, bk;
CREATE TABLE queries (n int, q text);
INSERT INTO queries VALUES
	(1, 'SELECT l.v, r.v AS w FROM ak l JOIN bk r ON coalesce(l.k, 0) = coalesce(r.k, 0) AND (l.k IS NULL) = (r.k IS NULL)'),
	(2, 'SELECT l.v, r.v AS w FROM ak l FULL JOIN bk r ON (r.k IS NULL) = (l.k IS NULL) AND coalesce(r.k, 0) = coalesce(l.k, 0)'),
	(3, 'SELECT l.v, r.v AS w FROM ak l LEFT JOIN bk r ON l.k IS NOT DISTINCT FROM r.k'),
	(4, 'SELECT l.v FROM ak l WHERE NOT EXISTS (SELECT FROM bk r WHERE ARRAY[l.k] = ARRAY[r.k])'),
	(5, 'SELECT l.v, r.v AS w FROM ak l JOIN bp r ON coalesce(l.k, 0) = coalesce(r.k, 0) AND (l.k IS NULL) = (r.k IS NULL)'),
	(6, 'SELECT l.v, r.v AS w FROM ap l LEFT JOIN bk r ON coalesce(l.k, 0) = coalesce(r.k, 0) AND (l.k IS NULL) = (r.k IS NULL)'),
	(7, 'SELECT l.k, count(r.v) FROM ap l LEFT JOIN bp r ON coalesce(l.k, 0) = coalesce(r.k, 0) AND (l.k IS NULL) = (r.k IS NULL) GROUP BY l.k'),
	(8, 'SELECT coalesce(l.k, r.k) AS k, count(r.v) FROM ap l FULL JOIN bp r ON coalesce(l.k, 0) = coalesce(r.k, 0) AND (l.k IS NULL) = (r.k IS NULL) GROUP BY 1'),
	(9, 'SELECT k, count(l.v) FROM ap l FULL JOIN bp r USING (k) GROUP BY k'),
	(10, 'SELECT l.v, r.v AS w, s.v AS x FROM (SELECT l.k, l.v, r.v AS w FROM ap l LEFT JOIN bp r ON l.k = r.k OFFSET 0) l JOIN bg r ON coalesce(l.k, 0) = coalesce(r.k, 0) AND (l.k IS NULL) = (r.k IS NULL) LEFT JOIN ak s ON s.v = l.v'),
	(11, 'SELECT l.v, r.v AS w FROM bg r LEFT JOIN (SELECT l.k, l.v FROM ap l LEFT JOIN bp r ON l.k = r.k OFFSET 0) l ON coalesce(l.k, 0) = coalesce(r.k, 0) AND (l.k IS NULL) = (r.k IS NULL)'),
	(12, 'SELECT l.id, r.id AS w FROM a l JOIN b r ON l.k = r.k AND coalesce(l.m, '''') = coalesce(r.m, '''') AND (l.m IS NULL) = (r.m IS NULL)'),
	-- no such pair: NULL is equal to the stand-in, or another column is tested
	(13, 'SELECT l.v, r.v AS w FROM ak l JOIN bk r ON coalesce(l.k, 0) = coalesce(r.k, 0)'),
	(14, 'SELECT l.v, r.v AS w FROM ak l JOIN bk r ON coalesce(l.k, 0) = coalesce(r.k, 0) AND (l.v IS NULL) = (r.k IS NULL)'),
	(15, 'SELECT l.v, r.v AS w FROM ak l JOIN bk r ON coalesce(l.k, 0) = coalesce(r.k, 0) AND (l.k IS NULL) = (r.k IS NOT NULL)');
-- 10 and 11: how many slots there are decides whether rows with NULLs are worth keeping together
SELECT n, sql_moves(q) FROM queries WHERE n NOT IN (10, 11) ORDER BY n;
CREATE FUNCTION in_plain(q text) RETURNS text LANGUAGE sql AS $$ SELECT regexp_replace(q, '\m(a|b|ap|bp|bg|ak|bk)( [lr]\M| s\M)', 'l\1\2', 'g') $$;
CREATE TEMP TABLE la AS SELECT * FROM a;
CREATE TEMP TABLE lb AS SELECT * FROM b;
CREATE TEMP TABLE lap AS SELECT * FROM ap;
CREATE TEMP TABLE lbp AS SELECT * FROM bp;
CREATE TEMP TABLE lbg AS SELECT * FROM bg;
CREATE TEMP TABLE lak AS SELECT * FROM ap;
CREATE TEMP TABLE lbk AS SELECT * FROM bp;
SELECT differ(n::text, q, in_plain(q)) FROM queries ORDER BY n;

SELECT rdd_unpersist(r) IS NOT NULL FROM lineages WHERE name ~ 'kept';
SET client_min_messages = warning;
DROP SCHEMA rdd_aligned CASCADE;
