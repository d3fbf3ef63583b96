/*-------------------------------------------------------------------------
 * semi_join.c
 *	  Semi joins that PostgreSQL planned as joins with distinct rows.
 *
 * Where IN or EXISTS meets many rows, PostgreSQL 15 often makes them distinct
 * by their join keys first, and joins then.  Over batches a semi join costs less, as
 * it keeps the rows of the smaller side (join.c) and no groups at all.  So
 *
 *	  Hash Join (x, Hash (HashAggregate of y by its keys))
 *	  Hash Join (HashAggregate of y by its keys, Hash (x))
 *
 * become Hash Semi Join (x, Hash (y)) if nothing above asks for y's columns.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"

#include "vector/plan_tree.h"
#include "vector/semi_join.h"

/* Vars of one side are the columns of what was made distinct, and sides may change places. */
typedef struct Renaming
{
	int			side;			/* OUTER_VAR or INNER_VAR: where the distinct rows are */
	bool		swap;
	const Agg  *distinct;
} Renaming;

static void rewrite(Plan **plan, void *unused);
static bool is_distinct(const Plan *plan);
static bool keys_are_distinct(const HashJoin *join, const Agg *distinct, List *keys);
static bool names_side(Node *node, int *side);
static AttrNumber below(const Agg *distinct, AttrNumber column);
static Node *rename_vars(Node *node, Renaming *renaming);
static List *rename_keys(List *keys, const Agg *distinct);
static bool commute(List *clauses);
static void make_semi(HashJoin *join, Agg *distinct, bool distinct_is_outer);

void
vector_semi_joins(PlannedStmt *stmt)
{
	ListCell   *lc;

	rewrite(&stmt->planTree, NULL);
	foreach(lc, stmt->subplans)
		if (lfirst(lc))
			rewrite((Plan **) &lfirst(lc), NULL);
}

static void
rewrite(Plan **plan, void *unused)
{
	HashJoin   *join = (HashJoin *) *plan;
	Hash	   *hash;

	plan_walk_children(*plan, rewrite, NULL);
	if (!IsA(join, HashJoin) || join->join.jointype != JOIN_INNER || join->join.plan.parallel_aware)
		return;
	hash = castNode(Hash, innerPlan(join));
	for (int outer = 0; outer < 2; outer++)
	{
		Plan	   *input = outer ? outerPlan(join) : outerPlan(hash);
		int			side = outer ? OUTER_VAR : INNER_VAR;

		if (!is_distinct(input) || !keys_are_distinct(join, (Agg *) input, outer ? join->hashkeys : hash->hashkeys) ||
			names_side((Node *) join->join.plan.targetlist, &side) || names_side((Node *) join->join.plan.qual, &side))
			continue;
		if (outer && !commute(join->hashclauses))
			continue;
		make_semi(join, (Agg *) input, outer);
		return;
	}
}

/* Rows by which nothing is computed but that they are distinct. */
static bool
is_distinct(const Plan *plan)
{
	const Agg  *agg = (const Agg *) plan;
	ListCell   *lc;

	if (!IsA(plan, Agg) || agg->aggstrategy != AGG_HASHED || agg->aggsplit != AGGSPLIT_SIMPLE ||
		agg->groupingSets != NIL || plan->qual != NIL || plan->initPlan != NIL)
		return false;
	foreach(lc, plan->targetlist)
		if (!IsA(lfirst_node(TargetEntry, lc)->expr, Var))
			return false;
	return true;
}

/* Is each row of the other side met by one distinct row at most? */
static bool
keys_are_distinct(const HashJoin *join, const Agg *distinct, List *keys)
{
	for (int i = 0; i < distinct->numCols; i++)
	{
		bool		found = false;
		ListCell   *lc;

		foreach(lc, keys)
		{
			int			k = foreach_current_index(lc);

			if (IsA(lfirst(lc), Var) &&
				below(distinct, lfirst_node(Var, lc)->varattno) == distinct->grpColIdx[i] &&
				list_nth_oid(join->hashoperators, k) == distinct->grpOperators[i] &&
				list_nth_oid(join->hashcollations, k) == distinct->grpCollations[i])
				found = true;
		}
		if (!found)
			return false;
	}
	return true;
}

