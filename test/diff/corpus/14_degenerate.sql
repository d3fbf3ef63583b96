-- Nodes with one part or none: what folding leaves of longer ones, or what somebody wrote.

SELECT sum(coalesce(q)) FROM fact;

SELECT count(*) FROM fact WHERE coalesce(q) > 2;

SELECT count(*) FROM fact WHERE coalesce(flag);

-- ordered
SELECT coalesce(q), count(*) FROM fact GROUP BY coalesce(q) ORDER BY 1;

-- ordered
SELECT coalesce(NULL, q), count(*) FROM fact GROUP BY 1 ORDER BY 1;

SELECT coalesce(NULL, NULL, q) FROM fact WHERE id < 4;

SELECT coalesce(q, 3, q) FROM fact WHERE id < 4;

SELECT coalesce(NULL::int) , id FROM fact WHERE id < 4;

SELECT greatest(q), least(q) FROM fact WHERE id < 4;

SELECT greatest(NULL, q), least(q, NULL) FROM fact WHERE id < 4;

SELECT ROW(), id FROM fact WHERE id < 4;

SELECT ROW(q), ROW(q, grp), ROW(fact.*), fact FROM fact WHERE id < 4;

SELECT ROW() IS NULL, ROW(q) IS NULL FROM fact WHERE id < 4;

SELECT ROW(q) = ROW(2), (q, id) = (1, 1), (q, id) < (3, 3) FROM fact WHERE id < 4;

SELECT count(*) FROM fact WHERE ROW(q) = ROW(2);

SELECT count(*) FROM fact WHERE ROW(q) IN (ROW(2), ROW(3));

SELECT count(*) FROM fact WHERE ROW(q) < ROW(2);

SELECT ARRAY[]::int[], ARRAY[q], ARRAY[ARRAY[]::int[]], ARRAY[NULL]::text[] FROM fact WHERE id < 4;

SELECT count(*) FROM fact WHERE q IN (2);

SELECT count(*) FROM fact WHERE q NOT IN (2);

SELECT count(*) FROM fact WHERE q IN (NULL);

SELECT count(*) FROM fact WHERE q NOT IN (NULL);

SELECT count(*) FROM fact WHERE q = ANY ('{}');

SELECT count(*) FROM fact WHERE q = ALL ('{}'::int[]);

SELECT count(*) FROM fact WHERE q = ANY (NULL::int[]);

SELECT CASE WHEN q = 1 THEN 'a' END, CASE q WHEN 1 THEN 'b' END FROM fact WHERE id < 4;

SELECT CASE WHEN false THEN q END FROM fact WHERE id < 4;

SELECT CASE WHEN true THEN q END FROM fact WHERE id < 4;

SELECT sum(CASE WHEN NULL THEN q ELSE id END) FROM fact;

SELECT sum(CASE q WHEN NULL THEN q ELSE id END) FROM fact;

SELECT sum(CASE WHEN q IS NULL THEN NULL ELSE NULL END::int) FROM fact;

SELECT sum(nullif(q, 1)), sum(nullif(q, NULL)), sum(nullif(NULL, q)) FROM fact;

SELECT count(*) FROM fact WHERE q IS DISTINCT FROM NULL;

SELECT count(*) FROM fact WHERE q IS NOT DISTINCT FROM NULL;

SELECT count(*) FROM fact WHERE NULL IS DISTINCT FROM q;

SELECT count(*) FROM fact WHERE flag AND true;

SELECT count(*) FROM fact WHERE (flag AND true) OR false;

SELECT count(*) FROM fact WHERE NOT (flag AND NULL);

SELECT count(*) FROM fact WHERE flag AND NULL;

SELECT count(*) FROM fact WHERE flag OR NULL;

SELECT count(*) FROM fact WHERE NOT NOT flag;

SELECT count(*) FROM fact WHERE flag = true AND flag IS TRUE AND flag <> false;

SELECT count(*) FROM fact WHERE flag IS UNKNOWN OR flag IS NOT UNKNOWN;

SELECT count(*) FROM fact WHERE (SELECT coalesce(q)) = 2;

SELECT count(*) FROM fact c1 JOIN fact c2 ON coalesce(c1.id) = coalesce(c2.id);

SELECT count(*) FROM fact c1 LEFT JOIN fact c2 ON c1.id = c2.id AND coalesce(c2.flag) WHERE coalesce(c2.q) IS NULL;

SELECT max(coalesce(grp)), min(greatest(n)), string_agg(coalesce(grp), ',' ORDER BY id) FROM fact;

SELECT coalesce(grp COLLATE "C") FROM fact WHERE id < 4;

SELECT xmlelement(name a), xmlconcat(NULL), xmlforest(q), id FROM fact WHERE id < 4;

SELECT q::int, q::bigint::int, NULL::int + q, id::regclass IS NULL FROM fact WHERE id < 4;

SELECT count(*) FILTER (WHERE coalesce(flag)) FROM fact;

SELECT current_user = current_user, current_schema IS NULL, id FROM fact WHERE id < 4;

SELECT id, ia @> ARRAY[]::int[], (ia)[1:1], ia[NULL], (ARRAY[id])[1], num_nulls(VARIADIC ia) FROM arrays;

-- params (int) (NULL)
SELECT sum(coalesce($1, q)), sum(coalesce(q, $1)), sum(coalesce(NULL, $1)) FROM fact;

-- params (int) (4)
SELECT sum(coalesce($1, q)), sum(coalesce(q, $1)), sum(coalesce(NULL, $1)) FROM fact;

-- params (boolean) (true)
SELECT count(*) FROM fact WHERE flag AND $1;

-- params (boolean) (NULL)
SELECT count(*) FROM fact WHERE flag AND $1;

-- params (boolean) (false)
SELECT count(*) FROM fact WHERE flag AND $1;

-- params (int[]) ('{}')
SELECT count(*) FROM fact WHERE q = ANY ($1);

-- params (int[]) (NULL)
SELECT count(*) FROM fact WHERE q = ANY ($1);

-- params (int[]) ('{NULL}')
SELECT count(*) FROM fact WHERE q = ANY ($1);

-- params (int[]) ('{1,2}')
SELECT count(*) FROM fact WHERE q = ANY ($1);

-- ordered
SELECT d.k, (SELECT sum(1 / CASE WHEN f.k = 3 THEN 0 ELSE 1 END) FROM fact f WHERE f.k = d.k) AS s FROM dim d WHERE d.k <> 3 ORDER BY d.k;

-- ordered
SELECT c.cid, (SELECT max(10 / (o.cid - 2)) FROM ord o WHERE o.cid = c.cid) AS m FROM cust c WHERE c.cid > 2 ORDER BY c.cid;
