-- Every operator and function that may have a kernel gives what PostgreSQL's own evaluation gives.
CREATE SCHEMA vectorize_expressions;
SET search_path = vectorize_expressions;
SET max_parallel_workers_per_gather = 0;
SET extra_float_digits = 3;
SET timezone = 'Europe/Berlin';
SET jit = off;
SET enable_sort = off;

-- values of each type, special ones among them
CREATE TABLE examples (type text, vals text[]);
INSERT INTO examples VALUES
    ('bool', '{t,f,NULL}'),
    ('int2', '{0,1,-1,7,-3,32767,-32768,NULL}'),
    ('int4', '{0,1,-1,7,-3,32767,-32769,2147483647,-2147483648,NULL}'),
    ('int8', '{0,1,-1,7,-3,40000,2147483647,-2147483649,9223372036854775807,-9223372036854775808,NULL}'),
    ('oid', '{0,1,7,4294967295,NULL}'),
    ('float4', '{0,-0,1,-1.5,2.5,3e38,1e-38,NaN,Infinity,-Infinity,NULL}'),
    ('float8', '{0,-0,1,-1.5,2.5,0.1,32767.6,3e9,1e300,1e-300,-9.3e18,NaN,Infinity,-Infinity,NULL}'),
    ('numeric', '{0,0.00,1,1.0,-1.5,2.5,2.50,0.3333,99999999999999999,12345678901234567890.123,1e-20,NaN,Infinity,-Infinity,NULL}'),
    ('numeric(6,2)', '{0,1,-1.5,2.5,-0.01,9999.99,NaN,NULL}'),
    ('numeric(18,4)', '{0,1,-1.5,2.5,0.0001,99999999999999.9999,NaN,NULL}'),
    ('text', '{"",a,ab,abc," b","b ",A,Zz,äöü,ä,a%b_c,"a\\\\b",NULL}'),
    ('varchar', '{"",a,abc,äöü,NULL}'),
    ('bpchar', '{"",a,"ab  "," b",Zz,ä,NULL}'),
    ('char(4)', '{"",a,ab,"b",äöü,NULL}'),
    ('text COLLATE "C"', '{"",a,ab,abc," b",A,Zz,äöü,"ÄB",NULL}'),
    ('char(4) COLLATE "C"', '{"",a,"b ",Zz,ä,NULL}'),
    ('date', '{2000-01-01,2024-02-29,1999-12-31,0044-03-15 BC,4713-01-01 BC,5874897-12-31,infinity,-infinity,NULL}'),
    ('time', '{00:00,12:34:56.789,24:00,NULL}'),
    ('timestamp', '{2000-01-01,2024-02-29 23:59:59.999999,1999-12-31 12:00,0044-03-15 06:07:08 BC,294276-12-31 23:59:59,4713-01-01 00:00 BC,infinity,-infinity,NULL}'),
    ('timestamptz', '{2000-01-01Z,2024-03-31 01:59:59.999999Z,1999-12-31 23:00Z,294276-12-31 20:59:59Z,infinity,-infinity,NULL}'),
    ('interval', '{0,"1 month -1 day","-13 months","3 days","-1 h","1000 years",NULL}');

ALTER TABLE examples ADD base regtype;
UPDATE examples SET base = CASE WHEN type LIKE 'char%' THEN 'bpchar' ELSE regexp_replace(type, '[( ].*', '') END::regtype;

-- all values, some more than once so that there are several batches' worth of words; all pairs of two types
CREATE FUNCTION name_of(type text) RETURNS text LANGUAGE sql AS $$ SELECT regexp_replace(type, '\W+', '_', 'g') $$;
CREATE PROCEDURE make_values(type text, vals text[]) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE vals_%s (i int, x %s)', name_of(type), type);
    EXECUTE format('INSERT INTO vals_%s SELECT i + 100 * n, v::%s FROM unnest($1) WITH ORDINALITY u(v, i), generate_series(0, 7) n ORDER BY n, i',
        name_of(type), regexp_replace(type, ' COLLATE.*', '')) USING vals;
