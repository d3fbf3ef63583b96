-- What depends on the session: settings, parameters, cursors, transactions, catalogs.

-- params (int) (77)
SELECT * FROM fact WHERE id = $1;

-- params (int, text) (3, 'red')
SELECT id FROM fact WHERE k = $1 AND grp = $2;

-- params (int) (NULL)
SELECT id FROM fact WHERE id = $1;

-- params (int[]) ('{3,5,8}')
SELECT id, grp FROM fact WHERE id = ANY ($1);

-- params (numeric, int) (500.5, 5)
SELECT k, count(*), sum(d) FROM fact WHERE d > $1 GROUP BY k HAVING count(*) > $2;

-- params (int, int) (5, 2)
SELECT count(*) FROM (SELECT id FROM fact ORDER BY id LIMIT $1 OFFSET $2) s;

-- params (text) ('note 1%')
SELECT f.id, d.line FROM fact f JOIN detail d USING (id) WHERE f.note LIKE $1 AND f.id < 200;

-- params (date, interval) ('2023-05-05', '3 days')
SELECT id FROM fact WHERE day BETWEEN $1 AND $1 + $2;

-- params (mood) ('ok')
SELECT v, m > $1 FROM by_enum WHERE m >= $1;

-- params (pair) ('(1,y1)')
SELECT id FROM types WHERE p = $1;

-- params (text) ('x')
SELECT id, $1 || grp, $1 FROM fact WHERE id < 5;

-- params (int, bool) (10, false)
SELECT id FROM fact WHERE ($2 OR id < $1) AND id < 30;

-- params (bigint) (7)
SELECT id, (SELECT count(*) FROM ord WHERE ord.cid = $1) FROM fact WHERE id = $1;

-- params (timestamptz) ('2023-03-26 01:30 Europe/Berlin')
SELECT id FROM fact WHERE at < $1;

-- params (jsonb) ('{"k": 2}')
SELECT id FROM types WHERE jb @> $1;

SET TimeZone = 'Asia/Kathmandu';
SELECT id, at, at::date, at::text, date_trunc('day', at) FROM fact WHERE id < 10;
SELECT id FROM fact WHERE at < '2023-01-03 05:45';
SELECT at::date, count(*) FROM fact WHERE id < 60 GROUP BY 1;
SELECT to_char(tstz, 'TZH:TZM'), extract(hour FROM tstz), ttz FROM types WHERE id < 5;

SET DateStyle = 'German, DMY';
SELECT id, day, at, day::text FROM fact WHERE id < 10;
SELECT id FROM fact WHERE day = '02.03.2023';
SELECT '01/02/2023'::date = day, day::text FROM fact WHERE id < 40;

SET IntervalStyle = 'sql_standard';
SELECT iv, iv::text FROM types WHERE id < 5;
SELECT id FROM types WHERE iv::text LIKE '1 %';

SET extra_float_digits = -10;
SELECT f / 3, (f / 3)::text, ARRAY[f / 3], ROW(f / 7) FROM fact WHERE id < 20;
SELECT length((f / 3)::text) FROM fact WHERE id < 20;

SET bytea_output = escape;
SELECT ba, ba::text FROM types WHERE id < 3 OR id > 69;

SET lc_monetary = 'C';
SELECT cash, cash::numeric, cash::text FROM types WHERE id < 4;

SET standard_conforming_strings = off;
SET escape_string_warning = off;
SELECT id FROM fact WHERE grp = 'r\145d' AND id < 30;

SET array_nulls = off;
SELECT id, '{NULL}'::text[], ('{' || coalesce(grp, 'NULL') || '}')::text[] FROM fact WHERE id < 30;

SET transform_null_equals = on;
SELECT count(*) FROM fact WHERE k = NULL;

SET backslash_quote = off;
SELECT id, E'a\\b', 'it''s' FROM fact WHERE note LIKE 'note 1_' AND id < 50;

SET default_text_search_config = 'simple';
SELECT id, to_tsvector(note), to_tsquery('the & note') FROM fact WHERE id < 4;

SET xmloption = document;
SET gin_fuzzy_search_limit = 5;
SELECT count(*) FROM fact;

BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM fact;
SELECT sum(total) FROM ord;
COMMIT;

BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY;
SELECT count(*) FROM fact;
COMMIT;

-- error
BEGIN READ ONLY;
SELECT k, count(*) FROM fact GROUP BY k;
SAVEPOINT s;
SELECT 1 / (id - 5) FROM fact;
ROLLBACK TO s;
SELECT count(*) FROM fact;
COMMIT;

BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id FROM fact WHERE id < 30 ORDER BY id;
FETCH 5 c;
FETCH BACKWARD 2 c;
FETCH ABSOLUTE 10 c;
FETCH LAST c;
MOVE FIRST c;
FETCH RELATIVE 3 c;
CLOSE c;
COMMIT;

BEGIN;
DECLARE a CURSOR FOR SELECT id FROM fact ORDER BY id;
DECLARE b CURSOR FOR SELECT id, line FROM detail ORDER BY id DESC, line;
FETCH 3 a;
FETCH 3 b;
SELECT count(*) FROM fact;
FETCH 3 a;
FETCH 3 b;
COMMIT;

BEGIN;
DECLARE h CURSOR WITH HOLD FOR SELECT k, count(*) FROM fact GROUP BY k ORDER BY k;
FETCH 3 h;
COMMIT;
FETCH 3 h;
CLOSE h;

DO $$
DECLARE r record; s bigint := 0; n bigint;
BEGIN
	FOR r IN SELECT k FROM dim ORDER BY k LOOP
		SELECT count(*) INTO n FROM fact WHERE fact.k = r.k;
		s := s + n * r.k;
	END LOOP;
	PERFORM set_config('diff.result', s::text, false);
END $$;
SELECT current_setting('diff.result');

DO $$
DECLARE a refcursor; r record; s bigint := 0;
BEGIN
	OPEN a FOR SELECT id, k FROM fact WHERE id < 100 ORDER BY id;
	LOOP
		FETCH a INTO r;
		EXIT WHEN NOT FOUND;
		s := s + coalesce((SELECT sum(qty) FROM detail d WHERE d.id = r.id), 0);
		EXIT WHEN r.id > 50;
	END LOOP;
	CLOSE a;
	PERFORM set_config('diff.result', s::text, false);
END $$;
SELECT current_setting('diff.result');

DO $$
BEGIN
	PERFORM fails_on(id, 700) FROM fact;
EXCEPTION WHEN SQLSTATE 'BK001' THEN
	PERFORM set_config('diff.result', SQLERRM, false);
END $$;
SELECT current_setting('diff.result'), count(*) FROM fact;

\set ids 1,2,3
SELECT id, grp FROM fact WHERE id IN (:ids) \gset got_
\echo :got_id

COPY (SELECT id, grp, d FROM fact WHERE id < 10 ORDER BY id) TO STDOUT WITH (FORMAT csv, HEADER);

COPY (SELECT * FROM dim ORDER BY k) TO STDOUT;

COPY dim TO STDOUT;

CREATE TEMP TABLE copied AS SELECT k, count(*) AS n, sum(d) AS s FROM fact GROUP BY k;
SELECT * FROM copied;
INSERT INTO copied SELECT id, 1, d FROM fact WHERE id < 5;
SELECT count(*), sum(s) FROM copied;
DROP TABLE copied;

SELECT id, k INTO TEMP into_table FROM fact WHERE id < 30;
SELECT * FROM into_table;
DROP TABLE into_table;

SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns
WHERE table_schema = current_schema() AND table_name IN ('fact', 'dim', 'types', 'cust');

SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = current_schema();

SELECT relname, relkind FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'v', 'm', 'p');

SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull FROM pg_attribute a WHERE attrelid = 'fact'::regclass AND attnum > 0;

SELECT f.id, c.relname FROM fact f JOIN pg_class c ON c.relname = 'fact' AND c.relnamespace = current_schema()::regnamespace WHERE f.id < 4;

SELECT t.typname, count(*) FROM types x JOIN pg_type t ON t.oid = x.o GROUP BY t.typname;

SELECT tableoid = 'fact'::regclass, tableoid::regclass::text, id FROM fact WHERE id < 4;

SELECT count(*) FROM fact WHERE tableoid = 'fact'::regclass;

