-- Groups, windows, sets and limits whose rows lie on several nodes.

-- Aggregates that nodes finish, and what stands on them

SELECT count(*), max(n), min(s) FROM (SELECT k, count(*) AS n, sum(q) AS s FROM fact GROUP BY k) x;

SELECT n, count(*) FROM (SELECT k, count(*) AS n FROM fact GROUP BY k) x GROUP BY n;

SELECT m.name, x.n, x.a FROM (SELECT k, count(*) AS n, avg(d) AS a FROM fact GROUP BY k HAVING count(*) > 50) x JOIN dim m ON m.k = x.k;

SELECT f.id, f.d - x.a FROM fact f JOIN (SELECT k, avg(d) AS a FROM fact GROUP BY k) x ON x.k = f.k WHERE f.id < 80;

SELECT a.k, a.n, b.n FROM (SELECT k, count(*) AS n FROM fact GROUP BY k) a FULL JOIN (SELECT k, count(*) AS n FROM tag GROUP BY k) b ON a.k = b.k;

SELECT x.total, d.k FROM (SELECT sum(d) AS total, count(*) AS n FROM fact) x, dim d WHERE d.k < 4;

SELECT id, q FROM fact WHERE q > (SELECT avg(q) + 20 FROM fact) AND id < 300;

SELECT k, max(note), min(note), max(grp COLLATE "C"), min(grp COLLATE "C") FROM fact GROUP BY k;

SELECT grp, max(cash), sum(cash), max(num52), min(iv), sum(iv), avg(iv), max(ip), min(ti), max(ts), bit_or(bits) FROM types, (SELECT DISTINCT grp FROM fact WHERE id < 9) g GROUP BY grp;

SELECT m, max(pos), min(sn), max(m), min(m), count(p), count(ne) FROM types GROUP BY m;

SELECT q, count(*) FILTER (WHERE flag), count(k) FILTER (WHERE d > 500), max(id) FILTER (WHERE false), sum(n) FILTER (WHERE NULL) FROM fact GROUP BY q;

SELECT id % 1000 AS many, count(*), sum(q), max(note), bool_or(flag) FROM fact GROUP BY many;

SELECT day, k, grp, count(*), sum(d) FROM fact GROUP BY day, k, grp;

SELECT k, sum(d) FROM fact WHERE false GROUP BY k;

SELECT count(*), sum(d), max(grp) FROM (SELECT * FROM fact WHERE false) x JOIN dim USING (k);

SELECT c, count(*) FROM (SELECT NULL::int AS c, id FROM fact) x GROUP BY c;

SELECT a, b, c, count(*) FROM all_null GROUP BY a, b, c;

SELECT d, count(*), sum(c) FROM all_null GROUP BY d;

SELECT 1 AS one, count(*) FROM fact GROUP BY one HAVING count(*) > 0;

-- ordered
SELECT k, count(*) + 1, avg(d) FROM fact GROUP BY k ORDER BY k DESC NULLS LAST;

-- ordered
SELECT grp, k2, count(*) FROM fact GROUP BY grp, k2 ORDER BY grp DESC, k2;

-- ordered
SELECT k, sum(q) FROM fact WHERE k2 = 3 GROUP BY k, k2 ORDER BY k2, k;

-- ordered
SELECT k, x FROM (SELECT k, sum(d) AS x FROM fact GROUP BY k ORDER BY k LIMIT 7) s ORDER BY x DESC;

SELECT f, count(*) FROM floats WHERE f IS DISTINCT FROM 0 GROUP BY f;

-- Aggregates without states: their rows come together

SELECT k, array_agg(id ORDER BY id) FROM fact WHERE id < 400 GROUP BY k;

SELECT q, string_agg(grp, '|' ORDER BY id), json_agg(k ORDER BY id DESC), jsonb_object_agg(id, d) FROM fact WHERE id < 500 GROUP BY q;

SELECT day, array_agg(DISTINCT k ORDER BY k), count(DISTINCT grp), count(DISTINCT k2), sum(DISTINCT q), count(*) FROM fact WHERE id < 900 GROUP BY day;

