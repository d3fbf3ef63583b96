-- Joins over batches leave rows out where they are read.
CREATE SCHEMA vectorize_filters;
SET search_path = vectorize_filters;
SET max_parallel_workers_per_gather = 0;
SET enable_mergejoin = off;
SET enable_nestloop = off;
CREATE TABLE orders (id bigint, customer int, day date, note text);
CREATE TABLE customers (id int, nation smallint, name text);
CREATE TABLE nations (id smallint, name text);
INSERT INTO nations SELECT g, 'nation ' || g FROM generate_series(1, 20) g;
INSERT INTO customers SELECT g, g % 20 + 1, 'customer ' || g FROM generate_series(1, 2000) g;
INSERT INTO orders SELECT g, g % 2000 + 1, date '2020-01-01' + g % 700, 'order ' || g FROM generate_series(1, 20000) g;
INSERT INTO orders VALUES (NULL, NULL, NULL, NULL), (-1, NULL, '2020-01-01', 'nobody''s'), (-2, -5, '2020-01-01', 'nobody''s');
INSERT INTO customers VALUES (NULL, 3, 'no id'), (-1, NULL, 'no nation');
ANALYZE;

CREATE FUNCTION removed(query text) RETURNS TABLE (given text, rows_removed bigint) LANGUAGE plpgsql AS $$
DECLARE
    expected text;
    line text;
    sql text := format('SELECT count(*) || '' '' || coalesce(md5(string_agg(x::text, E''\n'' ORDER BY x::text COLLATE "C")), '''') FROM (%s) x', query);
BEGIN
    PERFORM set_config('barks.vectorize', 'off', true);
    EXECUTE sql INTO expected;
    PERFORM set_config('barks.vectorize', 'force', true);
    EXECUTE sql INTO given;
    given := CASE WHEN given = expected THEN split_part(given, ' ', 1) || ' rows' ELSE 'expected ' || expected || ' but got ' || given END;
    rows_removed := 0;
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || sql LOOP
        rows_removed := rows_removed + coalesce(substring(line FROM 'Rows Removed by Value Filter: (\d+)'), '0')::bigint;
    END LOOP;
    RETURN NEXT;
END $$;

-- through one join to the other
SELECT * FROM removed('SELECT o.*, c.name FROM orders o JOIN customers c ON o.customer = c.id JOIN nations n ON n.id = c.nation WHERE n.name = ''nation 7''');
SELECT * FROM removed('SELECT o.*, c.name FROM customers c JOIN orders o ON o.customer = c.id WHERE c.nation = 5 AND o.day < ''2020-03-01''');
SELECT * FROM removed('SELECT * FROM orders WHERE customer IN (SELECT id FROM customers WHERE nation = 2)');
SELECT * FROM removed('SELECT n.* FROM nations n WHERE n.id IN (SELECT nation FROM customers WHERE id < 700)');
SELECT * FROM removed('SELECT n.* FROM nations n WHERE NOT EXISTS (SELECT FROM customers c WHERE c.nation = n.id AND c.id < 15)');
SELECT * FROM removed('SELECT n.* FROM nations n WHERE NOT EXISTS (SELECT FROM orders o WHERE o.id = n.id AND o.customer > 5)');
-- through an outer join from its outer side, and not to its inner one
SELECT * FROM removed('SELECT o.id, c.name, n.name AS nation FROM orders o LEFT JOIN customers c ON o.customer = c.id JOIN nations n ON o.id = n.id');
SELECT * FROM removed('SELECT o.id, n.name FROM nations n LEFT JOIN orders o ON o.id = n.id + 10');
SELECT * FROM removed('SELECT o.id, n.name FROM nations n RIGHT JOIN orders o ON o.id = n.id');
SELECT * FROM removed('SELECT o.id, n.name FROM nations n FULL JOIN orders o ON o.id = n.id');
SELECT * FROM removed('SELECT q.id, n.name FROM (SELECT o.id, c.nation FROM orders o FULL JOIN customers c ON o.customer = c.id) q JOIN nations n ON q.nation = n.id WHERE n.id < 3');
-- through subqueries and appended inputs, but not before a LIMIT
SELECT * FROM removed('SELECT q.*, n.name FROM (SELECT id, note FROM orders UNION ALL SELECT id, name FROM customers OFFSET 0) q JOIN nations n USING (id)');
SELECT * FROM removed('SELECT q.*, n.name FROM (SELECT id, note FROM orders UNION ALL SELECT id, name FROM customers) q JOIN nations n USING (id)');
SELECT * FROM removed('SELECT q.*, n.name FROM (SELECT id, note FROM orders ORDER BY note LIMIT 100) q JOIN nations n USING (id)');
-- two keys; keys of different types; keys that are far apart, or many; none at all
SELECT * FROM removed('SELECT o.* FROM orders o JOIN customers c ON o.customer = c.id AND o.id = c.nation');
SELECT * FROM removed('SELECT o.* FROM orders o JOIN (SELECT (-9223372036854775808)::bigint AS id UNION ALL VALUES (9223372036854775807), (7)) q USING (id)');
SELECT * FROM removed('SELECT o.* FROM orders o JOIN (SELECT g * 1000000007 % 1999993 AS id FROM generate_series(1::bigint, 400) g UNION ALL VALUES (5000000000000)) q USING (id)');
SELECT * FROM removed('SELECT o.* FROM orders o JOIN customers c ON o.customer = c.id AND c.nation > 100');
-- what most rows pass is not asked for long
SELECT * FROM removed('SELECT o.* FROM orders o JOIN customers c ON o.customer = c.id');
-- nothing is left out that would have raised an error
SET barks.vectorize = off;
SELECT count(*) FROM orders o JOIN nations n ON n.id = o.id WHERE 10 / (o.customer - 1000) < 5 AND o.id > 0;
SET barks.vectorize = force;
SELECT count(*) FROM orders o JOIN nations n ON n.id = o.id WHERE 10 / (o.customer - 1000) < 5 AND o.id > 0;
SELECT count(*) FROM orders o JOIN customers c ON o.customer = c.id AND 1 / (o.id - 15000) = 0 JOIN nations n ON n.id = o.id;
RESET barks.vectorize;
-- nor is an outer side left unread that would have
SET join_collapse_limit = 1;
SET barks.vectorize = off;
SELECT count(*) FROM (orders o JOIN customers c ON o.customer = c.id) JOIN nations n ON n.id = c.nation + 100 WHERE 10 / (o.id - 15000) < 5 AND o.id > 0;
SET barks.vectorize = force;
SELECT count(*) FROM (orders o JOIN customers c ON o.customer = c.id) JOIN nations n ON n.id = c.nation + 100 WHERE 10 / (o.id - 15000) < 5 AND o.id > 0;
SELECT count(*) FROM (orders o JOIN customers c ON o.customer = c.id) JOIN (SELECT -id AS id FROM nations) n ON n.id = c.nation WHERE 10 / (o.id - 15000) < 5 AND o.id > 0;
RESET barks.vectorize;
RESET join_collapse_limit;
-- again with other rows, and few at a time
SELECT * FROM removed('SELECT n.id, (SELECT count(*) FROM orders o JOIN customers c ON o.customer = c.id WHERE c.nation = n.id AND c.id % 7 = n.id) AS c FROM nations n');
SELECT * FROM removed('SELECT n.id, q.* FROM nations n, LATERAL (SELECT o.id AS o, c.id AS c FROM orders o JOIN customers c ON o.customer = c.id WHERE c.nation = n.id AND c.id % 7 = n.id ORDER BY 1 LIMIT 3) q');
DROP SCHEMA vectorize_filters CASCADE;
