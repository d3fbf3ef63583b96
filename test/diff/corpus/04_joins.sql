-- Joins of every type over every pair of layouts.

SELECT f.id, d.line, d.item FROM fact f JOIN detail d ON f.id = d.id WHERE f.id < 40;

SELECT f.id, d.line, d.item FROM fact f JOIN detail d USING (id) WHERE id < 40;

SELECT count(*), sum(d.price) FROM fact f JOIN detail d ON f.id = d.id WHERE f.grp = 'red' AND d.qty > 3;

SELECT f.id, d.line FROM fact f LEFT JOIN detail d ON f.id = d.id AND d.line = 2 WHERE f.id < 30;

SELECT f.id, d.line FROM fact f LEFT JOIN detail d ON f.id = d.id WHERE d.id IS NULL AND f.id BETWEEN 1490 AND 1520;

SELECT f.id, d.id, d.line FROM (SELECT * FROM fact WHERE id BETWEEN 1495 AND 1505) f RIGHT JOIN detail d ON f.id = d.id WHERE d.id > 1490;

SELECT f.id, d.id, d.line FROM (SELECT * FROM fact WHERE id BETWEEN 1495 AND 1505) f
FULL JOIN (SELECT * FROM detail WHERE id BETWEEN 1490 AND 1498) d ON f.id = d.id;

SELECT f.id, m.name FROM fact f JOIN dim m ON f.k = m.k WHERE f.id < 60;

SELECT f.id, m.name FROM fact f LEFT JOIN dim m ON f.k = m.k AND m.region = 'north' WHERE f.id < 60;

SELECT f.id, m.name FROM (SELECT * FROM fact WHERE id < 30) f RIGHT JOIN dim m ON f.k = m.k;

SELECT f.id, m.name FROM (SELECT * FROM fact WHERE id < 30) f FULL JOIN dim m ON f.k = m.k;

SELECT m.name, count(*), sum(f.d) FROM fact f JOIN dim m ON f.k = m.k GROUP BY m.name;

SELECT m.region, f.grp, count(*), avg(f.d) FROM fact f JOIN dim m ON f.k = m.k WHERE f.q > 10 GROUP BY 1, 2;

SELECT a.name, b.name FROM dim a JOIN dim b ON a.parent = b.k;

SELECT a.name, b.name FROM dim a LEFT JOIN dim b ON a.parent = b.k;

SELECT a.k, t.tag FROM dim a JOIN tag t ON a.k = t.k;

SELECT a.k, t.tag FROM dim a FULL JOIN tag t ON a.k = t.k;

SELECT a.k, t.tag FROM tag t LEFT JOIN dim a USING (k);

SELECT * FROM dim NATURAL JOIN tag;

SELECT * FROM tag NATURAL LEFT JOIN heap_dim;

SELECT f.id, h.label FROM fact f JOIN heap_dim h ON f.k = h.k WHERE f.id < 60;

SELECT f.id, h.label FROM fact f LEFT JOIN heap_dim h ON f.k = h.k WHERE f.id < 60;

SELECT h.label, count(f.id) FROM heap_dim h LEFT JOIN fact f ON f.k = h.k AND f.flag GROUP BY h.label;

SELECT f.id, h.label FROM (SELECT * FROM fact WHERE id < 20) f FULL JOIN heap_dim h ON f.k = h.k;

SELECT c.name, o.total FROM cust c JOIN ord o ON c.cid = o.cid WHERE c.city = 'Bern' AND o.total > 500;

SELECT c.cid, count(o.oid_), sum(o.total) FROM cust c LEFT JOIN ord o ON o.cid = c.cid GROUP BY c.cid;

SELECT c.city, o.status, count(*), max(o.placed) FROM cust c JOIN ord o USING (cid) GROUP BY c.city, o.status;

SELECT count(*), count(c.cid), count(o.cid) FROM cust c FULL JOIN ord o ON c.cid = o.cid;

SELECT count(*) FROM fact a JOIN fact b ON a.k = b.k AND a.id <> b.id WHERE a.id < 100 AND b.id < 100;

SELECT a.id, b.id FROM fact a JOIN fact b ON a.id = b.id + 1 WHERE a.id < 20;

SELECT a.id, b.id FROM fact a JOIN fact b ON a.id = b.k WHERE b.id < 40;

SELECT a.id, b.id, c.id FROM fact a JOIN fact b ON a.id = b.id JOIN fact c ON b.id = c.id WHERE a.id < 10;

SELECT f.id, d.line, m.name, t.tag FROM fact f JOIN detail d ON f.id = d.id JOIN dim m ON f.k = m.k LEFT JOIN tag t ON m.k = t.k WHERE f.id < 30;

