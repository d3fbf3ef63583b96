-- Joins and subqueries whose rows have to move: every join type, key type, NULL rule and source of rows.

SELECT l.a, l.b, r.a, r.b FROM left3 l JOIN right3 r ON l.b = r.a;

SELECT l.a, l.b, r.a, r.b FROM left3 l LEFT JOIN right3 r ON l.b = r.a;

SELECT l.a, l.b, r.a, r.b FROM left3 l RIGHT JOIN right3 r ON l.b = r.a;

SELECT l.a, l.b, r.a, r.b FROM left3 l FULL JOIN right3 r ON l.b = r.a;

SELECT l.a, l.b, r.a, r.b FROM left3 l FULL JOIN right3 r ON l.b = r.a AND l.a = r.b;

SELECT l.a, l.b FROM left3 l WHERE EXISTS (SELECT FROM right3 r WHERE r.a = l.b);

SELECT l.a, l.b FROM left3 l WHERE NOT EXISTS (SELECT FROM right3 r WHERE r.a = l.b);

SELECT l.a, l.b FROM left3 l WHERE NOT EXISTS (SELECT FROM right3 r WHERE r.a = l.b AND r.b <> l.a);

SELECT l.a, l.b FROM left3 l WHERE EXISTS (SELECT FROM right3 r WHERE r.a = l.b AND (r.b > l.a OR r.b IS NULL));

SELECT l.a, l.b, r.a, r.b FROM left3 l LEFT JOIN right3 r ON l.b = r.a AND l.a < r.b;

SELECT l.a, l.b, r.a, r.b FROM left3 l RIGHT JOIN right3 r ON l.b = r.a AND l.a < r.b;

SELECT l.a, l.b, r.a, r.b FROM left3 l JOIN right3 r ON l.b < r.a;

SELECT l.a, l.b, r.a, r.b FROM left3 l LEFT JOIN right3 r ON l.b < r.a;

SELECT l.a, l.b, r.a, r.b FROM left3 l RIGHT JOIN right3 r ON l.b > r.a;

SELECT l.a, r.b FROM left3 l CROSS JOIN right3 r;

SELECT count(*) FROM left3 l FULL JOIN right3 r ON true;

SELECT l.a, l.b FROM left3 l WHERE EXISTS (SELECT FROM right3 r WHERE r.a > l.b);

SELECT l.a, l.b FROM left3 l WHERE NOT EXISTS (SELECT FROM right3 r WHERE r.a > l.b);

SELECT l.a, l.b FROM left3 l JOIN right3 r ON l.a IS NOT DISTINCT FROM r.a;

SELECT l.a, n.b FROM left3 l LEFT JOIN nobody n ON n.a = l.b;

SELECT l.a, n.b FROM left3 l RIGHT JOIN nobody n ON n.a = l.b;

SELECT l.a, n.b FROM left3 l FULL JOIN nobody_rr n ON n.a = l.b;

SELECT l.a FROM left3 l WHERE NOT EXISTS (SELECT FROM nobody n WHERE n.a = l.b);

SELECT count(*) FROM nobody a FULL JOIN nobody_rr b ON a.a = b.a;

SELECT x.a, y.id FROM left3 x LEFT JOIN all_null y ON y.a = x.b;

SELECT count(*), count(x.id), count(y.id) FROM all_null x FULL JOIN all_null y ON x.a = y.a;

SELECT count(*), sum(o.total) FROM fact f JOIN ord o ON f.k = o.cid WHERE f.id < 400;

SELECT count(*), sum(o.total), count(f.id) FROM ord o LEFT JOIN fact f ON f.q = o.oid_ AND f.flag;

SELECT f.grp, count(*), max(o.total) FROM fact f LEFT JOIN ord o ON f.q = o.oid_ GROUP BY f.grp;

SELECT a.id, b.id FROM fact a JOIN fact b ON a.q = b.q AND a.k = b.k AND a.id < b.id WHERE a.id < 300 AND b.id < 300;

SELECT count(*) FROM fact a JOIN fact b ON a.k = b.k WHERE a.id % 20 = 0 AND b.id % 30 = 0;

