-- The TPC-H tables: what the specification says of their rows.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS barks;
RESET client_min_messages;
\set SHOW_CONTEXT never

CREATE SCHEMA tpch;
SELECT barks.tpch(0.01, 'tpch');
SET search_path = tpch, public;
SELECT name, layout, key, rows FROM barks.tables ORDER BY name::text;
SELECT count(DISTINCT partitions) FROM barks.tables WHERE layout = 'hash';
\d lineitem
\d partsupp
-- analyzed
SELECT name FROM barks.tables JOIN pg_class c ON c.oid = name WHERE reltuples NOT BETWEEN rows * 0.9 AND rows * 1.1;
SELECT count(DISTINCT tablename), count(*) FROM pg_stats WHERE schemaname = 'tpch';

-- relations between tables
SELECT count(*) AS without_nation FROM supplier WHERE NOT EXISTS (SELECT FROM nation WHERE n_nationkey = s_nationkey);
SELECT count(*) AS without_nation FROM customer WHERE NOT EXISTS (SELECT FROM nation WHERE n_nationkey = c_nationkey);
SELECT count(*) AS without_region FROM nation WHERE NOT EXISTS (SELECT FROM region WHERE r_regionkey = n_regionkey);
SELECT count(*) AS without_part FROM partsupp WHERE NOT EXISTS (SELECT FROM part WHERE p_partkey = ps_partkey);
SELECT count(*) AS without_supplier FROM partsupp WHERE NOT EXISTS (SELECT FROM supplier WHERE s_suppkey = ps_suppkey);
SELECT count(*) AS without_customer FROM orders WHERE NOT EXISTS (SELECT FROM customer WHERE c_custkey = o_custkey);
SELECT count(*) AS without_order FROM lineitem WHERE NOT EXISTS (SELECT FROM orders WHERE o_orderkey = l_orderkey);
SELECT count(*) AS without_partsupp FROM lineitem
WHERE NOT EXISTS (SELECT FROM partsupp WHERE ps_partkey = l_partkey AND ps_suppkey = l_suppkey);
SELECT count(*) AS without_lineitem FROM orders WHERE NOT EXISTS (SELECT FROM lineitem WHERE l_orderkey = o_orderkey);
SELECT min(n), max(n) FROM (SELECT count(DISTINCT ps_suppkey) AS n FROM partsupp GROUP BY ps_partkey) s;
SELECT min(n), max(n) FROM (SELECT count(*) AS n FROM partsupp GROUP BY ps_suppkey) s;
SELECT min(n), max(n), count(DISTINCT n) FROM (SELECT count(*) AS n FROM lineitem GROUP BY l_orderkey) s;
SELECT count(DISTINCT o_custkey) AS customers_with_orders, count(*) FILTER (WHERE o_custkey % 3 = 0) AS of_thirds FROM orders;

-- values
SELECT min(o_orderkey), max(o_orderkey), count(*) FILTER (WHERE o_orderkey % 32 >= 8) AS in_gaps FROM orders;
SELECT count(*) AS wrong_price FROM part
WHERE p_retailprice <> (90000 + (p_partkey / 10) % 20001 + 100 * (p_partkey % 1000)) / 100.0;
SELECT count(*) AS wrong_price FROM lineitem JOIN part ON p_partkey = l_partkey WHERE l_extendedprice <> l_quantity * p_retailprice;
SELECT count(*) AS wrong_total FROM orders JOIN (
	SELECT l_orderkey, round(sum(l_extendedprice * (1 + l_tax) * (1 - l_discount)), 2) AS total,
		CASE WHEN bool_and(l_linestatus = 'F') THEN 'F' WHEN bool_and(l_linestatus = 'O') THEN 'O' ELSE 'P' END AS status
	FROM lineitem GROUP BY l_orderkey) l ON l_orderkey = o_orderkey
WHERE o_totalprice <> total OR o_orderstatus <> status;
SELECT min(o_orderdate), max(o_orderdate), count(DISTINCT o_orderstatus) FROM orders;
SELECT min(l_shipdate - o_orderdate), max(l_shipdate - o_orderdate), min(l_commitdate - o_orderdate), max(l_commitdate - o_orderdate),
	min(l_receiptdate - l_shipdate), max(l_receiptdate - l_shipdate)
FROM lineitem JOIN orders ON o_orderkey = l_orderkey;
SELECT l_returnflag, l_linestatus, min(l_shipdate), max(l_shipdate), min(l_receiptdate), max(l_receiptdate)
FROM lineitem GROUP BY 1, 2 ORDER BY 1, 2;
SELECT min(l_quantity), max(l_quantity), min(l_discount), max(l_discount), min(l_tax), max(l_tax), min(l_linenumber), max(l_linenumber) FROM lineitem;
SELECT min(ps_availqty) > 0, max(ps_availqty) <= 9999, min(ps_supplycost) >= 1, max(ps_supplycost) <= 1000 FROM partsupp;
SELECT min(c_acctbal) >= -999.99, max(c_acctbal) <= 9999.99, min(c_acctbal) < 0 FROM customer;
SELECT min(p_size), max(p_size), count(DISTINCT p_brand) AS brands, count(DISTINCT p_type) AS types, count(DISTINCT p_container) AS containers,
	count(*) FILTER (WHERE substr(p_brand, 7, 1) <> substr(p_mfgr, 14, 1)) AS brands_of_others FROM part;
