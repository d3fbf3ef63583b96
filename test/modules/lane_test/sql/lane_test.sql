-- Tasks down local and inline lanes: rows, errors, notices, roles, settings, cancels.
CREATE EXTENSION lane_test;
SELECT 'barks_' || system_identifier || '_1' AS s FROM pg_control_system() \gset
CREATE SCHEMA :s;
CREATE TABLE :s.t AS SELECT i AS a, 'row ' || i AS b, i % 3 AS k, i * 1.5 AS n FROM generate_series(1, 3000) i;
CREATE INDEX ON :s.t (a);
ANALYZE :s.t;
CREATE TABLE ordinary (a int);

-- Rows, in order, in batches of any size; many tasks without a round trip each.
SELECT * FROM lane_run(format('select a, b, null::int from %s.t where a < 4 order by a', :'s'), '{int4,text,int4}');
SELECT kind, count(*), count(DISTINCT value) FROM lane_run(format('select a from %s.t', :'s'), '{int4}', batch_rows => 1) GROUP BY kind ORDER BY 1;
SELECT kind, count(*), count(DISTINCT task) FROM lane_run(format('select a from %s.t where a < 3', :'s'), '{int4}', tasks => 2000) GROUP BY kind ORDER BY 1;
SELECT kind, count(*), count(DISTINCT task) FROM lane_run(format('select a from %s.t where a < 3', :'s'), '{int4}', tasks => 20, inline => true) GROUP BY kind ORDER BY 1;
SELECT kind, count(*) FROM lane_run(format('select a from %s.t', :'s'), '{int4}', tasks => 8, lanes => 4) GROUP BY kind ORDER BY 1;

-- What is no SELECT over shards is refused.
SELECT * FROM lane_run('select relname from pg_class', '{name}');
SELECT * FROM lane_run('select a from ordinary', '{int4}');
SELECT * FROM lane_run('with x as (select (select max(a) from ordinary) m) select m from x', '{int4}');
SELECT * FROM lane_run('select 1; select 2', '{int4}');
SELECT * FROM lane_run(format('delete from %s.t', :'s'), '{int4}');
SELECT * FROM lane_run(format('with d as (delete from %s.t returning a) select a from d', :'s'), '{int4}');
SELECT * FROM lane_run(format('select a from %s.t for update', :'s'), '{int4}');
SELECT * FROM lane_run('select 1 into x', '{int4}');

-- An error ends its task only.
SELECT task, kind, value FROM lane_run('select 1/0', '{int4}', tasks => 2);
-- An inline one is an error of the statement; its transaction can go on.
DO $$
DECLARE n int;
BEGIN
	FOR i IN 1..2 LOOP
		BEGIN
			PERFORM lane_run('select 1/0', '{int4}', inline => true);
		EXCEPTION WHEN division_by_zero THEN RAISE NOTICE 'caught: %', sqlerrm;
		END;
	END LOOP;
	SELECT count(*) INTO n FROM lane_run('select 1', '{int4}', inline => true) WHERE kind = 'row';
	RAISE NOTICE 'rows: %', n;
END $$;

