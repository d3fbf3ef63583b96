-- Views, materialized views, row-level security, privileges.

SELECT * FROM v_fact WHERE id < 30;

SELECT * FROM v_total WHERE n > 50;

SELECT sum(total), count(*) FROM v_total;

SELECT * FROM v_join WHERE id < 40;

SELECT region, sum(d) FROM v_join GROUP BY region;

SELECT a.id, b.name FROM v_fact a JOIN v_join b USING (id) WHERE id < 40;

SELECT count(*), sum(d) FROM v_barrier;

SELECT id FROM v_barrier WHERE d > 900 AND k = 1;

SELECT id FROM v_barrier WHERE classify(d) = 'small' AND id < 100;

SELECT mv.k, mv.n, t.n FROM mv JOIN v_total t USING (k);

SELECT max(most), sum(n) FROM mv;

SET ROLE diff_reader;
SELECT * FROM secret;
SELECT count(*), sum(level) FROM secret WHERE id > 20;
SELECT s.id, f.grp FROM secret s JOIN fact f USING (id);
RESET ROLE;

SELECT count(*) FROM secret;

SET ROLE diff_reader;
SELECT count(*) FROM v_owner;
SELECT count(*) FROM v_invoker;
SELECT id FROM v_invoker WHERE level = 0;
RESET ROLE;

-- error
SET ROLE diff_reader;
SELECT cid, name FROM cust WHERE cid < 5;
SELECT count(*) FROM cust;
SELECT balance FROM cust WHERE cid < 5;
SELECT * FROM cust WHERE cid < 5;
SELECT cid FROM cust WHERE balance > 0;
SELECT c.name, f.grp FROM cust c JOIN fact f ON f.id = c.cid WHERE c.cid < 5;
RESET ROLE;

-- error
SET ROLE diff_nobody;
SELECT count(*) FROM fact;
SELECT 1 FROM dim LIMIT 0;
SELECT * FROM v_fact;
SELECT id FROM secret;
SELECT count(*) FROM detail WHERE id = 1;
SELECT (SELECT count(*) FROM fact);
RESET ROLE;

SET ROLE diff_reader;
SELECT id FROM secret WHERE classify(level) = 'small' AND content LIKE '%1%';
SELECT level, count(*) FROM secret GROUP BY level;
SELECT id FROM secret ORDER BY id LIMIT 3;
SELECT EXISTS (SELECT 1 FROM secret WHERE level = 5 AND owner = 'someone');
RESET ROLE;

-- error
SET row_security = off;
SET ROLE diff_reader;
SELECT count(*) FROM secret;
RESET ROLE;
RESET row_security;

SET ROLE diff_reader;
SELECT current_user, session_user, id FROM fact WHERE id < 3;
RESET ROLE;

BEGIN;
CREATE FUNCTION definer_count() RETURNS bigint LANGUAGE sql SECURITY DEFINER STABLE AS 'SELECT count(*) FROM detail';
GRANT EXECUTE ON FUNCTION definer_count() TO diff_nobody;
SET ROLE diff_nobody;
SELECT definer_count();
ROLLBACK;

-- error
BEGIN;
CREATE FUNCTION invoker_count() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM detail';
SET ROLE diff_nobody;
SELECT invoker_count();
ROLLBACK;

-- error
BEGIN;
REVOKE EXECUTE ON FUNCTION classify(numeric) FROM PUBLIC;
SET ROLE diff_reader;
SELECT count(*) FROM fact WHERE classify(d) = 'small';
ROLLBACK;

SELECT has_table_privilege('diff_reader', 'fact', 'SELECT'), has_table_privilege('diff_nobody', 'fact', 'SELECT');

CREATE TEMP VIEW tv AS SELECT k, count(*) AS n FROM fact GROUP BY k;
SELECT * FROM tv JOIN dim USING (k) WHERE n > 60;
DROP VIEW tv;

CREATE TEMP TABLE tt AS SELECT id, k FROM fact WHERE id < 20;
SELECT tt.id, fact.grp FROM tt JOIN fact USING (id);
SELECT count(*) FROM fact WHERE k IN (SELECT k FROM tt);
DROP TABLE tt;