SELECT id % 300 AS g, count(DISTINCT k), count(DISTINCT grp) FILTER (WHERE flag), max(d) FROM fact GROUP BY g;

SELECT k, percentile_disc(0.5) WITHIN GROUP (ORDER BY d), mode() WITHIN GROUP (ORDER BY q), rank(20) WITHIN GROUP (ORDER BY q) FROM fact GROUP BY k;

SELECT k2, count(DISTINCT note) FROM fact GROUP BY k2 HAVING count(DISTINCT note) > 70;

SELECT x.n FROM (SELECT k, array_agg(id ORDER BY id) AS n FROM fact WHERE id < 100 GROUP BY k) x JOIN dim USING (k) WHERE region = 'south';

SELECT g, array_agg(id) FROM (SELECT k2 AS g, id FROM fact WHERE id < 300 ORDER BY id DESC) x GROUP BY g;

SELECT g, string_agg(grp, '-') FROM (SELECT k AS g, grp FROM fact WHERE id < 300 ORDER BY k, q, id) x GROUP BY g;

SELECT array_agg(id), string_agg(grp, '') FROM (SELECT id, grp FROM fact WHERE id < 90 ORDER BY q, id) x;

SELECT array_agg(a), json_agg(b), count(DISTINCT a), percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM (SELECT a, b FROM left3 WHERE a = 99) x;

SELECT a, array_agg(b) FROM nobody GROUP BY a;

SELECT array_agg(a), count(DISTINCT b), count(DISTINCT c), string_agg(b, ',') FROM all_null;

-- DISTINCT aggregates without groups, or with few

SELECT count(DISTINCT id), sum(DISTINCT id), avg(DISTINCT id), min(DISTINCT id) FROM fact;

SELECT count(DISTINCT k), sum(q), avg(d), count(*) FROM fact;

SELECT count(DISTINCT k + q), sum(DISTINCT k + q) FROM fact;

SELECT count(DISTINCT k) FILTER (WHERE flag), sum(DISTINCT k) FILTER (WHERE NOT flag), count(*) FROM fact;

SELECT flag, count(DISTINCT note), max(note) FROM fact GROUP BY flag;

SELECT flag, grp, count(DISTINCT day), sum(DISTINCT q) FROM fact GROUP BY flag, grp;

SELECT flag, sum(DISTINCT d) AS s FROM fact GROUP BY flag HAVING sum(DISTINCT d) > 10 ORDER BY flag;

SELECT count(DISTINCT t), max(DISTINCT t) FROM by_text;

SELECT count(DISTINCT n), count(DISTINCT round(n)) FROM by_numeric;

SELECT count(DISTINCT a), sum(DISTINCT c), min(DISTINCT b) FROM nobody;

SELECT count(DISTINCT a), sum(DISTINCT c) FROM all_null;

SELECT x.c, m.k FROM (SELECT count(DISTINCT k) AS c FROM fact) x JOIN dim m ON m.k = x.c - 10;

-- Grouping sets

SELECT grp, k2, grouping(k2, grp), count(*), avg(d), max(note) FROM fact GROUP BY CUBE (grp, k2);

SELECT grp, k2, flag, grouping(grp), grouping(flag, k2), sum(q) FROM fact GROUP BY GROUPING SETS ((grp, k2), (k2, flag), (flag), ());

SELECT k2, grp, grouping(grp), count(DISTINCT k), string_agg(DISTINCT note, ',' ORDER BY note) FROM fact WHERE id < 200 GROUP BY k2, ROLLUP (grp);

SELECT grp, k2, array_agg(id ORDER BY id) FROM fact WHERE id < 60 GROUP BY ROLLUP (grp, k2);

SELECT k, grouping(k), count(*) FROM fact GROUP BY GROUPING SETS (k, k, ());

SELECT k, grp, sum(d) FROM fact GROUP BY GROUPING SETS ((), (), (k), (grp));

SELECT a, b, grouping(a, b), count(*), sum(c) FROM nobody GROUP BY CUBE (a, b);

SELECT count(*), sum(c) FROM nobody GROUP BY GROUPING SETS ((), ());