SELECT m.tableoid::regclass, f.tableoid::regclass, m.id FROM measure m JOIN fact f USING (id) WHERE id IN (10, 100, 500);

SELECT pg_get_viewdef('v_total'), obj_description('fact'::regclass);

SELECT conname, contype FROM pg_constraint WHERE conrelid IN ('detail'::regclass, 'dim'::regclass);

SELECT txid_current_if_assigned() IS NULL, pg_backend_pid() > 0, id FROM fact WHERE id < 3;

CREATE TEMP SEQUENCE seq;
SELECT count(*), count(DISTINCT n), max(n) FROM (SELECT nextval('seq') AS n, id FROM fact WHERE id < 50) s;
SELECT currval('seq');
DROP SEQUENCE seq;

SELECT setseed(0.5);
SELECT count(*) FROM fact WHERE random() < 2 AND random() >= 0;

SELECT id, pg_column_size(id), pg_typeof(fact), num_nulls(VARIADIC ARRAY[k, q]) FROM fact WHERE id < 4;

SELECT width_bucket(id, 1, 3000, 4) AS b, count(*) FROM fact GROUP BY b;

SELECT id, current_setting('diff.unset', true), inet_client_port() IS NULL, pg_is_in_recovery() FROM fact WHERE id < 3;

SELECT count(*) FROM fact, pg_sleep(0);

SELECT now() = statement_timestamp() OR true, transaction_timestamp() = now(), localtimestamp = now()::timestamp, localtime IS NOT NULL FROM fact WHERE id < 3;

SELECT count(*) FROM fact WHERE at <= current_timestamp - interval '1 day' AND day <> current_date;

-- error
SET statement_timeout = '50ms';
SELECT pg_sleep(10) FROM single_row;

-- error
SELECT pg_sleep(0.001), 1 / (a - 42) FROM single_row;

SET work_mem = '64kB';
SELECT k, array_agg(id ORDER BY id) FROM fact GROUP BY k;
SELECT count(*) FROM fact a JOIN fact b ON a.note = b.note;
SELECT id, note FROM fact ORDER BY note, id;

SET enable_hashagg = off;
SELECT k, count(*), sum(d) FROM fact GROUP BY k;

SET enable_hashjoin = off;
SELECT m.name, count(*) FROM fact f JOIN dim m ON f.k = m.k GROUP BY m.name;
SELECT f.id, d.line FROM fact f JOIN detail d ON f.id = d.id WHERE f.id < 20;

SET enable_sort = off;
SELECT id FROM fact ORDER BY d, id LIMIT 5;

SET enable_seqscan = off;
SELECT count(*) FROM fact WHERE k = 3;

SET enable_partitionwise_join = on;
SET enable_partitionwise_aggregate = on;
SELECT city, count(*) FROM measure GROUP BY city;
SELECT count(*) FROM measure a JOIN measure b ON a.id = b.id AND a.at = b.at;

SET from_collapse_limit = 1;
SET join_collapse_limit = 1;
SELECT count(*) FROM fact f, detail d, dim m, tag t WHERE f.id = d.id AND f.k = m.k AND t.k = m.k;

SET constraint_exclusion = on;
SET enable_partition_pruning = off;
SELECT count(*), min(at) FROM measure WHERE at > '2024-06-01';

SET plan_cache_mode = force_generic_plan;
PREPARE g (int) AS SELECT f.id, d.line FROM fact f JOIN detail d USING (id) WHERE f.id = $1;
EXECUTE g (5);
EXECUTE g (6);
EXECUTE g (-1);
DEALLOCATE g;

PREPARE p (int) AS SELECT count(*), max(d) FROM fact WHERE k = $1;
EXECUTE p (1);
EXECUTE p (2);
EXECUTE p (NULL);
ANALYZE dim;
EXECUTE p (3);
EXECUTE p (4);
EXECUTE p (5);
EXECUTE p (6);
EXECUTE p (7);

-- a session's first temporary table changes its search path
BEGIN;
CREATE TEMP TABLE first_one (k int);
PREPARE v AS SELECT count(*) FROM dim;
EXECUTE v;
CREATE TEMP TABLE dim (k int);
EXECUTE v;
ROLLBACK;

EXPLAIN (COSTS OFF) SELECT 1;