SELECT f.id, b.v FROM fact f JOIN by_bigint b ON f.q = b.k WHERE f.id < 100;

SELECT f.id, b.v FROM fact f JOIN by_numeric b ON f.q = b.n WHERE f.id < 100;

SELECT b.k, n.n FROM by_bigint b JOIN by_numeric n ON b.k = n.n;

SELECT b.k, n.f FROM by_bigint b JOIN by_float n ON b.k = n.f;

SELECT f.f, b.n FROM by_float f JOIN by_numeric b ON f.f = b.n;

SELECT x.t, y.grp FROM by_text x JOIN (SELECT DISTINCT grp FROM fact) y ON y.grp = x.t;

SELECT x.m, count(*) FROM by_enum x JOIN by_enum y ON x.m = y.m GROUP BY x.m;

SELECT x.dt, y.id FROM by_date x JOIN fact y ON y.day = x.dt WHERE y.id < 400;

SELECT x.k, y.id FROM by_bigint x JOIN fact y ON y.k2 = x.k WHERE y.id < 200;

SELECT count(*) FROM fact x JOIN fact y ON x.d = y.n WHERE x.id < 500 AND y.id < 500;

SELECT count(*) FROM cust c JOIN words w ON c.city = w.w;

SELECT count(*) FROM words a JOIN words b ON a.wi = b.wi;

SELECT count(*) FROM words a JOIN words b ON a.wc = b.w COLLATE "C";

SELECT a.id, b.id FROM arrays a JOIN arrays b ON a.ia = b.ia;

SELECT a.id, b.id FROM types a JOIN types b ON a.tstz = b.tstz AND a.u = b.u;

SELECT a.id, b.id FROM types a JOIN types b ON a.r4 = b.r4;

SELECT a.id, b.id FROM types a JOIN types b ON a.jb = b.jb AND a.m = b.m;

SELECT a.id, b.id FROM types a JOIN types b ON a.bc = b.vc;

SELECT m.a, m.b, r.c FROM multi_key m JOIN round_robin r ON m.a = r.a AND m.v = r.b;

SELECT m.a, m.b, x.v FROM multi_key m JOIN multi_key x ON m.b = x.b AND m.a = x.a;

SELECT m.a, m.b, x.v FROM multi_key m LEFT JOIN multi_key x ON m.b = x.b AND m.a = x.v;

SELECT count(*) FROM fact f JOIN detail d ON f.id = d.id JOIN ord o ON o.oid_ = d.qty JOIN cust c ON c.cid = o.cid;

SELECT c.city, count(*), sum(d.price) FROM cust c JOIN ord o USING (cid) JOIN fact f ON f.q = o.oid_ JOIN detail d ON d.id = f.id GROUP BY c.city;

SELECT f.id, o.total, c.name FROM fact f LEFT JOIN ord o ON o.oid_ = f.q LEFT JOIN cust c ON c.cid = o.cid WHERE f.id < 60;

SELECT f.id, o.total, c.name FROM fact f LEFT JOIN (ord o JOIN cust c ON c.cid = o.cid) ON o.oid_ = f.q AND c.city = 'Bern' WHERE f.id < 60;

SELECT count(*) FROM (SELECT * FROM fact WHERE id = 7) f RIGHT JOIN ord o ON o.oid_ = f.id;

SELECT count(*) FROM (SELECT * FROM fact WHERE id = 7) f FULL JOIN ord o ON o.oid_ = f.id;

SELECT f.id, d.name FROM (SELECT * FROM fact WHERE id < 40) f FULL JOIN dim d ON d.k = f.q;

SELECT d.name, t.id FROM dim d LEFT JOIN (SELECT * FROM fact WHERE id < 40) t ON t.k < d.k AND d.k < 4;

SELECT d.name FROM dim d WHERE NOT EXISTS (SELECT FROM fact f WHERE f.q = d.k AND f.flag);

SELECT d.name FROM dim d WHERE EXISTS (SELECT FROM fact f WHERE f.q = d.k AND f.flag);

SELECT h.label, f.id FROM heap_dim h RIGHT JOIN fact f ON h.k = f.q WHERE f.id < 50;

