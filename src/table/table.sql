CREATE FUNCTION barks.table_am_handler(internal) RETURNS table_am_handler
	LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'barks_table_am_handler';
COMMENT ON FUNCTION barks.table_am_handler(internal) IS 'handler of the table access method barks';

CREATE ACCESS METHOD barks TYPE TABLE HANDLER barks.table_am_handler;
COMMENT ON ACCESS METHOD barks IS 'distributed tables: rows are in shards on the nodes of the cluster';

CREATE TABLE barks.placement (
	filenode oid NOT NULL,
	partition int NOT NULL,
	node oid NOT NULL,
	copy int NOT NULL,
	PRIMARY KEY (filenode, partition, node)
);
REVOKE ALL ON barks.placement FROM public;
COMMENT ON TABLE barks.placement IS 'which node holds which partition of a distributed table''s storage; node 0 is this server';
COMMENT ON COLUMN barks.placement.filenode IS 'file number (pg_class.relfilenode) of the distributed table';
COMMENT ON COLUMN barks.placement.partition IS 'number of the partition, from 0';
COMMENT ON COLUMN barks.placement.node IS 'foreign server that holds the partition, or a copy of it';
COMMENT ON COLUMN barks.placement.copy IS 'which of the copies of the partition it is, from 0; all are 0 of a broadcast table';

CREATE FUNCTION barks.distribute_table(rel regclass, by text DEFAULT NULL, partitions int DEFAULT NULL,
									   colocate_with regclass DEFAULT NULL)
	RETURNS void LANGUAGE c AS 'MODULE_PATHNAME', 'barks_distribute_table';
COMMENT ON FUNCTION barks.distribute_table(regclass, text, int, regclass) IS
	'distribute a table by hash of the columns in "by", or round-robin; its rows move';

CREATE FUNCTION barks.broadcast_table(rel regclass)
	RETURNS void LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'barks_broadcast_table';
COMMENT ON FUNCTION barks.broadcast_table(regclass) IS 'keep a copy of a table on every node';

CREATE FUNCTION barks.undistribute_table(rel regclass)
	RETURNS void LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'barks_undistribute_table';
COMMENT ON FUNCTION barks.undistribute_table(regclass) IS 'bring a distributed table''s rows back into an ordinary table';

CREATE FUNCTION barks.table_list(OUT name regclass, OUT layout text, OUT key text[], OUT partitions int,
								 OUT rows bigint, OUT bytes bigint)
	RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME', 'barks_table_list';
COMMENT ON FUNCTION barks.table_list() IS 'rows of the view barks.tables';

CREATE VIEW barks.tables AS SELECT * FROM barks.table_list();
COMMENT ON VIEW barks.tables IS 'distributed tables of this database';
GRANT SELECT ON barks.tables TO public;

CREATE FUNCTION barks.partition_list(OUT name regclass, OUT partition int, OUT node text, OUT shard text,
									 OUT rows bigint, OUT bytes bigint)
	RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME', 'barks_partition_list';
COMMENT ON FUNCTION barks.partition_list() IS 'rows of the view barks.partitions';

CREATE VIEW barks.partitions AS SELECT * FROM barks.partition_list();
COMMENT ON VIEW barks.partitions IS 'partitions of distributed tables and the nodes that hold them';
GRANT SELECT ON barks.partitions TO public;
