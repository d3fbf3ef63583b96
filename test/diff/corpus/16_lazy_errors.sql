-- What PostgreSQL does not come to must not fail, although it may be made before it is asked for.

-- a scalar subquery in an arm that is never taken
SELECT CASE WHEN id < 0 THEN (SELECT max(1 / (q - q)) FROM fact) ELSE 7 END AS v, count(*) FROM fact GROUP BY 1;

-- except insert in local mode
SELECT coalesce(grp, (SELECT max(1 / (q - q))::text FROM fact)) AS v, count(*) FROM fact WHERE grp IS NOT NULL GROUP BY 1;

-- except join_driver
-- except insert in local mode
SELECT count(*) FROM fact WHERE id < 0 AND q > (SELECT max(1 / (q - q)) FROM fact);

-- except join_driver
SELECT count(*) FROM fact WHERE id > 0 OR q > (SELECT max(1 / (q - q)) FROM fact);

-- in one that is
-- error
SELECT CASE WHEN id > 0 THEN (SELECT max(1 / (q - q)) FROM fact) ELSE 7 END AS v, count(*) FROM fact GROUP BY 1;

-- error
SELECT count(*) FROM fact WHERE q > (SELECT max(1 / (q - q)) FROM fact);

-- error
SELECT coalesce(NULL::int, (SELECT max(1 / (q - q)) FROM fact)) FROM fact WHERE id < 3;

-- too many rows, if anybody asked
SELECT CASE WHEN id < 0 THEN (SELECT q FROM fact) ELSE 7 END AS v, count(*) FROM fact GROUP BY 1;

-- error
SELECT CASE WHEN id > 0 THEN (SELECT q FROM fact) ELSE 7 END AS v, count(*) FROM fact GROUP BY 1;

-- except join_driver
SELECT count(*) FROM fact WHERE id < 0 AND q = (SELECT q FROM fact);

-- IN, EXISTS, arrays
-- except insert in local mode
SELECT CASE WHEN id < 0 THEN q IN (SELECT 1 / (q - q) FROM fact) END AS v, count(*) FROM fact GROUP BY 1;

SELECT CASE WHEN id < 0 THEN q NOT IN (SELECT 1 / (q - q) FROM fact) END AS v, count(*) FROM fact GROUP BY 1;

-- except insert in local mode
SELECT CASE WHEN id < 0 THEN EXISTS (SELECT FROM fact WHERE 1 / (q - q) = 1) END AS v, count(*) FROM fact GROUP BY 1;

-- except insert in local mode
SELECT CASE WHEN id < 0 THEN ARRAY(SELECT 1 / (q - q) FROM fact) END AS v, count(*) FROM fact GROUP BY 1;

-- error
SELECT CASE WHEN id > 0 THEN q IN (SELECT 1 / (q - q) FROM fact) END AS v, count(*) FROM fact GROUP BY 1;

-- error
SELECT CASE WHEN id > 0 THEN EXISTS (SELECT FROM fact WHERE 1 / (q - q) = 1) END AS v, count(*) FROM fact GROUP BY 1;

-- error
SELECT CASE WHEN id > 0 THEN ARRAY(SELECT 1 / (q - q) FROM fact) END AS v, count(*) FROM fact GROUP BY 1;

-- a stage below the subquery's own fails
SELECT CASE WHEN id < 0 THEN (SELECT max(s) FROM (SELECT sum(1 / (q - q)) AS s FROM fact GROUP BY grp, q) x) ELSE 7 END AS v,
	count(*)
FROM fact GROUP BY 1;

-- error
SELECT CASE WHEN id > 0 THEN (SELECT max(s) FROM (SELECT sum(1 / (q - q)) AS s FROM fact GROUP BY grp, q) x) ELSE 7 END AS v,
	count(*)
FROM fact GROUP BY 1;

-- one subquery that nobody asks for within another
-- except insert in local mode
SELECT CASE WHEN id < 0 THEN (SELECT count(*) FROM detail WHERE qty > (SELECT max(1 / (q - q)) FROM fact)) ELSE 7 END AS v,
	count(*)
FROM fact GROUP BY 1;

-- except join_driver
SELECT (SELECT count(*) FROM detail WHERE id < 0 AND qty > (SELECT max(1 / (q - q)) FROM fact)) AS v, count(*) FROM fact;

-- rows of a CTE
-- except insert in local mode
WITH c AS MATERIALIZED (SELECT 1 / (q - q) AS v FROM fact)
SELECT CASE WHEN id < 0 THEN (SELECT max(v) FROM c) ELSE 7 END AS v, count(*) FROM fact GROUP BY 1;

-- except join_driver
WITH c AS MATERIALIZED (SELECT 1 / (q - q) AS v FROM fact)
SELECT count(*) FROM fact WHERE id < 0 AND q IN (SELECT v FROM c) OR id > 0 AND grp IS NULL AND coalesce(q, 0) > -1;