SELECT count(*), max(q) FROM fact GROUP BY GROUPING SETS (());

SELECT a, c, grouping(a), grouping(c), count(*) FROM all_null GROUP BY ROLLUP (a, c);

SELECT a, b, count(*), max(v) FROM multi_key GROUP BY GROUPING SETS ((a, b), (a)) HAVING count(*) > 1;

SELECT a, count(*), grouping(a) FROM left3 GROUP BY ROLLUP (a) HAVING grouping(a) = 0 OR count(*) = 5;

SELECT k2 + 1, grp || '!', count(*) FROM fact GROUP BY CUBE (k2 + 1, grp || '!');

SELECT count(*), sum(n) FROM (SELECT grp, k2, count(*) AS n FROM fact GROUP BY CUBE (grp, k2)) x;

SELECT x.grp, x.n, m.name FROM (SELECT k, grp, count(*) AS n FROM fact GROUP BY GROUPING SETS ((k), (k, grp))) x JOIN dim m USING (k) WHERE k < 6;

-- ordered
SELECT grp, k2, count(*) FROM fact GROUP BY ROLLUP (grp, k2) ORDER BY grouping(grp, k2), grp, k2;

SELECT 'c' AS c, k2, count(*) FROM fact GROUP BY ROLLUP (c, k2);

-- DISTINCT and DISTINCT ON

SELECT count(*), sum(k2) FROM (SELECT DISTINCT grp, k2, flag FROM fact) x;

SELECT count(*) FROM (SELECT DISTINCT id, k FROM fact) x;

-- ordered
SELECT DISTINCT day, grp FROM fact WHERE k = 1 ORDER BY day DESC, grp;

SELECT m.name, x.id, x.d FROM (SELECT DISTINCT ON (k) k, id, d FROM fact ORDER BY k, d DESC NULLS LAST, id) x JOIN dim m USING (k);

SELECT count(*), sum(id) FROM (SELECT DISTINCT ON (q, k2) q, k2, id FROM fact ORDER BY q, k2, id DESC) x;

-- ordered
SELECT DISTINCT ON (id % 700) id % 700 AS g, id, grp FROM fact ORDER BY id % 700, id DESC;

SELECT k, id FROM (SELECT DISTINCT ON (k) k, id FROM fact ORDER BY k, id) x ORDER BY id DESC LIMIT 5;

SELECT DISTINCT ON (a) a, b FROM left3 ORDER BY a, b NULLS FIRST;

SELECT DISTINCT ON (a) a, b FROM nobody ORDER BY a, b;

SELECT DISTINCT a, b, c FROM all_null;

-- Windows over windows, groups and limits

SELECT id, k, sum(q) OVER (PARTITION BY k ORDER BY id), count(*) OVER (PARTITION BY k, k2), rank() OVER (PARTITION BY k ORDER BY d, id) FROM fact WHERE id < 300;

SELECT id, row_number() OVER (PARTITION BY k ORDER BY id), row_number() OVER (PARTITION BY grp ORDER BY id), row_number() OVER (ORDER BY id) FROM fact WHERE id < 200;

SELECT k, n, sum(n) OVER (ORDER BY k ROWS UNBOUNDED PRECEDING), rank() OVER (ORDER BY n DESC, k) FROM (SELECT k, count(*) AS n FROM fact GROUP BY k) x;

SELECT k, count(*), max(r) FROM (SELECT k, rank() OVER (PARTITION BY k ORDER BY d) AS r FROM fact) x GROUP BY k;

SELECT x.id, m.name FROM (SELECT id, k, row_number() OVER (PARTITION BY k ORDER BY id DESC) AS r FROM fact) x JOIN dim m USING (k) WHERE r <= 2;

SELECT * FROM (SELECT id, k, rank() OVER (PARTITION BY k ORDER BY q DESC, id) AS r, row_number() OVER (PARTITION BY k2 ORDER BY id) AS n FROM fact) x WHERE r <= 2 AND n < 100;

SELECT * FROM (SELECT id, row_number() OVER (ORDER BY id DESC) AS r FROM fact) x WHERE r <= 5;

