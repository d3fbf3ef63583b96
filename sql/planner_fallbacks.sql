-- What runs on the nodes, and the reason for what does not.
CREATE SCHEMA planner_test;
SET search_path = planner_test;
CREATE TABLE t (k int, a int, b text, f float8, j jsonb);
CREATE TABLE u (k bigint, x int, b text COLLATE "C");
CREATE TABLE d (id int, name text);
CREATE TABLE r (k int, z int);
CREATE TABLE local_table (k int);
CREATE SEQUENCE s;
SELECT barks.distribute_table('t', by => 'k', partitions => 3);
SELECT barks.distribute_table('u', by => 'k', partitions => 3, colocate_with => 't');
SELECT barks.distribute_table('r', partitions => 3);
SELECT barks.broadcast_table('d');

-- Nothing to tell: all of it runs on the nodes, or in the driver's last stage.
SELECT * FROM barks.fallbacks('SELECT 1');
SELECT * FROM barks.fallbacks('SELECT * FROM local_table');
SELECT * FROM barks.fallbacks('SELECT k, a + 1 FROM t WHERE b LIKE ''x%'' AND k = 5;');
SELECT * FROM barks.fallbacks('SELECT a, count(*), avg(f) FROM t GROUP BY a HAVING count(*) > 1 ORDER BY 2 LIMIT 3');
SELECT * FROM barks.fallbacks('SELECT k, array_agg(a ORDER BY a), count(DISTINCT b) FROM t GROUP BY k');
SELECT * FROM barks.fallbacks('SELECT t.k, sum(u.x) FROM t LEFT JOIN u USING (k) JOIN d ON d.id = t.a GROUP BY t.k');
SELECT * FROM barks.fallbacks('SELECT k FROM t FULL JOIN u USING (k)');
SELECT * FROM barks.fallbacks('SELECT k FROM t WHERE NOT EXISTS (SELECT FROM u WHERE u.k = t.k)');
SELECT * FROM barks.fallbacks('SELECT k FROM t UNION ALL SELECT k FROM r UNION ALL SELECT id FROM d');
SELECT * FROM barks.fallbacks('SELECT k FROM t WHERE f > (SELECT avg(f) FROM t)');
SELECT * FROM barks.fallbacks('SELECT k FROM t ORDER BY b COLLATE "POSIX", k LIMIT 5');
SELECT * FROM barks.fallbacks('SELECT random() < 2 FROM t');
SELECT * FROM barks.fallbacks('SELECT generate_series(1, a) FROM t');
SELECT * FROM barks.fallbacks('SELECT * FROM t TABLESAMPLE SYSTEM (10)');

-- What takes an exchange of rows
SET barks.exchanges = on;
SELECT * FROM barks.fallbacks('SELECT * FROM t JOIN r USING (k)');
SELECT * FROM barks.fallbacks('SELECT * FROM t JOIN local_table USING (k)');
SELECT * FROM barks.fallbacks('SELECT * FROM t RIGHT JOIN d ON d.id = t.a');
SELECT * FROM barks.fallbacks('SELECT count(DISTINCT a) FROM t');
SELECT * FROM barks.fallbacks('SELECT string_agg(b, '','' ORDER BY b) FROM t');
SELECT * FROM barks.fallbacks('SELECT a, count(*) FROM t GROUP BY ROLLUP (a)');
SELECT * FROM barks.fallbacks('SELECT rank() OVER (ORDER BY k) FROM t');
SELECT * FROM barks.fallbacks('SELECT k FROM t EXCEPT SELECT k FROM u');
SELECT * FROM barks.fallbacks('SELECT k FROM t WHERE k NOT IN (SELECT k FROM u)');
SET barks.exchanges = off;
SELECT * FROM barks.fallbacks('SELECT * FROM t JOIN r USING (k)');
SELECT * FROM barks.fallbacks('SELECT * FROM t JOIN local_table USING (k)');
SELECT * FROM barks.fallbacks('SELECT * FROM t RIGHT JOIN d ON d.id = t.a');
SELECT * FROM barks.fallbacks('SELECT count(DISTINCT a) FROM t');
SELECT * FROM barks.fallbacks('SELECT string_agg(b, '','' ORDER BY b) FROM t');
SELECT * FROM barks.fallbacks('SELECT a, count(*) FROM t GROUP BY ROLLUP (a)');
SELECT * FROM barks.fallbacks('SELECT rank() OVER (ORDER BY k) FROM t');
SELECT * FROM barks.fallbacks('SELECT k FROM t EXCEPT SELECT k FROM u');
SELECT * FROM barks.fallbacks('SELECT k FROM t WHERE k NOT IN (SELECT k FROM u)');
RESET barks.exchanges;

