-- What gives rows in an order, or some of them, gives over batches what PostgreSQL's own nodes give.
CREATE SCHEMA vectorize_order;
SET search_path = vectorize_order;
SET max_parallel_workers_per_gather = 0;
SET temp_buffers = '800kB';
SET extra_float_digits = 3;
CREATE TABLE v (i int, b bigint, s smallint, f float8, r real, n numeric(12,2), m numeric, t text, c char(5), d date,
    ts timestamptz, o bool, y bytea, u uuid, a int[]);
INSERT INTO v SELECT g * 7919 % 3001, g * 1000000007::bigint % 99991 - 50000, g % 100, (g - 1000) / 7.0, g / 3.0, (g * 31 % 977 - 400) / 100.0,
    g * 13 % 701 / 3.0, 'text ' || g * 17 % 501 || repeat('x', g % 9), 'c' || g % 7, date '2020-01-01' + g * 11 % 365,
    '2020-01-01Z'::timestamptz + g % 977 * interval '1 h', g % 3 = 0, sha256(g::text::bytea), md5(g::text)::uuid, ARRAY[g % 3, g]
    FROM generate_series(1, 3000) g;
INSERT INTO v (i) SELECT NULL FROM generate_series(1, 10);
INSERT INTO v (i, f, r, n, m, t) VALUES (0, 'NaN', 'NaN', 'NaN', 'NaN', ''), (0, '-0', '-0', 0, 0.000, 'a'), (0, 'inf', 'inf', 1, 'inf', 'a '),
    (0, 0, 0, 2, '-inf', 'longer than eight'), (-1, '-inf', '-inf', -2, 0, 'longer than eighty'), (2147483647, 'NaN', 1e-30, 0, 0.0, 'longer th'),
    (-2147483648, 1e-300, -1e30, -0.01, 1e100, NULL);
ANALYZE v;