SELECT * FROM (SELECT id, k, dense_rank() OVER (PARTITION BY k ORDER BY id) AS r FROM fact) x WHERE 3 > r;

SELECT * FROM (SELECT k, id, count(*) OVER (PARTITION BY k ORDER BY id) AS c, lag(id) OVER (PARTITION BY k ORDER BY id) AS l FROM fact) x WHERE c <= 2 AND id < 1000;

SELECT id, sum(q) OVER (PARTITION BY k ORDER BY id RANGE BETWEEN 10 PRECEDING AND 5 FOLLOWING), max(d) OVER (PARTITION BY k ORDER BY day DESC, id ROWS BETWEEN 1 PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW) FROM fact WHERE id < 250;

SELECT id, count(*) OVER (PARTITION BY grp ORDER BY day RANGE BETWEEN '20 days' PRECEDING AND '3 days' FOLLOWING EXCLUDE GROUP), sum(q) OVER (PARTITION BY grp ORDER BY q DESC NULLS LAST GROUPS 2 PRECEDING) FROM fact WHERE id < 250;

SELECT id, sum(d) OVER (PARTITION BY k ORDER BY d DESC RANGE BETWEEN 20.5 PRECEDING AND CURRENT ROW) FROM fact WHERE id < 250;

SELECT id, first_value(grp) OVER w, nth_value(id, 3) OVER w, last_value(id) OVER (w RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) FROM fact WHERE id < 200 WINDOW w AS (PARTITION BY k2 ORDER BY note COLLATE "C" NULLS FIRST, id DESC);

SELECT id, sum(q) OVER (PARTITION BY k ORDER BY k), count(*) OVER (PARTITION BY k ORDER BY k DESC, k2, id) FROM fact WHERE id < 150;

SELECT id, count(*) OVER (ORDER BY k2, id), count(*) OVER (PARTITION BY k2 ORDER BY k2 DESC) FROM fact WHERE k2 = 3 AND id < 300;

SELECT id, ntile(3) OVER (PARTITION BY flag ORDER BY id), cume_dist() OVER (PARTITION BY flag ORDER BY q), percent_rank() OVER (PARTITION BY flag ORDER BY q) FROM fact WHERE id < 200;

SELECT id, n, row_number() OVER () FROM (SELECT id, q AS n FROM fact WHERE id < 100 ORDER BY q, id) x;

SELECT id, array_agg(id) OVER () FROM (SELECT id, k2 FROM fact WHERE id < 50 ORDER BY q DESC, id) x;

SELECT k, sum(count(*)) OVER (PARTITION BY k % 3 ORDER BY k), count(*) FROM fact GROUP BY k;

SELECT DISTINCT k2, max(q) OVER (PARTITION BY k2), count(*) OVER (PARTITION BY k2, flag) FROM fact;

SELECT grp, k2, count(*), rank() OVER (PARTITION BY grouping(grp, k2) ORDER BY count(*) DESC, grp, k2) FROM fact GROUP BY CUBE (grp, k2);

SELECT a, b, row_number() OVER (PARTITION BY a ORDER BY b), sum(a) OVER (PARTITION BY b) FROM nobody;

SELECT a, count(*) OVER (PARTITION BY a), sum(c) OVER (PARTITION BY b) FROM all_null;

SELECT a, sum(b) OVER (PARTITION BY a ORDER BY b NULLS FIRST), count(*) OVER (ORDER BY a DESC, b) FROM left3;

-- ordered
SELECT id, sum(q) OVER (PARTITION BY k ORDER BY id) FROM fact WHERE id < 100 ORDER BY id DESC;

-- ordered
SELECT id, rank() OVER (PARTITION BY k ORDER BY id) AS r FROM fact WHERE id < 500 ORDER BY r DESC, id LIMIT 10;

-- Set operations

SELECT k FROM fact INTERSECT SELECT k FROM tag;

SELECT k, grp FROM fact EXCEPT SELECT k, grp FROM fact WHERE k2 > 1;

SELECT k FROM fact EXCEPT ALL SELECT k FROM fact WHERE id % 3 = 0;

SELECT k FROM fact INTERSECT ALL SELECT k FROM tag;

