-- Order and limits.

-- ordered
SELECT id, d FROM fact ORDER BY d, id LIMIT 20;

-- ordered
SELECT id, d FROM fact ORDER BY d DESC, id LIMIT 20;

-- ordered
SELECT id, d FROM fact ORDER BY d DESC NULLS LAST, id DESC LIMIT 20;

-- ordered
SELECT id, k FROM fact ORDER BY k NULLS FIRST, id LIMIT 30 OFFSET 10;

-- ordered
SELECT id FROM fact ORDER BY id;

-- ordered
SELECT id FROM fact ORDER BY id DESC OFFSET 2990;

-- ordered
SELECT id, grp FROM fact ORDER BY grp, id LIMIT 15;

-- ordered
SELECT id, grp FROM fact ORDER BY grp COLLATE "C" DESC, id LIMIT 700;

-- ordered
SELECT id, grp FROM fact ORDER BY grp COLLATE german NULLS FIRST, id LIMIT 700;

-- ordered
SELECT id FROM fact ORDER BY id % 10, id / 10 LIMIT 50;

-- ordered
SELECT id AS x, q FROM fact WHERE id < 50 ORDER BY q % 3, x;

-- ordered
SELECT id FROM fact ORDER BY lower(grp), length(note) DESC, id LIMIT 50;

-- ordered
SELECT id FROM fact ORDER BY id USING > LIMIT 5;

-- ordered
SELECT q, count(*) FROM fact GROUP BY q ORDER BY count(*) DESC, q LIMIT 10;

-- ordered
SELECT k, sum(d) FROM fact GROUP BY k ORDER BY sum(d) DESC NULLS LAST LIMIT 5;

-- ordered
SELECT k, sum(d) AS s FROM fact GROUP BY k ORDER BY s;

-- ordered
SELECT k FROM fact GROUP BY k ORDER BY k;

-- ordered
SELECT q FROM fact ORDER BY q FETCH FIRST 65 ROWS WITH TIES;

-- ordered
SELECT q FROM fact ORDER BY q DESC OFFSET 10 FETCH NEXT 3 ROWS ONLY;

-- ordered
SELECT k2, q FROM fact ORDER BY k2, q LIMIT 30;

SELECT count(*) FROM (SELECT id FROM fact LIMIT 100) s;

SELECT count(*) FROM (SELECT id FROM fact OFFSET 100) s;

SELECT id FROM fact LIMIT 0;

SELECT count(*) FROM (SELECT id FROM fact LIMIT ALL) s;

SELECT count(*) FROM (SELECT id FROM fact LIMIT NULL OFFSET NULL) s;

SELECT id FROM fact WHERE id = 5 LIMIT 10;

-- ordered
SELECT id FROM fact WHERE k = 3 ORDER BY id LIMIT 5;

-- ordered
SELECT id FROM fact ORDER BY id LIMIT (SELECT count(*) FROM single_row) + 3;

-- error
SELECT id FROM fact ORDER BY id LIMIT -1;

-- ordered
SELECT f.id, d.line FROM fact f JOIN detail d ON f.id = d.id ORDER BY d.price DESC, f.id, d.line LIMIT 10;

-- ordered
SELECT f.id, m.name FROM fact f LEFT JOIN dim m ON f.k = m.k ORDER BY m.name DESC NULLS LAST, f.id LIMIT 20;

-- ordered
SELECT DISTINCT k FROM fact ORDER BY k DESC;

-- ordered
SELECT DISTINCT grp, k2 FROM fact ORDER BY grp, k2 LIMIT 10;

-- ordered
SELECT * FROM nobody ORDER BY a LIMIT 3;

-- ordered
SELECT a, b FROM left3 ORDER BY a, b;

-- ordered
SELECT a, b FROM left3 ORDER BY a DESC, b DESC NULLS LAST;

-- ordered
SELECT n FROM numbers WHERE n NOT IN (0, 1, 10, 0.1) ORDER BY n DESC;

-- ordered
SELECT id, n FROM numbers ORDER BY n, id;

-- ordered
SELECT id, f FROM floats ORDER BY f, id;

-- ordered
SELECT v, m FROM by_enum ORDER BY m DESC, v LIMIT 25;

-- ordered
SELECT v, dt FROM by_date ORDER BY dt, v;

-- ordered
SELECT v, t FROM by_text WHERE v < 104 ORDER BY t, v;

-- ordered
SELECT m FROM measure m ORDER BY at DESC LIMIT 5;

-- ordered
SELECT * FROM (SELECT id, q FROM fact ORDER BY q, id LIMIT 50) s ORDER BY id DESC LIMIT 5;

-- ordered
SELECT id, generate_series(1, 2) AS g FROM fact WHERE id < 5 ORDER BY id, g DESC;

SELECT id, generate_series(1, id), generate_series(1, 2) FROM fact WHERE id < 4;

SELECT id, unnest(ARRAY[1, 2]), unnest(ARRAY['x', 'y', 'z']) FROM fact WHERE id < 4;

SELECT DISTINCT generate_series(1, 3) FROM fact;

SELECT g, count(*) FROM (SELECT generate_series(1, k2) AS g FROM fact) s GROUP BY g;

SELECT id, regexp_split_to_table(note, ' ') FROM fact WHERE id < 10;

SELECT * FROM generate_series(1, 5) g;

SELECT g, f.id FROM generate_series(date '2023-01-01', date '2023-01-05', interval '1 day') g LEFT JOIN fact f ON f.day = g::date;

SELECT * FROM ROWS FROM (generate_series(1, 3), unnest(ARRAY['a', 'b'])) WITH ORDINALITY r (n, s, o) JOIN fact f ON f.id = r.n;

-- ordered
SELECT id FROM fact ORDER BY (k, q), id LIMIT 20;

-- ordered
SELECT id FROM fact ORDER BY CASE WHEN k = 3 THEN 0 ELSE 1 END, id LIMIT 20;

-- ordered
SELECT id FROM fact ORDER BY flag NULLS FIRST, at DESC LIMIT 20;

-- ordered
SELECT id, at FROM fact ORDER BY at DESC LIMIT 4 OFFSET 2;

-- ordered
SELECT sum(q) FROM fact GROUP BY k2 ORDER BY k2;

-- ordered
SELECT max(d) FROM fact GROUP BY grp ORDER BY grp COLLATE "C" NULLS FIRST;


-- ordered
SELECT k, d FROM mv JOIN (SELECT k AS kk, max(d) AS d FROM fact GROUP BY k) x ON mv.k = x.kk ORDER BY k;