WITH c AS MATERIALIZED (SELECT 1 / (q - q) AS v FROM fact)
SELECT count(*) FROM fact;

-- error
WITH c AS MATERIALIZED (SELECT 1 / (q - q) AS v FROM fact)
SELECT count(*) FROM fact JOIN c ON c.v = fact.q;

-- error
WITH c AS MATERIALIZED (SELECT grp, sum(1 / (q - q)) AS v FROM fact GROUP BY grp)
SELECT a.grp, count(*) FROM c a JOIN c b USING (grp) GROUP BY 1;

-- with the outer row in it
SELECT CASE WHEN id < 0 THEN (SELECT max(1 / (d.qty - d.qty)) FROM detail d WHERE d.id = f.id) ELSE 7 END AS v, count(*)
FROM fact f GROUP BY 1;

SELECT CASE WHEN id < 0 THEN (SELECT count(*) FROM (SELECT 1 / (qty - qty) AS v, id FROM detail) d WHERE d.v = f.id) ELSE 7 END AS v,
	count(*)
FROM fact f GROUP BY 1;

-- error
SELECT f.id, (SELECT sum(1 / (d.qty - d.qty)) FROM detail d WHERE d.id = f.id) AS v FROM fact f WHERE f.id < 50;

-- groups that no row asks for
SELECT f.id, (SELECT sum(100 / (d.id - 5)) FROM detail d WHERE d.id = f.id) AS v FROM fact f WHERE f.id < 5;

SELECT f.id, (SELECT 10 / sum(d.id - 5) FROM detail d WHERE d.id = f.id) AS v FROM fact f WHERE f.id < 5;

SELECT f.id, (SELECT count(*) FROM detail d WHERE d.id = f.id AND 10 / (d.id - 5) < 3) AS v FROM fact f WHERE f.id < 5;

SELECT f.id, (SELECT count(*) FILTER (WHERE 10 / (d.id - 5) < 3) FROM detail d WHERE d.id = f.id) AS v FROM fact f WHERE f.id < 5;

SELECT f.id FROM fact f WHERE f.id < 5 AND f.id < (SELECT 20 * avg(sqrt(d.id - 3)) FROM detail d WHERE d.id = f.id AND f.id > 3);

SELECT f.id, (SELECT max(item::int) FROM (SELECT id, CASE WHEN id = 5 THEN 'x' ELSE '1' END AS item FROM detail) d WHERE d.id = f.id) AS v
FROM fact f WHERE f.id < 5;

-- ... and guards that keep rows from asking
SELECT f.id, CASE WHEN f.id <> 5 THEN (SELECT 10 / sum(d.id - 5) FROM detail d WHERE d.id = f.id) END AS v FROM fact f WHERE f.id < 9;

SELECT f.id, CASE WHEN f.id <> 5 THEN (SELECT sum(10 / (d.id - 5)) FROM detail d WHERE d.id = f.id) END AS v FROM fact f WHERE f.id < 9;

SELECT f.id, coalesce(f.id, (SELECT 10 / (count(*) - count(*)) FROM detail d WHERE d.id = f.id)) AS v FROM fact f WHERE f.id < 9;

SELECT f.id FROM fact f WHERE f.id < 9 AND (f.id = 5 OR (SELECT 10 / sum(d.id - 5) FROM detail d WHERE d.id = f.id) IS NOT NULL);

-- error
SELECT f.id, (SELECT 10 / sum(d.id - 5) FROM detail d WHERE d.id = f.id) AS v FROM fact f WHERE f.id < 9;

-- error
SELECT f.id, (SELECT 10 / count(*) FROM detail d WHERE d.id = f.id AND d.qty < 0) AS v FROM fact f WHERE f.id < 9;

-- an array of arrays, a key that is NULL: aggregates that fail by themselves
SELECT f.id, (SELECT count(x) FROM (SELECT id, json_object_agg(CASE WHEN id <> 5 THEN 'k' END, qty) AS x FROM detail GROUP BY id) d
	WHERE d.id = f.id) AS v
FROM fact f WHERE f.id < 5;

SELECT f.id, (SELECT json_object_agg(CASE WHEN d.id <> 5 THEN 'k' END, 1)::text FROM detail d WHERE d.id = f.id AND d.line = 1) AS v
FROM fact f WHERE f.id < 5;

-- local rows in a subquery that is not asked for
SELECT CASE WHEN id < 0 THEN (SELECT max(1 / (k - k)) FROM heap_dim) ELSE 7 END AS v, count(*) FROM fact GROUP BY 1;

SELECT CASE WHEN id < 0 THEN q IN (SELECT 1 / (k - k) FROM heap_dim) ELSE true END AS v, count(*) FROM fact GROUP BY 1;
