-- Subqueries: scalar, EXISTS, IN, NOT IN, ANY, ALL, correlated or not.

SELECT id FROM fact WHERE d = (SELECT max(d) FROM fact);

SELECT id, (SELECT count(*) FROM dim) FROM fact WHERE id < 5;

SELECT id, (SELECT name FROM dim WHERE dim.k = fact.k) FROM fact WHERE id < 40;

SELECT id, (SELECT sum(price) FROM detail d WHERE d.id = f.id) FROM fact f WHERE id < 40;

SELECT id, (SELECT max(total) FROM ord o WHERE o.cid = f.k) FROM fact f WHERE id < 40;

SELECT id FROM fact WHERE k = (SELECT k FROM dim WHERE name = 'dim 7') AND id < 300;

SELECT id FROM fact WHERE d > (SELECT avg(d) FROM fact) * 1.9;

SELECT id FROM fact f WHERE d > (SELECT avg(d) * 1.9 FROM fact g WHERE g.k = f.k);

SELECT k FROM dim WHERE EXISTS (SELECT 1 FROM fact WHERE fact.k = dim.k);

SELECT k FROM dim WHERE NOT EXISTS (SELECT 1 FROM fact WHERE fact.k = dim.k);

SELECT id FROM fact f WHERE EXISTS (SELECT 1 FROM detail d WHERE d.id = f.id AND d.qty = 19);

SELECT id FROM fact f WHERE NOT EXISTS (SELECT 1 FROM detail d WHERE d.id = f.id) AND id < 1520;

SELECT id FROM fact f WHERE EXISTS (SELECT 1 FROM dim m WHERE m.k = f.k AND m.region = 'east') AND id < 80;

SELECT id FROM fact f WHERE NOT EXISTS (SELECT 1 FROM dim m WHERE m.k = f.k AND m.region = 'east') AND id < 80;

SELECT count(*) FROM fact WHERE EXISTS (SELECT 1 FROM nobody);

SELECT count(*) FROM fact WHERE NOT EXISTS (SELECT 1 FROM nobody);

SELECT count(*) FROM fact WHERE EXISTS (SELECT 1 FROM dim WHERE region = 'north');

SELECT id FROM fact WHERE k IN (SELECT k FROM dim WHERE region = 'south') AND id < 80;

SELECT id FROM fact WHERE k NOT IN (SELECT k FROM dim WHERE region = 'south') AND id < 80;

SELECT id FROM fact WHERE k NOT IN (SELECT k FROM tag) AND id < 80;

SELECT id FROM fact WHERE k NOT IN (SELECT k FROM tag WHERE k IS NOT NULL) AND id < 80;

SELECT id FROM fact WHERE k NOT IN (SELECT a FROM nobody) AND id < 40;

SELECT a, a IN (SELECT a FROM right3), a NOT IN (SELECT a FROM right3) FROM left3;

SELECT a, a IN (SELECT b FROM right3), a NOT IN (SELECT b FROM right3) FROM left3;

SELECT a FROM left3 WHERE a NOT IN (SELECT b FROM right3 WHERE b IS NOT NULL);

SELECT a FROM left3 WHERE a NOT IN (SELECT a FROM right3);

SELECT a FROM left3 WHERE (a, b) IN (SELECT a, b FROM right3);

SELECT a, b FROM left3 WHERE (a, b) NOT IN (SELECT a, b FROM right3 WHERE b = 1);

SELECT a FROM left3 l WHERE EXISTS (SELECT 1 FROM right3 r WHERE r.a = l.a);

SELECT a FROM left3 l WHERE NOT EXISTS (SELECT 1 FROM right3 r WHERE r.a = l.a);

SELECT a FROM left3 l WHERE a = ANY (SELECT a FROM right3);

SELECT a, a > ALL (SELECT a FROM right3 WHERE a IS NOT NULL), a <> ALL (SELECT a FROM right3) FROM left3;

SELECT a, a < ANY (SELECT b FROM right3), a >= ALL (SELECT a FROM nobody) FROM left3;

SELECT id FROM fact WHERE d > ALL (SELECT total FROM ord WHERE status = 'o');

SELECT cid FROM cust WHERE cid IN (SELECT cid FROM ord WHERE total > 850);

SELECT cid FROM cust WHERE cid NOT IN (SELECT cid FROM ord WHERE cid IS NOT NULL);

SELECT cid FROM cust c WHERE (SELECT count(*) FROM ord o WHERE o.cid = c.cid) > 3;

SELECT cid FROM cust c WHERE balance > (SELECT avg(balance) FROM cust x WHERE x.city = c.city) + 800;

SELECT cid, (SELECT max(placed) FROM ord o WHERE o.cid = c.cid), (SELECT count(*) FROM ord o WHERE o.cid = c.cid) FROM cust c WHERE cid < 20;

SELECT id FROM fact f WHERE q = (SELECT max(qty) FROM detail d WHERE d.id = f.id);

SELECT id FROM fact f WHERE EXISTS (SELECT 1 FROM detail d JOIN dim m ON d.qty = m.k WHERE d.id = f.id AND m.region = 'north' AND d.price > 50) AND id < 100;

SELECT id FROM fact f WHERE EXISTS (SELECT 1 FROM fact g WHERE g.id = f.id + 1 AND g.d < f.d) AND id < 60;

SELECT id FROM fact f WHERE EXISTS (SELECT 1 FROM dim m WHERE m.k > f.k AND m.k < f.k + 2) AND id < 60;

