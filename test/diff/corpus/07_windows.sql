-- Window functions.

SELECT id, row_number() OVER (ORDER BY id) FROM fact WHERE id < 60;

SELECT id, k, row_number() OVER (PARTITION BY k ORDER BY id) FROM fact WHERE id < 100;

SELECT id, rank() OVER (ORDER BY q), dense_rank() OVER (ORDER BY q), percent_rank() OVER (ORDER BY q), cume_dist() OVER (ORDER BY q) FROM fact WHERE id < 80;

SELECT id, ntile(4) OVER (ORDER BY id), lag(d) OVER (ORDER BY id), lead(d, 2, 0) OVER (ORDER BY id) FROM fact WHERE id < 60;

SELECT id, first_value(d) OVER w, last_value(d) OVER w, nth_value(d, 2) OVER w FROM fact WHERE id < 60 WINDOW w AS (PARTITION BY k ORDER BY id);

SELECT id, sum(q) OVER (ORDER BY id), sum(q) OVER (), count(*) OVER (PARTITION BY k) FROM fact WHERE id < 80;

SELECT id, sum(q) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING) FROM fact WHERE id < 80;

SELECT id, sum(q) OVER (ORDER BY q RANGE BETWEEN 3 PRECEDING AND CURRENT ROW) FROM fact WHERE id < 80;

SELECT id, sum(q) OVER (ORDER BY q GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE TIES) FROM fact WHERE id < 80;

SELECT id, count(*) OVER (ORDER BY day RANGE BETWEEN interval '10 days' PRECEDING AND interval '1 day' FOLLOWING) FROM fact WHERE id < 60;

SELECT id, avg(d) OVER (PARTITION BY grp), max(d) OVER (PARTITION BY grp, k2) FROM fact WHERE id < 150;

SELECT id, min(d) OVER (PARTITION BY id), rank() OVER (PARTITION BY id ORDER BY d) FROM fact WHERE id < 40;

SELECT id, sum(q) FILTER (WHERE flag) OVER (ORDER BY id), count(*) FILTER (WHERE k = 1) OVER () FROM fact WHERE id < 60;

SELECT * FROM (SELECT id, k, row_number() OVER (PARTITION BY k ORDER BY d DESC NULLS LAST, id) AS rn FROM fact) s WHERE rn <= 2;

SELECT * FROM (SELECT id, rank() OVER (ORDER BY q DESC, id) AS r FROM fact) s WHERE r < 5;

SELECT k, count(*), rank() OVER (ORDER BY count(*) DESC, k) FROM fact GROUP BY k;

SELECT id, sum(q) OVER w1, sum(q) OVER (w1 ROWS 1 PRECEDING) FROM fact WHERE id < 40 WINDOW w1 AS (PARTITION BY k2 ORDER BY id);

SELECT DISTINCT k, count(*) OVER (PARTITION BY k) FROM fact;

SELECT id, string_agg(grp, ',') OVER (ORDER BY id), array_agg(k) OVER (ORDER BY id ROWS 2 PRECEDING) FROM fact WHERE id < 20;

SELECT f.id, m.name, row_number() OVER (PARTITION BY m.name ORDER BY f.id) FROM fact f JOIN dim m ON f.k = m.k WHERE f.id < 60;

-- ordered
SELECT id, lag(id) OVER (ORDER BY id DESC) FROM fact WHERE id < 30 ORDER BY id;

SELECT a, row_number() OVER (ORDER BY a) FROM nobody;

SELECT a, sum(b) OVER (PARTITION BY a ORDER BY b NULLS FIRST) FROM left3;

SELECT id, last_value(q) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) - q FROM fact WHERE id < 30;

SELECT id, sum(sum(q)) OVER (ORDER BY id) FROM fact WHERE id < 30 GROUP BY id;

SELECT city, at, val, val - lag(val) OVER (PARTITION BY city ORDER BY at) FROM measure WHERE at BETWEEN '2023-12-20' AND '2024-01-10';

SELECT id, f, rank() OVER (ORDER BY f), sum(id) OVER (PARTITION BY f IS NULL ORDER BY id) FROM floats WHERE f IS DISTINCT FROM 0;

SELECT id, bool_or(flag) OVER (ORDER BY id ROWS 3 PRECEDING), max(note) OVER (PARTITION BY grp ORDER BY id) FROM fact WHERE id < 50;

-- numbers of one long list, made range by range
SELECT id, rank() OVER (ORDER BY q) FROM fact;
SELECT id, q, row_number() OVER (ORDER BY q DESC NULLS LAST, id), rank() OVER (ORDER BY q DESC NULLS LAST, id) FROM fact WHERE k > 1;
SELECT id, rank() OVER (ORDER BY grp NULLS FIRST, k DESC) + 10 AS r FROM fact;
SELECT count(*), min(r), max(r), sum(r) FROM (SELECT rank() OVER (ORDER BY grp, d) AS r FROM fact) x;
SELECT r, count(*) FROM (SELECT rank() OVER (ORDER BY k % 3) AS r FROM fact) x GROUP BY r;
SELECT max(n), sum(n * id) FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM fact WHERE false) x;
SELECT id, r, n FROM (SELECT id, rank() OVER (ORDER BY k) AS r, row_number() OVER (ORDER BY q, id) AS n FROM fact) x WHERE r = n;
SELECT k, n, row_number() OVER (ORDER BY n DESC, k), rank() OVER (ORDER BY n DESC, k) FROM (SELECT k, count(*) AS n FROM fact GROUP BY k) x;
SELECT id, rank() OVER (ORDER BY q), dense_rank() OVER (ORDER BY q) FROM fact;
SELECT id, rank() OVER (ORDER BY wg), rank() OVER (ORDER BY wi) FROM words;
SELECT id, wc, rank() OVER (ORDER BY wc), row_number() OVER (ORDER BY w COLLATE "C", id) FROM words;
