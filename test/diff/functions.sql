-- Every immutable function, operator, cast and aggregate of common types, over values at their limits: what
-- barks.vectorize makes of them must be what PostgreSQL does, errors included.  Prints differences, then how
-- many queries were compared.  Given: isa, of barks.vector_isa, and part and parts: which of how many parts of them.
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS functions CASCADE;
CREATE SCHEMA functions;
SET search_path = functions, pg_catalog;
SET max_parallel_workers_per_gather = 0;
SET jit = off;
SET barks.vector_isa = :'isa';

CREATE TABLE samples (typ regtype PRIMARY KEY, texts text[]);
INSERT INTO samples VALUES
	('bool', '{t,f,NULL}'),
	('int2', '{0,1,-1,2,7,100,32767,-32768,NULL}'),
	('int4', '{0,1,-1,2,7,31,100,65536,2147483647,-2147483648,NULL}'),
	('int8', '{0,1,-1,2,10,4294967296,9223372036854775807,-9223372036854775808,NULL}'),
	('float4', '{0,-0,1,-1,0.5,1e30,-1e-30,NaN,Infinity,-Infinity,NULL}'),
	('float8', '{0,-0,1,-1,0.5,2.5,1e300,-1e-300,NaN,Infinity,-Infinity,NULL}'),
	('numeric', '{0,0.00,1,1.0,-1,0.5,2.50,-2.5,10,123456789012345678901234567890.12345,1e-20,9.99,NaN,Infinity,-Infinity,NULL}'),
	('text', '{"",a,b,ab,"a b",aB,"äöü",日本語,%a_,"\\\\%","  pad  ",12,-7.5,zzzzzzzzzzzzzzzzzzzz,2024-02-29,t,NULL}'),
	('bpchar', '{"",a,"a  ",ab,äö,"  x",NULL}'),
	('date', '{2000-01-01,2024-02-29,1999-12-31,1970-01-01,"0044-03-15 BC",infinity,-infinity,5874897-12-31,NULL}'),
	('timestamp', '{"2000-01-01 00:00:00","2024-02-29 23:59:59.999999","1969-12-31 12:00","0001-01-01 00:00 BC",infinity,-infinity,NULL}'),
	('timestamptz', '{"2000-01-01 00:00:00+00","2024-03-31 01:30:00+00","1969-12-31 12:00+05",infinity,-infinity,NULL}'),
	('time', '{00:00,12:34:56.789,23:59:59.999999,24:00,NULL}'),
	('interval', '{0,"1 mon","-1 day","1 year 2 mons 3 days 04:05:06.7","-178000000 years","30 days","720:00:00",NULL}');