SELECT id FROM fact f WHERE k IN (SELECT k FROM dim m WHERE m.k < f.q) AND id < 60;

SELECT id FROM fact WHERE id IN (SELECT id FROM detail WHERE qty > 18 UNION SELECT cid FROM cust WHERE cid < 5);

SELECT id FROM fact WHERE id IN (SELECT k FROM fact WHERE k > 20 GROUP BY k HAVING count(*) > 5);

SELECT id FROM fact WHERE id IN (SELECT id FROM fact ORDER BY d DESC NULLS LAST, id LIMIT 5);

SELECT k, (SELECT array_agg(tag ORDER BY tag) FROM tag WHERE tag.k = dim.k) FROM dim;

SELECT k, ARRAY(SELECT id FROM fact WHERE fact.k = dim.k ORDER BY id LIMIT 3) FROM dim;

SELECT (SELECT count(*) FROM fact), (SELECT sum(total) FROM ord), (SELECT max(b) FROM nobody);

SELECT (SELECT id FROM fact WHERE id = 5), (SELECT id FROM fact WHERE id = -5);

SELECT x.k, x.n FROM (SELECT k, count(*) AS n FROM fact GROUP BY k) x WHERE x.n > 50;

SELECT max(n), min(n) FROM (SELECT k, count(*) AS n FROM fact GROUP BY k) x;

SELECT avg(t) FROM (SELECT sum(d) AS t FROM fact GROUP BY grp) x;

SELECT * FROM (SELECT id, d FROM fact ORDER BY d NULLS LAST, id LIMIT 5) x WHERE id > 100;

SELECT s.id FROM (SELECT * FROM (SELECT id, k FROM fact WHERE id < 100) a WHERE k > 5) s WHERE s.id > 50;

SELECT id, CASE WHEN k IN (SELECT k FROM tag) THEN 'tagged' WHEN EXISTS (SELECT 1 FROM heap_dim h WHERE h.k = fact.k) THEN 'heap' END FROM fact WHERE id < 60;

SELECT k, count(*) FROM fact WHERE k IN (SELECT k FROM heap_dim WHERE label LIKE '%1%') GROUP BY k;

SELECT k, count(*) FILTER (WHERE q > (SELECT avg(q) FROM fact)) FROM fact GROUP BY k;

SELECT grp, sum(d) FROM fact GROUP BY grp HAVING sum(d) > (SELECT sum(d) / 6 FROM fact);

SELECT grp, (SELECT count(*) FROM dim m WHERE m.k < max(f.k)) FROM fact f GROUP BY grp;

-- ordered
SELECT id FROM fact WHERE id < 30 ORDER BY (SELECT name FROM dim WHERE dim.k = fact.k) NULLS FIRST, id;

SELECT id FROM fact WHERE (SELECT true FROM dim WHERE dim.k = fact.k AND region = 'north') AND id < 80;

SELECT f.id, (SELECT r.b FROM round_robin r WHERE r.b = f.id) FROM fact f WHERE id < 20;

SELECT a.id, (SELECT count(*) FROM types b WHERE b.u = a.u AND b.id <= a.id) FROM types a WHERE id < 30;

SELECT id FROM fact WHERE ROW(k, q) = (SELECT 1, 10);

SELECT id, (k, q) = (SELECT 1, 20), (k, q) > (SELECT 1, 20) FROM fact WHERE id < 60;

SELECT id FROM fact LIMIT (SELECT count(*) FROM nobody);

-- error
SELECT id, (SELECT tag FROM tag WHERE tag.k = fact.k) FROM fact WHERE id < 40;

SELECT c.cid FROM cust c WHERE c.cid < 20 AND NOT EXISTS (SELECT 1 FROM ord o WHERE o.cid = c.cid AND NOT EXISTS (SELECT 1 FROM fact f WHERE f.id = o.oid_ AND f.flag));

SELECT id FROM fact f WHERE id < 50 AND EXISTS (SELECT 1 FROM dim m WHERE m.k = f.k AND EXISTS (SELECT 1 FROM tag t WHERE t.k = m.k AND t.tag = 'tag1' AND f.q > 5));

-- functions in FROM of an outer row's columns
SELECT w, count(*) FROM fact, string_to_table(note, ' ') AS w GROUP BY w;

SELECT f.id, w FROM fact f, string_to_table(f.note, NULL) AS w WHERE f.id < 40;

SELECT f.id, CASE WHEN w > 2 THEN w END AS c, coalesce(w, 0) AS d FROM fact f, generate_series(f.k, f.k + 3) AS w WHERE f.id < 40;

SELECT f.id, w, w + 1 AS next, f.k FROM fact f, generate_series(1, f.q % 4) AS w WHERE f.id < 60;

SELECT f.id, w FROM fact f, generate_series(f.q, f.q + 2) AS w WHERE f.id < 60 AND w % 2 = 0;

SELECT f.id, x.a, x.n FROM fact f, unnest(ARRAY[f.k, f.q, NULL]) WITH ORDINALITY x(a, n) WHERE f.id < 30;

SELECT f.id, w FROM fact f LEFT JOIN generate_series(1, f.q % 3) AS w ON true WHERE f.id < 60;

SELECT count(*), sum(w) FROM (SELECT DISTINCT f.grp, w FROM fact f, generate_series(1, f.k % 5) AS w) x;

SELECT f.id, v FROM fact f, unnest(ARRAY[f.k, f.q]) AS v JOIN dim d ON d.k = v WHERE f.id < 50;
