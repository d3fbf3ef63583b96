-- Users' functions run on the nodes, of copies that these get.
CREATE SCHEMA ship_test;
SET search_path = ship_test;
CREATE TABLE t (k int, a int, b text, n numeric, d date);
CREATE TABLE heap (k int, a int, b text, n numeric, d date);
SELECT barks.distribute_table('t', by => 'k', partitions => 4);
INSERT INTO heap SELECT i, i % 7, CASE WHEN i % 5 > 0 THEN 'x' || i % 11 END, i / 8.0, '2020-01-01'::date + i
FROM generate_series(1, 500) i;
INSERT INTO t SELECT * FROM heap;

-- Says what stays on the driver, and what the answers are if they differ from PostgreSQL's.
CREATE FUNCTION try(expression text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	query text := format('SELECT count(*), sum(hashtext((%s)::text)) FROM ', expression);
	ours record;
	plain record;
BEGIN
	RETURN QUERY SELECT node || ': ' || reason FROM barks.fallbacks(query || 't');
	EXECUTE query || 't' INTO ours;
	EXECUTE query || 'heap' INTO plain;
	IF ours IS DISTINCT FROM plain THEN
		RETURN NEXT format('%s instead of %s', ours, plain);
	END IF;
END $$;

-- PL/pgSQL, with what it calls
CREATE FUNCTION tax(p numeric) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN RETURN round(p * 1.2, 2); END $$;
CREATE FUNCTION fac(n int) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN IF n <= 1 THEN RETURN 1; END IF; RETURN n * fac(n - 1); END $$;
CREATE FUNCTION both_of(n int) RETURNS numeric LANGUAGE plpgsql IMMUTABLE STRICT AS
$$ BEGIN RETURN ship_test.fac(n) + tax /* a comment */ (n); END $$;
CREATE FUNCTION "Odd ""name""é"(n int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
$body$ DECLARE s text := 'it''s $$ \ '; BEGIN RETURN s || both_of(n); END $body$;
SELECT try('tax(n)');
SELECT try('fac(a)');
SELECT try('both_of(a)');
SELECT try('"Odd ""name""é"(a) || tax(fac(a + fac(3)::int))');
SELECT try('CASE WHEN a > 3 THEN tax(n) END');
SELECT a, count(*), sum(tax(n)) FROM t WHERE fac(a) > 2 GROUP BY a ORDER BY 1;
SELECT tax(n), count(*) FROM t GROUP BY 1 ORDER BY 1 LIMIT 3;
SELECT x.k, tax(x.n) FROM t x JOIN t y ON fac(x.a) = y.k WHERE x.k < 6 ORDER BY 1, 2;

-- SQL: old and new bodies, defaults, names, several statements, polymorphic and variadic arguments
CREATE FUNCTION gauss(n int) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT coalesce(sum(x), 0) + fac(n) FROM generate_series(1, n) x $$;
CREATE FUNCTION last_of(a int, b int DEFAULT 2, OUT c int) LANGUAGE sql STABLE
BEGIN ATOMIC SELECT 1; SELECT max(x) * b FROM generate_series(1, a) x; END;
CREATE FUNCTION greater(VARIADIC v anyarray) RETURNS anyelement LANGUAGE sql IMMUTABLE AS
$$ SELECT max(x) FROM unnest(v) x $$;
CREATE FUNCTION pick(a anyelement, b anyelement) RETURNS anyelement LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN RETURN coalesce(b, a); END $$;
CREATE FUNCTION day_name(d date) RETURNS text LANGUAGE sql STABLE STRICT AS
$$ SELECT string_agg(to_char(d + i, 'Dy'), ',' ORDER BY i) FROM generate_series(0, 1) i $$;
CREATE FUNCTION calls_greater(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN greater(n, 3); END $$;
CREATE FUNCTION nested(n int) RETURNS numeric LANGUAGE sql IMMUTABLE AS
$$ WITH w AS (SELECT last_of(n), last_of(b => 5, a => n) AS two) SELECT max(c + two) + gauss(n) FROM w AS w(c) $$;
SELECT try('gauss(a)');
SELECT try('last_of(a)');
SELECT try('last_of(b => 7, a => a)');
SELECT try('greater(a, k % 3)');
SELECT try('greater(b, ''x5'')');
SELECT try('greater(VARIADIC ARRAY[a, 2])');
SELECT try('pick(b, NULL) || pick(NULL, d)');
SELECT try('day_name(d)');
SELECT try('nested(a)');
SELECT try('calls_greater(a)');

-- sets, in FROM and in the target list
CREATE FUNCTION upto(n int) RETURNS SETOF int LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN FOR i IN 1 .. n LOOP RETURN NEXT i; END LOOP; END $$;
CREATE FUNCTION pairs(n int) RETURNS TABLE (i int, "I" text) LANGUAGE plpgsql IMMUTABLE ROWS 5 AS
$$ BEGIN FOR i IN 1 .. n LOOP pairs.i := i; "I" := 'i' || i; RETURN NEXT; END LOOP; END $$;
CREATE FUNCTION halves(n int, OUT x numeric, OUT y numeric) RETURNS SETOF record LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT i / 2.0, i * 2.0 FROM generate_series(1, n) i $$;
SELECT sum(s) FROM (SELECT upto(a) s FROM t) x;
SELECT sum(s) FROM (SELECT upto(a) s FROM heap) x;
SELECT * FROM barks.fallbacks('SELECT sum(s) FROM (SELECT upto(a) s FROM t) x');
SELECT sum(u), count(*) FROM t, upto(a) u;
SELECT sum(i), max("I") FROM t JOIN pairs(5) p ON p.i = t.a;
SELECT * FROM barks.fallbacks('SELECT sum(i), max("I") FROM t JOIN pairs(5) p ON p.i = t.a');
SELECT sum(x), max(y) FROM t JOIN halves(5) p ON p.x = t.a;
SELECT * FROM barks.fallbacks('SELECT sum(x), max(y) FROM t JOIN halves(5) p ON p.x = t.a');

-- another definition is another function, in this transaction too
BEGIN;
CREATE OR REPLACE FUNCTION tax(p numeric) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN RETURN -p; END $$;
SELECT sum(tax(n)), sum(both_of(a)) FROM t;
ROLLBACK;
SELECT sum(tax(n)), sum(both_of(a)) FROM t;
PREPARE p AS SELECT sum(both_of(a)) FROM t;
EXECUTE p;
CREATE OR REPLACE FUNCTION tax(p numeric) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN RETURN p; END $$;
EXECUTE p;
CREATE OR REPLACE FUNCTION tax(p numeric) RETURNS numeric LANGUAGE plpgsql VOLATILE AS
$$ BEGIN RETURN p + 1; END $$;
EXECUTE p;
SELECT try('both_of(a)');
ALTER FUNCTION tax(numeric) IMMUTABLE;
EXECUTE p;
-- what a body may mean changes with what there is
CREATE FUNCTION tax(p text) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN 0; END $$;
EXECUTE p;
SELECT try('both_of(a)');
DROP FUNCTION tax(text);
EXECUTE p;
CREATE TYPE n AS ENUM ('x');
EXECUTE p;
SELECT try('both_of(a)');
DROP TYPE n;
EXECUTE p;
SELECT try('both_of(a)');

-- names mean what they mean here
CREATE SCHEMA other;
CREATE FUNCTION other.tax(p int) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN 0; END $$;
CREATE FUNCTION in_other(n int) RETURNS numeric LANGUAGE plpgsql IMMUTABLE SET search_path = other AS
$$ BEGIN RETURN tax(n) + 7; END $$;
CREATE FUNCTION in_other_sql(n int) RETURNS numeric LANGUAGE sql IMMUTABLE SET search_path = other, pg_catalog SET DateStyle = german AS
$$ SELECT tax(n) + length('2020-03-01'::date::text) $$;
CREATE FUNCTION takes(n int) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN tax(n); END $$;
SELECT try('in_other(a)'), try('in_other_sql(a)');
SELECT try('in_other_sql(a) + in_other(a) + takes(a)');
SET search_path = other, ship_test;
SELECT ship_test.try('takes(a)');
SELECT ship_test.try('in_other_sql(a) + in_other(a)');
SET search_path = ship_test;
CREATE FUNCTION lower(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN n - 1; END $$;
CREATE FUNCTION lowers(n int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN lower('A') || lower(n); END $$;
CREATE FUNCTION lowers_sql(n int) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT max(lower('A') || lower(n)) $$;
SELECT try('lowers(a)');
SELECT try('lowers_sql(a)');
DROP FUNCTION lower(int);
CREATE CAST (bool AS numeric) WITH INOUT AS IMPLICIT;
SELECT try('fac(a)');
DROP CAST (bool AS numeric);
SELECT try('fac(a)');

-- settings of the session
CREATE FUNCTION second_month(n int) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT max(x || to_char('01/02/2020'::date, 'Mon')) FROM generate_series(1, n) x $$;
CREATE FUNCTION second_month2(n int) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS
$$ BEGIN RETURN to_char('01/02/2020'::date, 'Mon'); END $$;
SELECT max(second_month(a)), max(second_month2(a)) FROM t;
SET DateStyle = 'ISO, DMY';
SELECT max(second_month(a)), max(second_month2(a)) FROM t;
SELECT try('second_month(a)');
RESET DateStyle;
SET plpgsql.variable_conflict = use_column;
SELECT try('fac(a)');
RESET plpgsql.variable_conflict;

-- blocks with handlers, and sets that go on from batch to batch
CREATE FUNCTION safe(n int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE r int := 0;
BEGIN
	FOR i IN 0 .. n LOOP
		BEGIN
			r := r + 100 / (i - 2);
		EXCEPTION WHEN division_by_zero THEN r := r + 1000;
		END;
	END LOOP;
	RETURN r;
END $$;
CREATE FUNCTION slowly(n int) RETURNS SETOF bigint LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT count(*) OVER (ORDER BY i) FROM generate_series(1, n) i $$;
SELECT try('safe(a)');
SET barks.batch_rows = 1;
SELECT try('safe(a)');
SELECT sum(x), count(*) FROM (SELECT slowly(a) x, k FROM t WHERE k < 30) y;
SELECT x, k FROM (SELECT slowly(a) x, k FROM t WHERE k < 5) y ORDER BY 2, 1;
SELECT * FROM barks.fallbacks('SELECT slowly(a) x, k FROM t');
RESET barks.batch_rows;
BEGIN;
INSERT INTO t VALUES (501, 3);
SELECT sum(safe(a)::int), sum(fac(a)) FROM t;
SAVEPOINT s;
CREATE FUNCTION new_one(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN n + 1; END $$;
SELECT sum(new_one(a)) FROM t;
ROLLBACK TO s;
SELECT sum(fac(a)) FROM t;
ROLLBACK;
DECLARE c CURSOR WITH HOLD FOR SELECT k, fac(a) FROM t WHERE k < 4 ORDER BY k;
FETCH 2 FROM c;
CREATE OR REPLACE FUNCTION fac(n int) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN IF n <= 1 THEN RETURN 1; END IF; RETURN n * fac(n - 1); END $$;
FETCH 2 FROM c;
CLOSE c;

-- aggregates
CREATE FUNCTION add_square(s numeric, n int) RETURNS numeric LANGUAGE plpgsql IMMUTABLE STRICT AS $$ BEGIN RETURN s + n * n; END $$;
CREATE FUNCTION root_of(s numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT round(sqrt(s), 3) $$;
CREATE AGGREGATE norm(int) (SFUNC = add_square, STYPE = numeric, INITCOND = '0', FINALFUNC = root_of);
CREATE AGGREGATE norm_of_parts(n int) (SFUNC = add_square, STYPE = numeric, INITCOND = '0', FINALFUNC = root_of, COMBINEFUNC = numeric_add);
CREATE AGGREGATE accumulate(anycompatible) (SFUNC = array_append, STYPE = anycompatiblearray, INITCOND = '{}');
CREATE FUNCTION one_more(n bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN n + 1; END $$;
CREATE AGGREGATE how_many(*) (SFUNC = one_more, STYPE = bigint, INITCOND = '0', COMBINEFUNC = int8pl);
CREATE FUNCTION last_word(s text, VARIADIC w text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT max(x) || s FROM unnest(w) x $$;
CREATE AGGREGATE words(VARIADIC text[]) (SFUNC = last_word, STYPE = text, INITCOND = '');
CREATE AGGREGATE mine_median(ORDER BY float8) (SFUNC = float8_accum, STYPE = float8[], INITCOND = '{0,0,0}');
CREATE FUNCTION noisy_add(s int, n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN s + n; END $$;
CREATE AGGREGATE noisy(int) (SFUNC = noisy_add, STYPE = int, INITCOND = '0');
CREATE FUNCTION compare(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	ours text;
	plain text;
BEGIN
	RETURN QUERY SELECT node || ': ' || reason FROM barks.fallbacks(format(query, 't'));
	EXECUTE format('SELECT string_agg(x::text, '';'' ORDER BY x::text) FROM (%s) x', format(query, 't')) INTO ours;
	EXECUTE format('SELECT string_agg(x::text, '';'' ORDER BY x::text) FROM (%s) x', format(query, 'heap')) INTO plain;
	IF ours IS DISTINCT FROM plain THEN
		RETURN NEXT format('%s instead of %s', ours, plain);
	END IF;
END $$;
SELECT norm(a), norm_of_parts(a), how_many(*) FROM t;
SELECT compare('SELECT a, norm(k) AS n FROM %s GROUP BY a HAVING how_many(*) > 5');
SELECT compare('SELECT norm_of_parts(a), how_many(*) FROM %s');
SELECT compare('SELECT a / 3 AS g, norm_of_parts(k) FILTER (WHERE a > 2), how_many(*) FROM %s GROUP BY 1');
SELECT compare('SELECT a, norm(DISTINCT k / 3) AS n, accumulate(b ORDER BY k) FROM %s GROUP BY a');
SELECT compare('SELECT a, words(b, d::text ORDER BY k) FROM %s GROUP BY a');
SELECT compare('SELECT norm(k) OVER (PARTITION BY a ORDER BY k) AS n, how_many(*) OVER (PARTITION BY a) FROM %s');
SET barks.driver_groups = 0;
SELECT compare('SELECT k / 2 AS g, norm_of_parts(k), how_many(*) FROM %s GROUP BY 1');
RESET barks.driver_groups;
SELECT compare('SELECT sum(noisy), max(n) FROM (SELECT a, noisy(k), norm(k) n FROM %s GROUP BY a) x');
SELECT * FROM barks.fallbacks('SELECT mine_median() WITHIN GROUP (ORDER BY n) FROM t');

-- what stays on the driver
CREATE DOMAIN positive AS int CHECK (VALUE >= 0);
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
CREATE FUNCTION f_volatile(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN n; END $$;
CREATE FUNCTION f_stable(n int) RETURNS int LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN n; END $$;
CREATE FUNCTION f_definer(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER AS $$ BEGIN RETURN n; END $$;
CREATE FUNCTION f_reads(n int) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT count(*) + max(n) FROM heap $$;
CREATE FUNCTION f_lies(n int) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN RETURN (SELECT count(*) FROM heap) + n; END $$;
CREATE FUNCTION f_dynamic(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN EXECUTE 'SELECT 1 + $1' INTO n USING n; RETURN n; END $$;
CREATE FUNCTION f_catalog(n int) RETURNS text LANGUAGE sql STABLE STRICT AS
$$ SELECT max(relname) FROM pg_class WHERE oid = n $$;
CREATE FUNCTION f_now(n int) RETURNS timestamptz LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN now(); END $$;
CREATE FUNCTION f_user(n int) RETURNS text LANGUAGE sql STABLE STRICT AS $$ SELECT max(current_user || n) $$;
CREATE FUNCTION f_calls(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN f_stable(n); END $$;
CREATE FUNCTION f_mutual(n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 1 $$;
CREATE FUNCTION f_mutual2(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN IF n <= 0 THEN RETURN n; END IF; RETURN f_mutual(n - 1); END $$;
CREATE OR REPLACE FUNCTION f_mutual(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN IF n <= 0 THEN RETURN n; END IF; RETURN f_mutual2(n - 1); END $$;
CREATE FUNCTION f_domain(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN n::positive; END $$;
CREATE FUNCTION f_row(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ DECLARE r heap; BEGIN r.k := n; RETURN r.k; END $$;
CREATE FUNCTION f_operator(n int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN n === 1; END $$;
CREATE FUNCTION f_operator_sql(n int) RETURNS bool LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT bool_or(n === 1) $$;
CREATE FUNCTION f_c(n int) RETURNS int LANGUAGE internal IMMUTABLE STRICT AS 'int4abs';
CREATE LANGUAGE mine HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler VALIDATOR plpgsql_validator;
CREATE FUNCTION f_language(n int) RETURNS int LANGUAGE mine IMMUTABLE AS $$ BEGIN RETURN n; END $$;
SELECT name, try(format('%I(a)', name)) FROM unnest(ARRAY[
	'f_volatile', 'f_stable', 'f_definer', 'f_reads', 'f_lies', 'f_dynamic', 'f_catalog', 'f_now', 'f_user', 'f_calls',
	'f_mutual', 'f_domain', 'f_row', 'f_operator', 'f_operator_sql', 'f_c', 'f_language']) name;
SET barks.ship_functions = off;
SELECT try('fac(a)');
RESET barks.ship_functions;

-- types of columns
CREATE TYPE pair AS (x int, y text);
CREATE TABLE typed (k int, m mood, p positive, r pair);
SELECT barks.distribute_table('typed', by => 'k', partitions => 4);
INSERT INTO typed SELECT i, CASE WHEN i % 2 = 0 THEN 'sad' ELSE 'glad' END::mood, i % 5, (i, 'y' || i)::pair FROM generate_series(1, 20) i;
CREATE FUNCTION other_mood(m mood) RETURNS mood LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN RETURN CASE WHEN m = 'sad' THEN 'glad' ELSE 'sad' END; END $$;
CREATE FUNCTION double(p positive) RETURNS positive LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN p * 2; END $$;
CREATE FUNCTION turn(r pair) RETURNS pair LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN (r.x + 1, r.y); END $$;
SELECT other_mood(m), count(*), sum(double(p)), max((turn(r)).x) FROM typed GROUP BY 1 ORDER BY 1;
SELECT other_mood(m), count(*), max((turn(r)).x) FROM typed GROUP BY 1 ORDER BY 1;
SELECT * FROM barks.fallbacks('SELECT other_mood(m), count(*), max((turn(r)).x) FROM typed GROUP BY 1');
SELECT * FROM barks.fallbacks('SELECT sum(double(p)) FROM typed');

-- operators of a type are where its extension is
CREATE EXTENSION citext SCHEMA ship_test;
CREATE FUNCTION same(a citext, b citext) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN a = b; END $$;
CREATE FUNCTION same_in(a anyelement, b anyelement) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN a IN (b); END $$;
CREATE FUNCTION same_sql(a citext, b citext) RETURNS bool LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT bool_and(a = b) $$;
SELECT count(*) FROM t WHERE same(b::citext, 'X3');
SELECT count(*) FROM t WHERE same_in(b::citext, 'X3');
SELECT count(*) FROM t WHERE same_sql(b::citext, 'X3');
SELECT count(*) FROM t WHERE same_in(b, 'x3');
SELECT * FROM barks.fallbacks('SELECT count(*) FROM t WHERE same(b::citext, ''X3'')');
SELECT * FROM barks.fallbacks('SELECT count(*) FROM t WHERE same_in(b::citext, ''X3'')');
SELECT * FROM barks.fallbacks('SELECT count(*) FROM t WHERE same_in(b, ''x3'')');
SELECT try('fac(a)');
CREATE FUNCTION text_same(text, varchar) RETURNS bool LANGUAGE sql IMMUTABLE AS $$ SELECT true $$;
CREATE OPERATOR ~~ (LEFTARG = text, RIGHTARG = varchar, FUNCTION = text_same);
CREATE FUNCTION is_like(a text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN a LIKE 'q'::varchar; END $$;
SELECT try('is_like(b)');
DROP OPERATOR ~~ (text, varchar);
SELECT try('is_like(b)');
DROP EXTENSION citext CASCADE;

-- errors are those of the function
CREATE FUNCTION fails(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN RAISE EXCEPTION 'not %', n USING ERRCODE = 'P0042', DETAIL = 'really', HINT = 'try another'; END $$;
CREATE FUNCTION says(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN RAISE NOTICE 'here is %', n; RETURN n; END $$;
\set VERBOSITY terse
SELECT fails(a) FROM t WHERE k = 3;
SELECT says(a) FROM t WHERE k = 3;

-- rights
CREATE ROLE ship_role;
GRANT USAGE ON SCHEMA ship_test TO ship_role;
GRANT SELECT ON t, heap TO ship_role;
REVOKE EXECUTE ON FUNCTION fac(int), both_of(int) FROM PUBLIC;
SET ROLE ship_role;
SELECT sum(both_of(a)) FROM t;
SELECT sum(gauss(a)) FROM t;
RESET ROLE;
GRANT EXECUTE ON FUNCTION both_of(int) TO ship_role;
SET ROLE ship_role;
SELECT sum(both_of(a)) FROM t;
SELECT * FROM barks.fallbacks('SELECT sum(both_of(a)) FROM t');
RESET ROLE;
GRANT EXECUTE ON FUNCTION fac(int) TO ship_role;
SET ROLE ship_role;
SELECT sum(both_of(a)) FROM t;
SELECT * FROM barks.fallbacks('SELECT sum(both_of(a)) FROM t');
SELECT barks.drop_shipped_functions();
RESET ROLE;
SELECT barks.drop_shipped_functions() >= 0 AS dropped;
SELECT sum(both_of(a)) FROM t;

\set VERBOSITY default
SET client_min_messages = warning;
DROP SCHEMA ship_test, other CASCADE;
DROP ROLE ship_role;
DROP LANGUAGE mine CASCADE;
