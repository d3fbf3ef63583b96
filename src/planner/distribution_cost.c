/*-------------------------------------------------------------------------
 * distribution_cost.c
 *	  What it costs to move rows.
 *
 * Sizes are PostgreSQL's estimates of a plan node's rows and their width.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"

#include "planner/distribution.h"
#include "table/layout.h"

/*
 * Work for a byte.  An exchange writes rows, encoded and partitioned, and reads
 * them; from another node they come through a socket.  A task that gets all rows
 * of a side also hashes them all.  ROW_OVERHEAD is the work for a row besides that
 * for its bytes, as bytes.
 */
#define WRITE_COST		1.0
#define READ_COST		0.5
#define WIRE_COST		1.0
#define BUILD_COST		0.5
#define ROW_OVERHEAD	16

/*
 * Errors of estimates multiply from join to join (Ioannidis and Christodoulakis, On the
 * Propagation of Errors in the Size of Join Results, SIGMOD 1991).  So for each join that rows
 * come from, up to a few, moving them counts so much more than moving those of a table.
 */
#define RISK_PER_JOIN	0.25
#define RISKY_JOINS		4

static double risk(const Ir *ir);
static double wire_share(const PlanContext *context);

/* The nodes that hold the most spread table of the statement do its work. */
void
distribution_measure_cluster(PlanContext *context)
{
	ListCell   *lc;

	context->nodes = context->slots = 1;
	foreach(lc, context->stmt->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);
		Relation	rel;
		int			nodes;
		int			slots;

		if (rte->rtekind != RTE_RELATION || !table_is_distributed(rte->relid))
			continue;
		rel = relation_open(rte->relid, NoLock);	/* locked by the planner */
		nodes = table_layout_nodes(table_layout(rel), &slots);
		relation_close(rel, NoLock);
		context->nodes = Max(context->nodes, nodes);
		context->slots = Max(context->slots, slots);
	}
}

double
distribution_bytes(const Ir *ir)
{
	return ir->rows * (ir->width + ROW_OVERHEAD);
}

double
distribution_move_cost(const PlanContext *context, const Ir *ir)
{
	return distribution_bytes(ir) * risk(ir) *
		(WRITE_COST + READ_COST + WIRE_COST * wire_share(context));
}

double
distribution_broadcast_cost(const PlanContext *context, const Ir *ir, const Ir *other)
{
	return distribution_bytes(ir) * risk(ir) *
		(WRITE_COST + distribution_tasks(context, other) *
		 (READ_COST + WIRE_COST * wire_share(context) + BUILD_COST));
}

double
distribution_gather_cost(const PlanContext *context, const Ir *ir)
{
	return distribution_bytes(ir) * (READ_COST + WIRE_COST * wire_share(context));
}

static double
risk(const Ir *ir)
{
	int			joins = bms_num_members(ir->relids) - 1;

	return 1 + RISK_PER_JOIN * Max(0, Min(joins, RISKY_JOINS));
}

/* How many tasks read the rows, roughly. */
double
distribution_tasks(const PlanContext *context, const Ir *ir)
{
	Relation	rel;
	double		ntasks;

	if (ir->distribution != IR_PARTITIONED)
		return 1;
	if (!OidIsValid(ir->anchor))
		return context->slots;
	rel = relation_open(ir->anchor, NoLock);	/* locked by the planner */
	ntasks = table_layout(rel)->npartitions;
	relation_close(rel, NoLock);
	return ntasks;
}

/* The part of the rows that come from another node. */
static double
wire_share(const PlanContext *context)
{
	return 1.0 - 1.0 / context->nodes;
}
