-- Values of a group become one: users' functions in the lambdas, and states that travel.
CREATE SCHEMA rdd_combine;
SET datestyle = ISO;
SET search_path = rdd_combine, barks, public;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE d (id int NOT NULL, g int, n numeric, t text, day date, m mood, f float8, b bool) USING barks;
SELECT distribute_table('d', by => 'id', partitions => 4);
INSERT INTO d SELECT i, i % 50, CASE WHEN i % 5 > 0 THEN i / 4.0 END, CASE WHEN i % 3 > 0 THEN repeat(chr(97 + i % 26), i % 300) END,
	'2020-01-01'::date + i % 30, (ARRAY['sad', 'ok', 'happy'])[1 + i % 3]::mood, i / 8.0, i % 2 = 0 FROM generate_series(1, 2000) i;
ANALYZE d;
CREATE TABLE heap AS SELECT * FROM d;
ANALYZE heap;

-- what stays on the driver (but taking values of users' types out of the result), how many groups there are, and how many of them differ from SQL's
CREATE FUNCTION try(value text, lambda text, of_type text, aggregate text) RETURNS TABLE (stays text, groups bigint, differ bigint) LANGUAGE plpgsql AS $$
DECLARE query text := format('SELECT k, v FROM rdd_collect_pairs(rdd_reduce_by_key(rdd_map(rdd_table(''d''), %L), %L), NULL::int, NULL::%s)',
	'(x.g, ' || value || ')', lambda, of_type);
BEGIN
	SELECT string_agg(node || ': ' || reason, ', ') INTO stays FROM fallbacks(query) WHERE node <> 'Subquery Scan';
	EXECUTE format('SELECT count(*), count(*) FILTER (WHERE r.v IS DISTINCT FROM s.v) FROM (%s) r FULL JOIN '
		'(SELECT g AS k, %s AS v FROM heap x GROUP BY g) s USING (k)', query, aggregate) INTO groups, differ;
	RETURN NEXT;
END $$;
CREATE FUNCTION phases(how text, value text, lambda text, of_type text, aggregate text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE groups int; r record;
BEGIN
	FOREACH groups IN ARRAY ARRAY[1, 1000000] LOOP
		PERFORM set_config('barks.driver_groups', groups::text, true);
		FOR r IN SELECT * FROM try(value, lambda, of_type, aggregate) LOOP
			RETURN NEXT format('%s, finished by %s: %s groups, %s differ%s', how, CASE groups WHEN 1 THEN 'nodes' ELSE 'driver' END,
				r.groups, r.differ, ', ' || r.stays);
		END LOOP;
	END LOOP;
END $$;

-- states of all kinds
SELECT phases('integers', 'x.id', '(a + b) % 1000', 'int', '(sum(id) % 1000)::int');
SELECT phases('nulls', 'x.n', 'coalesce(a, 0) + coalesce(b, 0)', 'numeric', 'sum(coalesce(n, 0))');
SELECT phases('text, long and short', 'x.t', 'CASE WHEN a > b OR b IS NULL THEN a ELSE b END', 'text', 'max(t)');
SELECT phases('dates', 'x.day', 'CASE WHEN a > b THEN a ELSE b END', 'date', 'max(day)');
SELECT phases('floats', 'x.f', 'CASE WHEN a > b THEN a ELSE b END', 'float8', 'max(f)');
SELECT phases('truth', 'x.b', 'a AND b', 'bool', 'bool_and(b)');
SELECT phases('enums', 'x.m', 'CASE WHEN a > b THEN a ELSE b END', 'mood', 'max(m)');
SELECT phases('arrays', 'ARRAY[x.id]', 'CASE WHEN a[1] > b[1] THEN a ELSE b END', 'int[]', 'ARRAY[max(id)]');
SELECT phases('json', 'to_jsonb(x.id)', 'CASE WHEN a::int > b::int THEN a ELSE b END', 'jsonb', 'to_jsonb(max(id))');

-- users' functions: in PL/pgSQL and SQL, calling others, with defaults, polymorphic, of named types
CREATE FUNCTION greater_of(a int, b int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN CASE WHEN a > b THEN a ELSE b END; END $$;
CREATE FUNCTION calls_it(a int, b int, c int DEFAULT 7) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN greater_of(a, b) + c - 7; END $$;
CREATE FUNCTION any_greater(a anyelement, b anyelement) RETURNS anyelement LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN CASE WHEN a > b THEN a ELSE b END; END $$;
CREATE FUNCTION in_sql(a anyelement, b anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE AS $$ SELECT max(v) FROM unnest(ARRAY[a, b]) v $$;
CREATE FUNCTION "Odd ""name""é"(a text, b text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ DECLARE r text := 'it''s \ $x$'; BEGIN RETURN CASE WHEN a > b OR b IS NULL THEN a ELSE b END; END $$;
CREATE FUNCTION inlined(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT greater_of(b, a) $$;
CREATE FUNCTION happier(a mood, b mood) RETURNS mood LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN CASE WHEN a > b THEN a ELSE b END; END $$;
CREATE FUNCTION fickle(a int, b int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN a > b THEN a ELSE b END; END $$;
CREATE FUNCTION reads(a int, b int) RETURNS int LANGUAGE sql STABLE AS $$ SELECT greater_of($1, $2) + (count(*) - 2000)::int FROM heap $$;
SELECT phases('PL/pgSQL', 'x.id', 'greater_of(a, b)', 'int', 'max(id)');
SELECT phases('calls others', 'x.id', 'calls_it(b => b, a => a)', 'int', 'max(id)');
SELECT phases('polymorphic', 'x.day', 'any_greater(a, b)', 'date', 'max(day)');
SELECT phases('SQL', 'x.id', 'in_sql(a, b)', 'int', 'max(id)');
SELECT phases('odd name', 'x.t', '"Odd ""name""é"(a, b)', 'text', 'max(t)');
SELECT phases('inlined', 'x.id', 'inlined(a, b)', 'int', 'max(id)');
SELECT phases('enums', 'x.m', 'happier(a, b)', 'mood', 'max(m)');
-- these stay
SELECT phases('volatile', 'x.id', 'fickle(a, b)', 'int', 'max(id)');
SELECT phases('reads a table', 'x.id', 'reads(a, b)', 'int', 'max(id)');
SELECT phases('one value for the statement', 'x.id', 'CASE WHEN now() IS NOT NULL THEN greater_of(a, b) END', 'int', 'max(id)');
SET barks.ship_functions = off;
SELECT count(*) > 0 AS stays FROM fallbacks($$SELECT * FROM rdd_collect(rdd_reduce_by_key(rdd_map(rdd_table('d'), '(x.g, x.id)'), 'greater_of(a, b)')) AS f(k int, v int)$$);
RESET barks.ship_functions;

-- a zero, a first value, several columns, and no groups
SELECT sum(k), sum(s), sum(n) FROM rdd_collect(rdd_combine_by_key(rdd_map(rdd_table('d'), '(x.g, x.id)'), '(x, greater_of(1, 0))',
	'(greater_of(acc._1, x), acc._2 + 1)', '(greater_of(a._1, b._1), a._2 + b._2)')) AS f(k int, s int, n int);
SELECT sum(g), sum(m), sum(n) FROM (SELECT g, max(id) AS m, count(*) AS n FROM heap GROUP BY g) s;
SELECT rdd_aggregate(rdd_map(rdd_table('d'), 'x.id'), 0, 'greater_of(acc, x)', 'greater_of(a, b)');
SELECT rdd_fold(rdd_map(rdd_filter(rdd_table('d'), 'x.id < 0'), 'x.id'), 5, 'greater_of(acc, x)');
SELECT rdd_reduce(rdd_map(rdd_table('d'), 'x.id'), 'greater_of(a, b)', NULL::int);
SELECT rdd_tree_reduce(rdd_map(rdd_table('d'), 'x.t'), '"Odd ""name""é"(a, b)', NULL::text) = (SELECT max(t) FROM heap);

-- prepared, with another definition in between
PREPARE p AS SELECT sum(v) FROM rdd_collect_pairs(rdd_reduce_by_key(rdd_map(rdd_table('d'), '(x.g, x.id)'), 'greater_of(a, b)'), NULL::int, NULL::int);
EXECUTE p;
CREATE OR REPLACE FUNCTION greater_of(a int, b int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN CASE WHEN a < b THEN a ELSE b END; END $$;
EXECUTE p;
SELECT sum(m), sum(n) FROM (SELECT max(id) AS m, min(id) AS n FROM heap GROUP BY g) s;
-- who may not call a function has no task call it
CREATE ROLE rdd_combine_other;
GRANT USAGE ON SCHEMA rdd_combine TO rdd_combine_other;
GRANT SELECT ON d TO rdd_combine_other;
REVOKE EXECUTE ON FUNCTION greater_of FROM PUBLIC;
\set SHOW_CONTEXT never
SET ROLE rdd_combine_other;
SELECT rdd_reduce(rdd_map(rdd_table('d'), 'x.id'), 'greater_of(a, b)', NULL::int);
RESET ROLE;
\set SHOW_CONTEXT errors

-- constants mean the same under all settings, and names what they meant
CREATE FUNCTION shout(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT $1 OPERATOR(pg_catalog.||) '!' $$;
CREATE OPERATOR rdd_combine.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = shout);
SET intervalstyle = sql_standard;
SET datestyle = 'SQL, DMY';
SET standard_conforming_strings = off;
SET escape_string_warning = off;
SET search_path = rdd_combine, pg_catalog, barks, public;
SELECT rdd_reduce(rdd_map(rdd_table('d'), 'interval ''1 second'' * x.id'), 'greatest(a, b, interval ''-1 days +02:03:04'')', NULL::interval) = interval '2000 seconds',
	rdd_reduce(rdd_map(rdd_table('d'), 'x.day'), 'greatest(a, b, date ''03/02/2021'')', NULL::date) = date '03/02/2021',
	rdd_reduce(rdd_map(rdd_table('d'), 'left(x.t, 1)'), 'coalesce(a, '''') || coalesce(b, '''')', NULL::text) ~ '!$',
	rdd_reduce(rdd_map(rdd_table('d'), 'x.g::text'), 'least(a, b, ''\\\\'' OPERATOR(pg_catalog.||) ''x'')', NULL::text);
RESET search_path;
RESET ALL;
SET datestyle = ISO;
SET search_path = rdd_combine, barks, public;
DROP OPERATOR rdd_combine.|| (text, text);

-- PostgreSQL's own two phases: the program is found in the first
\set program 'ARRAY[NULL, NULL, \'SELECT s.a # s.b FROM (SELECT NULL::int AS a, NULL::int AS b) s\', \'SELECT s.a # s.b FROM (SELECT NULL::int AS a, NULL::int AS b) s\']'
CREATE TABLE parts (id int, g int) PARTITION BY LIST (g);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES IN (0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
INSERT INTO parts SELECT i, i % 2 FROM generate_series(1, 1000) i;
ANALYZE parts;
SET enable_partitionwise_aggregate = on;
EXPLAIN (COSTS OFF) SELECT rdd_combine(:program, id) FROM parts;
SELECT rdd_field(s, 1, NULL::int), x FROM (SELECT rdd_combine(:program, id) AS s, bit_xor(id) AS x FROM parts) s;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET force_parallel_mode = on;
EXPLAIN (COSTS OFF) SELECT rdd_combine(:program, id) FROM heap;
SELECT rdd_field(s, 1, NULL::int), x FROM (SELECT rdd_combine(:program, id) AS s, bit_xor(id) AS x FROM heap) s;
RESET force_parallel_mode;
-- not as a window function, nor inside of functions that nodes call
SELECT rdd_combine(:program, id) OVER () FROM parts;
CREATE FUNCTION calls_combine(n int) RETURNS bytea LANGUAGE sql STABLE AS $$ SELECT barks.rdd_combine(ARRAY[NULL, NULL, 'SELECT rdd_combine.greater_of(s.a, s.b) FROM (SELECT NULL::int AS a, NULL::int AS b) s',
	'SELECT rdd_combine.greater_of(s.a, s.b) FROM (SELECT NULL::int AS a, NULL::int AS b) s'], i) FROM generate_series(1, n) i $$;
SELECT * FROM fallbacks('SELECT calls_combine(id) FROM d');
SELECT count(DISTINCT calls_combine(id % 3 + 1)) FROM d;
SELECT reason FROM fallbacks($$SELECT rdd_combine(ARRAY[NULL, NULL, t, t], id) FROM d$$);
SET client_min_messages = warning;
DROP SCHEMA rdd_combine CASCADE;
DROP ROLE rdd_combine_other;