SELECT f.id, d.line, m.name FROM fact f LEFT JOIN (detail d JOIN dim m ON d.qty = m.k) ON f.id = d.id WHERE f.id < 30;

SELECT f.id, c.name FROM fact f JOIN cust c ON f.id = c.cid WHERE f.id < 50;

SELECT f.id, r.b FROM fact f JOIN round_robin r ON f.id = r.b WHERE f.id < 50;

SELECT f.id, r.b FROM fact f JOIN round_robin r ON f.k = r.a WHERE f.id < 20;

SELECT r.b, s.b FROM round_robin r JOIN round_robin s ON r.b = s.b WHERE r.a = 3;

SELECT r.a, count(*) FROM round_robin r LEFT JOIN by_bigint b ON r.a = b.k GROUP BY r.a;

SELECT f.id, b.k FROM fact f JOIN by_bigint b ON f.id = b.k WHERE f.id < 20;

SELECT f.id, n.v FROM fact f JOIN by_numeric n ON f.id = n.n;

SELECT f.id, n.v FROM fact f JOIN by_float n ON f.id = n.f;

SELECT n.v, f.v FROM by_numeric n JOIN by_float f ON n.n::float8 = f.f;

SELECT b.v, n.v FROM by_bigint b JOIN by_numeric n ON b.k = n.n;

SELECT a.v, b.v FROM by_text a JOIN by_text b ON a.t = b.t WHERE a.v < 15 AND b.v < 15;

SELECT a.v, f.id FROM by_text a JOIN fact f ON a.t = f.grp WHERE f.id < 20;

SELECT a.v, b.v FROM by_enum a JOIN by_enum b USING (m) WHERE a.v < 7 AND b.v < 13;

SELECT a.v, f.id FROM by_date a JOIN fact f ON a.dt = f.day;

SELECT a.v, b.v FROM multi_key a JOIN multi_key b ON a.a = b.a AND a.b = b.b WHERE a.v < 20;

SELECT a.v, b.v FROM multi_key a JOIN multi_key b ON a.a = b.a WHERE a.v < 5 AND b.v < 50;

SELECT f.id, d.id FROM fact f CROSS JOIN dim m CROSS JOIN single_row s JOIN detail d ON d.id = f.id WHERE f.id = 3 AND m.k < 3;

SELECT count(*) FROM fact CROSS JOIN dim;

SELECT count(*) FROM dim a, dim b, heap_dim c;

SELECT count(*) FROM single_row, nobody;

SELECT f.id, m.k FROM fact f JOIN dim m ON f.k < m.k AND f.k > m.k - 3 WHERE f.id < 20;

SELECT f.id, d.id FROM fact f JOIN detail d ON f.id < d.id AND d.id < f.id + 2 WHERE f.id < 20;

SELECT f.id, m.k FROM fact f LEFT JOIN dim m ON f.q BETWEEN m.k AND m.k + 1 WHERE f.id < 30;

SELECT f.id, d.id FROM fact f LEFT JOIN detail d ON f.id = d.id AND f.q > d.qty WHERE f.id < 30;

SELECT f.id, m.name FROM fact f LEFT JOIN dim m ON f.k = m.k AND f.q > 20 WHERE f.id < 40;

SELECT f.id, m.name FROM fact f JOIN dim m ON f.k + 1 = m.k - 1 WHERE f.id < 40;

SELECT f.id, m.name FROM fact f JOIN dim m ON f.k IS NOT DISTINCT FROM m.parent WHERE f.id < 40;

SELECT f.id, m.k FROM fact f JOIN dim m ON f.k = m.k OR f.q = m.k WHERE f.id < 20;

SELECT f.id, m.k FROM fact f JOIN dim m ON true WHERE f.id < 3 AND m.k < 3;

SELECT f.id FROM fact f JOIN dim m ON false;

SELECT f.id, m.k FROM fact f LEFT JOIN dim m ON false WHERE f.id < 5;

SELECT l.a, l.b, r.a, r.b FROM left3 l JOIN right3 r ON l.a = r.a;

SELECT l.a, l.b, r.a, r.b FROM left3 l LEFT JOIN right3 r ON l.a = r.a;

SELECT l.a, l.b, r.a, r.b FROM left3 l RIGHT JOIN right3 r ON l.a = r.a;

SELECT l.a, l.b, r.a, r.b FROM left3 l FULL JOIN right3 r ON l.a = r.a;

SELECT l.a, l.b, r.a, r.b FROM left3 l FULL JOIN right3 r ON l.a = r.a AND l.b = r.b;

SELECT l.a, r.b FROM left3 l FULL JOIN right3 r ON l.a = r.b WHERE l.a IS NULL OR r.b IS NULL;

SELECT * FROM left3 NATURAL FULL JOIN right3;

