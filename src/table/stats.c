/*-------------------------------------------------------------------------
 * stats.c
 *	  How big distributed tables and their shards are.
 *
 * Planning must not cost a round trip.  An analyzed table has its number of
 * rows in pg_class, and the rows added since are counted by the statistics
 * collector; of a table never analyzed the shards are asked, and the answer
 * is kept for a while by this backend.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_class.h"
#include "commands/vacuum.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "optimizer/plancat.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "cluster/node.h"
#include "cluster/recovery.h"
#include "cluster/transaction.h"
#include "table/shard.h"
#include "table/stats.h"

/* As std_typanalyze: enough rows for 300 a histogram bin. */
#define ROWS_PER_TARGET		300
/* Shards up to this size are counted, not estimated. */
#define COUNT_BYTES			(1024 * 1024)
/* Planning a query takes more than twice as long for twice as many shards. */
#define SHARDS_PER_QUERY	64

typedef struct SizeEntry
{
	Oid			filenode;		/* hash key */
	double		rows;
	int64		bytes;
	TimestampTz taken;
} SizeEntry;

static HTAB *size_cache;
static int	size_lifetime;

static void cached_size(Relation rel, double *rows, int64 *bytes);
static void measure(Relation rel, double *rows, int64 *bytes);
static void measure_local(Oid shard, double *rows, int64 *bytes);
static void collect(const TableLayout *layout, Oid node, ShardSize *sizes);
static void collect_remote(NodeConnection *conn, const TableLayout *layout, Oid node,
						   ShardSize *sizes);
static void collect_local(const TableLayout *layout, ShardSize *sizes);
static char *sizes_query(const TableLayout *layout, Oid node, int *next);
static int32 row_width(Relation rel, int32 *attr_widths);
static char *node_bytes_sql(void);

void
stats_init(void)
{
	node_bytes_sql_hook = node_bytes_sql;
	DefineCustomIntVariable("barks.size_cache_lifetime",
							"How long the size of a table that was never analyzed is remembered.",
							NULL, &size_lifetime, 10000, 0, INT_MAX, PGC_USERSET, GUC_UNIT_MS,
							NULL, NULL, NULL);
}

/* All shards of this database on a node, indexes and TOAST included. */
static char *
node_bytes_sql(void)
{
	return psprintf("(SELECT coalesce(pg_catalog.sum(pg_catalog.pg_total_relation_size(c.oid)), 0) "
					"FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
					"WHERE n.nspname = %s AND c.relkind = 'r')",
					quote_literal_cstr(table_shard_schema()));
}

void
table_size_estimate(Relation rel, double *rows, int64 *bytes)
{
	if (rel->rd_rel->reltuples >= 0)
	{
		PgStat_StatTabEntry *stats = pgstat_fetch_stat_tabentry(RelationGetRelid(rel));

		*rows = rel->rd_rel->reltuples;
		if (stats)
			*rows += stats->changes_since_analyze;
		*bytes = (int64) (*rows * row_width(rel, NULL));
		return;
	}
	cached_size(rel, rows, bytes);
}

void
stats_estimate_size(Relation rel, int32 *attr_widths, BlockNumber *pages, double *tuples,
					double *allvisfrac)
{
	int64		bytes;
	double		blocks;

	(void) row_width(rel, attr_widths);
	table_size_estimate(rel, tuples, &bytes);
	blocks = ceil((double) bytes / BLCKSZ);
	*pages = (BlockNumber) Min(blocks, (double) MaxBlockNumber);
	*allvisfrac = 0;
}

/*
 * What a write session added is counted when its transaction is committed, not
 * when the session next has time: after an ANALYZE of the shard, which has
 * counted the rows, they would be counted twice.
 */
void
stats_transaction_ended(const TransactionStmt *stmt)
{
	if (stmt->kind == TRANS_STMT_COMMIT_PREPARED)
		pgstat_force_next_flush();
}

