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

-- whose operators are not used for what runs as the owner of the extension
CREATE SCHEMA evil AUTHORIZATION rdd_other;
SET ROLE rdd_other;
CREATE FUNCTION evil.equals(oid, oid) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'compared by %', current_user; RETURN oideq($1, $2); END $$;
CREATE OPERATOR evil.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = evil.equals);
SET search_path = evil, pg_catalog, barks, public;
SELECT rdd_count(rdd_cache(rdd_range(0, 55)));
SELECT rdd_count(rdd_unpersist(rdd_cache(rdd_range(0, 55))));
SET search_path = barks, public;
RESET ROLE;
DROP OPERATOR evil.= (oid, oid);
DROP FUNCTION evil.equals;
DROP SCHEMA evil;

-- levels
SELECT rdd_persist(rdd_range(0, 3), 'ON_PAPER');
SELECT rdd_persist(rdd_range(0, 3), 'OFF_HEAP_2');
SELECT l, rdd_storage_level(rdd_persist(rdd_range(0, 3), l)) = l AS as_said, rdd_sum(rdd_persist(rdd_range(0, 4 + n), l))
FROM unnest(ARRAY['DISK_ONLY', 'DISK_ONLY_2', 'DISK_ONLY_3', 'MEMORY_ONLY', 'MEMORY_ONLY_2', 'MEMORY_ONLY_SER',
	'MEMORY_ONLY_SER_2', 'MEMORY_AND_DISK', 'MEMORY_AND_DISK_2', 'MEMORY_AND_DISK_SER', 'MEMORY_AND_DISK_SER_2', 'OFF_HEAP']) WITH ORDINALITY u(l, n);
SELECT level, rows FROM storage WHERE rows BETWEEN 5 AND 16 AND level <> 'MEMORY_AND_DISK' ORDER BY rows;
-- as many copies as there are nodes for; rows are counted once
SELECT count(*) FILTER (WHERE copies <> greatest(1, least(wanted, (SELECT count(*) FROM barks.nodes)))) AS wrong, count(*) > 11 AS many
FROM (SELECT p.partition, count(*) AS copies, coalesce(substring(s.level FROM '_([23])$')::int, 1) AS wanted
	FROM storage s JOIN barks.partitions p ON p.name = s.rel GROUP BY 1, 3, s.rel) s;
SELECT count(*) FROM storage s JOIN barks.tables t ON t.name = s.rel WHERE s.rows <> t.rows;

-- what is in memory alone is dropped when there is too much, what was read last at the end
SELECT rdd_count(rdd_persist(rdd_range(0, 9001), 'DISK_ONLY'));
SELECT rdd_count(rdd_cache(rdd_range(0, 9002)));
SELECT rdd_count(rdd_cache(rdd_range(0, 9003)));
SELECT level, rows FROM storage WHERE rows > 9000 ORDER BY rows;
SET barks.storage_memory = 0;
SELECT rdd_count(rdd_cache(rdd_range(0, 9004)));
SELECT level, rows FROM storage WHERE rows > 9000 ORDER BY rows;
RESET barks.storage_memory;
-- what is too large alone is computed once by an action, and does not drive out others
SELECT rdd_count(rdd_cache(rdd_range(0, 9005)));
SELECT accumulator('computed', 'sum(bigint)');
CREATE FUNCTION large() RETURNS barks.rdd LANGUAGE sql STABLE AS $$
	SELECT barks.rdd_cache(barks.rdd_map(barks.rdd_range(0, 20000), '(x, barks.acc_add(''computed'', 1::bigint), repeat(''x'', 50))'))
$$;
SET barks.storage_memory = '1MB';
SELECT rdd_count(rdd_filter(large(), 'x._2 = 1'));
SELECT acc_value('computed', NULL::numeric);
SELECT level, rows FROM storage WHERE rows > 9000 ORDER BY rows;
SELECT count(x._1), max(x._2) FROM rdd_collect(large()) AS x(_1 bigint, _2 bigint, _3 text);
SELECT acc_value('computed', NULL::numeric);
RESET barks.storage_memory;
SELECT rdd_count(rdd_filter(large(), 'x._2 = 1'));
SELECT rdd_count(rdd_filter(large(), 'x._2 = 1'));
SELECT acc_value('computed', NULL::numeric);
-- what a cursor reads stays
SET barks.storage_memory = 0;
BEGIN;
SELECT rdd_to_cursor(rdd_cache(rdd_range(0, 9006))) AS name \gset
FETCH 2 FROM :"name";
SELECT rdd_count(rdd_cache(rdd_range(0, 9007)));
FETCH 2 FROM :"name";
COMMIT;
RESET barks.storage_memory;
SELECT rdd_count(rdd_persist(rdd_range(0, 9008), 'MEMORY_AND_DISK'));
SELECT level, rows FROM storage WHERE rows > 9000 AND rows <> 9006 ORDER BY rows;
DROP FUNCTION large;

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
