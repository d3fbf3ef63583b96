-- RDDs: elements of types that are not simple, and settings and names that must not matter.
CREATE SCHEMA rdd_types;
SET search_path = rdd_types, barks, public;
SET barks.default_parallelism = 3;
CREATE FUNCTION shown(r rdd) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(x::text, ' ') FROM rdd_collect_json(r) x $$;

-- a domain over a row type is that row type
CREATE TYPE item AS (a int, b text);
CREATE DOMAIN good_item AS item CHECK ((VALUE).a > 0);
CREATE TABLE t (id int, item good_item);
INSERT INTO t SELECT i, ROW(i, 'i' || i)::item FROM generate_series(1, 3) i;
SELECT rdd_element_type(r), rdd_count(r), shown(rdd_map(r, 'x.b')), rdd_first(r, NULL::good_item), rdd_max(r, NULL::item, '-x.a') FROM rdd_parallelize('{"(1,a)","(2,b)"}'::good_item[]) r;
SELECT * FROM rdd_collect(rdd_map(rdd_range(1, 3), '(x, x::text)', 'good_item'), NULL::good_item);
SELECT * FROM rdd_collect(rdd_map(rdd_range(0, 3), '(x, x::text)', 'good_item'), NULL::good_item);
SELECT shown(rdd_map(rdd_table('t'), 'x.item.b')), shown(rdd_filter(rdd_map(rdd_table('t'), 'x.item'), 'x.a > 2')), shown(rdd_query('SELECT item FROM rdd_types.t'));
SELECT * FROM rdd_collect(rdd_sort_by(rdd_map(rdd_table('t'), '(x.id, x.item)'), '-k')) AS f(id int, item item);
SELECT * FROM rdd_collect(rdd_flat_map(rdd_map(rdd_range(1, 2), 'ARRAY[(x, ''a''), (x, ''b'')]::rdd_types.good_item[]'), 'x'), NULL::item);
SELECT shown(rdd_glom(rdd_parallelize('{"(1,a)","(2,b)"}'::good_item[], 1)));

-- values that are equal and look different are in one partition, and one of distinct ones
CREATE FUNCTION alike(r rdd) RETURNS text LANGUAGE sql AS $$
	SELECT rdd_count(rdd_distinct(r)) || ' ' || rdd_count(rdd_intersection(r, r)) || ' ' || rdd_count(rdd_subtract(r, r)) || ' ' || rdd_count_approx_distinct(r) || ' ' ||
		(SELECT count(DISTINCT v % 1000) FROM rdd_collect(rdd_values(rdd_zip_with_unique_id(rdd_partition_by(rdd_map(r, '(x, 1)'), 1000))), NULL::bigint) v)
$$;
SELECT t, alike(r) FROM (VALUES
	('numeric', rdd_parallelize('{1.0,1.00}'::numeric[])), ('float8', rdd_parallelize('{0,-0}'::float8[])), ('interval', rdd_parallelize('{1 month,30 days}'::interval[])), ('char', rdd_parallelize('{a,"a "}'::char(2)[])),
	('jsonb', rdd_parallelize('{"{\"a\": 1.0}","{\"a\": 1.00}"}'::jsonb[])), ('range', rdd_parallelize('{"[1.0,2)","[1.00,2)"}'::numrange[])), ('multirange', rdd_parallelize('{"{[1.0,2)}","{[1.00,2)}"}'::nummultirange[])),
	('row', rdd_map(rdd_parallelize('{1.0,1.00}'::numeric[]), '(x, 0)')), ('array', rdd_map(rdd_parallelize('{1.0,1.00}'::numeric[]), 'ARRAY[x]')), ('timestamptz', rdd_parallelize('{"2020-01-01 01:00+01","2020-01-01 00:00+00"}'::timestamptz[]))) v(t, r);

-- settings
SET datestyle = 'SQL, DMY';
SET intervalstyle = 'sql_standard';
SET extra_float_digits = -5;
SET standard_conforming_strings = off;
SELECT rdd_first(rdd_parallelize('{2020-01-02}'::date[]), NULL::date) = '2020-01-02'::date AS date, rdd_first(rdd_parallelize('{"-1 day 2 hours"}'::interval[]), NULL::interval) = '-1 day 2 hours'::interval AS interval,
	rdd_first(rdd_parallelize('{1.23456789012345}'::float8[]), NULL::float8) = 1.23456789012345 AS float, rdd_first(rdd_parallelize(ARRAY[E'a\\b''c']), NULL::text) AS text;
RESET datestyle;
RESET intervalstyle;
RESET extra_float_digits;
RESET standard_conforming_strings;
SET array_nulls = off;
SELECT rdd_count(rdd_parallelize(ARRAY['a', NULL]));
SELECT rdd_map(rdd_range(0, 1), fn('$1', ARRAY['a', NULL]));
RESET array_nulls;
SET search_path = '';
SELECT barks.rdd_count(barks.rdd_distinct(barks.rdd_map(barks.rdd_range(0, 10), 'x % 3'))), barks.rdd_range(0, 3)::text::barks.rdd;
SET search_path = rdd_types, barks, public;

-- operators of users' do not run with the rights of the extension's owner
CREATE ROLE rdd_types_eve;
CREATE SCHEMA rdd_types_eve AUTHORIZATION rdd_types_eve;
SET ROLE rdd_types_eve;
CREATE FUNCTION rdd_types_eve.steal(bigint, bigint) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN IF current_user <> 'rdd_types_eve' THEN RAISE EXCEPTION 'runs as another role'; END IF; RETURN $1::text = $2::text; END $$;
CREATE FUNCTION rdd_types_eve.steal(oid, oid) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN IF current_user <> 'rdd_types_eve' THEN RAISE EXCEPTION 'runs as another role'; END IF; RETURN $1::text = $2::text; END $$;
CREATE FUNCTION rdd_types_eve.steal(timestamptz, timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'runs as %', current_user; END $$;
CREATE OPERATOR rdd_types_eve.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = rdd_types_eve.steal);
CREATE OPERATOR rdd_types_eve.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = rdd_types_eve.steal);
CREATE OPERATOR rdd_types_eve.< (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = rdd_types_eve.steal);
SET search_path = rdd_types_eve, pg_catalog;
SELECT barks.rdd_submit(barks.rdd_range(0, 2)) AS job \gset
SELECT barks.job_wait(:job);
SELECT barks.job_result(:job);
SELECT barks.job_cancel(:job), barks.job_forget(:job);
SELECT barks.rdd_count(barks.rdd_cache(barks.rdd_map(barks.rdd_range(0, 2), 'x')));
SELECT barks.rdd_count(barks.rdd_cache(barks.rdd_map(barks.rdd_range(0, 2), 'x')));
SELECT barks.rdd_unpersist(barks.rdd_cache(barks.rdd_map(barks.rdd_range(0, 2), 'x')));
RESET ROLE;
SET search_path = rdd_types, barks, public;
SET client_min_messages = warning;
DROP SCHEMA rdd_types, rdd_types_eve CASCADE;
DROP ROLE rdd_types_eve;