END $$;
DO $$
DECLARE r record;
BEGIN
    FOR r IN SELECT * FROM examples LOOP CALL make_values(r.type, r.vals); END LOOP;
END $$;
CREATE FUNCTION pairs_of(lt text, rt text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE t text := 'pairs_' || name_of(lt) || '__' || name_of(rt);
BEGIN
    IF to_regclass(t) IS NULL THEN
        EXECUTE format('CREATE TABLE %s AS SELECT row_number() OVER ()::int AS i, a.x, b.x AS y FROM (SELECT * FROM vals_%s WHERE i < 100) a, (SELECT * FROM vals_%s WHERE i < 100) b', t, name_of(lt), name_of(rt));
    END IF;
    RETURN t;
END $$;

-- what a query gives, or the error that it raises
CREATE FUNCTION outcome(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
    grouped text;
BEGIN
    EXECUTE format('SELECT string_agg(q::text, E''\n'') FROM (%s) q', query) INTO result;
    /* below a group nothing is evaluated carefully */
    EXECUTE format('SELECT string_agg(q::text, E''\n'' ORDER BY q::text COLLATE "C") FROM (SELECT DISTINCT * FROM (%s) p) q', query) INTO grouped;
    RETURN concat(result, E'\n', grouped);
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE TABLE failures (query text, isa text, expected text, given text);
CREATE TABLE outcomes (sqlstate text);
CREATE FUNCTION same(query text) RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
    expected text;
    given text;
    isa text;
    good bool := true;
BEGIN
    PERFORM set_config('barks.vectorize', 'off', true);
    expected := outcome(query);
    INSERT INTO outcomes VALUES (substring(expected FROM '^[0-9A-Z]{5} '));
    PERFORM set_config('barks.vectorize', 'force', true);
    FOREACH isa IN ARRAY ARRAY['auto', 'baseline'] LOOP
        PERFORM set_config('barks.vector_isa', isa, true);
        given := outcome(query);
        IF given IS DISTINCT FROM expected THEN
            INSERT INTO failures VALUES (query, isa, expected, given);
            good := false;
        END IF;
    END LOOP;
    PERFORM set_config('barks.vectorize', 'off', true);
    RETURN good;
END $$;
CREATE FUNCTION fails(expression text) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'SELECT ' || expression;
    RETURN false;
EXCEPTION WHEN OTHERS THEN RETURN true;
END $$;
CREATE FUNCTION literal(v text, type text) RETURNS text LANGUAGE sql AS $$
SELECT format('%s::%s', CASE WHEN v <> 'NULL' THEN quote_literal(v) ELSE 'NULL' END, type) $$;

-- x op y for all pairs, for constants on either side, as values and as conditions; pairs that raise an error by themselves
CREATE PROCEDURE check_operator(lt text, op text, rt text, is_bool bool) LANGUAGE plpgsql AS $$
DECLARE
    pairs text := pairs_of(lt, rt);
    bad int[];
    consts text;
BEGIN
    EXECUTE format('SELECT array_agg(i) FROM %s WHERE fails(format(''%%s %%s %%s'', literal(coalesce(x::text, ''NULL''), %L), %L, literal(coalesce(y::text, ''NULL''), %L)))',
        pairs, lt, op, rt) INTO bad;
    bad := coalesce(bad, '{}');
    PERFORM same(format('SELECT i, x %s y AS r FROM %s WHERE i <> ALL (%L::int[])', op, pairs, bad));
    PERFORM same(format('SELECT i, x %s y AS r FROM %s WHERE i %% 3 <> 0 AND i <> ALL (%L::int[])', op, pairs, bad));
    IF is_bool THEN
        PERFORM same(format('SELECT i FROM %s WHERE x %s y AND i <> ALL (%L::int[])', pairs, op, bad));
    END IF;
    IF bad <> '{}' THEN
        PERFORM same(format('SELECT i, x %s y AS r FROM %s WHERE i = %s', op, pairs, bad[1]));
        PERFORM same(format('SELECT i, x %s y AS r FROM %s WHERE i = %s', op, pairs, bad[cardinality(bad)]));
        PERFORM same(format('SELECT i, x %s y AS r FROM %s', op, pairs));
    END IF;
    EXECUTE format('SELECT string_agg(''x %s '' || literal(coalesce(y::text, ''NULL''), %L), '', '') FROM
        (SELECT y FROM %s GROUP BY y HAVING NOT bool_or(i = ANY ($1))) q', op, rt, pairs) INTO consts USING bad;
    PERFORM same(format('SELECT i, %s FROM vals_%s WHERE i %% 5 <> 0', consts, name_of(lt))) WHERE consts IS NOT NULL;
    EXECUTE format('SELECT string_agg(literal(coalesce(x::text, ''NULL''), %L) || '' %s x'', '', '') FROM
        (SELECT x FROM %s GROUP BY x HAVING NOT bool_or(i = ANY ($1))) q', lt, op, pairs) INTO consts USING bad;
    PERFORM same(format('SELECT i, %s FROM vals_%s', consts, name_of(rt))) WHERE consts IS NOT NULL;
END $$;

-- all operators of these types; types with modifiers and collations take part as their base types
CREATE TABLE operators AS
    SELECT l.type AS lt, o.oprname AS op, r.type AS rt, o.oprresult = 'bool'::regtype AS is_bool
    FROM pg_operator o JOIN pg_proc p ON p.oid = o.oprcode JOIN examples l ON l.base = o.oprleft JOIN examples r ON r.base = o.oprright
    WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND p.provolatile <> 'v' AND NOT p.proretset
        AND o.oprname NOT IN ('@@', '@@@', '~', '!~', '~*', '!~*', '^', '<<', '>>') AND (l.type LIKE '%COLLATE%') = (r.type LIKE '%COLLATE%')
;
DO $$
DECLARE r record;
BEGIN
    FOR r IN SELECT * FROM operators LOOP
        CALL check_operator(r.lt, r.op, r.rt, r.is_bool);
    END LOOP;
END $$;
SELECT count(*) AS operators FROM operators;

-- expressions of one value, written with {}
CREATE PROCEDURE check_expression(of_type text, expression text) LANGUAGE plpgsql AS $$
DECLARE
    good int[];
    bad int[];
    e text := replace(expression, '{}', 'x');
BEGIN
    EXECUTE format('SELECT array_agg(i) FILTER (WHERE NOT f), array_agg(i) FILTER (WHERE f) FROM
        (SELECT i, fails(replace(%L, ''{}'', literal(coalesce(x::text, ''NULL''), %L))) AS f FROM vals_%s) q', expression, of_type, name_of(of_type)) INTO good, bad;
    PERFORM same(format('SELECT i, %s AS r FROM vals_%s WHERE i = ANY (%L::int[])', e, name_of(of_type), good));
    PERFORM same(format('SELECT i, %s AS r FROM vals_%s WHERE i %% 3 <> 0 AND i = ANY (%L::int[])', e, name_of(of_type), good));
    IF bad <> '{}' THEN
        PERFORM same(format('SELECT i, %s AS r FROM vals_%s', e, name_of(of_type)));
        PERFORM same(format('SELECT i, %s AS r FROM vals_%s WHERE i = %s', e, name_of(of_type), bad[1]));
        PERFORM same(format('SELECT i, %s AS r FROM vals_%s WHERE i = %s', e, name_of(of_type), bad[cardinality(bad)]));
    END IF;
END $$;

-- casts, to types with modifiers too
DO $$
DECLARE r record;
BEGIN
    FOR r IN
        SELECT s.type AS source, t.type AS target FROM pg_cast c JOIN examples s ON s.base = c.castsource
            JOIN examples t ON t.base = c.casttarget AND t.type NOT LIKE '%COLLATE%'
        UNION ALL
        SELECT type, 'text' FROM examples
        UNION ALL
        SELECT type, t FROM examples, unnest(ARRAY['numeric(3,1)', 'numeric(18,0)', 'numeric(20,5)', 'numeric(5,-2)']) t WHERE base::text IN ('int4', 'int8', 'float8', 'numeric')
    LOOP
        CALL check_expression(r.source, format('{}::%s', r.target));
    END LOOP;
END $$;

-- functions and other nodes
DO $$
DECLARE
    r record;
    e text;
BEGIN
    FOR r IN SELECT * FROM examples LOOP
        FOREACH e IN ARRAY CASE
            WHEN r.base::text IN ('int2', 'int4', 'int8') THEN ARRAY['-{}', 'abs({})', '{} % 3::int2', 'mod({}, -1::int2)', '{} / 0::int2']
            WHEN r.base::text IN ('float4', 'float8') THEN ARRAY['-{}', 'abs({})', 'round({})', 'ceil({})', 'ceiling({})', 'floor({})', 'trunc({})', 'sqrt({})']
            WHEN r.base::text = 'numeric' THEN ARRAY['-{}', 'abs({})', 'round({})', 'round({}, 1)', 'round({}, 3)', 'round({}, -1)', 'round({}, -3)', 'round({}, 30)', 'trunc({}, 1)', 'trunc({}, -2)',
                'ceil({})', 'ceiling({})', 'floor({})', 'sign({})', 'sqrt({})', '{} + 0.001 - {} * 2', '({} * {}) * ({} + 1)']
            WHEN r.base::text IN ('text', 'varchar') THEN ARRAY['length({})', 'char_length({})', 'character_length({})', 'octet_length({})', 'upper({})', 'lower({})', 'initcap({})', '{} || ''ä'' || {}',
                'substring({}, 2)', 'substring({}, 2, 1)', 'substring({}, -1, 3)', 'substring({}, -5, 2)', 'substring({}, 2147483647, 2147483647)', 'substring({}, 1, 2147483647)', 'substr({}, 2, 2)', 'substr({}, 2)',
                'substring({}, 1, -1)', 'substring({} FROM 2 FOR 3)', 'starts_with({}, ''a'')', 'concat({}, 1, NULL)', 'repeat({}, 300) || {}', 'reverse({})', 'left({}, 1)']
            WHEN r.base::text IN ('bpchar', 'character') THEN ARRAY['length({})', 'char_length({})', 'octet_length({})', 'upper({})', 'substring({}, 1, 2)', '{} || ''x''', '{}::text || ''x''']
            WHEN r.base::text = 'date' THEN ARRAY['{} + 1', '{} - 1', '{} - 2147483647', '{} + 2147483647', '{} - date ''2000-01-01''', '{} + interval ''1 month''', '{} - interval ''13 months 3 days 4 h''',
                '{} + interval ''1 y''', 'extract(year FROM {})', 'extract(month FROM {})', 'extract(day FROM {})', 'extract(quarter FROM {})', 'extract(dow FROM {})', 'extract(isodow FROM {})',
                'extract(doy FROM {})', 'extract(week FROM {})', 'extract(hour FROM {})', 'extract(epoch FROM {})', 'extract(century FROM {})', 'date_part(''year'', {})', 'date_part(''second'', {})', 'date_trunc(''month'', {})']
            WHEN r.base::text = 'timestamp' THEN ARRAY['{} + interval ''1 month -1 day 3 h''', '{} - interval ''1 month''', '{} + interval ''300000 years''', '{} - interval ''1 us''',
                'extract(year FROM {})', 'extract(month FROM {})', 'extract(day FROM {})', 'extract(quarter FROM {})', 'extract(dow FROM {})', 'extract(isodow FROM {})', 'extract(doy FROM {})', 'extract(hour FROM {})',
                'extract(minute FROM {})', 'extract(second FROM {})', 'extract(milliseconds FROM {})', 'date_part(''YEAR'', {})', 'date_part(''second'', {})', 'date_part(''hour'', {})', 'date_part(''none'', {})',
                'date_trunc(''year'', {})', 'date_trunc(''quarter'', {})', 'date_trunc(''month'', {})', 'date_trunc(''day'', {})', 'date_trunc(''hour'', {})', 'date_trunc(''minute'', {})', 'date_trunc(''Second'', {})',
                'date_trunc(''week'', {})', 'date_trunc(''dow'', {})']
            WHEN r.base::text = 'timestamptz' THEN ARRAY['{} + interval ''1 day''', 'extract(hour FROM {})', 'extract(year FROM {})', 'date_trunc(''day'', {})']
            WHEN r.base::text = 'bool' THEN ARRAY['NOT {}', '{} AND NULL', '{} OR NULL', '{} IS TRUE', '{} IS NOT FALSE', '{} IS UNKNOWN', 'CASE {} WHEN true THEN 1 WHEN false THEN 2 ELSE 3 END']
            ELSE ARRAY[]::text[] END
        LOOP
            CALL check_expression(r.type, e);
        END LOOP;
    END LOOP;
END $$;

-- what every type has: arrays, NULLIF, IS DISTINCT FROM, CASE, COALESCE, GREATEST, with constants and with another column
CREATE FUNCTION array_of(vals text[], type text) RETURNS text LANGUAGE sql AS $$
SELECT format('ARRAY[%s]::%s[]', (SELECT string_agg(literal(v, regexp_replace(type, ' COLLATE.*', '')), ', ' ORDER BY i) FROM unnest(vals) WITH ORDINALITY u(v, i)), regexp_replace(type, ' COLLATE.*', '')) $$;
DO $$
DECLARE
    r record;
    e text;
    part text[];
    c text;
BEGIN
    FOR r IN SELECT *, array_remove(vals, NULL) AS known FROM examples LOOP
        FOREACH part SLICE 1 IN ARRAY ARRAY[r.known[1:1], r.known[2:2]] LOOP
            c := literal(part[1], regexp_replace(r.type, ' COLLATE.*', ''));
            FOREACH e IN ARRAY ARRAY['NULLIF({}, %1$s)', 'NULLIF(%1$s, {})', '{} IS DISTINCT FROM %1$s', '{} IS NOT DISTINCT FROM NULL', 'CASE {} WHEN %1$s THEN ''it'' WHEN NULL THEN ''null'' ELSE {}::text END',
                'CASE WHEN {} = %1$s THEN {} WHEN i %% 3 = 0 THEN %1$s END', 'CASE i %% 5 WHEN 0 THEN {} WHEN i %% 3 THEN %1$s END', 'COALESCE({}, %1$s)', 'COALESCE(NULLIF({}, %1$s), {})', 'COALESCE(NULL, {}, %1$s) IS NULL',
                'GREATEST({}, %1$s)', 'LEAST(%1$s, {}, NULL)', '{} IN (%1$s)', '{} NOT IN (%1$s, NULL)', '{} > ANY (ARRAY[%1$s, NULL])', '{} <= ALL (ARRAY[%1$s, {}])']
            LOOP
                PERFORM same(format('SELECT i, %s AS r FROM vals_%s', replace(format(e, c), '{}', 'x'), name_of(r.type)));
            END LOOP;
        END LOOP;
        FOREACH e IN ARRAY ARRAY[array_of(r.known, r.type), array_of(r.vals, r.type), array_of(r.known[1:2], r.type), array_of('{NULL}', r.type), array_of('{}', r.type), array_of(r.known || r.known || r.known, r.type),
            array_of(r.known[2:], r.type), array_of(r.vals[2:], r.type), 'NULL::' || regexp_replace(r.type, ' COLLATE.*', '') || '[]']
        LOOP
            PERFORM same(format('SELECT i, x = ANY (%2$s) AS a, x <> ALL (%2$s) AS b, x < ANY (%2$s) AS c, x >= ALL (%2$s) AS d, x <> ANY (%2$s) AS e FROM vals_%1$s', name_of(r.type), e));
            PERFORM same(format('SELECT i FROM vals_%1$s WHERE x = ANY (%2$s) OR i = 3', name_of(r.type), e));
            PERFORM same(format('SELECT i FROM vals_%1$s WHERE i > 10 AND x <> ALL (%2$s)', name_of(r.type), e));
        END LOOP;
        FOREACH e IN ARRAY ARRAY['NULLIF(x, y)', 'x IS DISTINCT FROM y', 'CASE x WHEN y THEN ''same'' END', 'CASE WHEN x > y THEN x ELSE y END', 'COALESCE(x, y)', 'GREATEST(x, y)', 'LEAST(y, x)', 'x = ANY (ARRAY[y, y])'] LOOP
            PERFORM same(format('SELECT i, %s AS r FROM %s', e, pairs_of(r.type, r.type)));
        END LOOP;
    END LOOP;
    -- numerics of unlike scales
    FOR r IN SELECT a.type AS lt, b.type AS rt FROM examples a, examples b WHERE a.base = 'numeric'::regtype AND b.base::text IN ('numeric', 'int4', 'float8') LOOP
        FOREACH e IN ARRAY ARRAY['NULLIF(x, y)', 'x IS DISTINCT FROM y', 'CASE WHEN x > y THEN x ELSE y END', 'COALESCE(NULLIF(x, 0), y)', 'GREATEST(x, y, 0.001)', 'LEAST(y, x)', 'x IN (y, 0, 2.5)', 'CASE WHEN i % 2 = 0 THEN x END',
            'CASE WHEN i % 3 = 0 THEN x WHEN i % 3 = 1 THEN 0 ELSE y END', '1 - CASE WHEN i % 3 = 0 THEN x WHEN i % 3 = 1 THEN 0 ELSE y END', 'CASE WHEN i % 2 = 0 THEN x ELSE 0 END + 1.5', 'CASE WHEN i % 2 = 0 THEN 0 ELSE x END * 2.0',
            '-CASE WHEN i % 2 = 0 THEN 0 ELSE x END', 'round(CASE WHEN i % 2 = 0 THEN 0 ELSE x END, 1)', 'CASE WHEN i % 2 = 0 THEN 0 ELSE x END > 0.5', 'COALESCE(CASE WHEN i % 3 = 0 THEN 0 WHEN i % 3 = 1 THEN x END, 7.000)',
            'GREATEST(CASE WHEN i % 2 = 0 THEN 0 ELSE x END, LEAST(x, 0.1))', '(CASE WHEN i % 2 = 0 THEN 0 ELSE x END)::text', 'CASE WHEN i % 2 = 0 THEN 0 ELSE abs(x) END']
        LOOP
            CONTINUE WHEN r.rt = 'float8' AND e LIKE 'LEAST%';
            PERFORM same(format('SELECT i, %s AS r FROM %s WHERE abs(x) < 1e15', e, pairs_of(r.lt, r.rt)));
            PERFORM same(format('SELECT sum(r), avg(r), round(min(r), 25), round(max(r), 25), count(r), i %% 4 AS g FROM (SELECT i, (%s)::text::numeric AS r FROM %s WHERE abs(x) < 1e15 AND abs(y) < 1e15) q GROUP BY g ORDER BY g', e, pairs_of(r.lt, r.rt)))
            WHERE e NOT LIKE '%text' AND e NOT LIKE '%DISTINCT%' AND e NOT LIKE '% IN %' AND e NOT LIKE '% > 0.5';
            PERFORM same(format('SELECT sum(%1$s), avg(%1$s), round(min(%1$s), 25), round(max(%1$s), 25), count(%1$s), i %% 4 AS g FROM %2$s WHERE abs(x) < 1e15 AND abs(y) < 1e15 GROUP BY g ORDER BY g', e, pairs_of(r.lt, r.rt)))
            WHERE e NOT LIKE '%text' AND e NOT LIKE '%DISTINCT%' AND e NOT LIKE '% IN %' AND e NOT LIKE '% > 0.5';
        END LOOP;
    END LOOP;
END $$;

-- what expressions have in common
DO $$
DECLARE
    t text;
    e text;
BEGIN
    FOREACH t IN ARRAY ARRAY['numeric_6_2_', 'numeric', 'int4', 'float8'] LOOP
        FOREACH e IN ARRAY ARRAY['x + 1 AS a, x + 1 AS b, (x + 1) * 2 AS c, CASE WHEN i % 2 = 0 THEN (x + 1) * 2 END AS d, (x + 1) * 2 - 3 AS e', 'CASE WHEN i % 2 = 0 THEN x + 1 ELSE 0 END AS a, x + 1 AS b, x + 1 = 2 OR x + 1 > 3 AS c',
            'CASE WHEN x + 1 > 1 THEN x + 1 ELSE 0 END + 1 AS a, CASE WHEN x + 1 > 1 THEN x + 1 ELSE 0 END * 2 AS b, CASE WHEN x + 1 > 1 THEN x + 1 ELSE 0 END AS c', 'NULLIF(x + 1, 2) AS a, COALESCE(x + 1, 5) AS b, GREATEST(x + 1, 0) AS c, x + 1 IN (1, 2) AS d']
        LOOP
            PERFORM same(format('SELECT i, %s FROM vals_%s WHERE x < 1e6', e, t));
        END LOOP;
    END LOOP;
END $$;

-- patterns
DO $$
DECLARE
    pattern text;
    op text;
    t text;
BEGIN
    CREATE TABLE strings AS SELECT i, s, s::char(20) AS c, s COLLATE "C" AS n FROM unnest(ARRAY['', 'a', 'abc', 'aXbXc', 'ABC', 'äöü', 'aäb', 'a%b', 'a_b', 'a\b', 'special packages requests', 'the special offers of all requests here and there',
        'aaaaaaaaaaaaaaaab', 'abababababababac', '  ', 'x' || repeat('yz', 40) || 'x', 'ÄÖÜ', '日本語', NULL]) WITH ORDINALITY u(s, i);
    FOREACH t IN ARRAY ARRAY['s', 'c', 'n'] LOOP
        FOREACH op IN ARRAY ARRAY['LIKE', 'NOT LIKE', 'ILIKE', 'NOT ILIKE'] LOOP
            FOREACH pattern IN ARRAY ARRAY['', '%', '%%', '_', '__', '_%', '%_', '%_%', 'a%', '%b', 'a%b', '%b%', 'a%b%c', '%a%b', 'abc', 'a_c', '_ö_', '%ö%', '%\%%', '%\_%', '\a%', 'a\\b', '%special%requests%', '%aab', '%abac', '%ab%ac%', '%_ö%', '%ö_',
                '%yzx', 'x%zyz%', '_本%', '%語', 'A%', '%Ä%', '%  ', 'a__%', '%\', 'zzz\', '%b_', '%a_b%'] LOOP
                PERFORM same(format('SELECT i, %1$s %2$s %3$L AS r FROM strings', t, op, pattern));
                PERFORM same(format('SELECT i FROM strings WHERE i <> 5 AND %1$s %2$s %3$L', t, op, pattern));
            END LOOP;
            PERFORM same(format('SELECT i, %1$s %2$s s AS r FROM strings', t, op));
        END LOOP;
        FOREACH pattern IN ARRAY ARRAY['a.*c', '^ä', 'B'] LOOP
            PERFORM same(format('SELECT i, %1$s ~ %2$L AS r, %1$s ~* %2$L AS s, %1$s !~ %2$L AS t FROM strings', t, pattern));
        END LOOP;
    END LOOP;
END $$;

-- what AND and OR leave out, and what they do not; conditions that follow strings which no kernel reads
DO $$
DECLARE e text;
BEGIN
    CREATE TABLE long (i int, s text, c char(8000));
    ALTER TABLE long ALTER s SET STORAGE external;
    INSERT INTO long SELECT g, CASE WHEN g % 4 = 0 THEN repeat('l', 3000) ELSE 's' || g % 3 END, CASE WHEN g % 5 = 0 THEN repeat('c', 7000) ELSE 'c' || g % 3 END FROM generate_series(1, 200) g;
    FOREACH e IN ARRAY ARRAY['i < 5 OR (NULLIF(i, i) = 1 AND 1 / (i - 7) = 0)', 'i < 5 OR (i = 1 AND 1 / (i - 7) = 0)', 'i < 8 OR 1 / (i - 7) = 0', 'i > 8 OR NOT (i <> 7 AND 1 / (i - 7) = 0)', 'NULLIF(i, i) = 1 AND 1 / (i - 7) = 0',
        'CASE WHEN i > 7 THEN 1 / (i - 7) WHEN i < 7 THEN 2 / (i - 7) END IS NULL', 'COALESCE(i, 1 / (i - 7)) > 5', 'i > 3 AND s = ''s1'' AND c = ''c1''', 'i > 3 AND s <> ''s1'' AND i < 100', 'i > 3 AND s LIKE ''%1'' AND c LIKE ''c%''',
        'i > 3 AND s IN (''s1'', ''s2'', ''s7'', ''s8'', ''s9'', repeat(''l'', 3000))', 'i > 3 AND c IN (''c1'', ''c2'', ''c7'', ''c8'', ''c9'', repeat(''c'', 7000))', 'length(s) > 10 AND length(c) > 10', 'i > 3 AND (s = repeat(''l'', 3000) OR c = ''c2'')',
        'i NOT IN (SELECT i * 2 FROM long WHERE i < 50)', 'i > (SELECT min(l.i) + 3 FROM long l WHERE l.s = long.s)', 'starts_with(s, ''s'') AND i % 3 = 0', 's || c > ''s1''', 'upper(s) = ''S1'' AND substring(c, 1, 2) = ''c1''']
    LOOP
        PERFORM same(format('SELECT i FROM long WHERE %s', e));
        PERFORM same(format('SELECT i, %s AS r FROM long', e));
    END LOOP;
END $$;

-- parameters
PREPARE p(int[], text, numeric, text[]) AS SELECT i, i = ANY ($1) AS a, s LIKE $2 AS b, CASE WHEN i < 3 THEN $3 ELSE 0 END AS c, s <> ALL ($4) AS d FROM long WHERE i < 6 ORDER BY i;
SET plan_cache_mode = force_generic_plan;
SET barks.vectorize = force;
EXECUTE p('{1,2}', 's1', 1.50, '{s1,s2}');
EXECUTE p('{3,NULL,5,6,7,8}', '%2', 7, '{s1,NULL}');
EXECUTE p(NULL, NULL, NULL, NULL);

-- functions need the right to call them
CREATE FUNCTION own(int) RETURNS int LANGUAGE plpgsql STRICT AS 'BEGIN RETURN $1; END';
REVOKE EXECUTE ON FUNCTION own FROM PUBLIC;
CREATE ROLE vectorize_expressions_role;
GRANT USAGE ON SCHEMA vectorize_expressions TO vectorize_expressions_role;
GRANT SELECT ON long TO vectorize_expressions_role;
SET ROLE vectorize_expressions_role;
SELECT count(own(i)) FROM long;
SELECT count(*) FROM long WHERE own(i) > 3;
RESET ROLE;
SELECT count(*) FROM long WHERE own(i) > 3;

SELECT sum(greatest(x, 3000 - x)), sum(least(x, 3000 - x, 500)), count(*) FROM generate_series(1, 3000) x;
SELECT sum(greatest(x, y)), sum(least(x, y, 500)), count(*) FROM (SELECT g AS x, 3000 - g AS y FROM generate_series(1, 3000) g OFFSET 0) q;
CREATE TABLE turned AS SELECT x, 3000 - x AS y FROM generate_series(1, 3000) x;
SELECT sum(greatest(x, y)), sum(least(x, y, 500)), count(*) FROM turned;
SET barks.vector_isa = 'none';
RESET barks.vectorize;
SELECT * FROM failures LIMIT 5;
SELECT sqlstate, count(*) >= 6 AS many FROM outcomes GROUP BY 1 ORDER BY 1;

RESET barks.vector_isa;
SET client_min_messages = warning;
DROP SCHEMA vectorize_expressions CASCADE;
DROP ROLE vectorize_expressions_role;
