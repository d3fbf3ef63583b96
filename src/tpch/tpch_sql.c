/*-------------------------------------------------------------------------
 * tpch_sql.c
 *	  barks.tpch(): the eight TPC-H tables, distributed and filled.
 *
 * Tables are made by ordinary SQL as the user.  Then every node fills its own
 * shards in its write session, all nodes at the same time; here in local mode.
 * Primary keys come last, as an index is built faster than it grows.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "base/compat.h"
#include "cluster/node.h"
#include "cluster/transaction.h"
#include "table/distribute.h"
#include "table/shard.h"
#include "tpch/fill.h"

typedef struct TpchTable
{
	const char *name;
	const char *key;			/* distribution key; NULL: broadcast */
	int			colocated;		/* with this earlier table, or -1 */
	const char *primary_key;
	const char *columns;
} TpchTable;

/* By TpchTableId.  Money is numeric, keys are bigint at any scale. */
static const TpchTable tables[TPCH_TABLES] = {
	{"region", NULL, -1, "r_regionkey",
		"r_regionkey bigint NOT NULL, r_name char(25) NOT NULL, r_comment varchar(152) NOT NULL"},
	{"nation", NULL, -1, "n_nationkey",
		"n_nationkey bigint NOT NULL, n_name char(25) NOT NULL, n_regionkey bigint NOT NULL, "
	"n_comment varchar(152) NOT NULL"},
	{"supplier", "s_suppkey", -1, "s_suppkey",
		"s_suppkey bigint NOT NULL, s_name char(25) NOT NULL, s_address varchar(40) NOT NULL, "
		"s_nationkey bigint NOT NULL, s_phone char(15) NOT NULL, s_acctbal numeric(15,2) NOT NULL, "
	"s_comment varchar(101) NOT NULL"},
	{"customer", "c_custkey", TPCH_SUPPLIER, "c_custkey",
		"c_custkey bigint NOT NULL, c_name varchar(25) NOT NULL, c_address varchar(40) NOT NULL, "
		"c_nationkey bigint NOT NULL, c_phone char(15) NOT NULL, c_acctbal numeric(15,2) NOT NULL, "
	"c_mktsegment char(10) NOT NULL, c_comment varchar(117) NOT NULL"},
	{"part", "p_partkey", TPCH_SUPPLIER, "p_partkey",
		"p_partkey bigint NOT NULL, p_name varchar(55) NOT NULL, p_mfgr char(25) NOT NULL, "
		"p_brand char(10) NOT NULL, p_type varchar(25) NOT NULL, p_size integer NOT NULL, "
		"p_container char(10) NOT NULL, p_retailprice numeric(15,2) NOT NULL, "
	"p_comment varchar(23) NOT NULL"},
	{"partsupp", "ps_partkey", TPCH_PART, "ps_partkey, ps_suppkey",
		"ps_partkey bigint NOT NULL, ps_suppkey bigint NOT NULL, ps_availqty integer NOT NULL, "
	"ps_supplycost numeric(15,2) NOT NULL, ps_comment varchar(199) NOT NULL"},
	{"orders", "o_orderkey", TPCH_PART, "o_orderkey",
		"o_orderkey bigint NOT NULL, o_custkey bigint NOT NULL, o_orderstatus char(1) NOT NULL, "
		"o_totalprice numeric(15,2) NOT NULL, o_orderdate date NOT NULL, "
		"o_orderpriority char(15) NOT NULL, o_clerk char(15) NOT NULL, "
	"o_shippriority integer NOT NULL, o_comment varchar(79) NOT NULL"},
	{"lineitem", "l_orderkey", TPCH_ORDERS, "l_orderkey, l_linenumber",
		"l_orderkey bigint NOT NULL, l_partkey bigint NOT NULL, l_suppkey bigint NOT NULL, "
		"l_linenumber integer NOT NULL, l_quantity numeric(15,2) NOT NULL, "
		"l_extendedprice numeric(15,2) NOT NULL, l_discount numeric(15,2) NOT NULL, "
		"l_tax numeric(15,2) NOT NULL, l_returnflag char(1) NOT NULL, l_linestatus char(1) NOT NULL, "
		"l_shipdate date NOT NULL, l_commitdate date NOT NULL, l_receiptdate date NOT NULL, "
	"l_shipinstruct char(25) NOT NULL, l_shipmode char(10) NOT NULL, l_comment varchar(44) NOT NULL"}
};

