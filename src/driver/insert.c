/*-------------------------------------------------------------------------
 * insert.c
 *	  INSERT of a query whose rows the nodes store by themselves.
 *
 * The query's stages run as those of any job, under the statement's snapshot;
 * the last one leaves its rows on the nodes, in the table's partitions.  Up to
 * there all can be tried again, and an error makes nothing but a detour: the
 * rows are then gathered and meet it on the way.  After that each node is told,
 * in the transaction's write session, to fetch and store its partitions.  That
 * is done once, and what goes wrong there ends the (sub)transaction.
 *
 * All rows are made before the first is stored, so the query cannot see them.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "pgstat.h"
#include "utils/guc.h"
#include "utils/rel.h"

#include "cluster/connection.h"
#include "cluster/node.h"
#include "cluster/transaction.h"
#include "driver/exchange.h"
#include "driver/insert.h"
#include "table/pending.h"
#include "table/shard.h"

static bool can_store(Relation rel, const StageOutput *output);
static void store(const Job *job, const StageOutput *output, int stage,
				  const TableLayout *layout, CommandId cid);
static List *shares_of_node(const StageOutput *output, int stage, const TableLayout *layout,
							Oid node);
static NodeConnection *begin_store(const Job *job, Oid node, CommandId cid);
static char *command(const Job *job, const char *options);
static List *nodes_written(void);
static void drop_output(const Job *job, List *nodes);
static void send_shares(NodeConnection *conn, const StageSources *sources, List *shares);
static void rethrow(Job *job, MemoryContext context) pg_attribute_noreturn();

bool
insert_run(BarksScanState *state)
{
	EState	   *estate = state->css.ss.ps.state;
	MemoryContext old = MemoryContextSwitchTo(state->job_context);
	const StagePlan *insert = state->plan->insert;
	Relation	rel = table_open(insert->align_relid, NoLock);
	const StageOutput *output;
	List	   *written = nodes_written();
	Job		   *job;
	bool		stored = false;

	pending_apply();
	if (can_store(rel, NULL))
	{
		state->job = job_plan_make(state->plan, job_plan_insert_stages(state->plan),
								   &state->css.ss.ps, state->driver_rows, NULL);
		job = job_start(&state->job->plan, state->job_context);
		output = job_run(job);
		if (output->failure == NULL && can_store(rel, output))
		{
			int64		rows = exchange_rows(output, 0, output->npartitions - 1);

			PG_TRY();
			{
				store(job, output, insert->id, table_layout(rel), estate->es_output_cid);
				drop_output(job, written);
			}
			PG_CATCH();
			{
				rethrow(job, state->job_context);
			}
			PG_END_TRY();
			stored = true;
			estate->es_processed += rows;
			pgstat_count_heap_insert(rel, rows);
			/* before an ANALYZE, as table/writer.c has it */
			pgstat_force_next_flush();
		}
		explain_collect_job(state, job_stats(job));
		job_end(job);
	}
	table_close(rel, NoLock);
	MemoryContextSwitchTo(old);
	return stored;
}

/* Since the plan was made, or the rows were, shards or blocks may have come to be here. */
static bool
can_store(Relation rel, const StageOutput *output)
{
	const TableLayout *layout = table_layout(rel);
	ListCell   *lc;

	for (int i = 0; i < layout->nnodes; i++)
		if (!OidIsValid(layout->nodes[i]))
			return false;
	if (output)
		foreach(lc, output->nodes)
			if (!OidIsValid(((OutputNode *) lfirst(lc))->node))
				return false;
	return layout->created;
}

