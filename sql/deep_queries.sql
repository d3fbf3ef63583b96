-- Queries within each other many times, and deep expressions.
CREATE SCHEMA deep_queries;
SET search_path = deep_queries, public;
CREATE TABLE d (id int NOT NULL, a int, b int, t text) USING barks;
SELECT barks.distribute_table('d', by => 'id', partitions => 4);
INSERT INTO d SELECT i, i % 10, CASE WHEN i % 4 > 0 THEN i % 7 END, 't' || i % 5 FROM generate_series(1, 200) i;
ANALYZE d;
CREATE TABLE heap AS SELECT * FROM d;
ANALYZE heap;
-- the query in n sub-selects, which replace %s
CREATE FUNCTION nest(base text, n int, around text[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..n LOOP base := format(around[1 + i % cardinality(around)], base); END LOOP;
	RETURN base;
END $$;
-- rows of the same query over d and, planned by PostgreSQL alone, over heap
CREATE FUNCTION try(what text, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE ours text; plain text; rows bigint;
BEGIN
	EXECUTE format('SELECT string_agg(s::text, chr(10) ORDER BY s::text), count(*) FROM (%s) s', query) INTO ours, rows;
	PERFORM set_config('barks.enabled', 'off', true);
	EXECUTE format('SELECT string_agg(s::text, chr(10) ORDER BY s::text) FROM (%s) s', regexp_replace(query, '\md\M', 'heap', 'g')) INTO plain;
	PERFORM set_config('barks.enabled', 'on', true);
	RETURN what || ': ' || CASE WHEN ours IS NOT DISTINCT FROM plain THEN rows || ' rows alike' ELSE 'DIFFERENT' END;
END $$;
\set maps 'ARRAY[\'SELECT id, a + 1 AS a, b, t FROM (%s) s\', \'SELECT id, a, b - a AS b, t FROM (%s) s\']'
\set mixed 'ARRAY[\'SELECT id + 1 AS id, a, coalesce(b, a) AS b, t FROM (%s) s\', \'SELECT * FROM (%s) s WHERE id %% 31 <> 3\', \'SELECT id, b AS a, a AS b, t FROM (%s) s WHERE a > 0 OR t > \'\'t2\'\'\']'
SELECT try('maps', nest('SELECT * FROM d', 40, :maps));
SELECT try('maps and filters', nest('SELECT * FROM d', 60, :mixed));
SELECT try('columns of which none is used', 'SELECT 1 AS one FROM (' || nest('SELECT * FROM d', 40, :maps) || ') s');
SELECT try('columns used twice', nest('SELECT * FROM d', 20, ARRAY['SELECT id, CASE WHEN a > 5 THEN a - b ELSE b END AS a, b, t FROM (%s) s'] || :maps || :maps));
SELECT try('over a join', nest('SELECT x.id, x.a, y.b, y.t FROM d x JOIN d y ON x.id = y.a', 40, :mixed));
SELECT try('over an outer join', nest('SELECT x.id, x.a, y.b, y.t FROM d x LEFT JOIN d y ON x.id = y.a', 40, :maps));
SELECT try('in an outer join', 'SELECT d.id, s.a, s.b FROM d LEFT JOIN (' || nest('SELECT * FROM d WHERE a > 5', 40, :maps) || ') s ON s.id = d.id');
SELECT try('over groups', nest('SELECT a AS id, count(*)::int AS a, sum(b)::int AS b, max(t) AS t FROM d GROUP BY a', 40, :mixed));
SELECT try('over a WITH query', 'WITH w AS (SELECT * FROM d WHERE a < 7) ' || nest('SELECT x.* FROM w x JOIN w y USING (id)', 40, :mixed));
SELECT try('over a WITH query within', nest('WITH w AS (SELECT * FROM d WHERE a < 7) SELECT x.* FROM w x JOIN w y USING (id)', 40, :mixed));
SELECT try('in a WITH query', 'WITH w AS (' || nest('SELECT * FROM d', 40, :mixed) || ') SELECT x.* FROM w x JOIN w y USING (id)');
SELECT try('over LATERAL', nest('SELECT d.id, n AS a, d.b, d.t FROM d, LATERAL generate_series(1, d.a) n', 40, :mixed));
SELECT try('in LATERAL', 'SELECT d.id, s.a FROM d, LATERAL (' || nest('SELECT x.* FROM d x WHERE x.id = d.a', 40, :maps) || ') s');
SELECT try('correlated', 'SELECT d.id, (SELECT max(s.a) FROM (' || nest('SELECT x.* FROM d x WHERE x.a = d.b', 40, :maps) || ') s) AS m FROM d');
SELECT try('correlated in the middle', 'SELECT d.id, (SELECT max(s.a) FROM (' || nest('SELECT s.* FROM (' || nest('SELECT * FROM d', 30, :maps) || ') s WHERE s.id = d.b', 30, :maps) || ') s) AS m FROM d');
SELECT try('sub-selects in the middle', nest('SELECT * FROM (' || nest('SELECT * FROM d', 30, :maps) || ') s WHERE EXISTS (SELECT FROM d x WHERE x.a = s.a % 10)', 30, :maps));
SELECT try('a limit in the middle', nest('SELECT * FROM (' || nest('SELECT * FROM d', 30, :maps) || ') s ORDER BY id LIMIT 20', 30, :maps));
SELECT try('groups in the middle', nest('SELECT a AS id, max(id) AS a, max(b) AS b, max(t) AS t FROM (' || nest('SELECT * FROM d', 30, :maps) || ') s GROUP BY a HAVING max(b) > -1000', 30, :maps));
SELECT try('volatile in the middle', nest('SELECT id, a, b + floor(random())::int AS b, t FROM (' || nest('SELECT * FROM d', 30, :maps) || ') s', 30, :maps));
SELECT try('a set in the middle', nest('SELECT id, generate_series(1, 2) AS a, b, t FROM (' || nest('SELECT * FROM d', 30, :maps) || ') s', 30, :maps));
SELECT try('rows in the middle', nest('SELECT id, a, b, s::text AS t FROM (' || nest('SELECT * FROM d', 30, :maps) || ') s', 30, :maps));
SELECT try('groups on top', 'SELECT a, count(*), sum(b) FILTER (WHERE id > 5) FROM (' || nest('SELECT * FROM d', 40, :maps) || ') s GROUP BY a HAVING min(id) < 100');
SELECT try('grouping sets on top', 'SELECT a, t, count(*) FROM (' || nest('SELECT * FROM d', 40, :maps) || ') s GROUP BY ROLLUP (a, t)');
SELECT try('windows on top', 'SELECT id, sum(b) OVER (PARTITION BY a ORDER BY id), row_number() OVER (ORDER BY id DESC) FROM (' || nest('SELECT * FROM d', 40, :maps) || ') s');
SELECT try('DISTINCT on top', 'SELECT DISTINCT a, t FROM (' || nest('SELECT * FROM d', 40, :maps) || ') s');
SELECT try('UNION ALL', nest('SELECT * FROM d UNION ALL SELECT * FROM d WHERE a = 1', 40, :mixed));
SELECT try('values', nest('VALUES (1, 2, 3, ''x''), (4, 5, NULL, ''y'')', 40, ARRAY['SELECT column1, column2 + 1 AS column2, column3, column4 FROM (%s) s']));
-- a view, whose owner reads
CREATE VIEW v AS SELECT * FROM d WHERE a < 5;
CREATE VIEW behind WITH (security_barrier) AS SELECT * FROM d WHERE a < 5;
CREATE ROLE deep_queries_reader;
GRANT USAGE ON SCHEMA deep_queries TO deep_queries_reader;
GRANT SELECT ON v, behind TO deep_queries_reader;
SELECT nest('SELECT * FROM v', 40, :maps) AS over_v, nest('SELECT * FROM behind', 40, :mixed) AS behind, nest('SELECT * FROM d', 40, :maps) AS over_d,
	nest('SELECT id, a, t FROM d', 40, ARRAY['SELECT id, a, t FROM (%s) s']) AS other \gset
SET ROLE deep_queries_reader;
SELECT count(*), sum(a), sum(b) FROM (:over_v) s;
SELECT count(*), sum(a), sum(b) FROM (:behind) s;
SELECT count(*), sum(a), sum(b) FROM (:over_d) s;
RESET ROLE;
GRANT SELECT (id, a) ON d TO deep_queries_reader;
SET ROLE deep_queries_reader;
SELECT count(*) FROM (:other) s;
RESET ROLE;
CREATE POLICY p ON d USING (a = 3);
ALTER TABLE d ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON d TO deep_queries_reader;
PREPARE p AS SELECT count(*), sum(a), sum(b) FROM (:over_d) s;
EXECUTE p;
SET ROLE deep_queries_reader;
EXECUTE p;
RESET ROLE;
EXECUTE p;
-- where there is no limit of our own, PostgreSQL's is a clean error
CREATE FUNCTION added(n int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE r bigint;
BEGIN
	EXECUTE 'SELECT sum(id' || repeat(' + 1', n) || ') FROM d' INTO r;
	RETURN r;
EXCEPTION WHEN statement_too_complex THEN
	RETURN NULL;
END $$;
SELECT added(2000), added(100000);
CREATE FUNCTION maps(n int) RETURNS barks.rdd LANGUAGE plpgsql AS $$
DECLARE r barks.rdd := barks.rdd_map(barks.rdd_table('deep_queries.d'), 'x.id');
BEGIN
	FOR i IN 1..n LOOP r := CASE i % 3 WHEN 0 THEN barks.rdd_filter(r, 'x > 0') ELSE barks.rdd_map(r, 'x + 1') END; END LOOP;
	RETURN r;
END $$;
SELECT barks.rdd_sum(maps(600)), barks.rdd_count(maps(300));
SET client_min_messages = warning;
DROP SCHEMA deep_queries CASCADE;
DROP ROLE deep_queries_reader;