-- Notices come in their place, if client_min_messages lets them.
CREATE FUNCTION noisy(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE NOTICE 'hello %', $1; RETURN $1; END $$;
SELECT kind, value FROM lane_run('select public.noisy(3)', '{int4}');
SELECT kind, value FROM lane_run('select public.noisy(3)', '{int4}', settings => '{client_min_messages,warning}');

-- The acting role is made when missing; it has its own rights only, but for the shards.
SELECT kind, value FROM lane_run('select current_user::text', '{text}', role => 'regress_lane_role');
SELECT rolcanlogin, rolsuper FROM pg_roles WHERE rolname = 'regress_lane_role';
SELECT kind, value FROM lane_run('select pg_read_file(''PG_VERSION'')', '{text}', role => 'regress_lane_role');
SELECT kind, value FROM lane_run(format('select count(*) from %s.t', :'s'), '{int8}', role => 'regress_lane_role');

-- Settings of the job, with the acting role's rights.
SELECT kind, value FROM lane_run('select current_setting(''TimeZone''), current_setting(''foo.bar''), current_setting(''search_path'')',
	'{text,text,text}', settings => '{TimeZone,Asia/Tokyo,foo.bar,5}');
SELECT kind, value FROM lane_run('select 1', '{int4}', role => 'regress_lane_role', settings => '{log_min_messages,debug1}');
SELECT kind, value FROM lane_run('select 1', '{int4}', settings => '{nonsense,5}');
-- Literals are read as they were printed, whatever the user's settings.
SELECT kind, value FROM lane_run('select ''2020-02-01''::date - ''2020-01-02''::date', '{int4}', settings => '{DateStyle,"SQL,DMY"}');

-- Partial aggregates give transition states; what is not a plain one is refused.
SELECT kind, value FROM lane_run(format('select k, count(*), sum(a), min(n), max(b) from %s.t group by k', :'s'),
	'{int4,int8,int8,numeric,text}', partial => true) ORDER BY 1, 2;
SELECT kind, count(*), bool_and(value ~ E'^[0-2],\\\\x') FROM lane_run(format('select k, avg(n) from %s.t group by k', :'s'),
	'{int4,bytea}', partial => true) GROUP BY kind ORDER BY 1;
SELECT kind, value FROM lane_run(format('select min(a), max(a) from %s.t', :'s'), '{int4,int4}', partial => true);
SELECT kind, value FROM lane_run(format('select min(a), count(*), sum(n) is null from %s.t where false', :'s'), '{int4,int8,bool}', partial => true);
SELECT kind, value FROM lane_run(format('select count(*), min(a) from %s.t where a < 0', :'s'), '{int8,int4}', partial => true);
SELECT kind, value FROM lane_run(format('select k from %s.t group by k', :'s'), '{int4}', partial => true) ORDER BY 2;
SELECT kind, value FROM lane_run(format('select count(distinct k) from %s.t', :'s'), '{int8}', partial => true);
SELECT kind, value FROM lane_run(format('select k, count(*) from %s.t group by k order by 2 limit 1', :'s'), '{int4,int8}', partial => true);

-- Cancels.
SELECT kind, count(*) FROM lane_run(format('select x.a from %s.t x, %s.t y', :'s', :'s'), '{int4}', tasks => 5, cancel_after => 100) GROUP BY kind ORDER BY 1;
SELECT kind, count(*) FROM lane_run(format('select x.a from %s.t x, %s.t y', :'s', :'s'), '{int4}', tasks => 5, cancel_after => 100, inline => true) GROUP BY kind ORDER BY 1;
SELECT kind, count(*) FROM lane_run(format('select a from %s.t', :'s'), '{int4}', tasks => 2) GROUP BY kind ORDER BY 1;
SET statement_timeout = '300ms';
SELECT count(*) FROM lane_run(format('select count(*) from %s.t x, %s.t y, %s.t z', :'s', :'s', :'s'), '{int8}');
RESET statement_timeout;

-- A type that travels as text.
CREATE TYPE mood AS ENUM ('low', 'high');
SELECT kind, value FROM lane_run('select ''high''::public.mood, 1 from generate_series(1, 3)', '{mood,int4}', batch_rows => 2);

-- A worker is not part of the transaction that asks; its own writes stay unseen and unharmed.
BEGIN;
INSERT INTO :s.t VALUES (-1);
SAVEPOINT s;
INSERT INTO :s.t VALUES (-2);
SELECT kind, value FROM lane_run(format('select count(*) from %s.t where a < 0', :'s'), '{int8}');
SELECT kind, value FROM lane_run(format('select count(*) from %s.t where a < 0', :'s'), '{int8}', inline => true);
COMMIT;
SELECT kind, value FROM lane_run(format('select count(*) from %s.t where a < 0', :'s'), '{int8}');
SELECT count(*) FROM :s.t WHERE a < 0;

-- Paused consumers hold no slot; queries within queries.
BEGIN;
DECLARE c1 CURSOR FOR SELECT lane_run(format('select x.a from %s.t x, %s.t y where y.a < 100', :'s', :'s'), '{int4}');
DECLARE c2 CURSOR FOR SELECT lane_run(format('select x.a from %s.t x, %s.t y where y.a < 100', :'s', :'s'), '{int4}', tasks => 2, lanes => 2);
MOVE 1 c1;
MOVE 1 c2;
DO $$
DECLARE
	n int := 0;
	a record;
	b record;
BEGIN
	FOR a IN SELECT lane_run('select generate_series(1, 5)', '{int4}') LOOP
		FOR b IN SELECT lane_run('select generate_series(1, 20)', '{int4}') LOOP
			n := n + 1;
		END LOOP;
	END LOOP;
	RAISE NOTICE 'rounds: %', n;
END $$;
MOVE ALL c1;
MOVE ALL c2;
COMMIT;
SELECT count(*) FROM pg_ls_tmpdir();

SET client_min_messages = warning;
DROP SCHEMA :s CASCADE;
DROP TABLE ordinary;
DROP FUNCTION noisy(int);
DROP TYPE mood;
DROP ROLE regress_lane_role;