SELECT a, b FROM left3 INTERSECT SELECT a, b FROM right3;

SELECT a, b FROM left3 EXCEPT SELECT a, b FROM right3;

SELECT a FROM left3 INTERSECT ALL SELECT a FROM right3;

SELECT a FROM right3 EXCEPT ALL SELECT a FROM left3;

SELECT k FROM fact EXCEPT SELECT k FROM dim;

SELECT k FROM dim INTERSECT SELECT k FROM fact WHERE id < 50;

SELECT k::bigint FROM fact WHERE id < 300 INTERSECT SELECT k FROM by_bigint;

SELECT k, name FROM dim EXCEPT SELECT cid, name FROM cust;

SELECT id FROM fact WHERE id < 30 INTERSECT SELECT id FROM detail;

SELECT count(*), sum(k) FROM (SELECT k FROM fact INTERSECT SELECT k FROM dim) x;

SELECT x.k, m.name FROM (SELECT k FROM fact EXCEPT SELECT k FROM tag) x JOIN dim m USING (k);

(SELECT k FROM fact EXCEPT SELECT k FROM tag) INTERSECT SELECT k FROM dim WHERE k < 20;

SELECT k FROM fact INTERSECT (SELECT k FROM dim UNION SELECT k FROM tag);

SELECT a FROM nobody INTERSECT SELECT a FROM left3;

SELECT k FROM fact EXCEPT SELECT a FROM nobody;

SELECT a, c FROM all_null INTERSECT ALL SELECT a, c FROM all_null;

-- ordered
SELECT k FROM fact EXCEPT SELECT k FROM tag ORDER BY 1 DESC;

SELECT k, count(*) FROM (SELECT k FROM fact UNION ALL SELECT k FROM tag UNION ALL SELECT k FROM dim) x GROUP BY k;

SELECT k FROM fact UNION SELECT k FROM tag UNION SELECT cid FROM ord;

SELECT grp, 1 FROM fact UNION SELECT note, 2 FROM fact;

SELECT count(*), sum(k) FROM (SELECT k FROM fact WHERE id < 40 UNION ALL SELECT k FROM heap_dim UNION ALL SELECT k FROM dim) x;

SELECT k, count(*) FROM (SELECT k FROM fact UNION ALL VALUES (1), (NULL), (77)) x GROUP BY k;

SELECT m.k, n FROM dim m JOIN (SELECT k, count(*) AS n FROM fact GROUP BY k UNION ALL SELECT k, -1 FROM tag GROUP BY k) x USING (k);

-- LIMIT below other things

SELECT count(*), sum(id) FROM (SELECT id FROM fact ORDER BY d DESC NULLS LAST, id LIMIT 20) x;

SELECT count(*), sum(id) FROM (SELECT id FROM fact ORDER BY id LIMIT 20 OFFSET 100) x;

SELECT m.name, x.id FROM (SELECT id, k FROM fact ORDER BY q, id LIMIT 30) x JOIN dim m USING (k);

SELECT k, count(*) FROM (SELECT k FROM fact ORDER BY q FETCH FIRST 5 ROWS WITH TIES) x GROUP BY k;

SELECT count(*) FROM (SELECT k FROM fact ORDER BY q OFFSET 2 FETCH FIRST 50 ROWS WITH TIES) x;

-- ordered
SELECT q FROM fact ORDER BY q DESC FETCH FIRST 70 ROWS WITH TIES;

-- ordered
SELECT id FROM (SELECT id, d FROM fact ORDER BY d, id LIMIT 50) x ORDER BY id DESC LIMIT 7;

SELECT count(*) FROM (SELECT 1 FROM fact LIMIT 10) x;

SELECT count(*) FROM (SELECT 1 FROM fact OFFSET 2990) x;

SELECT count(*) FROM (SELECT 1 FROM fact LIMIT NULL OFFSET NULL) x;

SELECT count(*) FROM (SELECT * FROM fact LIMIT 0) x;

SELECT id FROM fact WHERE id IN (SELECT id FROM fact ORDER BY d DESC NULLS LAST, id LIMIT 4);

