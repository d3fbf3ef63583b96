-- UNION, INTERSECT, EXCEPT, VALUES.

SELECT id FROM fact WHERE id < 10 UNION ALL SELECT cid FROM cust WHERE cid < 10;

SELECT id FROM fact WHERE id < 10 UNION SELECT cid FROM cust WHERE cid < 15;

SELECT k FROM fact INTERSECT SELECT k FROM dim;

SELECT k FROM fact WHERE id < 50 INTERSECT ALL SELECT k FROM tag;

SELECT k FROM dim EXCEPT SELECT k FROM fact;

SELECT k FROM fact WHERE id < 100 EXCEPT ALL SELECT k FROM tag;

SELECT a FROM left3 UNION SELECT a FROM right3;

SELECT a, b FROM left3 INTERSECT SELECT a, b FROM right3;

SELECT a FROM left3 EXCEPT SELECT b FROM right3;

(SELECT id FROM fact WHERE id < 5 UNION SELECT k FROM dim WHERE k < 3) EXCEPT SELECT 2;

SELECT id, grp FROM fact WHERE id < 10 UNION ALL SELECT k, name FROM dim WHERE k < 3 UNION ALL SELECT 99, 'const';

SELECT k, 'fact' AS src, count(*) FROM fact GROUP BY k UNION ALL SELECT k, 'tag', count(*) FROM tag GROUP BY k;

SELECT id FROM fact WHERE id < 5 UNION ALL SELECT n FROM by_numeric WHERE n < 3;

SELECT id::int2 FROM fact WHERE id < 5 UNION SELECT k FROM by_bigint WHERE k < 3 UNION SELECT 1.5;

-- ordered
SELECT id FROM fact WHERE id < 10 UNION ALL SELECT cid FROM cust WHERE cid < 10 ORDER BY 1 DESC LIMIT 7;

-- ordered
(SELECT id FROM fact ORDER BY id LIMIT 3) UNION ALL (SELECT id FROM fact ORDER BY id DESC LIMIT 3) ORDER BY id;

SELECT count(*), sum(x) FROM (SELECT id AS x FROM fact UNION ALL SELECT cid FROM cust UNION ALL SELECT k FROM dim) s;

SELECT src, count(*) FROM (SELECT 'a' AS src, id FROM fact UNION ALL SELECT 'b', oid_ FROM ord) s GROUP BY src;

SELECT count(*) FROM (SELECT id FROM fact INTERSECT SELECT id FROM detail) s;

SELECT x FROM (SELECT id AS x FROM fact UNION ALL SELECT id FROM fact) s WHERE x < 5;

SELECT * FROM (SELECT id, d FROM fact UNION ALL SELECT id, price FROM detail) s JOIN dim ON dim.k = s.id WHERE s.id < 10;

VALUES (1, 'a'), (2, NULL), (3, 'c');

SELECT * FROM (VALUES (1, 'a'), (2, 'b')) v (n, s) WHERE n > 1;

SELECT f.id FROM fact f WHERE f.id IN (VALUES (3), (7), (NULL));

SELECT a FROM nobody UNION ALL SELECT a FROM nobody_rr;

SELECT a FROM nobody UNION SELECT id FROM fact WHERE id < 3;

SELECT f FROM by_float WHERE f > 0 UNION ALL SELECT f FROM by_float WHERE f < 0;

SELECT t FROM by_text WHERE v < 20 EXCEPT SELECT grp FROM fact;

SELECT m::text FROM by_enum UNION SELECT grp FROM fact;

SELECT m FROM by_enum INTERSECT SELECT m FROM types;

SELECT NULL, id FROM fact WHERE id < 3 UNION ALL SELECT 5, k FROM dim WHERE k < 2;

SELECT id, jb FROM types WHERE id < 3 UNION SELECT id, body FROM docs WHERE id > 40;

SELECT generate_series(1, 3) UNION ALL SELECT id FROM fact WHERE id < 3;

SELECT * FROM v_union;

SELECT src, count(*) FROM v_union GROUP BY src;

SELECT id FROM round_robin r (id) WHERE b < 50 EXCEPT SELECT k FROM dim;

SELECT k, d FROM fact WHERE id < 30 UNION SELECT k, d FROM fact WHERE id < 60;
