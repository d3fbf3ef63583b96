/*-------------------------------------------------------------------------
 * translate_subplan.c
 *	  Subqueries in expressions, as sub-selects on the nodes.
 *
 * What remains a SubPlan after PostgreSQL's planner (and decorrelate.c) is
 * evaluated where the rows are that it is asked for: its own rows are broadcast,
 * and the expression becomes SQL again, (NOT) IN, EXISTS, a scalar sub-select
 * and so on.  NULLs, duplicates and too many rows are then the node's business.
 *
 * Of a subquery that depends on the outer row, only what does not is made by
 * stages and broadcast; all above that is part of the sub-select.  While such a
 * plan is translated its parameters are "bound": translate_plan returns for it
 * only what every task has, or nothing.  The outer expressions take the
 * parameters' places at last.
 *
 * The plan of the SubPlan itself is not touched, for the same expression may
 * have to be left to the driver after all; a copy is translated.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteManip.h"
#include "utils/lsyscache.h"

#include "planner/driver_input.h"
#include "planner/fallback.h"
#include "planner/planner.h"
#include "planner/shared_plan.h"
#include "planner/subplan.h"
#include "planner/translate.h"

/* One translation of a SubPlan's plan, for one Ir. */
typedef struct SubplanUse
{
	int			plan_id;
	Ir		   *reader;
} SubplanUse;

typedef struct BindContext
{
	List	   *params;			/* int list */
	List	   *exprs;			/* what takes their places */
	int			depth;			/* levels between the expressions and here */
} BindContext;

/* Of the statement that is being translated; expressions have no other way to it. */
static PlanContext *current;

static bool reads_driver(const Ir *reader);
static Node *is_true(Node *link);
static Ir  *find_reader(Ir *ir, const SubPlan *subplan, const char **reason);
static Ir  *make_reader(const SubPlan *subplan, const char **reason);
static const char *refuse_dependent(const PlanContext *context, const Ir *ir);
static Query *select_columns(const Ir *reader, int ncolumns);
static Node *link_test(const SubPlan *subplan, Node *test);
static Node *test_mutator(Node *node, List *params);
static bool right_is_param(Node *right, List *params);
static bool test_is_plain(const SubPlan *subplan, Node *test);
static Node *bind_mutator(Node *node, BindContext *context);

PlanContext *
subplan_begin(PlanContext *context)
{
	PlanContext *before = current;

	current = context;
	return before;
}

void
subplan_end(PlanContext *before)
{
	current = before;
}

/*
 * The sub-select that stands for a SubPlan in ir's query.  test and args are the
 * SubPlan's, over ir's inputs already.
 */
Node *
subplan_for_query(const SubPlan *subplan, Node *test, List *args, Ir *ir, const char **reason)
{
	SubLink    *link = makeNode(SubLink);
	Ir		   *reader;

	*reason = "a subquery in an expression";
	if (!planner_exchanges || current == NULL || ir->query == NULL ||
		contain_aggs_of_level((Node *) args, 0) || contain_aggs_of_level(test, 0))
		return NULL;
	switch (subplan->subLinkType)
	{
		case EXISTS_SUBLINK:
		case EXPR_SUBLINK:
		case ARRAY_SUBLINK:
			break;
		case ANY_SUBLINK:
		case ALL_SUBLINK:
		case ROWCOMPARE_SUBLINK:
			link->testexpr = link_test(subplan, test);
			if (link->testexpr == NULL)
				return NULL;
			break;
		default:
			return NULL;
	}
	reader = find_reader(ir, subplan, reason);
	if (reader == NULL)
		return NULL;
	link->subLinkType = subplan->subLinkType;
	link->subselect = (Node *) select_columns(reader, subplan->subLinkType == EXISTS_SUBLINK ? 0 :
											  Max(1, list_length(subplan->paramIds)));
	subplan_bind(link->subselect, subplan->parParam, args);
	if (reads_driver(reader) &&
		((subplan->subLinkType != EXISTS_SUBLINK && subplan->subLinkType != ANY_SUBLINK) ||
		 !subplan_cannot_fail(list_nth(current->stmt->subplans, subplan->plan_id - 1),
							  subplan->parParam)))
		link->subLinkId = SUBLINK_MAY_FAIL_EARLY;
	link->location = -1;
	/* an EXISTS that PostgreSQL made a hashed IN */
	if (subplan->unknownEqFalse)
		return is_true((Node *) link);
	return (Node *) link;
}

/* Does the driver make rows that it reads? */
static bool
reads_driver(const Ir *reader)
{
	ListCell   *lc;

	foreach(lc, reader->stages)
		if (((StagePlan *) lfirst(lc))->distribution == STAGE_DRIVER)
			return true;
	return false;
}

