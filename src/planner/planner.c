/*-------------------------------------------------------------------------
 * planner.c
 *	  Plan a statement for the cluster.
 *
 * A statement that reads a distributed table is planned by PostgreSQL under
 * settings whose plans translate well (hash joins, no parallel workers, no
 * parameterized inner sides), then translated bottom-up.  Everything else is
 * planned as if barks were not there.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/pg_inherits.h"
#include "commands/defrem.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/guc.h"
#include "utils/syscache.h"

#include "planner/decorrelate.h"
#include "planner/distribution.h"
#include "planner/fallback.h"
#include "planner/flatten.h"
#include "planner/join_hints.h"
#include "planner/operations.h"
#include "planner/plan_with.h"
#include "planner/planner.h"
#include "planner/shared_plan.h"
#include "planner/shippable.h"
#include "planner/shipped.h"
#include "planner/subplan.h"
#include "planner/translate.h"
#include "table/layout.h"
#include "table/remote_type.h"

const CustomScanMethods *barks_scan_methods;

bool		planner_enabled = true;
bool		planner_partial_aggregates = true;
bool		planner_exchanges = true;
bool		planner_whole_plan = true;
int			planner_driver_groups = 10000;
int			planner_range_rows = 100000;
int			planner_insert_rows = 1000;
int			planner_broadcast_threshold = 10240;
int			planner_join_strategy = JOIN_STRATEGY_AUTO;
int			planner_runtime_filters = RUNTIME_FILTERS_ON;

static const struct config_enum_entry join_strategies[] = {
	{"auto", JOIN_STRATEGY_AUTO, false},
	{"broadcast", JOIN_STRATEGY_BROADCAST, false},
	{"shuffle", JOIN_STRATEGY_SHUFFLE, false},
	{"driver", JOIN_STRATEGY_DRIVER, false},
	{NULL, 0, false}
};

static const struct config_enum_entry runtime_filters[] = {
	{"off", RUNTIME_FILTERS_OFF, false},
	{"on", RUNTIME_FILTERS_ON, false},
	{"always", RUNTIME_FILTERS_ALWAYS, false},
	{NULL, 0, false}
};

/* What a walk over a Query tells. */
typedef struct QueryFacts
{
	bool		distributed;	/* reads a distributed table, as far as can be seen */
	bool		may_grow;		/* planning may find more tables: partitions, what functions read */
	bool		whole_rows;		/* asks for rows of tables as values */
	bool		hides_rows;		/* row-level security, or a security-barrier view */
	bool		in_order;		/* an INSERT of a query with ORDER BY */
	bool		marked;			/* names operations of RDDs */
	List	   *operation_runs;	/* of these */
} QueryFacts;

static bool planning_for_nodes = false;

static bool facts_walker(Node *node, QueryFacts *facts);
static bool reads_distributed(PlannedStmt *stmt);
static bool is_distributed(const RangeTblEntry *rte);
static pg_noinline PlannedStmt *plan_for_nodes(Query *parse, const char *query_string, int cursor_options,
								   ParamListInfo params, planner_hook_type next);
static bool inserts_in_order(const Query *query);
static void translate_statement(PlannedStmt *stmt, const QueryFacts *facts, int cursor_options);
static void name_left_operations(List *plans);
static List *collations_of_tables(PlannedStmt *stmt);
static bool all_on_nodes(PlannedStmt *stmt);
static void depend_on_functions(PlannedStmt *stmt, const List *functions);
static bool translate_all(PlanContext *context);
static void translate_or_again(PlanContext *context, ShippableFacts *facts);
static int	count_plan_nodes(PlannedStmt *stmt);
static void find_max_id(Plan *plan, int *max_id);