SELECT a, l.b, r.b FROM left3 l FULL JOIN right3 r USING (a);

SELECT * FROM left3 l LEFT JOIN nobody n ON l.a = n.a;

SELECT * FROM nobody n LEFT JOIN left3 l ON l.a = n.a;

SELECT * FROM nobody n FULL JOIN left3 l ON l.a = n.a;

SELECT count(*) FROM nobody n JOIN fact f ON n.a = f.id;

SELECT * FROM left3 l LEFT JOIN nobody_rr n ON l.a = n.a AND n.b = 'x';

SELECT a.id, b.a FROM all_null a LEFT JOIN all_null b ON a.a = b.a;

SELECT count(*) FROM all_null a JOIN all_null b ON a.a = b.a;

SELECT f.id, x.name FROM fact f, LATERAL (SELECT name FROM dim m WHERE m.k = f.k) x WHERE f.id < 30;

SELECT f.id, x.s FROM fact f LEFT JOIN LATERAL (SELECT sum(price) AS s FROM detail d WHERE d.id = f.id) x ON true WHERE f.id < 30;

SELECT m.k, x.id FROM dim m, LATERAL (SELECT id FROM fact f WHERE f.k = m.k ORDER BY id LIMIT 2) x;

SELECT m.k, x.id FROM dim m LEFT JOIN LATERAL (SELECT id FROM fact f WHERE f.k = m.k ORDER BY id DESC LIMIT 1) x ON true;

SELECT f.id, g FROM fact f, LATERAL generate_series(1, f.k2) g WHERE f.id < 10;

SELECT f.id, g FROM fact f JOIN generate_series(1, 20) g ON f.id = g;

SELECT v.x, f.id FROM (VALUES (1, 'a'), (3, 'b'), (NULL, 'c')) v (x, y) LEFT JOIN fact f ON f.id = v.x;

SELECT v.y, count(f.id) FROM (VALUES (1, 'a'), (3, 'b')) v (x, y) JOIN fact f ON f.k = v.x GROUP BY v.y;

SELECT c.cid, o.oid_, f.grp FROM cust c JOIN ord o ON c.cid = o.cid JOIN fact f ON f.id = o.oid_ WHERE c.cid < 20;

SELECT c.cid, x.n FROM cust c JOIN (SELECT cid, count(*) AS n FROM ord GROUP BY cid) x ON c.cid = x.cid WHERE x.n > 3;

SELECT x.k, x.n, y.n FROM (SELECT k, count(*) AS n FROM fact GROUP BY k) x JOIN (SELECT a AS k, count(*) AS n FROM round_robin GROUP BY a) y ON x.k = y.k;

SELECT f.id, m.name FROM fact f JOIN dim m ON f.k = m.k AND m.k = 3 WHERE f.id < 200;

SELECT f.id, d.line FROM fact f JOIN detail d ON f.id = d.id AND f.id = 12;

SELECT count(*) FROM measure m JOIN fact f ON m.id = f.id AND m.val > 50;

SELECT a.id, b.id FROM measure a JOIN measure b ON a.id = b.id AND a.at = b.at WHERE a.at BETWEEN '2023-12-30' AND '2024-01-02';

SELECT t.name, p.name FROM tree t LEFT JOIN tree p ON t.parent = p.id;

SELECT t.id FROM tree t JOIN tree p ON t.parent = p.id JOIN tree g ON p.parent = g.id;

SELECT COALESCE(f.id, d.id) AS id, f.q, d.qty FROM (SELECT * FROM fact WHERE id % 100 = 0) f FULL JOIN (SELECT * FROM detail WHERE id % 150 = 0) d ON f.id = d.id;

SELECT f, m FROM fact f JOIN dim m ON f.k = m.k WHERE f.id < 5;

SELECT j.* FROM (fact f JOIN dim m USING (k)) AS j WHERE j.id < 5;

SELECT f.id, m.weight * f.d FROM fact f INNER JOIN dim AS m (kk, nm) ON m.kk = f.k WHERE f.id < 40 AND m.nm LIKE 'dim 1%';

SELECT a.k, b.k, c.k FROM dim a LEFT JOIN dim b ON b.k = a.parent LEFT JOIN dim c ON c.k = b.parent WHERE c.k IS NULL;

SELECT f.id FROM fact f LEFT JOIN dim m ON f.k = m.k WHERE f.id < 50;

SELECT f.id, o.oid_ FROM fact f LEFT JOIN (ord o JOIN cust c ON c.cid = o.cid) ON f.id = o.oid_ WHERE f.id < 40;

SELECT x.id, y.id FROM (SELECT id, row_number() OVER (ORDER BY id) AS rn FROM fact WHERE k = 3) x
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS rn FROM fact WHERE k = 5) y ON x.rn = y.rn;