PG_FUNCTION_INFO_V1(barks_tpch);
PG_FUNCTION_INFO_V1(barks_tpch_fill);

static void check_storage(const char *storage);
static void check_missing(const char *schema);
static void check_shard(Oid relid);
static void make_table(int number, const char *schema, Oid *relids);
static void fill_tables(const Oid *relids, Numeric factor);
static void fill_on_node(ShardCommands *commands, Oid node, int number, const TableLayout *layout,
						 Numeric factor);
static void fill_here(int number, const TableLayout *layout, const TpchScale *scale);
static void finish_table(int number, Oid relid);
static void run(const char *format,...) pg_attribute_printf(1, 2);

Datum
barks_tpch(PG_FUNCTION_ARGS)
{
	Numeric		factor;
	char	   *schema;
	Oid			relids[TPCH_TABLES];
	int			level;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("arguments of barks.tpch() must not be null")));
	factor = PG_GETARG_NUMERIC(0);
	schema = text_to_cstring(PG_GETARG_TEXT_PP(1));
	(void) tpch_scale(factor);
	check_storage(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	PreventCommandIfReadOnly("tpch()");
	check_missing(schema);

	level = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	for (int i = 0; i < TPCH_TABLES; i++)
		make_table(i, schema, relids);
	fill_tables(relids, factor);
	for (int i = 0; i < TPCH_TABLES; i++)
		finish_table(i, relids[i]);
	SPI_finish();
	AtEOXact_GUC(true, level);
	PG_RETURN_VOID();
}

/* On a node: one table's shards. */
Datum
barks_tpch_fill(PG_FUNCTION_ARGS)
{
	int			table = PG_GETARG_INT32(0);
	TpchScale	scale;
	int			npartitions = PG_GETARG_INT32(2);
	Datum	   *partitions;
	Datum	   *shards;
	int			npartitions_here;
	int			nshards;
	int32	   *numbers;
	Oid		   *relids;

	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to load shards"),
				 errdetail("Only the service role, a superuser, may fill them.")));
	PreventCommandIfReadOnly("tpch_fill()");
	scale = tpch_scale(PG_GETARG_NUMERIC(1));
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(3), INT4OID, 4, true, TYPALIGN_INT, &partitions, NULL,
					  &npartitions_here);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(4), REGCLASSOID, 4, true, TYPALIGN_INT, &shards, NULL,
					  &nshards);
	if (table < 0 || table >= TPCH_TABLES || npartitions < 1 || npartitions > BARKS_MAX_PARTITIONS ||
		nshards != npartitions_here)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("arguments of barks.tpch_fill() do not fit together")));
	numbers = palloc((nshards + 1) * sizeof(int32));
	relids = palloc((nshards + 1) * sizeof(Oid));
	for (int i = 0; i < nshards; i++)
	{
		numbers[i] = DatumGetInt32(partitions[i]);
		relids[i] = DatumGetObjectId(shards[i]);
		if (numbers[i] < 0 || numbers[i] >= npartitions)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("there is no partition %d of %d", numbers[i], npartitions)));
		check_shard(relids[i]);
	}
	tpch_fill(table, &scale, npartitions, nshards, numbers, relids);
	PG_RETURN_VOID();
}

static void
check_storage(const char *storage)
{
	if (strcmp(storage, "heap") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("storage \"%s\" is not supported", storage),
				 errhint("Shards are stored as \"heap\".")));
}

/* Say what is in the way before anything is made. */
static void
check_missing(const char *schema)
{
	Oid			namespace = get_namespace_oid(schema, false);

	for (int i = 0; i < TPCH_TABLES; i++)
		if (OidIsValid(get_relname_relid(tables[i].name, namespace)))
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_TABLE),
					 errmsg("relation \"%s.%s\" already exists", schema, tables[i].name),
					 errhint("Drop it, or give another schema.")));
}