/* All nodes at the same time. */
static void
store(const Job *job, const StageOutput *output, int stage, const TableLayout *layout,
	  CommandId cid)
{
	List	   *conns = NIL;
	List	   *nodes = NIL;
	List	   *shares = NIL;
	ListCell   *lc;

	foreach(lc, shard_nodes(layout))
	{
		List	   *of_node = shares_of_node(output, stage, layout, lfirst_oid(lc));

		if (of_node == NIL)
			continue;
		nodes = lappend_oid(nodes, lfirst_oid(lc));
		shares = lappend(shares, of_node);
	}
	foreach(lc, nodes)
		conns = lappend(conns, begin_store(job, lfirst_oid(lc), cid));
	connection_stream_wait_all(conns);
	foreach(lc, conns)
	{
		int			i = foreach_current_index(lc);

		send_shares(lfirst(lc), exchange_sources(output, stage, NIL, list_nth_oid(nodes, i)),
					list_nth(shares, i));
	}
	connection_flush_all(conns);
	foreach(lc, conns)
		connection_stream_leave(lfirst(lc));
	connection_finish_all(conns);
}

/* List of InsertShare, but for those without rows. */
static List *
shares_of_node(const StageOutput *output, int stage, const TableLayout *layout, Oid node)
{
	List	   *shares = NIL;

	for (int i = 0; i < table_places(layout); i++)
	{
		int			partition;
		InsertShare *share;

		if (table_place(layout, i, &partition) != node || output->rows[partition] == 0)
			continue;
		share = palloc0(sizeof(InsertShare));
		share->shard = table_shard_name(layout, partition);
		share->input.stage = stage;
		share->input.first_partition = share->input.last_partition = partition;
		share->input.last_map = -1;
		share->input.rows = output->rows[partition];
		share->input.bytes = output->bytes[partition];
		shares = lappend(shares, share);
	}
	return shares;
}

static NodeConnection *
begin_store(const Job *job, Oid node, CommandId cid)
{
	NodeConnection *conn = transaction_session(node);

	connection_stream_send(conn, command(job, psprintf("command '%u', wire '%s', fetch_timeout '%s'", cid,
													   GetConfigOption("barks.wire", false, false),
													   GetConfigOption("barks.fetch_timeout", false, false))));
	return conn;
}

static char *
command(const Job *job, const char *options)
{
	const JobSetup *setup = job_setup(job);

	return psprintf("COPY barks.insert FROM STDIN (driver '" UINT64_FORMAT "', job '" UINT64_FORMAT "', %s)",
					setup->driver, setup->job, options);
}

/* Those where the tasks run in the write session. */
static List *
nodes_written(void)
{
	List	   *nodes = NIL;
	ListCell   *lc;

	foreach(lc, node_list())
		if (transaction_wrote(lfirst_oid(lc)))
			nodes = lappend_oid(nodes, lfirst_oid(lc));
	return nodes;
}

/*
 * What a lane does at the end of a job, where it gave its connection to us: else the
 * output of every INSERT of a transaction would be kept until that ends.
 */
static void
drop_output(const Job *job, List *nodes)
{
	List	   *conns = NIL;
	ListCell   *lc;

	foreach(lc, nodes)
		conns = lappend(conns, transaction_session(lfirst_oid(lc)));
	foreach(lc, conns)
		connection_send(lfirst(lc), command(job, "over 'yes'"));
	connection_finish_all(conns);
}

static void
send_shares(NodeConnection *conn, const StageSources *sources, List *shares)
{
	StringInfoData frame;
	ListCell   *lc;

	initStringInfo(&frame);
	frame_write_sources(&frame, sources);
	connection_put_frame(conn, frame.data, frame.len);
	foreach(lc, shares)
	{
		frame_write_share(&frame, lfirst(lc));
		connection_put_frame(conn, frame.data, frame.len);
	}
	pfree(frame.data);
}

/* What can go wrong is a unique index: the error must name the table's, not the shard's. */
static void
rethrow(Job *job, MemoryContext context)
{
	ErrorData  *edata;

	job_fail(job);
	MemoryContextSwitchTo(context);
	edata = CopyErrorData();
	FlushErrorState();
	shard_translate_error(edata);
	ReThrowError(edata);
}