SELECT id FROM (SELECT id, k FROM fact ORDER BY id LIMIT 10) a INTERSECT SELECT k FROM tag;

-- Sets in the target list, functions and VALUES in FROM

SELECT g, count(*), sum(id) FROM (SELECT id, generate_series(1, k2) AS g FROM fact) x GROUP BY g;

SELECT id, unnest(ia) FROM arrays WHERE id < 10;

SELECT id, g FROM (SELECT id, generate_series(1, 3) AS g FROM fact WHERE id < 30) x JOIN dim m ON m.k = x.g WHERE m.region IS NOT NULL;

-- ordered
SELECT id, generate_series(1, 2) FROM fact WHERE id < 10 ORDER BY id;

SELECT max(g) OVER (PARTITION BY id), id, g FROM (SELECT id, generate_series(1, id) AS g FROM fact WHERE id < 5) x;

SELECT f.id, g FROM fact f JOIN generate_series(1, 40, 3) g ON g = f.id;

SELECT g, count(f.id) FROM generate_series(0, 30) g LEFT JOIN fact f ON f.k = g GROUP BY g;

SELECT f.id, v.x, v.y FROM fact f JOIN (VALUES (1, 'one'), (5, 'five'), (NULL, 'none')) v (x, y) ON v.x = f.id;

SELECT v.x, count(f.id) FROM (VALUES (1), (2), (99), (NULL)) v (x) LEFT JOIN fact f ON f.k = v.x GROUP BY v.x;

SELECT count(*) FROM fact WHERE id IN (SELECT generate_series(1, 100, 7));

SELECT d.t, count(f.id) FROM generate_series(timestamptz '2023-01-01 00:00+00', '2023-03-01 00:00+00', '1 week') AS d (t) LEFT JOIN fact f ON f.at >= d.t AND f.at < d.t + interval '1 week' GROUP BY d.t;

SELECT f.id, u.v, u.o FROM fact f JOIN unnest(ARRAY[3, 1, 2]) WITH ORDINALITY AS u (v, o) ON u.v = f.id;

-- Samples and volatile functions, as far as the answer is known

SELECT count(*), sum(id) FROM fact TABLESAMPLE BERNOULLI (100);

SELECT k, count(*) FROM fact TABLESAMPLE SYSTEM (100) REPEATABLE (7) WHERE id < 500 GROUP BY k;

SELECT count(*) FROM fact TABLESAMPLE BERNOULLI (0) REPEATABLE (0.5);

SELECT count(*) BETWEEN 100 AND 2900, count(*) = count(DISTINCT id) FROM fact TABLESAMPLE BERNOULLI (50);

SELECT count(*) FROM dim TABLESAMPLE BERNOULLI (100) JOIN fact USING (k);

SELECT count(*) = (SELECT count(*) FROM tag) FROM tag TABLESAMPLE SYSTEM (100);

-- error
SELECT count(*) FROM fact TABLESAMPLE BERNOULLI (101);

SELECT count(*), bool_and(r >= 0 AND r < 1), count(DISTINCT r) > 2000 FROM (SELECT random() AS r FROM fact) x;

SELECT count(*) BETWEEN 1000 AND 2000 FROM fact WHERE random() < 0.5;

SELECT count(*), count(DISTINCT u) FROM (SELECT id, gen_random_uuid() AS u FROM fact) x;

SELECT a.r = b.r FROM (SELECT id, random() AS r FROM fact WHERE id < 5) a JOIN (SELECT id, random() AS r FROM fact WHERE id < 5) b USING (id);

SELECT count(*), count(DISTINCT r) FROM (SELECT random() AS r FROM dim) x;

SELECT count(*), count(DISTINCT r) FROM (SELECT x.r FROM fact, (SELECT random() AS r FROM dim WHERE k = 3) x) y;

SELECT count(DISTINCT g), count(*) FROM fact f JOIN generate_series(1, 3 + (random() * 0)::int) g ON true WHERE f.id < 10;

SELECT id, count(clock_timestamp()), bool_and(clock_timestamp() >= now()) FROM fact WHERE id < 20 GROUP BY id;