void
planner_init(void)
{
	DefineCustomBoolVariable("barks.enabled",
							 "Runs queries over distributed tables on the nodes.",
							 "When off, PostgreSQL's own plan reads the tables row by row.",
							 &planner_enabled, true, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("barks.partial_aggregates",
							 "Lets nodes aggregate their share of a group's rows.",
							 NULL,
							 &planner_partial_aggregates, true, PGC_USERSET, 0,
							 NULL, NULL, NULL);
	DefineCustomBoolVariable("barks.exchanges",
							 "Lets rows move between nodes.",
							 "When off, what needs that is done on the driver.",
							 &planner_exchanges, true, PGC_USERSET, 0,
							 NULL, NULL, NULL);
	DefineCustomBoolVariable("barks.plan_distributions",
							 "Chooses for the whole plan at once how its rows are spread.",
							 "When off, each join takes what moves the fewest bytes for itself.",
							 &planner_whole_plan, true, PGC_USERSET, 0,
							 NULL, NULL, NULL);
	DefineCustomIntVariable("barks.driver_groups",
							"Groups up to whose number the driver finishes an aggregation.",
							"With more, as estimated, nodes finish it.",
							&planner_driver_groups, 10000, 0, INT_MAX,
							PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("barks.range_rows",
							"Rows from which a window without partitions is spread over the nodes.",
							"Only numbers of rows and ranks are made so.",
							&planner_range_rows, 100000, 0, INT_MAX,
							PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("barks.insert_rows",
							"Rows from which nodes themselves store what an INSERT's query gives.",
							"-1: the driver gets all rows and deals them out.",
							&planner_insert_rows, 1000, -1, INT_MAX,
							PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("barks.broadcast_threshold",
							"Largest table or result that is copied to all nodes for a join.",
							NULL,
							&planner_broadcast_threshold, 10240, 0, MAX_KILOBYTES,
							PGC_USERSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomEnumVariable("barks.join_strategy",
							 "How rows are brought together for joins.",
							 "driver joins everything on the driver.",
							 &planner_join_strategy, JOIN_STRATEGY_AUTO, join_strategies,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable("barks.runtime_filters",
							 "Whether rows without a partner on the other side of a join are dropped before they move.",
							 "always does not ask whether it pays.",
							 &planner_runtime_filters, RUNTIME_FILTERS_ON, runtime_filters,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	shipped_init();
}

PlannedStmt *
planner_plan(Query *parse, const char *query_string, int cursor_options,
			 ParamListInfo params, planner_hook_type here, planner_hook_type next)
{
	QueryFacts	facts = {0};
	PlannedStmt *stmt;
	Query	   *again = NULL;
	int			mark;

	if (!planner_enabled || barks_scan_methods == NULL ||
		!OidIsValid(get_table_am_oid("barks", true)))
		return here(parse, query_string, cursor_options, params);

	facts_walker((Node *) parse, &facts);
	facts.in_order = inserts_in_order(parse);
	if (facts.marked)
		facts.operation_runs = operations_take(parse);
	flatten_chains(parse);
	mark = fallback_mark();
	if (!facts.distributed && !facts.may_grow)
		return here(parse, query_string, cursor_options, params);
	if (!facts.distributed)
	{
		/* planning scribbles on its input */
		again = copyObject(parse);
		stmt = here(parse, query_string, cursor_options, params);
		if (!reads_distributed(stmt))
			return stmt;
		parse = again;
	}
	fallback_rewind(mark);
	if (planner_exchanges && planner_join_strategy != JOIN_STRATEGY_DRIVER)
		(void) decorrelate(parse, false);
	stmt = plan_for_nodes(parse, query_string, cursor_options, params, next);
	if (stmt->rowMarks != NIL)
		fallback_note_text("LockRows", "row locks");
	else if (stmt->commandType == CMD_SELECT || stmt->commandType == CMD_INSERT)
	{
		facts.hides_rows |= stmt->dependsOnRole;
		translate_statement(stmt, &facts, cursor_options);
	}
	return stmt;
}

/*
 * PostgreSQL lets a scan below most nodes return the whole row, as that costs
 * it nothing.  It does not when a system column or the row itself is asked for,
 * so pretend that, also for rows that the driver may have to send.
 */
void
planner_set_rel_pathlist(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	if (rel->attr_needed && rel->min_attr <= 0 && rte->rtekind != RTE_SUBQUERY &&
		(planning_for_nodes ||
		 (planner_enabled && rte->rtekind == RTE_RELATION && table_is_distributed(rte->relid))))
		rel->attr_needed[0] = bms_add_member(rel->attr_needed[0], 0);
}

static bool
facts_walker(Node *node, QueryFacts *facts)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		ListCell   *lc;

		facts->marked = facts->marked || operations_marked((Query *) node);
		foreach(lc, ((Query *) node)->rtable)
		{
			RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

			if (is_distributed(rte))
				facts->distributed = true;
			facts->may_grow |= rte->rtekind == RTE_FUNCTION ||
				(rte->rtekind == RTE_RELATION && has_subclass(rte->relid));
			/* a function inlined while planning may bring in tables unseen here */
			if (rte->securityQuals != NIL || rte->security_barrier ||
				(rte->rtekind == RTE_FUNCTION && !translate_is_parts(rte->functions, NULL)))
				facts->hides_rows = true;
		}
		return query_tree_walker((Query *) node, facts_walker, facts, 0);
	}
	if (IsA(node, Var) && ((Var *) node)->varattno == 0)
		facts->whole_rows = true;
	return expression_tree_walker(node, facts_walker, facts);
}

static bool
reads_distributed(PlannedStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

		if (is_distributed(rte))
			return true;
	}
	return false;
}

/* Do rows of this come from the nodes? */
static bool
is_distributed(const RangeTblEntry *rte)
{
	if (rte->rtekind == RTE_FUNCTION)
		return translate_is_parts(rte->functions, NULL);
	return rte->rtekind == RTE_RELATION && table_is_distributed(rte->relid);
}

static PlannedStmt *
plan_for_nodes(Query *parse, const char *query_string, int cursor_options,
			   ParamListInfo params, planner_hook_type next)
{
	PlannerSettings settings;
	PlannedStmt *volatile stmt = NULL;
	bool		before = planning_for_nodes;

	planner_get_settings(&settings);
	settings.mergejoin = settings.nestloop = settings.memoize = settings.jit = false;
	settings.hashjoin = true;
	settings.workers = 0;
	settings.force_parallel = FORCE_PARALLEL_OFF;
	PG_TRY();
	{
		planning_for_nodes = true;
		stmt = planner_plan_with(&settings, parse, query_string, cursor_options & ~CURSOR_OPT_PARALLEL_OK,
								 params, next);
	}
	PG_FINALLY();
	{
		planning_for_nodes = before;
	}
	PG_END_TRY();
	return stmt;
}

/* Does the query that an INSERT reads end with ORDER BY? */
static bool
inserts_in_order(const Query *query)
{
	ListCell   *lc;

	if (query->commandType != CMD_INSERT)
		return false;
	if (query->sortClause != NIL)
		return true;
	foreach(lc, query->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

		if (rte->rtekind == RTE_SUBQUERY && rte->subquery->sortClause != NIL)
			return true;
	}
	return false;
}

static void
translate_statement(PlannedStmt *stmt, const QueryFacts *query, int cursor_options)
{
	PlanContext context = {stmt, query->hides_rows};
	PlanContext *before;
	ShippableFacts facts = {collations_of_tables(stmt), query->whole_rows};
	const ShippableFacts *facts_before;
	ListCell   *lc;

	facts.sees_new_functions = all_on_nodes(stmt);
	context.whole_rows = query->whole_rows;
	context.rows_in_order = query->in_order;
	context.operation_runs = query->operation_runs;
	context.next_leaf = 1;
	context.next_group = 1;
	context.next_stage = 1;
	context.next_plan_node_id = count_plan_nodes(stmt);
	join_hints_take(&context);
	before = subplan_begin(&context);
	facts_before = shippable_set_facts(&facts);
	PG_TRY();
	{
		distribution_choose(&context);
		translate_or_again(&context, &facts);
	}
	PG_FINALLY();
	{
		subplan_end(before);
		(void) shippable_set_facts(facts_before);
	}
	PG_END_TRY();
	name_left_operations(context.barks_plans);
	foreach(lc, context.barks_plans)
	{
		BarksPlan  *plan = lfirst(lc);

		plan->statement_relids = list_copy(context.relids);
		depend_on_functions(stmt, plan->functions);
	}
	if ((cursor_options & CURSOR_OPT_SCROLL) && !ExecSupportsBackwardScan(stmt->planTree))
		stmt->planTree = ir_make_material(&context, stmt->planTree);
}

/* What the driver does with the rows of the only job counts as part of its last stage. */
static void
name_left_operations(List *plans)
{
	BarksPlan  *only = NULL;
	ListCell   *lc;

	foreach(lc, plans)
	{
		BarksPlan  *plan = lfirst(lc);

		if (plan->stages == NIL)
			continue;
		if (only)
			return;
		only = plan;
	}
	if (only)
	{
		StagePlan  *last = llast(only->stages);

		last->operations = list_concat(last->operations, only->operations_left);
		if (only->insert)
			only->insert->operations = list_copy(last->operations);
	}
}

/* Collations that nodes have because of the tables that the statement reads. */
static List *
collations_of_tables(PlannedStmt *stmt)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, stmt->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

		if (rte->rtekind == RTE_RELATION && table_is_distributed(rte->relid))
			result = remote_collations(rte->relid, result);
	}
	return result;
}

/* Does no table of the statement have shards on this server? */
static bool
all_on_nodes(PlannedStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

		if (rte->rtekind == RTE_RELATION && table_is_distributed(rte->relid) &&
			remote_has_local_shards(rte->relid))
			return false;
	}
	return true;
}

/*
 * Add to what makes a plan invalid the functions that nodes call, as copies may call
 * others than the plan shows.
 */
static void
depend_on_functions(PlannedStmt *stmt, const List *functions)
{
	ListCell   *lc;

	foreach(lc, functions)
	{
		PlanInvalItem *item;

		if (!shipped_is_users(lfirst_oid(lc)))
			continue;
		item = makeNode(PlanInvalItem);
		item->cacheId = PROCOID;
		item->hashValue = GetSysCacheHashValue1(PROCOID, ObjectIdGetDatum(lfirst_oid(lc)));
		stmt->invalItems = lappend(stmt->invalItems, item);
	}
}

/*
 * Translate the plan and the subplans that it then still asks for; the others
 * became part of what nodes do.  False when something would be made twice: then
 * once more with keep_shared.
 */
static bool
translate_all(PlanContext *context)
{
	PlannedStmt *stmt = context->stmt;
	Bitmapset  *wanted;
	Bitmapset  *done = NULL;
	PlanReferences references = {0};
	ListCell   *lc;
	int			id;

	plan_references(stmt->planTree, &references);
	foreach(lc, stmt->subplans)
		plan_references(lfirst(lc), &references);
	context->init_plans = references.init_plans;

	stmt->planTree = translate_and_seal(context, stmt->planTree);
	/* the last first: it may make those that it reads, which come before it, a part of it */
	while (wanted = shared_plan_wanted(stmt),
		   (id = bms_prev_member(bms_difference(wanted, done), -1)) >= 0)
	{
		lc = list_nth_cell(stmt->subplans, id - 1);
		done = bms_add_member(done, id);
		if (lfirst(lc) != NULL)
			lfirst(lc) = translate_and_seal(context, lfirst(lc));
	}
	if (context->row_met_exchange || (!context->keep_shared && shared_plan_conflicts(context)))
		return false;
	foreach(lc, shared_plan_jobs(stmt, wanted))
		ir_number_stages(lfirst(lc));

	/* "kept" must not be NULL, so a bit that is no subplan's */
	wanted = bms_add_member(wanted, 0);
	plan_keep_init_plans(stmt->planTree, wanted);
	foreach(lc, stmt->subplans)
	{
		if (bms_is_member(foreach_current_index(lc) + 1, wanted))
			plan_keep_init_plans(lfirst(lc), wanted);
		else
			lfirst(lc) = NULL;
	}
	return true;
}

/* What may have to be done again is done in a copy. */
static void
translate_or_again(PlanContext *context, ShippableFacts *facts)
{
	PlannedStmt *stmt = context->stmt;
	Plan	   *plan = stmt->planTree;
	List	   *subplans = stmt->subplans;
	int			mark = fallback_mark();
	PlanContext start = *context;

	for (;;)
	{
		bool		rows_refused;

		if (facts->whole_rows || (subplans != NIL && !start.keep_shared))
		{
			stmt->planTree = copyObject(plan);
			stmt->subplans = copyObject(subplans);
		}
		if (translate_all(context))
			return;
		rows_refused = context->row_met_exchange;
		stmt->planTree = plan;
		stmt->subplans = subplans;
		*context = start;
		fallback_rewind(mark);
		if (rows_refused)
			context->whole_rows = start.whole_rows = facts->whole_rows = false;
		else
			context->keep_shared = start.keep_shared = true;
	}
}

/* One more than the largest plan_node_id in use. */
static int
count_plan_nodes(PlannedStmt *stmt)
{
	int			max_id = 0;
	ListCell   *lc;

	find_max_id(stmt->planTree, &max_id);
	foreach(lc, stmt->subplans)
		find_max_id(lfirst(lc), &max_id);
	return max_id + 1;
}

static void
find_max_id(Plan *plan, int *max_id)
{
	ListCell   *lc;

	if (plan == NULL)
		return;
	*max_id = Max(*max_id, plan->plan_node_id);
	foreach(lc, plan_children(plan))
		find_max_id(lfirst(lc), max_id);
}