SELECT DISTINCT c_mktsegment FROM customer ORDER BY 1;
SELECT DISTINCT o_orderpriority FROM orders ORDER BY 1;
SELECT DISTINCT l_shipinstruct FROM lineitem ORDER BY 1;
SELECT DISTINCT l_shipmode FROM lineitem ORDER BY 1;
SELECT count(DISTINCT word) AS words, count(*) AS all_words FROM part, string_to_table(p_name, ' ') word;
SELECT count(*) AS with_repeated_words FROM part WHERE (SELECT count(DISTINCT word) FROM string_to_table(p_name, ' ') word) <> 5;
SELECT count(*) AS wrong_phones FROM (SELECT c_phone AS phone, c_nationkey AS nation FROM customer UNION ALL SELECT s_phone, s_nationkey FROM supplier) s
WHERE phone !~ '^\d\d-\d{3}-\d{3}-\d{4}$' OR left(phone, 2)::int <> nation + 10;
SELECT count(*) AS wrong_names FROM (
	SELECT c_name = 'Customer#' || lpad(c_custkey::text, 9, '0') AS fits FROM customer
	UNION ALL SELECT s_name = 'Supplier#' || lpad(s_suppkey::text, 9, '0') FROM supplier
	UNION ALL SELECT o_clerk ~ '^Clerk#0{7}\d\d$' AND right(trim(o_clerk), 9)::int BETWEEN 1 AND 10 FROM orders) s
WHERE NOT fits;
SELECT min(length(o_comment)), max(length(o_comment)) FROM orders;
SELECT min(length(l_comment)), max(length(l_comment)) FROM lineitem;
SELECT min(length(ps_comment)), max(length(ps_comment)) FROM partsupp;
SELECT min(length(c_comment)), max(length(c_comment)), min(length(c_address)), max(length(c_address)) FROM customer;
SELECT min(length(p_comment)), max(length(p_comment)) FROM part;
-- about one in a hundred
SELECT round(100.0 * count(*) FILTER (WHERE o_comment LIKE '%special%requests%') / count(*), 1) AS special_requests FROM orders;
SELECT count(*) FILTER (WHERE s_comment LIKE '%Customer%Complaints%') AS complaints,
	count(*) FILTER (WHERE s_comment LIKE '%Customer%Recommends%') AS recommendations, min(length(s_comment)) >= 25, max(length(s_comment)) <= 100 FROM supplier;
RESET search_path;

-- The rows are the same with any number of nodes and partitions.
CREATE FUNCTION digests(schema text) RETURNS TABLE(name text, n bigint, digest numeric) LANGUAGE plpgsql AS $$
BEGIN
	FOREACH name IN ARRAY '{region,nation,supplier,customer,part,partsupp,orders,lineitem}'::text[] LOOP
		EXECUTE format('SELECT count(*), sum(hashtextextended(t::text, 0)) FROM %I.%I t', schema, name) INTO n, digest;
		RETURN NEXT;
	END LOOP;
END $$;
SELECT * FROM digests('tpch');
CREATE SCHEMA tiny;
SET barks.default_partitions = 1;
SELECT barks.tpch(0.001, 'tiny');
SELECT * FROM digests('tiny');
DROP SCHEMA tiny CASCADE;
CREATE SCHEMA tiny;
SET barks.default_partitions = 7;
SELECT barks.tpch(scale => 0.0010, schema_name => 'tiny', storage => 'heap');
SELECT * FROM digests('tiny');
SELECT min(n), max(n) FROM (SELECT count(DISTINCT ps_suppkey) AS n FROM tiny.partsupp GROUP BY ps_partkey) s;
RESET barks.default_partitions;
CREATE SCHEMA smallest;
SELECT barks.tpch(0.0000001, 'smallest');
SELECT name, n FROM digests('smallest');

-- refused
SELECT barks.tpch(0.001, 'tiny');
DROP TABLE tiny.region, tiny.nation, tiny.supplier, tiny.customer, tiny.part, tiny.partsupp, tiny.orders;
CREATE VIEW tiny.part AS SELECT 1;
SELECT barks.tpch(0.001, 'tiny');
SELECT barks.tpch(0.001, 'nowhere');
SELECT barks.tpch(0);
SELECT barks.tpch(-1);
SELECT barks.tpch('NaN');
SELECT barks.tpch('Infinity');
SELECT barks.tpch(100001);
SELECT barks.tpch(NULL);
SELECT barks.tpch(1, storage => 'columnar');
SELECT barks.tpch_fill(8, 1, 1, '{0}', ARRAY['pg_class'::regclass]);
SELECT barks.tpch_fill(1, 1, 1, '{1}', ARRAY['pg_class'::regclass]);
SELECT barks.tpch_fill(1, 1, 1, '{0}', ARRAY['pg_class'::regclass]);
BEGIN READ ONLY;
SELECT barks.tpch(0.001);
ROLLBACK;

-- like any other command: all or nothing, and as the user
BEGIN;
SELECT barks.tpch(0.001);
SELECT count(*), sum(l_quantity) FROM lineitem;
SAVEPOINT s;
CREATE SCHEMA other;
SELECT barks.tpch(0.002, 'other');
SELECT count(*) FROM other.orders;
ROLLBACK TO s;
SELECT count(*) FROM orders;
ROLLBACK;
SELECT to_regclass('public.lineitem');
SELECT count(*) FROM barks.tables WHERE name::text !~ '^(tpch|tiny|smallest)\.';
CREATE ROLE regress_tpch;
CREATE SCHEMA own AUTHORIZATION regress_tpch;
SET ROLE regress_tpch;
SELECT barks.tpch(0.001);
SELECT barks.tpch(0.001, 'own');
SELECT count(*) FROM own.lineitem;
SELECT barks.tpch_fill(1, 1, 1, '{0}', ARRAY['pg_class'::regclass]);
RESET ROLE;
SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'own';

SET client_min_messages = warning;
DROP SCHEMA own, tpch, tiny, smallest CASCADE;
DROP ROLE regress_tpch;
DROP FUNCTION digests;
