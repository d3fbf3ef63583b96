CREATE FUNCTION barks.tpch(scale numeric, schema_name text DEFAULT 'public', storage text DEFAULT 'heap')
	RETURNS void LANGUAGE c AS 'MODULE_PATHNAME', 'barks_tpch';
COMMENT ON FUNCTION barks.tpch(numeric, text, text) IS
	'make the eight TPC-H tables of a scale factor, distributed, with rows generated on the nodes';

CREATE FUNCTION barks.tpch_fill(tpch_table int, scale numeric, npartitions int, partitions int[], shards regclass[])
	RETURNS void LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'barks_tpch_fill';
REVOKE ALL ON FUNCTION barks.tpch_fill(int, numeric, int, int[], regclass[]) FROM public;
COMMENT ON FUNCTION barks.tpch_fill(int, numeric, int, int[], regclass[]) IS
	'fill shards of this server with rows of a TPC-H table; for barks.tpch() of a driver';