/* Rows are stored as they are: not into anything else. */
static void
check_shard(Oid relid)
{
	char	   *schema = get_namespace_name(get_rel_namespace(relid));

	if (schema == NULL || strncmp(schema, "barks_", 6) != 0 ||
		get_rel_relkind(relid) != RELKIND_RELATION)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a shard", get_rel_name(relid))));
}

static void
make_table(int number, const char *schema, Oid *relids)
{
	const TpchTable *table = &tables[number];
	LayoutSpec *spec = label_spec_by(table->key, 0);
	Oid			place_like = InvalidOid;

	run("CREATE TABLE %s (%s) USING heap",
		quote_qualified_identifier(schema, table->name), table->columns);
	relids[number] = get_relname_relid(table->name, get_namespace_oid(schema, false));
	if (table->key == NULL)
		spec->kind = LAYOUT_BROADCAST;
	else
	{
		List	   *nodes = node_list();

		spec->npartitions = shard_default_partitions(nodes ? nodes : list_make1_oid(InvalidOid));
	}
	if (table->colocated >= 0)
	{
		Relation	other = table_open(relids[table->colocated], AccessShareLock);

		place_like = RelationFileNumber(other);
		table_close(other, NoLock);
	}
	distribute_relation(relids[number], spec, place_like);
}

static void
fill_tables(const Oid *relids, Numeric factor)
{
	ShardCommands *commands = shard_commands_begin();
	TpchScale	scale = tpch_scale(factor);

	for (int i = 0; i < TPCH_TABLES; i++)
	{
		Relation	rel = table_open(relids[i], RowExclusiveLock);
		const TableLayout *layout = table_layout(rel);
		ListCell   *lc;

		foreach(lc, shard_nodes(layout))
		{
			if (OidIsValid(lfirst_oid(lc)))
				fill_on_node(commands, lfirst_oid(lc), i, layout, factor);
			else
				fill_here(i, layout, &scale);
		}
		table_close(rel, NoLock);
	}
	shard_commands_run(commands);
	CommandCounterIncrement();
}

static void
fill_on_node(ShardCommands *commands, Oid node, int number, const TableLayout *layout,
			 Numeric factor)
{
	StringInfoData partitions;
	StringInfoData shards;

	initStringInfo(&partitions);
	initStringInfo(&shards);
	for (int i = 0; i < layout->nnodes; i++)
	{
		if (layout->nodes[i] != node)
			continue;
		appendStringInfo(&partitions, "%s%d", partitions.len ? "," : "", shard_partition(layout, i));
		appendStringInfo(&shards, "%s'%s'::pg_catalog.regclass", shards.len ? "," : "",
						 table_shard_name(layout, shard_partition(layout, i)));
	}
	shard_commands_add(commands, node, "SELECT barks.tpch_fill(%d, %s, %d, '{%s}', ARRAY[%s])",
					   number, numeric_normalize(factor), layout->npartitions,
					   partitions.data, shards.data);
}

static void
fill_here(int number, const TableLayout *layout, const TpchScale *scale)
{
	int32	   *partitions = palloc(layout->nnodes * sizeof(int32));
	Oid		   *shards = palloc(layout->nnodes * sizeof(Oid));
	int			count = 0;

	for (int i = 0; i < layout->nnodes; i++)
	{
		if (OidIsValid(layout->nodes[i]))
			continue;
		partitions[count] = shard_partition(layout, i);
		shards[count] = shard_local_relid(layout->filenode, partitions[count]);
		count++;
	}
	transaction_note_local_write();
	tpch_fill(number, scale, layout->npartitions, count, partitions, shards);
}

static void
finish_table(int number, Oid relid)
{
	char	   *name = quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
												  get_rel_name(relid));
	Relation	rel;

	run("ALTER TABLE %s ADD PRIMARY KEY (%s)", name, tables[number].primary_key);
	rel = table_open(relid, AccessShareLock);
	shards_exec(rel, "ANALYZE %s");
	table_close(rel, NoLock);
	run("ANALYZE %s", name);
}

static void
run(const char *format,...)
{
	StringInfoData sql;

	initStringInfo(&sql);
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, format);
		needed = appendStringInfoVA(&sql, format, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&sql, needed);
	}
	if (SPI_execute(sql.data, false, 0) < 0)
		elog(ERROR, "could not run: %s", sql.data);
	pfree(sql.data);
}