Node *
subplan_for_param(const Param *param, Ir *ir, const SubPlan **subplan)
{
	const char *reason;

	if (current == NULL || param->paramkind != PARAM_EXEC || ir->query == NULL ||
		bms_is_member(param->paramid, current->bound) ||
		bms_is_member(param->paramid, current->prune_params))
		return NULL;
	*subplan = shared_plan_of_param(current, param->paramid);
	if (*subplan == NULL)
		return NULL;
	return subplan_for_query(*subplan, NULL, NIL, ir, &reason);
}

static Node *
is_true(Node *link)
{
	BooleanTest *test = makeNode(BooleanTest);

	test->arg = (Expr *) link;
	test->booltesttype = IS_TRUE;
	test->location = -1;
	return (Node *) test;
}

/* ir's query has the sub-select in it: it needs what that reads. */
void
subplan_attach(Ir *ir, const SubPlan *subplan)
{
	ListCell   *lc;

	foreach(lc, ir->subplans)
	{
		SubplanUse *use = lfirst(lc);
		Ir		   *reader = use->reader;

		if (use->plan_id != subplan->plan_id)
			continue;
		ir->leaves = list_concat_unique_ptr(ir->leaves, reader->leaves);
		ir->stages = list_concat_unique_ptr(ir->stages, reader->stages);
		ir->init_plans = list_concat_unique_ptr(ir->init_plans, reader->init_plans);
		ir->functions = list_concat_unique_oid(ir->functions, reader->functions);
	}
	ir->query->hasSubLinks = true;
}

/* Put expressions in the places of parameters; query is one level below where they belong. */
void
subplan_bind(Node *query, List *params, List *exprs)
{
	BindContext context = {params, exprs, 1};

	if (params != NIL)
		(void) query_tree_mutator((Query *) query, bind_mutator, &context,
								  QTW_DONT_COPY_QUERY);
}

/*
 * A part of a subquery that does not depend on the outer row: every task gets
 * its rows.  NULL when they cannot be had.
 */
Ir *
subplan_broadcast(PlanContext *context, Ir *ir, Plan *plan, bool keeps_order)
{
	const char *reason;

	if (!ir_on_nodes(ir))
		ir = driver_input(context, ir, &plan, keeps_order, &reason);
	if (ir && ir->distribution != IR_BROADCAST)
		ir = ir_exchange(context, ir, EXCHANGE_BROADCAST, NIL);
	if (ir)
		ir_exchange_may_be_unneeded(ir);
	return ir;
}

/* Do all tasks find the same rows behind the leaves, so that nothing has to move? */
bool
subplan_reads_same_rows(const Ir *ir)
{
	ListCell   *lc;

	if (!ir_on_nodes(ir) || ir->distribution == IR_PARTITIONED || ir->needs_gate ||
		ir->partial_aggregate)
		return false;
	foreach(lc, ir->leaves)
		if (!((LeafPlan *) lfirst(lc))->broadcast)
			return false;
	return true;
}

static Ir *
find_reader(Ir *ir, const SubPlan *subplan, const char **reason)
{
	SubplanUse *use;
	ListCell   *lc;

	foreach(lc, ir->subplans)
	{
		use = lfirst(lc);
		if (use->plan_id == subplan->plan_id)
			return use->reader;
	}
	use = palloc(sizeof(SubplanUse));
	use->plan_id = subplan->plan_id;
	use->reader = make_reader(subplan, reason);
	ir->subplans = lappend(ir->subplans, use);
	return use->reader;
}

/* The subquery's rows, in an Ir that every task can evaluate. */
static Ir *
make_reader(const SubPlan *subplan, const char **reason)
{
	Plan	   *plan = list_nth(current->stmt->subplans, subplan->plan_id - 1);
	int			scans = current->scans;
	int			mark = fallback_mark();
	Ir		   *reader;

	/* an InitPlan, which several expressions may share */
	if (subplan->setParam != NIL && !bms_overlap(plan->allParam, current->bound))
		reader = shared_plan_read(current, subplan);
	else
		reader = subplan_translate(current, copyObject(plan), subplan->parParam,
								   subplan->subLinkType == ARRAY_SUBLINK, reason);
	current->scans = scans;
	fallback_rewind(mark);
	if (reader == NULL)
		return NULL;
	if (reader->query->setOperations)
		ir_wrap(reader);
	ir_apply_order(reader);
	ir_ensure_column(reader);
	return reader;
}

Ir *
subplan_translate(PlanContext *context, Plan *plan, List *params, bool keeps_order,
				  const char **reason)
{
	Bitmapset  *bound = context->bound;
	bool		wants_nodes = context->wants_nodes;
	Ir		   *ir;
	ListCell   *lc;

	context->wants_nodes = true;
	context->bound = bms_copy(bound);
	foreach(lc, params)
		context->bound = bms_add_member(context->bound, lfirst_int(lc));
	if (bms_overlap(plan->allParam, context->bound))
		ir = translate_plan(context, plan);
	else
	{
		bms_free(context->bound);
		context->bound = NULL;
		ir = subplan_broadcast(context, translate_plan(context, plan), plan, keeps_order);
	}
	*reason = ir ? refuse_dependent(context, ir) : "a subquery that cannot be evaluated on nodes";
	context->bound = bound;
	context->wants_nodes = wants_nodes;
	return *reason ? NULL : ir;
}

