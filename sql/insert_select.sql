-- INSERT of a query: the nodes store its rows by themselves, or the driver does; the result is the same.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS barks;
RESET client_min_messages;
\set SHOW_CONTEXT never
\set VERBOSITY default
SET barks.insert_rows = 0;

-- Is it they who store the rows?  Without nodes the driver always does.
CREATE FUNCTION stored_by(expected text, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	found text := 'driver';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF line LIKE '%Insert: by the nodes%' THEN
			found := 'nodes';
		END IF;
	END LOOP;
	IF found <> (CASE WHEN EXISTS (SELECT FROM barks.nodes) THEN expected ELSE 'driver' END) THEN
		RETURN 'not ' || expected;
	END IF;
	RETURN expected;
END $$;

CREATE TABLE s (id int PRIMARY KEY, k int, v text, n numeric(10,2));
SELECT barks.distribute_table('s', by => 'id', partitions => 4);
INSERT INTO s SELECT i, CASE WHEN i % 10 > 0 THEN i % 7 END, 'v' || i, i / 3.0 FROM generate_series(1, 3000) i;
CREATE TABLE t (k int, id int, v text, n numeric(10,2));
SELECT barks.distribute_table('t', by => 'k', partitions => 5);
SELECT stored_by('nodes', 'INSERT INTO t SELECT k, id, v, n FROM s');
INSERT INTO t SELECT k, id, v, n FROM s;
SELECT count(*), count(k), sum(k), sum(id), count(DISTINCT v), sum(n) FROM t;
-- rows are where they are looked for
SELECT k, count(*), min(id) FROM t GROUP BY k ORDER BY k;
SELECT count(*) FROM t WHERE k = 3;
SELECT count(*) FROM s JOIN t USING (id, k);
-- other sources
TRUNCATE t;
INSERT INTO t SELECT k, count(*), max(v), avg(n) FROM s GROUP BY k;
INSERT INTO t (id) SELECT DISTINCT id % 50 FROM s;
INSERT INTO t SELECT a.k, b.id, a.v || b.v FROM s a JOIN s b ON a.k = b.id;
INSERT INTO t SELECT k, id, 'union' FROM s WHERE id < 10 UNION ALL SELECT id, k, 'all' FROM s WHERE id < 20;
INSERT INTO t SELECT id, rank() OVER (PARTITION BY k ORDER BY id), 'rank' FROM s;
INSERT INTO t SELECT k, id, 'limit' FROM (SELECT * FROM s ORDER BY id LIMIT 10) x;
INSERT INTO t WITH x AS (SELECT k, max(id) AS id FROM s GROUP BY k) SELECT k, id, 'with' FROM x WHERE k > (SELECT min(k) FROM x);
INSERT INTO t SELECT id, k, 'local' FROM s WHERE id IN (SELECT g FROM generate_series(1, 7) g);
INSERT INTO t SELECT id, NULL, NULL, NULL FROM s WHERE false;
SELECT count(*), count(k), sum(k), sum(id), count(DISTINCT v), sum(n) FROM t;
SELECT v, count(*), sum(k), sum(id) FROM t WHERE v !~ '^v' GROUP BY v ORDER BY v COLLATE "C";

-- into itself, and what a transaction sees
TRUNCATE t;
INSERT INTO t SELECT k, id, v FROM s WHERE id <= 100;
SELECT stored_by('nodes', 'INSERT INTO t SELECT k + 1, id FROM t');
BEGIN;
INSERT INTO t SELECT k + 1, id + 100, v FROM t;
INSERT INTO t SELECT k + 2, id + 200, v FROM t;
SELECT count(*), sum(k), sum(id) FROM t;
SAVEPOINT a;
INSERT INTO t SELECT k, id FROM t;
SELECT count(*) FROM t;
INSERT INTO t SELECT k, id / (id - 300) FROM t;
ROLLBACK TO a;
SELECT count(*) FROM t;
INSERT INTO t VALUES (1, 1000, 'one');
INSERT INTO t SELECT k, id + 1, v FROM t WHERE v = 'one';
COMMIT;
SELECT count(*), sum(k), sum(id) FROM t;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM t;
INSERT INTO t SELECT k, id, 'again' FROM t WHERE id < 10;
SELECT count(*) FROM t;
ROLLBACK;
SELECT count(*) FROM t;
-- by a function, a prepared statement
DO $$
DECLARE
	n bigint;
BEGIN
	FOR i IN 1 .. 3 LOOP
		INSERT INTO t SELECT i, id, 'do' FROM s WHERE k = i;
		GET DIAGNOSTICS n = ROW_COUNT;
		RAISE NOTICE '% rows', n;
		BEGIN
			INSERT INTO t SELECT i, id, 'undone' FROM s;
			RAISE EXCEPTION 'enough';
		EXCEPTION WHEN raise_exception THEN
		END;
	END LOOP;
END $$;
-- while rows of another query are under way, and again after a failure
CREATE TABLE u (id int PRIMARY KEY, k int, v text);
SELECT barks.distribute_table('u', by => 'id', partitions => 3);
DO $$
DECLARE
	r record;
	failures int := 0;
BEGIN
	FOR r IN SELECT id FROM s WHERE id % 200 = 0 ORDER BY id LOOP
		BEGIN
			INSERT INTO u SELECT id, k, v FROM s WHERE id BETWEEN r.id - 199 AND r.id + r.id % 400;
		EXCEPTION WHEN unique_violation THEN
			failures := failures + 1;
			INSERT INTO u SELECT -id, r.id, SQLERRM FROM s WHERE id = r.id;
		END;
	END LOOP;
	RAISE NOTICE '% failures', failures;
END $$;
SELECT id, k, v FROM u WHERE id < 0 ORDER BY id DESC LIMIT 3;
SELECT count(*), sum(id), sum(k) FROM u;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM u WHERE id > 0;
MOVE 2 IN c;
INSERT INTO u SELECT id + 100000, k, v FROM u WHERE id > 0;
MOVE FORWARD ALL IN c;
DECLARE d CURSOR FOR SELECT id FROM u WHERE id > 100000;
MOVE 2 IN d;
INSERT INTO u SELECT id + 100000, k, v FROM u WHERE id > 100000;
MOVE FORWARD ALL IN d;
SELECT count(*) FROM u WHERE id > 0;
COMMIT;
PREPARE p (int, text) AS INSERT INTO t SELECT $1, id, $2 FROM s WHERE id < $1;
EXECUTE p (1, 'p');
EXECUTE p (2, 'p');
EXECUTE p (3, NULL);
EXECUTE p (4, 'p');
EXECUTE p (5, 'p');
EXECUTE p (6, 'p');
EXECUTE p (7, 'p');
DEALLOCATE p;
SELECT v, count(*), sum(k), sum(id) FROM t WHERE v ~ '^(do|p|undone)' OR v IS NULL GROUP BY v ORDER BY v;

-- what the table demands of its rows
CREATE TABLE c (k int NOT NULL, id int CHECK (id <> 2711), v text CHECK (v > 'a' OR length(v) = 3),
	PRIMARY KEY (id, k), CONSTRAINT two CHECK (k < id + 5));
SELECT barks.distribute_table('c', by => 'id', partitions => 3);
SELECT stored_by('nodes', 'INSERT INTO c SELECT 1, id, v FROM s');
INSERT INTO c SELECT 1, id, v FROM s WHERE id < 1000;
INSERT INTO c SELECT 1, id, v FROM s WHERE id BETWEEN 999 AND 2000;
INSERT INTO c SELECT k, id + 1000, v FROM s WHERE id = 10;
INSERT INTO c SELECT 1, k, v FROM s WHERE id = 10;
INSERT INTO c SELECT 2, id, v FROM s WHERE id BETWEEN 2700 AND 2711;
INSERT INTO c SELECT 3, id, 'Z' || k FROM s WHERE id = 2001;
INSERT INTO c SELECT 3, id, 'ZZ' || k FROM s WHERE id = 2001;
INSERT INTO c SELECT 3, id, NULL FROM s WHERE id = 2002;
INSERT INTO c SELECT id, 1, v FROM s WHERE id = 2999;
INSERT INTO c SELECT 4, 3, v FROM s WHERE id BETWEEN 10 AND 20;
SELECT count(*), sum(id) FROM c;
-- with a domain
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE d (id int PRIMARY KEY, p positive);
SELECT barks.distribute_table('d', by => 'id', partitions => 3);
INSERT INTO d SELECT id, id FROM s;
INSERT INTO d SELECT id + 3000, 1500 - id FROM s WHERE id <= 1500;
CREATE TABLE d2 (LIKE d);
SELECT barks.distribute_table('d2', by => 'p', partitions => 3);
SELECT stored_by('nodes', 'INSERT INTO d2 SELECT id, p FROM d');
INSERT INTO d2 SELECT id, p FROM d;
INSERT INTO d2 SELECT id FROM d WHERE p = 1;
SELECT count(*), sum(id), count(p), sum(p) FROM d2;
-- a row that fails is not the user's to see
CREATE ROLE insert_only;
GRANT INSERT ON c TO insert_only;
GRANT SELECT ON s TO insert_only;
SET ROLE insert_only;
INSERT INTO c SELECT NULL, id, v FROM s WHERE id = 1;
INSERT INTO c SELECT 1, 1, v FROM s WHERE id = 1;
INSERT INTO c SELECT 9, id, v FROM s WHERE id = 2000;
INSERT INTO c SELECT 9, 2, v FROM s WHERE id = 2000;
INSERT INTO t SELECT k, id FROM s;
INSERT INTO c SELECT 1, id FROM t;
RESET ROLE;
SELECT count(*), sum(id) FROM c;

-- columns of many kinds, some gone
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE pair AS (a int, b text);
CREATE TABLE kinds (gone int, m mood, i8 bigint, b bytea, j jsonb, a text[], ma mood[], r int4range, ts timestamptz,
	u uuid, c char(5), vc varchar(7), f float8, p pair, t text COLLATE "C", gone2 text, iv interval, big text);
SELECT barks.distribute_table('kinds', by => 'm, i8', partitions => 3);
ALTER TABLE kinds DROP COLUMN gone, DROP COLUMN gone2;
ALTER TABLE kinds ADD COLUMN late int DEFAULT 42;
INSERT INTO kinds SELECT ('{sad,ok,happy}'::mood[])[1 + i % 3], i, decode(md5(i::text), 'hex'),
	jsonb_build_object('i', i), ARRAY[i::text, NULL], ARRAY['ok', NULL]::mood[], int4range(i, i + 3),
	'2024-02-29 12:00+01'::timestamptz + i * interval '1 hour', md5(i::text)::uuid, i, i, i / 7.0, (i, 'x')::pair,
	chr(64 + i), i * interval '1 day', repeat(i::text, 5000), nullif(i, 7)
	FROM generate_series(1, 20) i;
CREATE TABLE kinds2 (x int, LIKE kinds, y int);
ALTER TABLE kinds2 DROP COLUMN x, DROP COLUMN y;
SELECT barks.distribute_table('kinds2', by => 't', partitions => 4);
INSERT INTO kinds2 SELECT * FROM kinds;
SELECT count(*) FROM (SELECT * FROM kinds EXCEPT SELECT * FROM kinds2) x;
SELECT count(*), count(late), max(length(big)) FROM kinds2;
CREATE TABLE kinds3 (m mood, i8 bigint, b bytea, j jsonb, a text[], ma mood[], r int4range, ts timestamptz, u uuid,
	c char(5), vc varchar(7), f float8, t text COLLATE "C", iv interval, big text, late int);
SELECT barks.distribute_table('kinds3', by => 'm', partitions => 4);
SELECT stored_by('nodes', 'INSERT INTO kinds3 SELECT m, i8, b, j, a, ma, r, ts, u, c, vc, f, t, iv, big, late FROM kinds');
INSERT INTO kinds3 SELECT m, i8, b, j, a, ma, r, ts, u, c, vc, f, t, iv, big, late FROM kinds;
SELECT count(*) FROM (SELECT m, i8, b, j, a, ma, r, ts, u, c, vc, f, t, iv, big, late FROM kinds EXCEPT SELECT * FROM kinds3) x;
SELECT m, count(*), min(t), max(c || '|') FROM kinds3 GROUP BY m ORDER BY m;
SELECT count(*) FROM kinds3 WHERE m = 'ok';
SELECT count(*) FROM kinds JOIN kinds3 USING (m, i8);
-- nodes put rows where the driver would: else a join of two tables, in place, misses some
CREATE FUNCTION misplaced(type text, value text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	result bigint;
BEGIN
	EXECUTE format('CREATE TABLE placed1 (k %s, i int)', type);
	EXECUTE format('CREATE TABLE placed2 (k %s, i int)', type);
	PERFORM barks.distribute_table('placed1', by => 'k', partitions => 7);
	PERFORM barks.distribute_table('placed2', by => 'k', colocate_with => 'placed1');
	EXECUTE format('INSERT INTO placed1 SELECT %s, i FROM generate_series(1, 200) i', value);
	INSERT INTO placed2 SELECT k, i FROM placed1 WHERE i > 0;
	SELECT 200 - count(*) INTO result FROM placed1 a JOIN placed2 b ON a.k = b.k AND a.i = b.i;
	DROP TABLE placed1, placed2;
	RETURN result;
END $$;
CREATE DOMAIN name_of AS varchar(20) COLLATE "C";
SELECT type, misplaced(type, value) FROM (VALUES
	('bigint', 'i * 10000000000'), ('smallint', '-i'), ('numeric', 'i + 0.10'), ('numeric(8,3)', 'i / 7.0'),
	('real', 'i / 3.0'), ('float8', '-i / 3.0'), ('text', 'md5(i::text)'), ('varchar(9)', 'left(md5(i::text), 9)'),
	('char(7)', 'i'), ('text COLLATE "C"', 'i'), ('name_of', 'i'), ('bytea', $$decode(md5(i::text), 'hex')$$),
	('boolean', 'i % 2 = 0'), ('date', $$date '2024-01-01' + i$$),
	('timestamptz', $$timestamptz '2024-01-01' + i * interval '1 hour'$$), ('interval', $$i * interval '1 day'$$),
	('uuid', 'md5(i::text)::uuid'), ('inet', $$('10.0.0.' || i)::inet$$), ('jsonb', $$jsonb_build_object('a', i)$$),
	('int[]', 'ARRAY[i, -i]'), ('text[]', $$ARRAY[i::text, 'x']$$),
	('mood', $$('{sad,ok,happy}'::mood[])[1 + i % 3]$$), ('oid', 'i::oid'),
	('macaddr', $$('08:00:2b:01:02:' || to_hex(i))::macaddr$$)) x (type, value) ORDER BY type COLLATE "C";

-- values that are cut and rounded on the way
CREATE TABLE cut (k varchar(3), n numeric(4,1), c char(4), ts timestamp(0), i2 smallint);
SELECT barks.distribute_table('cut', by => 'k', partitions => 3);
INSERT INTO cut SELECT left(v, 3), n, k, '2024-01-01'::timestamp + id * interval '1.7 s', id FROM s WHERE id < 1000;
SELECT count(*), sum(n), max(c || '|'), max(ts), sum(i2) FROM cut;
SELECT k, count(*) FROM cut GROUP BY k ORDER BY k COLLATE "C" LIMIT 3;
INSERT INTO cut SELECT v FROM s WHERE id = 1000;
INSERT INTO cut (n) SELECT n * 1000 FROM s WHERE id = 1000;
INSERT INTO cut (i2) SELECT id * 1000 FROM s WHERE id = 1000;

-- other layouts
CREATE TABLE rr (id int, v text) USING barks;
SELECT stored_by('nodes', 'INSERT INTO rr SELECT id, v FROM s');
INSERT INTO rr SELECT id, v FROM s;
SELECT count(*), sum(id), count(DISTINCT v) FROM rr;
CREATE TABLE bc (id int PRIMARY KEY, v text);
SELECT barks.broadcast_table('bc');
SELECT stored_by('nodes', 'INSERT INTO bc SELECT id, v FROM s');
INSERT INTO bc SELECT id, v FROM s;
INSERT INTO bc SELECT id, v FROM s WHERE id = 3000;
SELECT count(*), sum(id), count(DISTINCT v) FROM bc;
SELECT count(*) FROM s JOIN bc USING (id, v);
INSERT INTO bc SELECT id + 3000, v FROM bc;
SELECT count(*), sum(id) FROM bc;
INSERT INTO rr SELECT id, v FROM bc;
SELECT count(*), sum(id) FROM rr;
CREATE TABLE none () USING barks;
INSERT INTO none SELECT FROM s;
SELECT count(*) FROM none;

-- tables made of queries
CREATE TABLE made USING barks AS SELECT id, v, k + 1 AS k1 FROM s;
SELECT count(*), sum(id), count(k1) FROM made;
CREATE TABLE IF NOT EXISTS made USING barks AS SELECT id FROM s;
CREATE TABLE made USING barks AS SELECT id FROM s;
CREATE TABLE made2 (x, y) USING barks AS SELECT s.id, made.v FROM s JOIN made ON s.k = made.id;
SELECT count(*), sum(x), count(DISTINCT y) FROM made2;
CREATE TABLE made3 (x, y, z) USING barks AS SELECT id, k FROM s;
CREATE TABLE made3 USING barks AS SELECT id, 1 / (id - 2000) AS q FROM s;
CREATE TABLE made3 USING barks AS SELECT id, id FROM s;
SELECT to_regclass('made3');
SET default_table_access_method = barks;
SELECT k, count(*) AS n, max(n) AS most INTO made3 FROM s GROUP BY k;
SELECT * FROM made3 ORDER BY k;
BEGIN;
INSERT INTO made2 SELECT x + 1, y FROM made2;
CREATE TABLE made4 AS SELECT * FROM made2 WITH NO DATA;
CREATE TABLE made5 AS SELECT * FROM made2;
INSERT INTO made5 SELECT * FROM made5;
SELECT (SELECT count(*) FROM made4), count(*), sum(x) FROM made5;
ROLLBACK;
DO $$
DECLARE
	n bigint;
	most int := 100;
BEGIN
	CREATE TABLE made4 AS SELECT id, most - id AS rest FROM s WHERE id <= most;
	GET DIAGNOSTICS n = ROW_COUNT;
	RAISE NOTICE '% rows', n;
END $$;
SELECT count(*), sum(rest) FROM made4;
RESET default_table_access_method;
SELECT name, layout FROM barks.tables WHERE name::text ~ '^made' ORDER BY name::text;
DROP TABLE made, made2, made3, made4;

-- what is for the driver to do
CREATE SEQUENCE seq;
CREATE TABLE special (id int, k int DEFAULT nextval('seq'), v text, g int GENERATED ALWAYS AS (id * 2) STORED,
	at timestamptz DEFAULT now(), i int GENERATED BY DEFAULT AS IDENTITY);
SELECT barks.distribute_table('special', by => 'id', partitions => 3);
SELECT stored_by('driver', 'INSERT INTO special (id) SELECT id FROM s');
INSERT INTO special (id) SELECT id FROM s WHERE id < 100;
SELECT count(*), sum(g), count(DISTINCT k), max(k), count(DISTINCT i), count(DISTINCT at) FROM special;
ALTER TABLE special DROP COLUMN g, DROP COLUMN k, DROP COLUMN i;
SELECT stored_by('nodes', 'INSERT INTO special (id) SELECT id FROM s');
BEGIN;
INSERT INTO special (id) SELECT id FROM s WHERE id < 100;
SELECT count(*) FROM special WHERE at = now();
COMMIT;
ALTER TABLE special DROP COLUMN at;
SELECT stored_by('driver', 'INSERT INTO special (id) SELECT id FROM s RETURNING id');
INSERT INTO special (id) SELECT id FROM s WHERE id = 3 RETURNING id, v;
SELECT stored_by('driver', 'INSERT INTO special (id) SELECT id FROM s ORDER BY v');
SELECT stored_by('driver', 'WITH x AS (INSERT INTO rr VALUES (1, 1)) INSERT INTO special (id) SELECT id FROM s');
SELECT stored_by('driver', 'WITH x AS (INSERT INTO rr SELECT id, v FROM s RETURNING id) SELECT count(*) FROM x');
SELECT stored_by('driver', 'INSERT INTO special (id) SELECT nextval(''seq'') FROM s');
SELECT stored_by('driver', 'INSERT INTO special (id) SELECT generate_series(1, 10)');
CREATE FUNCTION triple(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 3 * $1; END';
SELECT stored_by('nodes', 'INSERT INTO special (id) SELECT triple(id) FROM s');
INSERT INTO special (id) SELECT triple(id) FROM s WHERE id < 5;
ALTER TABLE special ADD CHECK (triple(id) < 9000);
SELECT stored_by('nodes', 'INSERT INTO special (id) SELECT id FROM s');
ALTER FUNCTION triple(int) STABLE;
SELECT stored_by('driver', 'INSERT INTO special (id) SELECT id FROM s');
ALTER FUNCTION triple(int) IMMUTABLE;
INSERT INTO special (id) SELECT id FROM s;
ALTER TABLE special DROP CONSTRAINT special_id_check;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_LEVEL = 'ROW' THEN
		NEW.v := 'triggered';
		RETURN NEW;
	END IF;
	RAISE NOTICE '% %, % rows are there', TG_WHEN, TG_LEVEL, (SELECT count(*) FROM special);
	RETURN NULL;
END $$;
TRUNCATE special;
CREATE TRIGGER a BEFORE INSERT ON special EXECUTE FUNCTION note();
CREATE TRIGGER z AFTER INSERT ON special EXECUTE FUNCTION note();
SELECT stored_by('nodes', 'INSERT INTO special (id) SELECT id FROM s');
INSERT INTO special (id) SELECT id FROM s;
CREATE TRIGGER r BEFORE INSERT ON special FOR EACH ROW EXECUTE FUNCTION note();
SELECT stored_by('driver', 'INSERT INTO special (id) SELECT id FROM s');
INSERT INTO special (id) SELECT id FROM s;
SELECT v, count(*) FROM special GROUP BY v ORDER BY v;
DROP TRIGGER a ON special;
DROP TRIGGER z ON special;
DROP TRIGGER r ON special;
ALTER TABLE special ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON special USING (id < 2000);
GRANT ALL ON special TO insert_only;
SET ROLE insert_only;
INSERT INTO special (id) SELECT id FROM s WHERE id < 1000;
INSERT INTO special (id) SELECT id FROM s;
RESET ROLE;
ALTER TABLE special DISABLE ROW LEVEL SECURITY;
CREATE TABLE parts (id int, v text) PARTITION BY RANGE (id);
CREATE TABLE parts1 PARTITION OF parts FOR VALUES FROM (0) TO (2000) USING barks;
CREATE TABLE parts2 PARTITION OF parts FOR VALUES FROM (2000) TO (4000) USING barks;
SELECT stored_by('driver', 'INSERT INTO parts SELECT id, v FROM s');
INSERT INTO parts SELECT id, v FROM s;
SELECT stored_by('driver', 'INSERT INTO parts1 SELECT id, v FROM s');
INSERT INTO parts1 SELECT id, v FROM s WHERE id < 2001;
SELECT tableoid::regclass, count(*) FROM parts GROUP BY 1 ORDER BY 1;
CREATE VIEW small AS SELECT id, v FROM rr WHERE id < 10 WITH CHECK OPTION;
SELECT stored_by('driver', 'INSERT INTO small SELECT id, v FROM s');
INSERT INTO small SELECT id, v FROM s WHERE id < 5;
INSERT INTO small SELECT id, v FROM s WHERE id = 18;
CREATE TABLE heap (id int, v text) USING heap;
INSERT INTO heap SELECT id, v FROM s;
SELECT count(*) FROM heap;
CREATE RULE also AS ON INSERT TO rr DO ALSO INSERT INTO heap SELECT id, v FROM rr WHERE id = 1;
INSERT INTO rr SELECT id, v FROM s WHERE id < 5;
SELECT count(*) FROM heap;
SELECT count(*) FROM rr;

-- the setting
SET barks.insert_rows = -1;
SELECT stored_by('driver', 'INSERT INTO t SELECT k, id FROM s');
SET barks.insert_rows = 1000;
ANALYZE s;
SELECT stored_by('nodes', 'INSERT INTO t SELECT k, id FROM s');
SELECT stored_by('driver', 'INSERT INTO t SELECT k, id FROM s WHERE id = 1');

-- figures
SELECT pg_stat_force_next_flush();
SELECT n_tup_ins FROM pg_stat_user_tables WHERE relname = 'kinds3';
ANALYZE t;
SELECT reltuples = (SELECT count(*) FROM t) AS all_rows FROM pg_class WHERE relname = 't';

SET client_min_messages = warning;
DROP TABLE s, t, u, c, d, d2, kinds, kinds2, kinds3, cut, rr, bc, none, special, parts, heap CASCADE;
DROP TYPE mood CASCADE;
DROP TYPE pair;
DROP DOMAIN positive, name_of;
DROP FUNCTION stored_by, misplaced, triple, note;
DROP SEQUENCE seq;
DROP ROLE insert_only;
