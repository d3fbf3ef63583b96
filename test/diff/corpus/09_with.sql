-- WITH: plain, MATERIALIZED, recursive, nested.

WITH a AS (SELECT k, count(*) AS n FROM fact GROUP BY k) SELECT * FROM a WHERE n > 60;

WITH a AS MATERIALIZED (SELECT id, k FROM fact WHERE id < 50) SELECT x.id, y.id FROM a x JOIN a y ON x.k = y.k AND x.id < y.id;

WITH a AS NOT MATERIALIZED (SELECT id, k FROM fact) SELECT count(*) FROM a x JOIN a y ON x.id = y.id;

WITH a AS (SELECT id, d FROM fact WHERE k = 3), b AS (SELECT id, d * 2 AS dd FROM a) SELECT a.id, b.dd FROM a JOIN b USING (id);

WITH a AS (SELECT max(d) AS m FROM fact) SELECT id FROM fact, a WHERE d = a.m;

WITH a AS (SELECT k FROM dim WHERE region = 'north') SELECT id FROM fact WHERE k IN (SELECT k FROM a) AND id < 100;

WITH RECURSIVE t (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 10) SELECT t.n, f.grp FROM t JOIN fact f ON f.id = t.n;

WITH RECURSIVE t AS (SELECT id, parent, name, 0 AS depth FROM tree WHERE parent IS NULL
	UNION ALL SELECT c.id, c.parent, c.name, t.depth + 1 FROM tree c JOIN t ON c.parent = t.id)
SELECT * FROM t;

WITH RECURSIVE t AS (SELECT id, ARRAY[id] AS path FROM tree WHERE parent IS NULL
	UNION SELECT c.id, path || c.id FROM tree c, t WHERE c.parent = t.id)
SELECT * FROM t;

WITH RECURSIVE t AS (SELECT id, parent FROM tree WHERE id = 7 UNION ALL SELECT p.id, p.parent FROM tree p JOIN t ON t.parent = p.id)
SELECT t.id, dim.name FROM t LEFT JOIN dim ON dim.k = t.id;

WITH RECURSIVE t AS (SELECT id, parent, name FROM tree WHERE parent IS NULL
	UNION ALL SELECT c.id, c.parent, c.name FROM tree c JOIN t ON c.parent = t.id)
	SEARCH DEPTH FIRST BY id SET ord
SELECT id, ord FROM t;

WITH RECURSIVE t AS (SELECT id, parent FROM tree WHERE id = 1
	UNION ALL SELECT c.id, c.parent FROM tree c JOIN t ON c.parent = t.id)
	CYCLE id SET is_cycle USING path
SELECT * FROM t;

SELECT * FROM v_tree;

WITH a AS (WITH b AS (SELECT id FROM fact WHERE id < 10) SELECT id * 2 AS x FROM b) SELECT fact.id FROM fact JOIN a ON fact.id = a.x;

WITH a AS (SELECT id FROM fact WHERE id < 5), b AS (SELECT id FROM a UNION ALL SELECT k FROM dim WHERE k < 3) SELECT * FROM b, a;

WITH a (x, y) AS (SELECT k, sum(q) FROM fact GROUP BY k) SELECT x, y FROM a WHERE y = (SELECT max(y) FROM a);

SELECT id, (WITH a AS (SELECT name FROM dim WHERE dim.k = fact.k) SELECT name FROM a) FROM fact WHERE id < 20;

WITH a AS (SELECT id, row_number() OVER (ORDER BY id) AS rn FROM fact WHERE k = 5) SELECT a.rn, d.line FROM a JOIN detail d ON d.id = a.id WHERE a.rn < 10;

WITH a AS (SELECT * FROM fact WHERE id < 10) SELECT a FROM a;

WITH unused AS (SELECT 1 / 0 FROM fact) SELECT count(*) FROM dim;

WITH a AS (SELECT DISTINCT ON (k) k, id FROM fact ORDER BY k, id) SELECT a.k, dim.name FROM a LEFT JOIN dim USING (k);

WITH total AS MATERIALIZED (SELECT sum(d) AS t FROM fact) SELECT grp, round(sum(d) / (SELECT t FROM total), 4) FROM fact GROUP BY grp;