bool
subplan_param_is_bound(int paramid)
{
	return current && bms_is_member(paramid, current->bound);
}

static const char *
refuse_dependent(const PlanContext *context, const Ir *ir)
{
	ListCell   *lc;

	if (!subplan_reads_same_rows(ir))
		return "a subquery that cannot be evaluated on nodes";
	foreach(lc, ir->init_plans)
	{
		SubPlan    *init_plan = lfirst_node(SubPlan, lc);
		Plan	   *plan = list_nth(context->stmt->subplans, init_plan->plan_id - 1);

		if (plan && bms_overlap(plan->allParam, context->bound))
			return "a subquery within a subquery depends on the outermost row";
	}
	return NULL;
}

/* A copy of the reader's query that shows only so many columns, 0: any. */
static Query *
select_columns(const Ir *reader, int ncolumns)
{
	Query	   *query = copyObject(reader->query);
	ListCell   *lc;

	foreach(lc, query->targetList)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		if (ncolumns > 0 && tle->resno > ncolumns)
			tle->resjunk = true;
	}
	return query;
}

/*
 * The comparison of a SubPlan as that of a SubLink, or NULL when printing would
 * change it: only the left side and one operator are printed.
 */
static Node *
link_test(const SubPlan *subplan, Node *test)
{
	if (test == NULL || !test_is_plain(subplan, test))
		return NULL;
	return test_mutator(test, subplan->paramIds);
}

static bool
test_is_plain(const SubPlan *subplan, Node *test)
{
	ListCell   *lc;

	if (IsA(test, OpExpr))
		return list_length(((OpExpr *) test)->args) == 2 &&
			right_is_param(lsecond(((OpExpr *) test)->args), subplan->paramIds);
	if (IsA(test, BoolExpr))
	{
		Oid			opno = InvalidOid;

		foreach(lc, ((BoolExpr *) test)->args)
		{
			if (!IsA(lfirst(lc), OpExpr) || !test_is_plain(subplan, lfirst(lc)))
				return false;
			if (OidIsValid(opno) &&
				strcmp(get_opname(opno), get_opname(((OpExpr *) lfirst(lc))->opno)) != 0)
				return false;
			opno = ((OpExpr *) lfirst(lc))->opno;
		}
		return true;
	}
	if (IsA(test, RowCompareExpr))
	{
		foreach(lc, ((RowCompareExpr *) test)->rargs)
			if (!right_is_param(lfirst(lc), subplan->paramIds))
				return false;
		return true;
	}
	return false;
}

/* A column of the subquery, but for relabelling that the parser will find again. */
static bool
right_is_param(Node *right, List *params)
{
	if (IsA(right, RelabelType) &&
		((RelabelType *) right)->relabelformat == COERCE_IMPLICIT_CAST)
		right = (Node *) ((RelabelType *) right)->arg;
	return IsA(right, Param) && ((Param *) right)->paramkind == PARAM_EXEC &&
		list_member_int(params, ((Param *) right)->paramid);
}

static Node *
test_mutator(Node *node, List *params)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC &&
		list_member_int(params, ((Param *) node)->paramid))
	{
		Param	   *param = copyObject((Param *) node);
		ListCell   *lc;

		foreach(lc, params)
			if (lfirst_int(lc) == ((Param *) node)->paramid)
				param->paramid = foreach_current_index(lc) + 1;
		param->paramkind = PARAM_SUBLINK;
		return (Node *) param;
	}
	return expression_tree_mutator(node, test_mutator, params);
}

static Node *
bind_mutator(Node *node, BindContext *context)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Query))
	{
		Query	   *query = (Query *) node;

		context->depth++;
		(void) query_tree_mutator(query, bind_mutator, context, QTW_DONT_COPY_QUERY);
		context->depth--;
		return node;
	}
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC)
	{
		Param	   *param = (Param *) node;
		ListCell   *lp;
		ListCell   *le;

		forboth(lp, context->params, le, context->exprs)
		{
			Node	   *expr;

			if (lfirst_int(lp) != param->paramid)
				continue;
			expr = copyObject(lfirst(le));
			IncrementVarSublevelsUp(expr, context->depth, 0);
			/* constants, which it was taken for, print their collation when it matters */
			if (OidIsValid(param->paramcollid) &&
				param->paramcollid != get_typcollation(param->paramtype))
			{
				CollateExpr *collate = makeNode(CollateExpr);

				collate->arg = (Expr *) expr;
				collate->collOid = param->paramcollid;
				collate->location = -1;
				expr = (Node *) collate;
			}
			return expr;
		}
		return node;
	}
	return expression_tree_mutator(node, bind_mutator, context);
}