-- Reasons
SELECT * FROM barks.fallbacks('SELECT k FROM t LIMIT nullif(nextval(''s''), 0)');
SELECT * FROM barks.fallbacks('SELECT nextval(''s''), k FROM t');
SELECT * FROM barks.fallbacks('SELECT * FROM t TABLESAMPLE SYSTEM (10 * random())');
SELECT * FROM barks.fallbacks('SELECT k FROM t WHERE pg_typeof(a)::text = ''int''');
SELECT * FROM barks.fallbacks('SELECT t, t::text, t IS NOT NULL, tableoid::regclass FROM t ORDER BY 1 LIMIT 3');
SELECT * FROM barks.fallbacks('SELECT count(t) FROM t');
SELECT * FROM barks.fallbacks('SELECT t = t FROM t');
CREATE COLLATION german (provider = icu, locale = 'de');
CREATE COLLATION danish (provider = icu, locale = 'da');
CREATE TABLE words (id int, w text COLLATE german) USING barks;
SELECT * FROM barks.fallbacks('SELECT max(w) FROM words WHERE w < ''x'' GROUP BY id % 3 ORDER BY 1');
SELECT * FROM barks.fallbacks('SELECT id FROM words ORDER BY w COLLATE danish');
SELECT * FROM barks.fallbacks('SELECT a FROM t ORDER BY b COLLATE german');
DROP TABLE words;
CREATE FUNCTION own(int) RETURNS int STABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1; END';
SELECT * FROM barks.fallbacks('SELECT own(a) FROM t');
SET barks.partial_aggregates = off;
SELECT * FROM barks.fallbacks('SELECT count(*) FROM t');
RESET barks.partial_aggregates;
SET barks.join_strategy = driver;
SELECT * FROM barks.fallbacks('SELECT * FROM t JOIN u USING (k)');
RESET barks.join_strategy;
SET barks.enabled = off;
SELECT * FROM barks.fallbacks('SELECT * FROM t');
RESET barks.enabled;

-- Not one SELECT
SELECT * FROM barks.fallbacks('SELECT 1; SELECT 2');
SELECT * FROM barks.fallbacks('DELETE FROM local_table');
SELECT * FROM barks.fallbacks('EXPLAIN SELECT 1');
SELECT * FROM barks.fallbacks('');

-- The plan keeps PostgreSQL's promise of order and its limits.
INSERT INTO t SELECT g, g % 5, 'x' || g FROM generate_series(1, 20) g;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT k FROM t ORDER BY k;
FETCH 3 FROM c;
FETCH BACKWARD 2 FROM c;
COMMIT;
PREPARE page (int, int) AS SELECT k FROM t ORDER BY k LIMIT $1 OFFSET $2;
SET plan_cache_mode = force_generic_plan;
EXECUTE page (2, 3);
EXECUTE page (NULL, 18);
RESET plan_cache_mode;
DEALLOCATE page;
-- words that are for tasks alone are PostgreSQL's to refuse
CREATE FUNCTION planner_test.state(bigint) RETURNS bool LANGUAGE sql AS 'SELECT barks.combine_state($1)';
SELECT * FROM barks.fallbacks('SELECT sum(a) FILTER (WHERE barks.combine_state(k::bigint)) FROM t');
SELECT * FROM barks.fallbacks('SELECT sum(a) FILTER (WHERE planner_test.state(k)) FROM t');
SELECT sum(a) FILTER (WHERE barks.combine_state(k::bigint)) FROM t;
SELECT avg(a::numeric) FILTER (WHERE planner_test.state(k)) FROM t;

SET client_min_messages = warning;
DROP SCHEMA planner_test CASCADE;