-- What an expression gives for all rows of table p, in one text.
CREATE FUNCTION outcome(query text, mode text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	PERFORM set_config('barks.vectorize', mode, false);
	EXECUTE query INTO result;
	PERFORM set_config('barks.vectorize', 'off', false);
	RETURN coalesce(result, '-');
EXCEPTION WHEN OTHERS THEN
	PERFORM set_config('barks.vectorize', 'off', false);
	RETURN 'ERROR ' || SQLSTATE || ' ' || SQLERRM;
END $$;

CREATE TABLE differences (query text, off text, batches text);
CREATE TABLE compared (n int);
INSERT INTO compared VALUES (0);

CREATE FUNCTION compare(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	off text = outcome(query, 'off');
	batches text = outcome(query, 'force');
BEGIN
	UPDATE compared SET n = n + 1;
	IF off IS DISTINCT FROM batches THEN
		INSERT INTO differences VALUES (query, left(off, 600), left(batches, 600));
	END IF;
	RETURN off;
END $$;

-- Leave the rows for which an expression raises no error.
CREATE FUNCTION keep_quiet(expr text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	row record;
BEGIN
	FOR row IN SELECT ctid FROM p LOOP
		BEGIN
			EXECUTE format('SELECT %s FROM p WHERE ctid = %L', expr, row.ctid);
		EXCEPTION WHEN OTHERS THEN
			DELETE FROM p WHERE ctid = row.ctid;
		END;
	END LOOP;
END $$;

CREATE FUNCTION make_values(one regtype, two regtype) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	DROP TABLE IF EXISTS p;
	EXECUTE format('CREATE TABLE p (n int, a %s, b %s)', one, two);
	EXECUTE format('INSERT INTO p SELECT row_number() OVER (), x::text::%s, y::text::%s FROM samples s, samples t, unnest(s.texts) x, unnest(t.texts) y WHERE s.typ = %L::regtype AND t.typ = %L::regtype',
		one, two, one, two);
END $$;

CREATE FUNCTION compare_expression(expr text, is_bool bool) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	query text = format('SELECT string_agg(coalesce(r::text, ''~''), '','' ORDER BY n) FROM (SELECT n, %s AS r FROM p OFFSET 0) s', expr);
BEGIN
	IF compare(query) LIKE 'ERROR%' THEN
		PERFORM keep_quiet(expr);
		PERFORM compare(query);
	END IF;
	-- with nothing but what the expression needs, and half of the rows selected
	PERFORM compare(format('SELECT string_agg(r, '','' ORDER BY r) FROM (SELECT coalesce((%s)::text, ''~'') AS r FROM p WHERE n %% 2 = 1) s', expr));
	IF is_bool THEN
		PERFORM compare(format('SELECT string_agg(n::text, '','' ORDER BY n) FROM p WHERE %s', expr));
		PERFORM compare(format('SELECT string_agg(n::text, '','' ORDER BY n) FROM p WHERE NOT (%s) OR n = 3', expr));
	END IF;
END $$;

-- One side a constant, as most conditions have it.
CREATE FUNCTION compare_constants(form text, two regtype, is_bool bool) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	value text;
BEGIN
	FOR value IN SELECT unnest(texts) FROM samples WHERE typ = two LOOP
		CONTINUE WHEN value IS NULL;
		PERFORM compare(format('SELECT string_agg(coalesce(r::text, ''~''), '','' ORDER BY n) FROM (SELECT n, %s AS r FROM p OFFSET 0) s',
			replace(form, '$b', quote_literal(value) || '::' || two)));
		IF is_bool THEN
			PERFORM compare(format('SELECT string_agg(n::text, '','' ORDER BY n) FROM p WHERE %s', replace(form, '$b', quote_literal(value) || '::' || two)));
		END IF;
	END LOOP;
END $$;

CREATE PROCEDURE compare_all(part int, parts int) LANGUAGE plpgsql AS $$
DECLARE
	f record;
BEGIN
	FOR f IN
		SELECT x.*, row_number() OVER (ORDER BY form, one, two) AS number FROM (
			SELECT format('%s(a, $b)', proname) AS form, proargtypes[0]::regtype AS one, proargtypes[1]::regtype AS two, prorettype = 'bool'::regtype AS is_bool
			FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND provolatile = 'i' AND prokind = 'f' AND NOT proretset AND pronargs = 2
				AND oid NOT IN (SELECT oprcode FROM pg_operator) AND proname !~ '^(pg_|has_|binary_upgrade|.*(send|recv|_in|in|_out|out|_accum|accum|hashextended|extended|_combine|transition|_support|larger|smaller|sortsupport|in_range.*)$)' AND proname NOT IN ('repeat', 'lpad', 'rpad', 'format', 'concat', 'generate_subscripts')
			UNION ALL
			SELECT format('%s(a)', proname), proargtypes[0]::regtype, 'bool', prorettype = 'bool'::regtype
			FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND provolatile = 'i' AND prokind = 'f' AND NOT proretset AND pronargs = 1
				AND oid NOT IN (SELECT oprcode FROM pg_operator) AND proname !~ '^(pg_|has_|binary_upgrade|.*(send|recv|in|out|typmodin)$)'
			UNION ALL
			SELECT format('a OPERATOR(pg_catalog.%s) $b', oprname), oprleft::regtype, oprright::regtype, oprresult = 'bool'::regtype FROM pg_operator
			WHERE oprleft <> 0 AND oprnamespace = 'pg_catalog'::regnamespace
			UNION ALL
			SELECT format('OPERATOR(pg_catalog.%s) a', oprname), oprright::regtype, 'bool', oprresult = 'bool'::regtype FROM pg_operator
			WHERE oprleft = 0 AND oprnamespace = 'pg_catalog'::regnamespace
			UNION ALL
			SELECT format('a::%s', casttarget::regtype), castsource::regtype, 'bool', false FROM pg_cast WHERE casttarget IN (SELECT typ FROM samples)
			UNION ALL
			SELECT format(e, typ), typ, 'bool', false FROM samples, unnest(ARRAY['a::text', 'coalesce(a, a)', 'nullif(a, a)', 'CASE WHEN a = a THEN n END',
				'greatest(a, a)', 'a IS NULL', 'a IS DISTINCT FROM a', 'a IN (SELECT a FROM p WHERE n < 5)', 'a = ANY (ARRAY[a, NULL])']) e
			UNION ALL
			SELECT format('extract(%s FROM a)', field), typ, 'bool', false
			FROM samples, unnest(ARRAY['year', 'month', 'day', 'dow', 'doy', 'week', 'isoyear', 'quarter', 'epoch', 'century', 'hour', 'minute', 'second', 'microseconds', 'julian']) field
			WHERE typ IN ('date'::regtype, 'timestamp', 'time', 'interval')
			UNION ALL
			SELECT format('date_trunc(%L, a)', field), 'timestamp', 'bool', false FROM unnest(ARRAY['year', 'month', 'day', 'week', 'quarter', 'hour']) field
			UNION ALL
			SELECT e, 'text', 'int4', false FROM unnest(ARRAY['substring(a, b)', 'substring(a, b, 3)', 'substring(a, 2, b)', 'substr(a, b)', 'left(a, b)', 'right(a, b)', 'substring(a from 1 for 2)', 'overlay(a placing ''x'' from 2)', 'split_part(a, '' '', 1)', 'lpad(a, 5)', 'repeat(a, 2)', 'a || b', 'length(a) + b']) e
			UNION ALL
			SELECT e, 'text', 'text', true FROM unnest(ARRAY['a LIKE $b', 'a NOT LIKE $b', 'a ILIKE $b', 'a LIKE ''a%%''', 'a LIKE ''%%b''', 'a LIKE ''%%a%%''', 'a LIKE ''_''', 'a SIMILAR TO ''a%%''', 'a ~ ''^a''', 'a || $b = $b || a', 'a < $b COLLATE "C"', 'a BETWEEN $b AND ''c''', 'a IN ($b, ''a'')']) e
			UNION ALL
			SELECT e, 'numeric', 'numeric', false FROM unnest(ARRAY['round(a, 2)', 'trunc(a, 1)', 'a * (1 - b)', 'a::numeric(12, 2)', '(a + b)::int8', 'round(a)', 'div(a, b)', 'mod(a, b)', 'a / b']) e) x
		WHERE one IN (SELECT typ FROM samples) AND two IN (SELECT typ FROM samples)
	LOOP
		CONTINUE WHEN f.number % parts <> part;
		PERFORM make_values(f.one, f.two);
		PERFORM compare_expression(replace(f.form, '$b', 'b'), f.is_bool);
		IF f.form LIKE '%$b%' THEN
			PERFORM make_values(f.one, 'bool');
			PERFORM compare_constants(f.form, f.two, f.is_bool);
		END IF;
		COMMIT;
	END LOOP;
	FOR f IN
		SELECT DISTINCT proname, typ AS one, number % parts AS turn
		FROM (SELECT proname, proargtypes[0] AS arg, row_number() OVER (ORDER BY proname, proargtypes[0]) AS number
			FROM pg_proc WHERE prokind = 'a' AND pronargs = 1 AND pronamespace = 'pg_catalog'::regnamespace AND proname !~ '(json|xml|array|range|bit)') a
			JOIN samples ON typ = arg
	LOOP
		CONTINUE WHEN f.turn <> part;
		PERFORM make_values(f.one, 'int2');
		PERFORM compare(format('SELECT %I(a)::text FROM p', f.proname));
		PERFORM compare(format('SELECT %I(a)::text FROM p WHERE n < 0', f.proname));
		PERFORM compare(format('SELECT %I(a)::text FROM p WHERE a = (SELECT a FROM p WHERE n = 1) OR a IS NULL', f.proname));
		PERFORM compare(format('SELECT string_agg(coalesce(x, ''~''), '','' ORDER BY b) FROM (SELECT b, %I(a)::text AS x FROM p GROUP BY b) s', f.proname));
		PERFORM compare(format('SELECT string_agg(coalesce(x, ''~''), '','' ORDER BY y) FROM (SELECT a::text AS y, %I(a)::text AS x FROM p GROUP BY a) s', f.proname));
		-- which of equal intervals counts, PostgreSQL leaves open
		IF f.one <> 'interval'::regtype THEN
			PERFORM compare(format('SELECT string_agg(coalesce(x, ''~''), '','' ORDER BY b) FROM (SELECT b, %I(DISTINCT a)::text AS x FROM p GROUP BY b) s', f.proname));
		END IF;
		PERFORM compare(format('SELECT string_agg(coalesce(x, ''~''), '','' ORDER BY b) FROM (SELECT b, %I(a) FILTER (WHERE n %% 3 = 0)::text AS x FROM p GROUP BY b) s', f.proname));
		PERFORM compare(format('SELECT string_agg(coalesce(x, ''~''), '','' ORDER BY n) FROM (SELECT n, %I(a) OVER (PARTITION BY b ORDER BY n)::text AS x FROM p) s', f.proname));
		COMMIT;
	END LOOP;
END $$;

CALL compare_all(:part, :parts);
\pset tuples_only
SELECT query AS "DIFFERENT", off, batches FROM differences \gx
SELECT n - d || ' passed, ' || d || ' failed' FROM compared, (SELECT count(*) AS d FROM differences) x;
DROP SCHEMA functions CASCADE;