SELECT count(*) FROM (SELECT id FROM fact ORDER BY random() LIMIT 10) x;

SELECT count(*) FROM (SELECT id FROM fact ORDER BY id LIMIT 5 + (random() * 0)::int) x;

-- Below a row of something else

SELECT m.k, x.* FROM dim m, LATERAL (SELECT count(*), sum(q), max(note) FROM fact f WHERE f.k = m.k AND f.q < m.k + 20) x WHERE m.k < 6;

SELECT m.k, x.grp, x.n FROM dim m, LATERAL (SELECT grp, count(*) AS n FROM fact f WHERE f.k2 <> m.k GROUP BY grp HAVING count(*) > m.k) x WHERE m.k < 3;

SELECT m.k, x.id, x.r FROM dim m, LATERAL (SELECT id, rank() OVER (ORDER BY q DESC, id) AS r FROM fact f WHERE f.k < m.k AND f.id < 60) x WHERE m.k < 4 AND r <= 3;

SELECT m.k, x.k2 FROM dim m, LATERAL (SELECT k2 FROM fact f WHERE f.id < m.k * 10 EXCEPT SELECT m.k) x WHERE m.k < 5;

SELECT m.k, x.grp, x.id FROM dim m, LATERAL (SELECT DISTINCT ON (grp) grp, id FROM fact f WHERE f.id < m.k * 10 ORDER BY grp, id DESC) x WHERE m.k BETWEEN 2 AND 5;

SELECT m.k, x.grp, x.k2, x.n FROM dim m, LATERAL (SELECT grp, k2, count(*) AS n FROM fact f WHERE f.id < m.k * 10 GROUP BY ROLLUP (grp, k2)) x WHERE m.k BETWEEN 2 AND 4;

SELECT m.k, x.g FROM dim m, LATERAL (SELECT generate_series(1, m.k) AS g FROM tag WHERE tag.k = m.k) x WHERE m.k < 4;

SELECT id, (SELECT string_agg(tag, ',' ORDER BY tag) FROM tag WHERE tag.k = f.k), (SELECT count(DISTINCT tag) FROM tag WHERE tag.k <> f.k2) FROM fact f WHERE id < 40;

SELECT k, count(*), (SELECT max(name) FROM dim WHERE dim.k = fact.k), sum(q) FROM fact GROUP BY k;

SELECT k, count(*) FROM fact GROUP BY k HAVING count(*) > (SELECT min(k) + 100 FROM dim) ORDER BY k;

SELECT k, n, (SELECT count(*) FROM tag WHERE tag.k = x.k) FROM (SELECT k, count(*) AS n FROM fact GROUP BY k) x;

SELECT count(*) FROM (SELECT id FROM fact TABLESAMPLE BERNOULLI (100) WHERE k = (SELECT min(k) + 1 FROM dim)) x;

SELECT m.k, (SELECT count(*) FROM fact f TABLESAMPLE SYSTEM (100) WHERE f.k = m.k) FROM dim m WHERE m.k < 5;

-- One column of rows that the driver sorts by another

-- ordered
SELECT f.id FROM fact f JOIN detail d USING (id) WHERE f.id < 50 ORDER BY price, f.id, d.line;

-- ordered
SELECT f.id FROM fact f JOIN dim m USING (k) WHERE f.id < 50 ORDER BY m.name DESC, f.id;

-- ordered
SELECT max(q) FROM fact f JOIN detail d USING (id) GROUP BY d.item, f.k2 ORDER BY d.item, f.k2;

-- A subquery that depends on the outer row, over rows that the driver makes

SELECT m.k, x.c1 FROM dim m CROSS JOIN LATERAL (SELECT h.label AS c1 FROM tag t RIGHT JOIN heap_dim h ON t.k = h.k FULL JOIN all_null n ON n.b = h.label WHERE m.k = h.k ORDER BY h.label NULLS FIRST LIMIT 1) x WHERE m.k < 9;

SELECT m.k, (SELECT count(*) FROM (SELECT k FROM tag WHERE k = m.k UNION ALL SELECT k FROM heap_dim WHERE k < m.k) x) FROM dim m WHERE m.k < 5;
