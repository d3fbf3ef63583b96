-- Persisted RDDs: kept when first computed, read by later actions, dropped.
SET search_path = barks, public;
CREATE TABLE sale (id int NOT NULL, shop text, amount numeric(10,2));
SELECT distribute_table('sale', by => 'id', partitions => 4);
INSERT INTO sale SELECT i, CASE WHEN i % 7 > 0 THEN 'shop ' || i % 7 END, i * 1.25 FROM generate_series(1, 1000) i;
ANALYZE sale;

CREATE FUNCTION by_shop(level text DEFAULT 'MEMORY_AND_DISK') RETURNS barks.rdd LANGUAGE sql STABLE AS $$
	SELECT barks.rdd_persist(barks.rdd_reduce_by_key(barks.rdd_map(barks.rdd_table('sale'), '(x.shop, x.amount)'), 'a + b'), level)
$$;
SELECT rdd_storage_level(by_shop()), rdd_storage_level(rdd_range(1, 2));
-- nothing is kept before an action
SELECT count(*) FROM storage;
SELECT rdd_count(by_shop());
SELECT level, partitions > 0 AS spread, rows FROM storage;
-- what is kept is read, not computed anew
INSERT INTO sale VALUES (1001, 'new shop', 1);
SELECT k, v FROM rdd_collect(by_shop()) AS t(k text, v numeric(10,2)) ORDER BY k;
SELECT count(*) FROM rdd_explain(by_shop()) e WHERE e LIKE '%Inputs: rdd_%';
-- at whatever level it is asked for
SELECT rdd_count(by_shop('DISK_ONLY'));
-- in FROM it is part of the surrounding query
SELECT count(*), sum(v) FROM rdd_collect(rdd_persist(rdd_reduce_by_key(rdd_map(rdd_table('sale'), '(x.shop, x.amount)'), 'a + b'))) AS t(k text, v numeric(10,2));
-- unpersisted it is computed again
SELECT rdd_element_type(rdd_unpersist(by_shop()));
SELECT count(*) FROM storage;
SELECT rdd_count(by_shop('NONE'));
SELECT count(*) FROM storage;

-- the order of elements is kept too
SELECT * FROM rdd_take(rdd_cache(rdd_sort_by(rdd_range(0, 100), '(x % 10, -x)')), 3, NULL::bigint);
SELECT * FROM rdd_take(rdd_cache(rdd_sort_by(rdd_range(0, 100), '(x % 10, -x)')), 3, NULL::bigint);

-- pairs of tuples, nulls, quotes in names
SELECT * FROM rdd_collect_json(rdd_cache(rdd_map(rdd_parallelize(ARRAY['a', NULL, 'it''s']), '(x, (length(x), ARRAY[x], NULL::date))')));
SELECT * FROM rdd_collect_json(rdd_cache(rdd_map(rdd_parallelize(ARRAY['a', NULL, 'it''s']), '(x, (length(x), ARRAY[x], NULL::date))')));

-- an action's transaction that fails keeps nothing
BEGIN;
SELECT rdd_count(rdd_cache(rdd_range(0, 77)));
ROLLBACK;
SELECT count(*) FROM storage WHERE rows = 77;
-- a read-only one computes, and keeps nothing
BEGIN READ ONLY;
SELECT rdd_count(rdd_cache(rdd_range(0, 77)));
COMMIT;
SELECT count(*) FROM storage WHERE rows = 77;

-- another role has storage of its own
CREATE ROLE rdd_other;
GRANT SELECT ON sale TO rdd_other;
SELECT rdd_count(by_shop());
SET ROLE rdd_other;
SELECT count(*) FROM storage;
SELECT rdd_count(by_shop());
SELECT count(*) FROM storage;
RESET ROLE;
SELECT count(*), count(DISTINCT level) FROM storage WHERE rows = 8;
SET ROLE rdd_other;
SELECT rdd_element_type(rdd_unpersist(by_shop()));
RESET ROLE;

-- levels
SELECT rdd_persist(rdd_range(0, 3), 'ON_PAPER');
SELECT rdd_persist(rdd_range(0, 3), 'DISK_ONLY_2');

-- what is in memory alone is dropped when there is too much, what was read last at the end
SELECT rdd_count(rdd_persist(rdd_range(0, 9001), 'DISK_ONLY'));
SELECT rdd_count(rdd_cache(rdd_range(0, 9002)));
SELECT rdd_count(rdd_cache(rdd_range(0, 9003)));
SELECT level, rows FROM storage WHERE rows > 9000 ORDER BY rows;
SET barks.storage_memory = 0;
SELECT rdd_count(rdd_cache(rdd_range(0, 9004)));
SELECT level, rows FROM storage WHERE rows > 9000 ORDER BY rows;
RESET barks.storage_memory;

-- rows that a policy chooses may be others for the next session: they are not kept
CREATE TABLE tenant_sale (tenant text, amount int);
INSERT INTO tenant_sale VALUES ('a', 1), ('b', 2), ('b', 3);
ALTER TABLE tenant_sale ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON tenant_sale USING (tenant = current_setting('app.tenant', true));
GRANT SELECT ON tenant_sale TO rdd_other;
SET ROLE rdd_other;
SET app.tenant = 'a';
SELECT rdd_count(rdd_cache(rdd_table('tenant_sale')));
SET app.tenant = 'b';
SELECT rdd_count(rdd_cache(rdd_table('tenant_sale')));
SELECT count(*) FROM storage;
RESET ROLE;
DROP TABLE tenant_sale;

SET client_min_messages = warning;
DO $$
DECLARE t regclass;
BEGIN
	FOR t IN SELECT rel FROM barks.storage LOOP
		EXECUTE format('DROP TABLE %s', t);
	END LOOP;
END $$;
SELECT count(*) FROM storage;
DROP FUNCTION by_shop;
DROP TABLE sale;
DROP ROLE rdd_other;
