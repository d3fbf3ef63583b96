-- What once went wrong.

-- branches that are not taken do not fail
SELECT id, CASE WHEN q > 100000 THEN 1 / (SELECT 0) ELSE 1 END FROM fact WHERE id < 9;

SELECT id, CASE WHEN q > 100000 THEN (SELECT k FROM dim) WHEN q < 0 THEN (SELECT k FROM tag) ELSE 1 END FROM fact;

SELECT id, coalesce(q, (SELECT k FROM dim)) FROM fact WHERE id < 9;

SELECT a, (SELECT sum(CASE WHEN f.q > 100000 THEN 1 / (l.b - l.b) ELSE 1 END) FROM fact f) FROM left3 l;

SELECT id, CASE WHEN q > (SELECT avg(q) FROM fact) THEN 'high' ELSE 'low' END FROM fact;

-- a dropped column gets a NULL that INSERT recognizes
BEGIN;
INSERT INTO dropped SELECT id + 1000, v FROM dropped WHERE id < 5;
INSERT INTO dropped (v) SELECT max(v) FROM dropped;
SELECT * FROM dropped WHERE id > 1000 OR id IS NULL;
ROLLBACK;