static bool
names_side(Node *node, int *side)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
		return ((Var *) node)->varno == *side;
	return expression_tree_walker(node, names_side, side);
}

/* The column of the input that a column of the distinct rows is. */
static AttrNumber
below(const Agg *distinct, AttrNumber column)
{
	TargetEntry *tle = list_nth_node(TargetEntry, distinct->plan.targetlist, column - 1);

	return ((Var *) tle->expr)->varattno;
}

static Node *
rename_vars(Node *node, Renaming *renaming)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		Var		   *var = copyObject((Var *) node);

		if (var->varno == renaming->side)
			var->varattno = below(renaming->distinct, var->varattno);
		if (renaming->swap)
			var->varno = var->varno == OUTER_VAR ? INNER_VAR : OUTER_VAR;
		return (Node *) var;
	}
	return expression_tree_mutator(node, rename_vars, renaming);
}

static List *
rename_keys(List *keys, const Agg *distinct)
{
	Renaming	renaming = {OUTER_VAR, false, distinct};

	return (List *) rename_vars((Node *) keys, &renaming);
}

/* PostgreSQL's executor wants the outer side's key on the left. */
static bool
commute(List *clauses)
{
	ListCell   *lc;

	foreach(lc, clauses)
		if (!IsA(lfirst(lc), OpExpr) || !OidIsValid(get_commutator(lfirst_node(OpExpr, lc)->opno)))
			return false;
	foreach(lc, clauses)
	{
		OpExpr	   *clause = lfirst_node(OpExpr, lc);

		clause->opno = get_commutator(clause->opno);
		clause->opfuncid = InvalidOid;
		set_opfuncid(clause);
		clause->args = list_make2(lsecond(clause->args), linitial(clause->args));
	}
	return true;
}

static void
make_semi(HashJoin *join, Agg *distinct, bool distinct_is_outer)
{
	Hash	   *hash = (Hash *) innerPlan(join);
	Renaming	renaming = {distinct_is_outer ? OUTER_VAR : INNER_VAR, distinct_is_outer, distinct};
	Plan	   *input = outerPlan(distinct);
	ListCell   *lc;

	if (distinct_is_outer)
	{
		List	   *keys = join->hashkeys;
		ListCell   *lo;

		outerPlan(join) = outerPlan(hash);
		join->hashkeys = hash->hashkeys;
		hash->hashkeys = rename_keys(keys, distinct);
		foreach(lo, join->hashoperators)
			lfirst_oid(lo) = get_commutator(lfirst_oid(lo));
	}
	else
		hash->hashkeys = rename_keys(hash->hashkeys, distinct);
	outerPlan(hash) = input;
	hash->plan.plan_rows = input->plan_rows;
	hash->plan.targetlist = NIL;
	hash->skewTable = InvalidOid;
	foreach(lc, input->targetlist)
	{
		TargetEntry *tle = flatCopyTargetEntry(lfirst_node(TargetEntry, lc));

		tle->expr = (Expr *) makeVarFromTargetEntry(OUTER_VAR, lfirst_node(TargetEntry, lc));
		hash->plan.targetlist = lappend(hash->plan.targetlist, tle);
	}
	join->join.jointype = JOIN_SEMI;
	join->join.inner_unique = false;
	join->hashclauses = (List *) rename_vars((Node *) join->hashclauses, &renaming);
	join->join.joinqual = (List *) rename_vars((Node *) join->join.joinqual, &renaming);
	join->join.plan.targetlist = (List *) rename_vars((Node *) join->join.plan.targetlist, &renaming);
	join->join.plan.qual = (List *) rename_vars((Node *) join->join.plan.qual, &renaming);
}