-- the query's rows as text, in their order, with and without
CREATE FUNCTION same(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    expected text[] := '{}';
    given text[] := '{}';
    x record;
BEGIN
    PERFORM set_config('barks.vectorize', 'off', true);
    FOR x IN EXECUTE query LOOP expected := expected || x::text; END LOOP;
    PERFORM set_config('barks.vectorize', 'force', true);
    FOR x IN EXECUTE query LOOP given := given || x::text; END LOOP;
    RETURN CASE WHEN given = expected THEN 'the same'
        ELSE format('expected %s rows but got %s: %s', cardinality(expected), cardinality(given),
            (SELECT string_agg(format('%s: %s, not %s', k, g, e), E'\n') FROM unnest(expected, given) WITH ORDINALITY q (e, g, k)
             WHERE e IS DISTINCT FROM g AND k < 100)) END;
END $$;

-- LIMIT, OFFSET, subqueries in FROM, UNION ALL
SET barks.vectorize = on;
EXPLAIN (COSTS OFF) SELECT * FROM (SELECT s, count(*) AS k FROM v GROUP BY s) q WHERE k > 5 LIMIT 3;
EXPLAIN (COSTS OFF) SELECT i FROM v LIMIT 3;
EXPLAIN (COSTS OFF) SELECT s, sum(i) FROM v GROUP BY s UNION ALL SELECT s, sum(n) FROM v GROUP BY s;
SET barks.vectorize = force;
EXPLAIN (COSTS OFF) SELECT i FROM v LIMIT 3;
EXPLAIN (COSTS OFF) SELECT i + 1 FROM (SELECT i FROM v OFFSET 5) q WHERE i > 7 LIMIT 3;
EXPLAIN (COSTS OFF, FORMAT json) SELECT i, s FROM v UNION ALL SELECT i, s FROM v WHERE i < 5;
EXPLAIN (COSTS OFF) SELECT i FROM v WHERE current_setting('barks.vectorize') = 'force';
RESET barks.vectorize;
SELECT same('SELECT i, t, n FROM v LIMIT 3');
SELECT same(format('SELECT i, t, n FROM v WHERE s <> 7 OFFSET %s LIMIT %s', x, y)) FROM unnest(ARRAY['0', '1', '1500', '2990', '5000', 'NULL']) x,
    unnest(ARRAY['0', '1', '700', '2000', '5000', 'NULL', 'ALL']) y;
SELECT same('SELECT i + 1, q FROM (SELECT i, t || ''!'' AS q FROM v OFFSET 5) q WHERE i > 7 LIMIT 300');
SELECT same('SELECT * FROM (SELECT i, s, n FROM v LIMIT 40) q UNION ALL SELECT 1, 2, 3 UNION ALL SELECT i, s, m FROM v WHERE i < 50');
SELECT same('SELECT x, (SELECT string_agg(i::text, '','') FROM (SELECT i FROM v WHERE i > x OFFSET x LIMIT x) q) FROM generate_series(0, 4) x');
SELECT same('SELECT x, (SELECT sum(i) FROM (SELECT i FROM v WHERE x > 2 UNION ALL SELECT s FROM v WHERE x < 4) q) FROM generate_series(0, 4) x');
SELECT same('SELECT x, y FROM generate_series(1, 3) x, LATERAL (SELECT i AS y FROM v WHERE i > x AND x <> 2 LIMIT x) q');
SELECT same('SELECT i FROM v WHERE (SELECT max(s) FROM v) > 5 AND now() > ''2000-01-01'' LIMIT 5');
SELECT same('SELECT i FROM v WHERE (SELECT max(s) FROM v) > 500 LIMIT 5');
SELECT same('SELECT s FROM v FETCH FIRST 3 ROWS ONLY');
SELECT same('SELECT s FROM v ORDER BY s FETCH FIRST 3 ROWS WITH TIES');
PREPARE lim(int, int) AS SELECT i, t FROM v WHERE i > 10 OFFSET $1 LIMIT $2;
SET barks.vectorize = force;
EXECUTE lim(0, 2);
EXECUTE lim(1, 2);
EXECUTE lim(NULL, 3);
EXECUTE lim(2995, NULL);
EXECUTE lim(2, 0);
EXECUTE lim(-1, 1);
EXECUTE lim(1, -1);
EXECUTE lim(0, 2);
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT i FROM v LIMIT 5;

-- nothing is raised, locked or called for rows that nobody asked for
CREATE TABLE small AS SELECT g FROM generate_series(1, 2000) g;
CREATE SEQUENCE seq;
SELECT 1 / (g - 3) FROM small LIMIT 2;
SELECT 1 / (g - 3) FROM small LIMIT 3;
SELECT 1 / (g - 3) FROM (SELECT g FROM small OFFSET 0) q LIMIT 2;
SELECT x FROM (SELECT 1 / (g - 3) AS x FROM small OFFSET 1) q LIMIT 1;
SELECT 1 / (g - 3) FROM small UNION ALL SELECT 1 / (g - 1) FROM small LIMIT 2;
SELECT x FROM (SELECT generate_series(1, g) / (g - 3) AS x FROM small) q LIMIT 3;
SELECT x FROM (SELECT nextval('seq') AS x, g FROM small OFFSET 0) q LIMIT 2;
SELECT last_value FROM seq;
BEGIN;
SELECT g FROM small LIMIT 2 FOR UPDATE;
SELECT count(*) FROM small WHERE xmax <> 0;
DECLARE cur CURSOR FOR SELECT 1 / (g - 3) FROM small LIMIT 50;
FETCH 2 FROM cur;
FETCH 1 FROM cur;
ROLLBACK;
BEGIN;
DECLARE cur NO SCROLL CURSOR FOR SELECT 10 / (g - 3) FROM (SELECT g FROM small OFFSET 0) q;
FETCH 2 FROM cur;
FETCH 1 FROM cur;
ROLLBACK;
BEGIN;
DECLARE cur CURSOR FOR SELECT i, s FROM v LIMIT 5;
FETCH 3 FROM cur;
FETCH BACKWARD 2 FROM cur;
ROLLBACK;
RESET barks.vectorize;


-- sorts: by every type, in every direction, with special values and NULLs
SET barks.vectorize = on;
EXPLAIN (COSTS OFF) SELECT s, sum(n) AS x FROM v GROUP BY s ORDER BY x DESC LIMIT 5;
EXPLAIN (COSTS OFF) SELECT * FROM (SELECT i, s FROM v WHERE i > 5 ORDER BY s, i OFFSET 0) q LIMIT 5;
RESET barks.vectorize;
SELECT k, same(format('SELECT %1$s AS k, i, t FROM v ORDER BY %1$s %2$s %3$s, i, t COLLATE "C", n', k, direction, nulls))
FROM unnest('{i,b,s,f,r,n,m,t,c,d,ts,o,y,u,a,"t COLLATE \"C\"","i::oid","n::text","a[2]","t::name","o::int - s","i::numeric","n * 1.0"}'::text[]) k,
    unnest(ARRAY['', 'DESC']) direction, unnest(ARRAY['NULLS FIRST', 'NULLS LAST']) nulls;
SELECT same(format('SELECT * FROM v ORDER BY %s, i, t COLLATE "C"', k)) FROM unnest(ARRAY['s, c', 'c DESC, s', 'o, c, s DESC', 'd, o DESC NULLS LAST, n', 'o, s, n, f',
    't COLLATE "C" DESC, o', 'n, m DESC', 'c COLLATE "C", n']) k;
CREATE TABLE words AS SELECT repeat('common prefix of strings ', g % 3) || chr(60 + g % 60) || repeat('z', g % 20) || CASE WHEN g % 5 = 0 THEN g::text ELSE '' END AS w, g FROM generate_series(1, 4000) g;
INSERT INTO words SELECT repeat(md5((g % 7)::text), 300) || g % 10, g FROM generate_series(1, 60) g;
INSERT INTO words SELECT string_agg(md5(x::text || g % 9), ''), g FROM generate_series(1, 30) g, generate_series(1, 200) x GROUP BY g;
INSERT INTO words VALUES ('', 0), (' ', 0), (NULL, 0), ('\x01', 0), ('common p', 0), ('common prefix of', 0);
CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT c, same(format('SELECT md5(w), g FROM words ORDER BY w COLLATE %s, g, w COLLATE "C"', c)) FROM unnest('{"\"C\"","\"C\" DESC","\"en-x-icu\"",nocase,"nocase DESC"}'::text[]) c;
SELECT same('SELECT md5(w), g FROM words ORDER BY w::char(40) COLLATE "C", g, w COLLATE "C"');
SELECT same('SELECT md5(w), g FROM words ORDER BY w::varchar(10) COLLATE "C" DESC, g, w COLLATE "C"');
SELECT same('SELECT md5(w), g FROM words ORDER BY convert_to(w, ''utf8''), g');
SELECT same('SELECT w, g FROM words WHERE length(w) < 50 ORDER BY w USING ~<~, g');

-- the first rows only
SELECT same(format('SELECT i, t, n FROM v ORDER BY %s, i, t COLLATE "C" LIMIT %s OFFSET %s', k, x, y)) FROM unnest(ARRAY['s', 'n DESC', 't COLLATE "C"', 'o NULLS FIRST', 'm DESC NULLS LAST', 'f DESC']) k,
    unnest(ARRAY[0, 1, 10, 700, 4000]) x, unnest(ARRAY[0, 20]) y;
CREATE TABLE many AS SELECT g * 7919 % 100003 AS a, g % 10 AS b, 'w' || g * 31 % 50021 AS t, (g * 17 % 100003) / 100.0 AS m, g / 3 AS n FROM generate_series(1, 60000) g;
INSERT INTO many SELECT NULL, g, NULL, NULL, NULL FROM generate_series(1, 50) g;
ANALYZE many;
SELECT k, same(format('SELECT * FROM many ORDER BY %s, a LIMIT 20', k)) FROM unnest('{a,"a DESC NULLS LAST","b, a DESC",t,"t DESC NULLS LAST","m DESC NULLS LAST",
    "n NULLS FIRST, b","b DESC, m NULLS FIRST","t NULLS FIRST, b","t COLLATE \"C\""}'::text[]) k;
SELECT same('SELECT * FROM many ORDER BY a NULLS FIRST, b LIMIT 45');
SELECT same('SELECT * FROM many ORDER BY a NULLS FIRST, b LIMIT 75');
SELECT same('SELECT a FROM many ORDER BY a LIMIT 75');
SELECT same('SELECT b FROM many ORDER BY b DESC LIMIT 15000');
SELECT same('SELECT a, x FROM (SELECT a, sum(n) AS x, m FROM many GROUP BY a, m) q ORDER BY x DESC NULLS LAST, m, a LIMIT 11');
SELECT same('SELECT b, t, m FROM many ORDER BY t, m, b');
SELECT same('SELECT x, (SELECT string_agg(q::text, '' '') FROM (SELECT a, b FROM many WHERE b = x ORDER BY a DESC NULLS LAST LIMIT x) q) FROM generate_series(0, 5) x');
SELECT same('SELECT * FROM many, (SELECT a AS z FROM many ORDER BY a LIMIT 3) q ORDER BY a, z DESC, b LIMIT 7');
EXPLAIN (COSTS OFF) SELECT a FROM many ORDER BY a FETCH FIRST 2 ROWS WITH TIES;
SELECT same('SELECT b, n FROM many ORDER BY n FETCH FIRST 2 ROWS WITH TIES');
SET barks.vectorize = force;
PREPARE top(int) AS SELECT a, t FROM many ORDER BY t DESC NULLS LAST, a LIMIT $1;
EXECUTE top(1);
EXECUTE top(2);
EXECUTE top(0);
EXECUTE top(3);
EXECUTE top(1);
EXECUTE top(2);
EXECUTE top(3);
EXECUTE top(-3);
RESET barks.vectorize;

-- more rows than memory, which PostgreSQL sorts
SET work_mem = '64kB';
SET barks.vectorize = on;
EXPLAIN (COSTS OFF) SELECT * FROM many ORDER BY a;
EXPLAIN (COSTS OFF) SELECT * FROM many ORDER BY a LIMIT 5;
RESET barks.vectorize;
SELECT k, same(format('SELECT i, t, n, m, f FROM v ORDER BY %1$s, i, t COLLATE "C"', k)) FROM unnest('{i,n,"m DESC","t COLLATE \"C\"",f,y}'::text[]) k;
SELECT same('SELECT b, t, m FROM many ORDER BY t, m, b');
SELECT same('SELECT * FROM many ORDER BY m DESC NULLS LAST, a LIMIT 1500');
SELECT same('SELECT * FROM many ORDER BY m DESC NULLS LAST, a LIMIT 20');
SELECT same('SELECT md5(w), g FROM words ORDER BY w COLLATE "C", g');
SELECT same('SELECT x, (SELECT md5(string_agg(q::text, '' '')) FROM (SELECT a, b, t FROM many WHERE b = x ORDER BY a DESC NULLS LAST) q) FROM generate_series(0, 3) x');
-- by ranges in files: of each kind of key, also where ranges are too large themselves, or all rows are equal
CREATE FUNCTION method(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    SET LOCAL barks.vectorize = force;
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) ' || query LOOP
        IF line ~ 'Sort Method' THEN RETURN trim(line); END IF;
    END LOOP;
END $$;
CREATE TABLE w AS SELECT g * 7919 % 20011 AS i, md5(g::text) AS t, (g * 31 % 977 / 100.0)::numeric(10,2) AS n, CASE WHEN g % 3 > 0 THEN g * 13 % 5003 END AS k,
    CASE WHEN g % 50 > 0 THEN 7 ELSE g END AS skew, CASE WHEN g % 400 = 0 THEN g END AS few, 5 AS one, g / 7.0 AS m, (g % 997)::float8 AS f FROM generate_series(1, 20000) g;
ANALYZE w;
SELECT keys, method(format('SELECT * FROM w ORDER BY %s OFFSET 0', keys)), same(format('SELECT * FROM w ORDER BY %s OFFSET 0', keys))
    FROM unnest(ARRAY['i, t', 'i DESC, t', 't COLLATE "C"', 't COLLATE "C" DESC', 'n, i, t', 'k, i', 'k DESC, i', 'k NULLS FIRST, i', 'skew, t COLLATE "C"', 'few, i, t',
        'few DESC, i', 'one, i, t', 'm DESC', 'f, i', 'one, one']) keys WHERE keys <> 'one, one';
SELECT same('SELECT i, row_number() OVER (ORDER BY i, t) FROM w');
SELECT same('SELECT v.i, (SELECT string_agg(q.i::text, '','') FROM (SELECT w.i FROM w WHERE w.i > v.i ORDER BY n, w.i OFFSET 17000) q) FROM v WHERE v.i < 3');
SELECT same('SELECT i FROM w ORDER BY n DESC, i LIMIT 7000');
RESET work_mem;

-- cursors
SET barks.vectorize = force;
BEGIN;
DECLARE forth NO SCROLL CURSOR FOR SELECT a, b FROM many ORDER BY a;
FETCH 3 FROM forth;
FETCH 2 FROM forth;
MOVE 60000 IN forth;
DECLARE back SCROLL CURSOR FOR SELECT a, b FROM many WHERE b = 3 ORDER BY a;
FETCH 3 FROM back;
FETCH BACKWARD 2 FROM back;
DECLARE undeclared CURSOR FOR SELECT a, b FROM many WHERE b = 3 ORDER BY a;
FETCH 3 FROM undeclared;
FETCH BACKWARD 2 FROM undeclared;
DECLARE held CURSOR WITH HOLD FOR SELECT a, b FROM many ORDER BY a LIMIT 4;
FETCH 1 FROM held;
COMMIT;
FETCH ALL FROM held;
CLOSE held;
-- a merge join goes back in what is sorted; all input of a sort is read
EXPLAIN (COSTS OFF) SELECT x.a, y.a FROM many x FULL JOIN many y ON x.n::bit(32) = y.n::bit(32);
SELECT same('SELECT x.a, y.a, x.b FROM (SELECT * FROM many WHERE b < 5) x FULL JOIN (SELECT * FROM many WHERE b > 2) y ON x.n::bit(32) = y.n::bit(32) ORDER BY 1, 2, 3');
SELECT 1 / (g - 3) AS x FROM small ORDER BY x LIMIT 1;
SELECT g FROM small ORDER BY g % 7, 1 / (g - 3) LIMIT 0;
SELECT x FROM (SELECT g AS x FROM small ORDER BY g OFFSET 0) q WHERE 1 / (x - 3) < 100 LIMIT 2;
RESET barks.vectorize;

-- row numbers and ranks; other window functions see rows that were sorted over batches
SET barks.vectorize = on;
EXPLAIN (COSTS OFF) SELECT * FROM (SELECT b, a, row_number() OVER (PARTITION BY b ORDER BY a DESC) AS k FROM many) q WHERE k <= 2;
EXPLAIN (COSTS OFF) SELECT b, a, row_number() OVER (ORDER BY a), sum(a) OVER (ORDER BY a) FROM many;
RESET barks.vectorize;
SELECT over, same(format('SELECT row_number() OVER (PARTITION BY %s, i, t), rank() OVER w + 1, dense_rank() OVER w * 2 AS d, i FROM v WINDOW w AS (PARTITION BY %1$s) ORDER BY 4, 1, 2, 3', over))
FROM unnest('{s,"s ORDER BY o","o ORDER BY n DESC","n ORDER BY f","o ORDER BY t COLLATE \"C\" DESC, m","c, o ORDER BY ts NULLS FIRST","NULL ORDER BY m","f","a ORDER BY y","t COLLATE nocase ORDER BY d"}'::text[]) over;
SELECT same(format('SELECT * FROM (SELECT b, a, t, %s OVER (PARTITION BY b %% 4 ORDER BY n, a, b) AS k FROM many) q WHERE k %s', f, c)) FROM unnest('{row_number(),rank(),dense_rank()}'::text[]) f,
    unnest(ARRAY['<= 3', '< 1', '= 2', '<= (SELECT min(b) + 2 FROM many)', '> 5900']) c;
SELECT same('SELECT a, k, r FROM (SELECT a, row_number() OVER (ORDER BY a) AS k, rank() OVER (ORDER BY b, a) AS r, b FROM many) q WHERE k <= 1500 AND r > 3 AND b < 7');
SELECT same('SELECT a, k, r FROM (SELECT a, dense_rank() OVER (ORDER BY b) AS k, rank() OVER (PARTITION BY n ORDER BY a) AS r FROM many) q WHERE k <= 2 AND r <= 1 ORDER BY a LIMIT 300');
SELECT same('SELECT x, (SELECT sum(k * a) FROM (SELECT a, rank() OVER (PARTITION BY b ORDER BY a) AS k FROM many WHERE b < x) q WHERE k < x) FROM generate_series(0, 4) x');
SELECT same('SELECT row_number() OVER (), rank() OVER (), dense_rank() OVER (), count(*) OVER () FROM small');
SELECT same('SELECT sum(a) OVER (PARTITION BY b ORDER BY a, n), lag(a, 2) OVER (PARTITION BY b ORDER BY a), row_number() OVER (PARTITION BY b ORDER BY a ROWS 2 PRECEDING) FROM many WHERE n < 3000 ORDER BY b, a');
SET barks.vector_batch_rows = 3;
SELECT same('SELECT row_number() OVER w, rank() OVER w, dense_rank() OVER w, i FROM v WHERE s < 30 WINDOW w AS (PARTITION BY s ORDER BY o, f) ORDER BY s, 1');
SELECT same('SELECT i, t FROM v ORDER BY n, i, t COLLATE "C" LIMIT 77 OFFSET 5');
SELECT same('SELECT * FROM (SELECT i, s, t FROM v UNION ALL SELECT i, s, t FROM v) q ORDER BY t COLLATE "C", i, s');
RESET barks.vector_batch_rows;
SET barks.vectorize = force;
SELECT x, k FROM (SELECT 1 / (g - 3) AS x, row_number() OVER () AS k FROM (SELECT g FROM small OFFSET 0) p) q WHERE k <= 1;
SELECT 1 / (g - 3), row_number() OVER () FROM small LIMIT 2;
-- what ends early below what reads to the end
CREATE TABLE divided AS SELECT g AS x, g - 50 AS y FROM generate_series(1, 1000) g;
ANALYZE divided;
SELECT count(*), sum(x) FROM (SELECT count(*) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS k, x FROM divided WHERE 1 / y < 5) q WHERE k <= 3;
SELECT sum(x) FROM (SELECT row_number() OVER () AS k, x FROM divided WHERE 1 / y < 5) q WHERE k <= 3;
SELECT sum(x) FROM (SELECT row_number() OVER () AS k, x FROM divided WHERE 1 / y < 5) q WHERE k <= 53;
SET enable_mergejoin = off;
SET enable_nestloop = off;
SELECT count(*) FROM divided a JOIN divided b ON a.x::float4 = b.x::float8 WHERE 1 / a.y < 5 AND b.x = -1;
RESET enable_mergejoin;
RESET enable_nestloop;
RESET barks.vectorize;

SET client_min_messages = warning;
DROP SCHEMA vectorize_order CASCADE;
