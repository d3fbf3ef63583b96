-- Joins whose exchanges are chosen for what stands above them: by some of their keys, NULLs kept together or not.

SELECT a.d, array_agg(a.id ORDER BY a.id, b.id), count(b.id) FROM fact a LEFT JOIN fact b ON a.d = b.d AND a.q = b.q GROUP BY a.d;

SELECT b.d, array_agg(b.id ORDER BY b.id, a.id), count(a.id) FROM fact a RIGHT JOIN fact b ON a.d = b.d AND a.n = b.n GROUP BY b.d;

SELECT a.d, array_agg(a.id ORDER BY a.id, b.id) FROM fact a LEFT JOIN fact b ON a.d = b.d AND b.d > 500 GROUP BY a.d;

SELECT a.d, a.day, array_agg(a.id ORDER BY a.id, b.id) FROM fact a LEFT JOIN fact b ON a.d = b.d AND a.day = b.day AND a.q = b.q GROUP BY a.d, a.day;

SELECT a.note, array_agg(a.id ORDER BY a.id, b.id) FROM fact a LEFT JOIN fact b ON a.note = b.note AND a.day = b.day GROUP BY a.note;

SELECT a.d, b.d, count(*) FROM fact a FULL JOIN fact b ON a.d = b.n AND a.q = b.q GROUP BY a.d, b.d;

SELECT a.d, array_agg(a.id ORDER BY a.id) FROM fact a WHERE NOT EXISTS (SELECT FROM fact b WHERE b.d = a.d AND b.q = a.q + 1) GROUP BY a.d;

SELECT a.d, array_agg(a.id ORDER BY a.id) FROM fact a WHERE EXISTS (SELECT FROM fact b WHERE b.d = a.d AND b.day = a.day) GROUP BY a.d;

SELECT a.day, array_agg(a.id ORDER BY a.id), count(DISTINCT b.note) FROM fact a JOIN fact b ON a.day = b.day AND a.q = b.q GROUP BY a.day;

SELECT a.day, a.q, b.id, c.id FROM fact a JOIN fact b ON a.day = b.day AND a.q = b.q JOIN fact c ON c.day = a.day AND c.id < b.id WHERE a.id < 500;

SELECT a.id, b.id, c.id FROM fact a LEFT JOIN fact b ON a.d = b.d AND a.n = b.n LEFT JOIN fact c ON c.d = a.d AND c.id > a.id;

SELECT a.id, b.id, c.id FROM fact a LEFT JOIN fact b ON a.d = b.d AND a.n = b.n LEFT JOIN fact c ON c.d = b.d AND c.q = b.q;

SELECT a.id, b.id, c.id FROM fact a LEFT JOIN fact b ON a.d = b.d FULL JOIN fact c ON c.d = a.d AND c.q = b.q;

SELECT g.day, g.q, g.n, f.id FROM (SELECT day, q, count(*) AS n FROM fact GROUP BY day, q) g JOIN fact f ON f.day = g.day AND f.q < g.q WHERE f.id < 700;

SELECT g.d, g.most, h.most FROM (SELECT d, note, max(id) AS most FROM fact GROUP BY d, note) g LEFT JOIN (SELECT d, q, max(id) AS most FROM fact GROUP BY d, q) h ON g.d = h.d;

SELECT g.d, array_agg(g.n ORDER BY g.n, g.q) FROM (SELECT d, q, string_agg(note, ',' ORDER BY id) AS n FROM fact GROUP BY d, q) g GROUP BY g.d;

SELECT a.id, b.id, rank() OVER (PARTITION BY a.d ORDER BY a.id, b.id) FROM fact a LEFT JOIN fact b ON a.d = b.d AND a.day = b.day;

SELECT a.id, count(b.id) OVER (PARTITION BY a.d), sum(b.q) OVER (PARTITION BY a.d, a.q) FROM fact a LEFT JOIN fact b ON a.d = b.d AND a.q = b.q AND a.day = b.day;

SELECT DISTINCT ON (a.d) a.d, a.id, b.id FROM fact a LEFT JOIN fact b ON a.d = b.d AND a.q = b.q ORDER BY a.d, a.id, b.id;

SELECT DISTINCT a.d, a.q FROM fact a LEFT JOIN fact b ON a.d = b.d AND a.q = b.q AND b.flag;

SELECT a.d FROM fact a LEFT JOIN fact b ON a.d = b.d AND a.q = b.q EXCEPT SELECT b.d FROM fact a RIGHT JOIN fact b ON a.d = b.d AND a.q = b.q WHERE b.flag;

SELECT a.d, a.q FROM fact a LEFT JOIN fact b ON a.d = b.d INTERSECT ALL SELECT d, q FROM fact WHERE id % 3 > 0;

SELECT u.d, array_agg(u.id ORDER BY u.id, u.other) FROM (SELECT a.d, a.id, b.id AS other FROM fact a LEFT JOIN fact b ON a.d = b.d AND a.q = b.q
	UNION ALL SELECT c.d, c.id, NULL FROM fact c LEFT JOIN fact e ON c.d = e.d AND c.q = e.q WHERE c.id < 200) u GROUP BY u.d;

SELECT o.oid_, array_agg(r.b ORDER BY r.b, r.a) FROM ord o LEFT JOIN round_robin r ON r.b = o.oid_ AND r.a = o.cid % 40 GROUP BY o.oid_;

SELECT o.oid_, c.name, f.note FROM ord o JOIN cust c ON c.cid = o.cid JOIN fact f ON f.day = date '2023-01-01' + o.oid_ AND f.q = o.oid_ % 50;

SELECT f.k, f.d, array_agg(o.oid_ ORDER BY o.oid_, f.id) FROM fact f LEFT JOIN ord o ON o.total = f.d AND o.oid_ > f.id GROUP BY f.k, f.d;

SELECT x.d, count(*), max(x.n) FROM (SELECT a.d, count(*) AS n FROM fact a LEFT JOIN fact b ON a.d = b.d AND a.q = b.q GROUP BY a.d, a.q) x GROUP BY x.d;

SELECT a.d, (SELECT count(*) FROM fact b WHERE b.d = a.d AND b.q = a.q) AS n, sum(a.q) OVER (PARTITION BY a.d) FROM fact a WHERE a.id < 1500;

WITH w AS MATERIALIZED (SELECT a.d, a.q, a.id, b.id AS other FROM fact a LEFT JOIN fact b ON a.d = b.d AND a.q = b.q)
SELECT w.d, array_agg(w.id ORDER BY w.id, v.other) FROM w JOIN w v ON v.d = w.d AND v.q = w.q GROUP BY w.d;

SELECT f.d, GROUPING(f.q), f.q, count(m.id) FROM fact f LEFT JOIN measure m ON m.id = f.id AND m.val = f.q GROUP BY GROUPING SETS ((f.d), (f.d, f.q));

SELECT m.at, array_agg(m.id ORDER BY m.id, f.id) FROM measure m LEFT JOIN fact f ON f.day = m.at AND f.q = m.val GROUP BY m.at;
