SELECT r FROM fact r LEFT JOIN dim m ON r.k = m.k WHERE r.id < 30;

SELECT r.id, m FROM fact r LEFT JOIN dim m ON r.k = m.k AND m.k < 3 WHERE r.id < 60;

SELECT r.id, m IS NULL, m IS NOT NULL, NOT m IS NULL, count(m) OVER () FROM fact r LEFT JOIN dim m ON r.k = m.k AND m.k < 3 WHERE r.id < 60;

SELECT count(m), count(r), count(*) FROM fact r LEFT JOIN dim m ON r.k = m.k AND m.k < 3;

SELECT k, count(r), count(*) FROM fact r GROUP BY k;

-- ordered
SELECT r FROM fact r ORDER BY r LIMIT 20;

-- ordered
SELECT r FROM fact r ORDER BY q, id OFFSET 3 LIMIT 20;

SELECT DISTINCT m FROM measure m WHERE id < 50;

SELECT r FROM fact r WHERE id < 5 UNION ALL SELECT r FROM fact r WHERE id BETWEEN 3 AND 8;

SELECT r FROM fact r WHERE id < 5 UNION SELECT r FROM fact r WHERE id BETWEEN 3 AND 8;

SELECT a, b.k FROM fact a JOIN fact b ON a.q = b.q AND a.id < 40 AND b.id < 40;

SELECT (r).id, (r).grp, r FROM (SELECT x AS r FROM fact x WHERE id < 9 OFFSET 0) s;

SELECT m, (SELECT r FROM fact r WHERE r.id = m.k) FROM dim m WHERE k < 4;

SELECT r = r, r IS DISTINCT FROM NULL, r::text, ROW(r.*) IS NULL FROM fact r WHERE id < 20;

WITH x AS (SELECT r, id FROM fact r WHERE id < 20) SELECT a.r, b.r::text FROM x a JOIN x b ON a.id = b.id + 1;

SELECT t FROM types t WHERE id < 9;

SELECT w FROM words w;

SELECT x, x::text, x IS NOT NULL FROM dropped x WHERE id < 40;

SELECT json_agg(row_to_json(m) ORDER BY k) FROM dim m WHERE k < 4;

SELECT r FROM fact r WHERE r.k IN (SELECT k FROM tag) AND id < 40;

SELECT m FROM measure m, fact r WHERE m.id = r.id AND m.id < 30;

SELECT tableoid::regclass, count(DISTINCT tableoid), count(*) FROM fact GROUP BY 1;

SELECT tableoid::regclass::text, tableoid = 'fact'::regclass, id FROM fact WHERE id < 9;

SELECT id, key, value FROM docs, jsonb_each(body) WHERE id < 20;

SELECT count(*), count(DISTINCT key) FROM docs, LATERAL jsonb_each_text(CASE jsonb_typeof(body) WHEN 'object' THEN body END) e WHERE e.value > 'a';

SELECT id, e.* FROM docs LEFT JOIN LATERAL jsonb_each(body) WITH ORDINALITY e (a, b, c) ON c > 1 WHERE id < 20;

-- subqueries in branches: prepared whether the branch is taken or not
SELECT id, CASE WHEN q > 5 THEN EXISTS (SELECT FROM heap_dim h WHERE h.k = fact.k) WHEN grp IS NULL THEN k NOT IN (SELECT k FROM tag) END FROM fact WHERE id < 200;

SELECT id, coalesce(flag, k IN (SELECT t.k FROM tag t JOIN dim m ON t.k = m.k WHERE m.region = 'north')) FROM fact WHERE id < 200;

SELECT count(*) FROM fact WHERE CASE WHEN q > 100000 THEN k IN (SELECT 1 / (k - k) FROM dim) ELSE true END;

SELECT count(*) FROM fact WHERE CASE WHEN q > 100000 THEN EXISTS (SELECT FROM dim m WHERE m.k = fact.k AND m.name::int > 3) ELSE true END;