SELECT h.label, f.id FROM heap_dim h LEFT JOIN (SELECT * FROM fact WHERE id < 50) f ON h.k = f.q;

SELECT h.label FROM heap_dim h WHERE NOT EXISTS (SELECT FROM fact f WHERE f.k = h.k + 1);

SELECT h.label FROM heap_dim h WHERE EXISTS (SELECT FROM fact f WHERE f.k = h.k + 1);

SELECT f.id FROM fact f WHERE f.id < 80 AND NOT EXISTS (SELECT FROM heap_dim h WHERE h.k = f.k);

SELECT f.id, v.w FROM fact f JOIN (VALUES (1, 'one'), (2, 'two'), (NULL, 'none')) v (k, w) ON v.k = f.k WHERE f.id < 60;

SELECT v.w, count(f.id) FROM (VALUES (1, 'one'), (999, 'many'), (NULL, 'none')) v (k, w) LEFT JOIN fact f ON v.k = f.k GROUP BY v.w;

SELECT g, count(f.id) FROM generate_series(-1, 8) g LEFT JOIN fact f ON f.k = g GROUP BY g;

SELECT count(*) FROM fact f, heap_dim h WHERE f.id < 30;

SELECT x.k, x.n, f.id FROM (SELECT k, count(*) AS n FROM fact GROUP BY k ORDER BY n DESC, k LIMIT 3) x JOIN fact f ON f.k = x.k AND f.id < 50;

SELECT o.oid_, x.n FROM ord o JOIN (SELECT q, count(*) AS n FROM fact GROUP BY q) x ON x.q = o.oid_;

SELECT x.k, y.k, x.n FROM (SELECT k, count(*) AS n FROM fact GROUP BY k) x JOIN (SELECT q AS k, count(*) AS n FROM fact GROUP BY q) y ON x.n = y.n;

SELECT x.id, y.id FROM (SELECT id, q + 1 AS w FROM fact WHERE id < 200) x JOIN (SELECT id, q * 2 AS w FROM fact WHERE id < 200) y ON x.w = y.w;

SELECT x.id, coalesce(y.id, -1) FROM (SELECT id, coalesce(k, -5) AS w FROM fact WHERE id < 100) x LEFT JOIN detail y ON y.qty = x.w AND y.line = 1 AND y.id < 40;

SELECT f.id FROM fact f WHERE f.q IN (SELECT o.oid_ FROM ord o WHERE o.total > 900) AND f.id < 900;

SELECT f.id FROM fact f WHERE f.q NOT IN (SELECT o.oid_ FROM ord o WHERE o.total > 900) AND f.id < 90;

SELECT f.id, f.k IN (SELECT k FROM tag) FROM fact f WHERE f.id < 40;

SELECT f.id FROM fact f WHERE (f.k, f.q) NOT IN (SELECT l.a, l.b FROM left3 l) AND f.id < 40;

SELECT l.a, l.b, (l.a, l.b) IN (SELECT r.a, r.b FROM right3 r) FROM left3 l;

SELECT l.a, l.b, (l.a, l.b) = ANY (SELECT r.b, r.a FROM right3 r), l.a <> ALL (SELECT b FROM right3) FROM left3 l;

SELECT l.a, l.b > ALL (SELECT r.b FROM right3 r WHERE r.a = l.a), l.b < ANY (SELECT r.b FROM right3 r WHERE r.a = l.a) FROM left3 l;

SELECT l.a, l.b, (l.a, l.b) < (SELECT r.a, r.b FROM right3 r WHERE r.a = l.a AND r.b > 1 ORDER BY r.b LIMIT 1) FROM left3 l;

SELECT l.a, (SELECT count(*) FROM right3 r WHERE r.a = l.a), (SELECT max(r.b) FROM right3 r WHERE r.a = l.b) FROM left3 l;

SELECT l.a, (SELECT count(*) + coalesce(sum(r.b), -1) FROM right3 r WHERE r.a = l.b AND r.b > 0) FROM left3 l;

