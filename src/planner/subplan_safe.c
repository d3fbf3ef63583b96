/*-------------------------------------------------------------------------
 * subplan_safe.c
 *	  Can computing a subquery raise an error?
 *
 * What nodes prepare for a subquery in a branch of CASE, they prepare whether
 * the branch is taken or not.  That is not noticed when it only reads tables
 * and compares by functions that are leakproof: these fail for no value.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "utils/lsyscache.h"

#include "planner/subplan.h"

static bool exprs_cannot_fail(const Plan *plan, const List *params);
static bool can_fail_walker(Node *node, void *params);
static bool leaks(Oid funcid, void *context);

bool
subplan_cannot_fail(const Plan *plan, const List *params)
{
	ListCell   *lc;

	if (plan == NULL)
		return true;
	if (!exprs_cannot_fail(plan, params))
		return false;
	switch (nodeTag(plan))
	{
		case T_SeqScan:
		case T_Hash:
		case T_Material:
			break;
		case T_HashJoin:
			if (can_fail_walker((Node *) ((const HashJoin *) plan)->hashclauses, (void *) params) ||
				can_fail_walker((Node *) ((const HashJoin *) plan)->join.joinqual, (void *) params))
				return false;
			break;
		case T_NestLoop:
			if (can_fail_walker((Node *) ((const NestLoop *) plan)->join.joinqual, (void *) params))
				return false;
			break;
		case T_SubqueryScan:
			return subplan_cannot_fail(((const SubqueryScan *) plan)->subplan, params);
		case T_Append:
			foreach(lc, ((const Append *) plan)->appendplans)
				if (!subplan_cannot_fail(lfirst(lc), params))
					return false;
			return true;
		default:
			return false;
	}
	return subplan_cannot_fail(plan->lefttree, params) && subplan_cannot_fail(plan->righttree, params);
}

static bool
exprs_cannot_fail(const Plan *plan, const List *params)
{
	return plan->initPlan == NIL && !can_fail_walker((Node *) plan->targetlist, (void *) params) &&
		!can_fail_walker((Node *) plan->qual, (void *) params);
}

static bool
can_fail_walker(Node *node, void *params)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_List:
		case T_TargetEntry:
		case T_Var:
		case T_Const:
		case T_RelabelType:
		case T_BoolExpr:
		case T_NullTest:
		case T_BooleanTest:
			break;
		case T_Param:
			/* an outer row's column; another subquery's result may be an error */
			if (((Param *) node)->paramkind != PARAM_EXEC ||
				!list_member_int(params, ((Param *) node)->paramid))
				return true;
			break;
		case T_OpExpr:
		case T_ScalarArrayOpExpr:
			if (check_functions_in_node(node, leaks, NULL))
				return true;
			break;
		default:
			return true;
	}
	return expression_tree_walker(node, can_fail_walker, params);
}

static bool
leaks(Oid funcid, void *context)
{
	return !get_func_leakproof(funcid);
}
