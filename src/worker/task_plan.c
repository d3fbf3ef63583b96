/*-------------------------------------------------------------------------
 * task_plan.c
 *	  From a task's SQL to a plan that may be run.
 *
 * Nothing from the wire is trusted to be more than text: PostgreSQL parses
 * it, and every table in it must be a shard of the driver that sent it.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "parser/analyze.h"
#include "tcop/tcopprot.h"
#include "utils/lsyscache.h"

#include "vector/vector.h"
#include "worker/agg_split.h"
#include "worker/task_plan.h"

/* For the walk that prepares a query's tables. */
typedef struct LeafContext
{
	char	   *prefix;			/* what shard schemas of the driver begin with */
	Oid			service_role;
} LeafContext;

static bool prepare_leaves(Node *node, LeafContext *context);
static void prepare_relation(RangeTblEntry *rte, LeafContext *context);

Query *
task_parse(const char *sql, uint64 driver, Oid service_role)
{
	List	   *parsed = pg_parse_query(sql);
	List	   *rewritten;
	Query	   *query;
	LeafContext context;

	if (list_length(parsed) != 1 ||
		!IsA(linitial_node(RawStmt, parsed)->stmt, SelectStmt))
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("a task must be one SELECT")));

	query = parse_analyze_fixedparams(linitial_node(RawStmt, parsed), sql, NULL, 0, NULL);
	if (query->commandType != CMD_SELECT || query->utilityStmt ||
		query->hasModifyingCTE || query->hasForUpdate || query->rowMarks)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("a task must be a SELECT that only reads")));

	context.prefix = psprintf("barks_" UINT64_FORMAT "_", driver);
	context.service_role = service_role;
	prepare_leaves((Node *) query, &context);

	rewritten = pg_rewrite_query(query);
	if (list_length(rewritten) != 1)
		elog(ERROR, "a task was rewritten into %d statements", list_length(rewritten));
	return linitial_node(Query, rewritten);
}

PlannedStmt *
task_plan(Query *query, const char *sql, bool partial_aggregate, bool to_the_end)
{
	Query	   *original = partial_aggregate ? copyObject(query) : NULL;
	PlannedStmt *plan = pg_plan_query(query, sql, 0, NULL);

	if (partial_aggregate && original->hasAggs)
		agg_split_make_partial(plan, original);
	agg_split_combine(plan);
	vector_on_batch_plan(plan, to_the_end);
	return plan;
}

/* Check every table at any depth, and have it read as the service role. */
static bool
prepare_leaves(Node *node, LeafContext *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, RangeTblEntry))
	{
		RangeTblEntry *rte = (RangeTblEntry *) node;

		if (rte->rtekind == RTE_RELATION)
			prepare_relation(rte, context);
		return false;			/* query_tree_walker goes on into it */
	}
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, prepare_leaves, context,
								 QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, prepare_leaves, context);
}

static void
prepare_relation(RangeTblEntry *rte, LeafContext *context)
{
	char	   *schema = get_namespace_name(get_rel_namespace(rte->relid));

	if (rte->relkind != RELKIND_RELATION || !schema ||
		strncmp(schema, context->prefix, strlen(context->prefix)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for relation %s", get_rel_name(rte->relid)),
				 errdetail("A task may read only shards of the driver that sent it.")));
	rte->checkAsUser = context->service_role;
}