SELECT l.a, (SELECT count(r.b) FILTER (WHERE r.b > 1) FROM right3 r WHERE r.a = l.a), (SELECT string_agg(r.b::text, '-' ORDER BY r.b) FROM right3 r WHERE r.a = l.a) FROM left3 l;

SELECT l.a, (SELECT avg(r.b) + l.b FROM right3 r WHERE r.a = l.a) FROM left3 l;

SELECT f.id FROM fact f WHERE f.d > (SELECT 1.5 * avg(x.d) FROM fact x WHERE x.k = f.k);

SELECT f.id FROM fact f WHERE f.d = (SELECT min(x.d) FROM fact x WHERE x.q = f.q AND x.grp = f.grp);

SELECT f.id FROM fact f WHERE f.d IN (SELECT max(x.d) FROM fact x WHERE x.k = f.k);

SELECT f.id FROM fact f WHERE f.d >= ALL (SELECT max(x.d) FROM fact x WHERE x.grp = f.grp);

SELECT f.id FROM fact f WHERE f.id < 50 AND 2 < (SELECT count(DISTINCT x.grp) FROM fact x WHERE x.q = f.q);

SELECT c.cid, (SELECT sum(o.total) FROM ord o WHERE o.cid = c.cid) AS s FROM cust c ORDER BY s DESC NULLS LAST, c.cid LIMIT 10;

SELECT c.city, sum((SELECT count(*) FROM ord o WHERE o.cid = c.cid)) FROM cust c GROUP BY c.city;

SELECT c.city, (SELECT count(*) FROM cust x WHERE x.city = c.city), count(*) FROM cust c GROUP BY c.city;

SELECT c.cid, (SELECT o.total FROM ord o WHERE o.cid = c.cid ORDER BY o.total DESC NULLS LAST, o.oid_ LIMIT 1) FROM cust c;

SELECT c.cid, ARRAY(SELECT o.oid_ FROM ord o WHERE o.cid = c.cid ORDER BY o.oid_) FROM cust c WHERE c.cid < 12;

SELECT c.cid FROM cust c WHERE EXISTS (SELECT o.status FROM ord o WHERE o.cid = c.cid GROUP BY o.status HAVING count(*) > 1);

-- error
SELECT c.cid, (SELECT o.total FROM ord o WHERE o.cid = c.cid) FROM cust c;

-- error
SELECT 1 FROM fact WHERE k = (SELECT k FROM dim);

SELECT f.id, (SELECT d.name FROM dim d WHERE d.k = f.k), (SELECT h.label FROM heap_dim h WHERE h.k = f.k) FROM fact f WHERE f.id < 30;

SELECT f.id FROM fact f WHERE f.id < 300 AND EXISTS (SELECT FROM ord o WHERE o.oid_ = f.q AND o.total > (SELECT avg(p.total) FROM ord p WHERE p.status = o.status));

SELECT f.id FROM fact f WHERE f.id < 60 AND EXISTS (SELECT FROM ord o WHERE o.oid_ = f.q AND EXISTS (SELECT FROM detail d WHERE d.id = f.id AND d.qty < o.oid_));

SELECT f.id, (SELECT count(*) FROM ord o WHERE o.oid_ < (SELECT max(d.qty) FROM detail d WHERE d.id = f.id)) FROM fact f WHERE f.id < 20;

SELECT f.id, x.total FROM fact f, LATERAL (SELECT o.total FROM ord o WHERE o.cid = f.k ORDER BY o.total DESC, o.oid_ LIMIT 2) x WHERE f.id < 30;

SELECT f.id, x.n FROM fact f LEFT JOIN LATERAL (SELECT count(*) AS n FROM ord o WHERE o.cid = f.k AND o.total > f.d HAVING count(*) > 0) x ON true WHERE f.id < 30;

SELECT f.id, x.s FROM fact f CROSS JOIN LATERAL (SELECT sum(d.price) AS s FROM detail d WHERE d.id = f.id) x WHERE f.id < 20;

SELECT f.id FROM fact f WHERE f.d > (SELECT avg(d) FROM fact) AND f.q > (SELECT min(oid_) FROM ord) AND f.id < 300;