double
stats_sample_fraction(Relation rel)
{
	int			target = default_statistics_target;
	double		rows;
	int64		bytes;
	double		wanted;

	for (int i = 0; i < RelationGetDescr(rel)->natts; i++)
		target = Max(target, TupleDescAttr(RelationGetDescr(rel), i)->attstattarget);
	measure(rel, &rows, &bytes);
	/* somewhat more than ANALYZE will use, so that chance does not leave it short */
	wanted = (double) target * ROWS_PER_TARGET * 1.1;
	return rows <= wanted ? 1.0 : wanted / rows;
}

ShardSize *
stats_shard_sizes(const TableLayout *layout)
{
	ShardSize  *sizes = palloc0(Max(1, layout->nnodes) * sizeof(ShardSize));
	List	   *nodes = NIL;
	ListCell   *lc;

	for (int i = 0; i < layout->nnodes; i++)
		nodes = list_append_unique_oid(nodes, layout->nodes[i]);
	foreach(lc, nodes)
		collect(layout, lfirst_oid(lc), sizes);
	return sizes;
}

static void
cached_size(Relation rel, double *rows, int64 *bytes)
{
	const TableLayout *layout = table_layout(rel);
	TimestampTz now = GetCurrentTimestamp();
	SizeEntry  *entry;
	bool		found;

	if (size_cache == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(Oid), .entrysize = sizeof(SizeEntry),
		.hcxt = CacheMemoryContext};

		size_cache = hash_create("barks table sizes", 64, &ctl,
								 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	entry = hash_search(size_cache, &layout->filenode, HASH_FIND, NULL);
	if (entry && !TimestampDifferenceExceeds(entry->taken, now, size_lifetime))
	{
		*rows = entry->rows;
		*bytes = entry->bytes;
		return;
	}
	measure(rel, rows, bytes);
	/* a table just being filled is asked again */
	if (*rows < 1)
		return;
	entry = hash_search(size_cache, &layout->filenode, HASH_ENTER, &found);
	entry->rows = *rows;
	entry->bytes = *bytes;
	entry->taken = now;
}

static void
measure(Relation rel, double *rows, int64 *bytes)
{
	const TableLayout *layout = table_layout(rel);
	ShardSize  *remote = NULL;

	*rows = 0;
	*bytes = 0;
	for (int i = 0; i < layout->nnodes; i++)
	{
		double		shard_rows = 0;
		int64		shard_bytes = 0;

		if (!OidIsValid(layout->nodes[i]))
			measure_local(shard_local_relid(layout->filenode, shard_partition(layout, i)),
						  &shard_rows, &shard_bytes);
		else
		{
			if (remote == NULL)
				remote = stats_shard_sizes(layout);
			shard_rows = remote[i].rows;
			shard_bytes = remote[i].bytes;
		}
		*rows += shard_rows;
		*bytes += shard_bytes;
		if (layout->kind == LAYOUT_BROADCAST)
			break;				/* all copies are the same */
	}
}

static void
measure_local(Oid shard, double *rows, int64 *bytes)
{
	Relation	rel = table_open(shard, AccessShareLock);
	BlockNumber pages;
	double		allvisible;

	table_relation_estimate_size(rel, NULL, &pages, rows, &allvisible);
	/* the estimate of a small table that was never vacuumed is for 10 pages */
	*bytes = (int64) RelationGetNumberOfBlocks(rel) * BLCKSZ;
	if (*bytes < (int64) pages * BLCKSZ)
		*rows *= (double) *bytes / ((double) pages * BLCKSZ);
	table_close(rel, AccessShareLock);
}

/* Fill sizes of the shards on one node. */
static void
collect(const TableLayout *layout, Oid node, ShardSize *sizes)
{
	if (OidIsValid(node))
	{
		bool		mine = transaction_wrote(node);
		NodeConnection *conn;

		if (!mine)
			recovery_settle_node(node);	/* shards of a decided transaction must be there */
		conn = mine ? transaction_session(node) : connection_acquire(node);
		if (mine)
			connection_detach_user(conn);
		collect_remote(conn, layout, node, sizes);
		if (!mine)
			connection_release(conn);
	}
	else
	{
		Oid			save_user;
		int			save_context;
		int			level = NewGUCNestLevel();

		/* no operator of the user's may run as the owner of shards */
		(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
		GetUserIdAndSecContext(&save_user, &save_context);
		SetUserIdAndSecContext(barks_owner(), save_context | SECURITY_LOCAL_USERID_CHANGE);
		collect_local(layout, sizes);
		SetUserIdAndSecContext(save_user, save_context);
		AtEOXact_GUC(true, level);
	}
}

static void
collect_remote(NodeConnection *conn, const TableLayout *layout, Oid node, ShardSize *sizes)
{
	int			next = 0;
	char	   *sql;

	while ((sql = sizes_query(layout, node, &next)) != NULL)
	{
		PGresult   *res = connection_query(conn, sql, 0, NULL);

		for (int row = 0; row < PQntuples(res); row++)
		{
			ShardSize  *size = &sizes[atoi(PQgetvalue(res, row, 0))];

			size->rows = strtoll(PQgetvalue(res, row, 1), NULL, 10);
			size->bytes = strtoll(PQgetvalue(res, row, 2), NULL, 10);
		}
		PQclear(res);
		pfree(sql);
	}
}

static void
collect_local(const TableLayout *layout, ShardSize *sizes)
{
	int			next = 0;
	char	   *sql;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	while ((sql = sizes_query(layout, InvalidOid, &next)) != NULL)
	{
		if (SPI_execute(sql, true, 0) != SPI_OK_SELECT)
			elog(ERROR, "could not read sizes of shards");
		for (uint64 row = 0; row < SPI_processed; row++)
		{
			bool		isnull;
			HeapTuple	tuple = SPI_tuptable->vals[row];
			TupleDesc	desc = SPI_tuptable->tupdesc;
			ShardSize  *size = &sizes[DatumGetInt32(SPI_getbinval(tuple, desc, 1, &isnull))];

			size->rows = DatumGetInt64(SPI_getbinval(tuple, desc, 2, &isnull));
			size->bytes = DatumGetInt64(SPI_getbinval(tuple, desc, 3, &isnull));
		}
		SPI_freetuptable(SPI_tuptable);
		pfree(sql);
	}
	SPI_finish();
}

/* For the next shards on a node, from shard *next on; NULL when that was all. */
static char *
sizes_query(const TableLayout *layout, Oid node, int *next)
{
	StringInfoData sql;
	int			count = 0;

	initStringInfo(&sql);
	for (; *next < layout->nnodes && count < SHARDS_PER_QUERY; (*next)++)
	{
		char	   *shard;

		if (layout->nodes[*next] != node)
			continue;
		shard = table_shard_name(layout, shard_partition(layout, *next));
		appendStringInfo(&sql, "%sSELECT %d, CASE WHEN pg_catalog.pg_relation_size(c.oid) <= %d "
						 "THEN (SELECT pg_catalog.count(*) FROM ONLY %s) "
						 "ELSE GREATEST(pg_catalog.pg_stat_get_live_tuples(c.oid), c.reltuples::bigint) END, "
						 "pg_catalog.pg_table_size(c.oid) "
						 "FROM pg_catalog.pg_class c WHERE c.oid = '%s'::pg_catalog.regclass",
						 count++ ? " UNION ALL " : "", *next, COUNT_BYTES, shard, shard);
	}
	return count > 0 ? sql.data : NULL;
}

/* Average width of a row, with its header; fills attr_widths when given. */
static int32
row_width(Relation rel, int32 *attr_widths)
{
	int32		width = 0;

	for (int i = 0; i < RelationGetDescr(rel)->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), i);
		int32		column;

		if (att->attisdropped)
			continue;
		column = get_attavgwidth(RelationGetRelid(rel), i + 1);
		if (column <= 0)
			column = get_typavgwidth(att->atttypid, att->atttypmod);
		if (attr_widths)
			attr_widths[i + 1] = column;
		width += column;
	}
	return MAXALIGN(width) + MAXALIGN(SizeofHeapTupleHeader) + sizeof(ItemIdData);
}
