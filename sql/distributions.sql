-- Exchanges are chosen for the whole plan: what each join alone would take, and what
-- the plan takes.
CREATE SCHEMA distributions;
SET search_path = distributions;
CREATE TABLE sales (id int, customer int, product int, amount int, note text) USING barks;
SELECT barks.distribute_table('sales', by => 'id', partitions => 4);
CREATE TABLE refunds (id int, customer int, product int, amount int, note text) USING barks;
SELECT barks.distribute_table('refunds', by => 'id', partitions => 4);
CREATE TABLE visits (id int, customer int, pages int) USING barks;
SELECT barks.distribute_table('visits', by => 'id', partitions => 4);
CREATE TABLE picked (customer int, why text) USING barks;
SELECT barks.distribute_table('picked', partitions => 4);
-- so much that it is read by several tasks
CREATE TABLE mostly_known (id int, customer int, product int, note text) USING barks;
SELECT barks.distribute_table('mostly_known', by => 'id', partitions => 4);
CREATE TABLE few_known (id int, customer int, product int) USING barks;
SELECT barks.distribute_table('few_known', by => 'id', partitions => 4);
INSERT INTO sales SELECT i, i * 7 % 2000, i % 5, i % 97, 'sale ' || i FROM generate_series(1, 20000) i;
INSERT INTO refunds SELECT i, i * 7 % 2000, i % 5, i % 13, 'refund ' || i FROM generate_series(1, 20000, 2) i;
INSERT INTO visits SELECT i, i * 11 % 2000, i % 9 FROM generate_series(1, 10000) i;
INSERT INTO picked SELECT i, repeat('reason ' || i, 3) FROM generate_series(0, 1999) i;
INSERT INTO few_known SELECT id, CASE WHEN id % 4 = 0 THEN customer END, product FROM sales;
INSERT INTO mostly_known SELECT id, CASE WHEN id % 10 > 0 THEN customer END, product, repeat(md5(id::text), 4) FROM sales;
ANALYZE sales, refunds, visits, picked, few_known, mostly_known;

CREATE FUNCTION exchanges(query text, OUT stages text[], OUT bytes bigint) LANGUAGE plpgsql AS $$
DECLARE plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT json) ' || query INTO plan;
	SELECT array_agg(s->>'Exchange' || ': ' || (s->>'Inputs') ORDER BY (s->>'Stage')::int) FILTER (WHERE s->>'Exchange' NOT IN ('driver')),
		sum((s->>'Bytes by Memory')::bigint + (s->>'Bytes by File')::bigint + (s->>'Bytes by Wire')::bigint)
			FILTER (WHERE s->>'Exchange' NOT LIKE 'gather%')
	INTO stages, bytes FROM jsonb_path_query(plan, '$.**.Stages[*]') s;
END $$;
-- both ways, the results of which must be the same
CREATE FUNCTION compare(query text) RETURNS TABLE (choice text, stage text) LANGUAGE plpgsql AS $$
DECLARE
	alone record;
	whole record;
	answers bigint[];
	answer bigint;
BEGIN
	FOR choice IN VALUES ('off'), ('on') LOOP
		PERFORM set_config('barks.plan_distributions', choice, true);
		EXECUTE 'SELECT sum(hashtext(q::text)) FROM (' || query || ') q' INTO answer;
		answers := answers || answer;
		IF choice = 'off' THEN alone := exchanges(query); ELSE whole := exchanges(query); END IF;
	END LOOP;
	RETURN QUERY SELECT 'each join', s FROM unnest(alone.stages) s;
	RETURN QUERY SELECT 'the plan', s FROM unnest(whole.stages) s;
	-- the same rows in another order are compressed to a few bytes more or less
	RETURN QUERY SELECT 'moves less', (whole.bytes < alone.bytes * 0.98)::text;
	RETURN QUERY SELECT 'same rows', (answers[1] = answers[2])::text;
END $$;

-- two pairs of keys, of which the groups need one
SELECT * FROM compare('SELECT s.customer, sum(s.amount), string_agg(r.note, '','' ORDER BY r.id) FROM sales s JOIN refunds r ON s.customer = r.customer AND s.product = r.product GROUP BY s.customer');
-- or the next join
SET join_collapse_limit = 1;
SET barks.broadcast_threshold = 0;
SELECT * FROM compare('SELECT s.id, r.id AS refund, v.id AS visit FROM sales s JOIN refunds r ON s.customer = r.customer AND s.product = r.product JOIN visits v ON v.customer = s.customer WHERE v.pages = 1');
RESET join_collapse_limit;
RESET barks.broadcast_threshold;
-- a broadcast is cheap, but then all that it was joined with has to move
SELECT * FROM compare('SELECT s.customer, p.why, array_agg(s.amount ORDER BY s.id) FROM sales s JOIN picked p ON s.customer = p.customer GROUP BY s.customer, p.why');
-- groups of a subquery, which are joined by one of their columns
SELECT * FROM compare('SELECT r.customer, r.product, array_agg(r.id ORDER BY r.id) FROM refunds r JOIN (SELECT customer, product, max(amount) AS most FROM sales GROUP BY customer, product) g ON r.customer = g.customer AND r.amount < g.most GROUP BY r.customer, r.product');
-- windows ask for keys too
SELECT * FROM compare('SELECT s.customer, rank() OVER (PARTITION BY s.customer ORDER BY s.id, r.id), s.note, r.note FROM sales s JOIN refunds r ON s.product = r.product AND s.customer = r.customer');
-- columns with few values, or with one in most rows, are no key alone
SELECT * FROM compare('SELECT s.amount, count(DISTINCT r.note) FROM sales s JOIN refunds r ON s.customer = r.customer AND s.amount = r.amount GROUP BY s.amount');
-- sides of outer joins whose unmatched rows come out
SELECT * FROM compare('SELECT s.customer, array_agg(r.amount ORDER BY r.id, s.id) FROM sales s LEFT JOIN refunds r ON s.customer = r.customer AND s.product = r.product GROUP BY s.customer');
SELECT * FROM compare('SELECT s.customer, s.product, v.id FROM sales s FULL JOIN refunds r ON s.customer = r.customer AND s.product = r.product FULL JOIN visits v ON v.customer = s.customer');
-- NULLs are kept together for groups, but not when they are many
SELECT * FROM compare('SELECT s.customer, array_agg(length(s.note || r.note) ORDER BY r.id, s.id) FROM mostly_known s LEFT JOIN refunds r ON s.customer = r.customer AND s.product = r.product GROUP BY s.customer');
SELECT * FROM compare('SELECT s.customer, array_agg(r.amount ORDER BY r.id, s.id) FROM few_known s LEFT JOIN refunds r ON s.customer = r.customer AND s.product = r.product GROUP BY s.customer');
SELECT * FROM compare('SELECT u.customer, count(*), max(v.id) FROM (SELECT customer, product FROM sales UNION ALL SELECT customer, product FROM refunds) u JOIN visits v ON v.customer = u.customer GROUP BY u.customer');
-- what is asked for holds, though it moves more
SET barks.join_strategy = broadcast;
SELECT * FROM compare('SELECT s.customer, sum(s.amount), string_agg(r.note, '','' ORDER BY r.id) FROM sales s JOIN refunds r ON s.customer = r.customer AND s.product = r.product GROUP BY s.customer');
SET barks.join_strategy = shuffle;
SELECT * FROM compare('SELECT s.customer, p.why FROM sales s JOIN picked p ON s.customer = p.customer');
SET client_min_messages = warning;
DROP SCHEMA distributions CASCADE;