SELECT k, count(*) FROM fact GROUP BY k HAVING count(*) > (SELECT avg(n) FROM (SELECT count(*) AS n FROM fact GROUP BY k) x);

SELECT id, CASE WHEN EXISTS (SELECT FROM ord WHERE total > 100000) THEN 'rich' ELSE 'poor' END FROM fact WHERE id < 5;

SELECT l.a FROM left3 l WHERE l.a = (SELECT max(a) FROM right3) OR l.b IN (SELECT b FROM right3 WHERE a = 1);

WITH c AS MATERIALIZED (SELECT k, count(*) AS n FROM fact GROUP BY k) SELECT x.k, y.k FROM c x JOIN c y ON x.n = y.n AND x.k < y.k;

WITH c AS (SELECT k, sum(d) AS s FROM fact GROUP BY k) SELECT k FROM c WHERE s = (SELECT max(s) FROM c);

WITH c AS (SELECT k, avg(f) AS s FROM fact GROUP BY k) SELECT k FROM c WHERE s = (SELECT max(s) FROM c);

WITH c AS (SELECT cid, count(*) AS n FROM ord GROUP BY cid), e AS (SELECT n, count(*) AS m FROM c GROUP BY n) SELECT c.cid, e.m FROM c JOIN e USING (n) WHERE e.m > 1;

WITH c AS MATERIALIZED (SELECT id, q FROM fact WHERE id < 90) SELECT c.id, o.total FROM c JOIN ord o ON o.oid_ = c.q UNION ALL SELECT c.id, d.price FROM c JOIN detail d ON d.id = c.id;

WITH c AS MATERIALIZED (SELECT * FROM fact ORDER BY d DESC NULLS LAST, id LIMIT 20) SELECT a.id, b.id FROM c a JOIN c b ON a.k = b.k AND a.id < b.id;

SELECT x.k, count(*) FROM (SELECT k FROM fact WHERE id < 100 UNION ALL SELECT cid FROM ord UNION ALL SELECT k FROM heap_dim) x JOIN dim d ON d.k = x.k GROUP BY x.k;

-- ordered
SELECT f.id, o.oid_ FROM fact f JOIN ord o ON o.oid_ = f.q WHERE f.id < 100 ORDER BY f.id, o.oid_;

-- ordered
SELECT f.id, o.oid_ FROM fact f LEFT JOIN ord o ON o.cid = f.k AND o.total > 800 WHERE f.id < 100 ORDER BY o.total DESC NULLS LAST, f.id, o.oid_ LIMIT 25;

-- Recursion in one task
WITH RECURSIVE t (id) AS (SELECT id FROM tree WHERE parent IS NULL UNION SELECT c.id FROM tree c JOIN t ON c.parent = t.id) SELECT count(*), sum(id) FROM t;

WITH RECURSIVE t (a, n) AS (SELECT a, 1 FROM left3 UNION SELECT r.b, t.n + 1 FROM right3 r JOIN t ON r.a = t.a WHERE t.n < 6) SELECT t.a, t.n, f.grp FROM t LEFT JOIN fact f ON f.id = t.a;

WITH RECURSIVE t (k, n) AS (SELECT min(k), 0 FROM fact UNION ALL SELECT h.k, t.n + 1 FROM heap_dim h JOIN t ON h.k = t.k + 1 WHERE t.n < 8) SELECT * FROM t;

WITH RECURSIVE t (k, n) AS (SELECT 1, 0 UNION ALL SELECT k + 1, n + (SELECT count(*) FROM tag WHERE tag.k = t.k)::int FROM t WHERE k < 12) SELECT t.*, d.name FROM t LEFT JOIN dim d USING (k);

WITH RECURSIVE t (id, depth) AS (SELECT id, 0 FROM tree WHERE parent IS NULL UNION ALL SELECT c.id, depth + 1 FROM t JOIN tree c ON c.parent = t.id) SELECT x.depth, count(*) FROM t x JOIN t y ON x.depth = y.depth GROUP BY x.depth;

WITH RECURSIVE t (id) AS (SELECT a FROM nobody UNION ALL SELECT t.id + 1 FROM t JOIN fact f ON f.id = t.id) SELECT * FROM t;
