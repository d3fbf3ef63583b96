/*-------------------------------------------------------------------------
 * collate.c
 *	  Make an expression keep its collations when it is printed and parsed.
 *
 * PostgreSQL's planner folds COLLATE into the nodes around it, and ruleutils
 * does not print what nodes carry.  So derive, by the parser's rules (see
 * parse_collate.c), the collation that each node would get on the other side,
 * and add a COLLATE where it is not the one it has now.  An expression for
 * which that is not possible is not shipped.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"

#include "planner/ir.h"
#include "planner/shippable.h"

typedef enum CollateStrength
{
	STRENGTH_NONE,
	STRENGTH_IMPLICIT,
	STRENGTH_CONFLICT,
	STRENGTH_EXPLICIT
} CollateStrength;

/* What the parser knows of an expression; as context, merged over siblings. */
typedef struct CollateState
{
	Oid			collation;
	CollateStrength strength;
	bool		failed;			/* explicit collations meet: the parser would raise */
	bool		immutable;		/* in the whole expression the driver evaluates nothing */
} CollateState;

static Node *fix(Node *node, CollateState *parent);
static void merge_implicit(CollateState *state, Oid collation);
static Node *fix_call(Node *node, CollateState *parent);
static Node *fix_alone(Node *node, CollateState *parent, Oid wanted);
static Node *fix_case(CaseExpr *node, CollateState *state);
static Node *fix_aggref(Aggref *node, CollateState *state);
static Node *fix_subscript(SubscriptingRef *node, CollateState *state);
static Node *fix_row_compare(RowCompareExpr *node, CollateState *state);
static void fix_input(Node *node, CollateState *state);
static bool wrap_first_argument(List *args, Oid collation);
static void merge(CollateState *parent, Oid collation, CollateStrength strength);
static Oid	resolved(const CollateState *state);
static Node *wrap(Node *node, Oid collation);

/* expr as it must be printed so that its result has collation wanted; NULL with a reason. */
Node *
collate_fix(Node *expr, Oid wanted, const char **reason)
{
	CollateState state = {InvalidOid, STRENGTH_NONE, false, !contain_mutable_functions(expr)};

	expr = fix_alone(expr, &state, wanted);
	if (state.failed)
	{
		*reason = "collation cannot be expressed in SQL";
		return NULL;
	}
	return expr;
}

static Node *
fix(Node *node, CollateState *parent)
{
	CollateState state = {InvalidOid, STRENGTH_NONE, false, parent->immutable};

	if (node == NULL)
		return NULL;
	if (IsA(node, List) || IsA(node, TargetEntry) || IsA(node, CaseWhen))
		return expression_tree_mutator(node, fix, parent);
	if (IsA(node, Var))
	{
		merge_implicit(parent, exprCollation(node));
		return node;
	}
	if (IsA(node, Const) || IsA(node, Param) ||
		(!parent->immutable && shippable_evaluated_on_driver(node)))
	{
		/* all of these are printed as constants, with COLLATE when not the type's own */
		if (exprCollation(node) == get_typcollation(exprType(node)))
			merge_implicit(parent, exprCollation(node));
		else
			merge(parent, exprCollation(node), OidIsValid(exprCollation(node)) ? STRENGTH_EXPLICIT : STRENGTH_NONE);
		return node;
	}
	if (IsA(node, SubLink))
	{
		/* as the parser has it: the first column's, implicitly */
		SubLink    *link = copyObject((SubLink *) node);

		link->testexpr = fix_alone(link->testexpr, parent, InvalidOid);
		merge_implicit(parent, exprCollation((Node *) link));
		return (Node *) link;
	}
	if (IsA(node, FieldSelect))
	{
		node = expression_tree_mutator(node, fix, &state);
		parent->failed |= state.failed;
		merge_implicit(parent, ((FieldSelect *) node)->resultcollid);
		return node;
	}
	if (IsA(node, CollateExpr))
	{
		node = expression_tree_mutator(node, fix, &state);
		parent->failed |= state.failed;
		merge(parent, ((CollateExpr *) node)->collOid, STRENGTH_EXPLICIT);
		return node;
	}
	if (IsA(node, RowCompareExpr))
		return fix_row_compare((RowCompareExpr *) node, parent);
	return fix_call(node, parent);
}

static void
merge_implicit(CollateState *state, Oid collation)
{
	merge(state, collation, OidIsValid(collation) ? STRENGTH_IMPLICIT : STRENGTH_NONE);
}

/* Its collation is made of those of its arguments. */
static Node *
fix_call(Node *node, CollateState *parent)
{
	CollateState state = {InvalidOid, STRENGTH_NONE, false, parent->immutable};
	Oid			type_collation;

	if (IsA(node, CaseExpr))
		node = fix_case((CaseExpr *) node, &state);
	else if (IsA(node, Aggref))
		node = fix_aggref((Aggref *) node, &state);
	else if (IsA(node, SubscriptingRef))
		node = fix_subscript((SubscriptingRef *) node, &state);
	else if (IsA(node, ArrayCoerceExpr))
	{
		ArrayCoerceExpr *coerce = copyObject((ArrayCoerceExpr *) node);

		coerce->arg = (Expr *) fix((Node *) coerce->arg, &state);
		node = (Node *) coerce;
	}
	else
		node = expression_tree_mutator(node, fix, &state);
	fix_input(node, &state);

	type_collation = get_typcollation(exprType(node));
	if (!OidIsValid(type_collation))
		merge(parent, InvalidOid, STRENGTH_NONE);
	else if (state.strength > STRENGTH_NONE)
		merge(parent, state.collation, state.strength);
	else
		merge(parent, type_collation, STRENGTH_IMPLICIT);
	parent->failed |= state.failed;
	return node;
}

/* An expression whose collation does not bubble up, but must come out as wanted. */
static Node *
fix_alone(Node *node, CollateState *parent, Oid wanted)
{
	CollateState state = {InvalidOid, STRENGTH_NONE, false, parent->immutable};

	node = fix(node, &state);
	parent->failed |= state.failed;
	if (resolved(&state) == wanted || node == NULL)
		return node;
	if (OidIsValid(wanted))
		return wrap(node, wanted);
	parent->failed = true;
	return node;
}

static Node *
fix_case(CaseExpr *node, CollateState *state)
{
	CaseExpr   *result = copyObject(node);
	ListCell   *lc;

	Assert(result->arg == NULL);
	foreach(lc, result->args)
	{
		CaseWhen   *when = lfirst_node(CaseWhen, lc);

		when->expr = (Expr *) fix_alone((Node *) when->expr, state, InvalidOid);
		when->result = (Expr *) fix((Node *) when->result, state);
	}
	result->defresult = (Expr *) fix((Node *) result->defresult, state);
	return (Node *) result;
}

/* Each argument keeps its own collation, which its ORDER BY uses. */
static Node *
fix_aggref(Aggref *node, CollateState *state)
{
	Aggref	   *result = copyObject(node);
	ListCell   *lc;

	result->aggdirectargs = (List *) fix((Node *) result->aggdirectargs, state);
	foreach(lc, result->args)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);
		Oid			wanted = exprCollation((Node *) tle->expr);
		CollateState own = {InvalidOid, STRENGTH_NONE, false, state->immutable};

		tle->expr = (Expr *) fix((Node *) tle->expr, &own);
		if (resolved(&own) != wanted)
		{
			if (!OidIsValid(wanted))
				state->failed = true;
			tle->expr = (Expr *) wrap((Node *) tle->expr, wanted);
			own.collation = wanted;
			own.strength = STRENGTH_EXPLICIT;
		}
		state->failed |= own.failed;
		if (!tle->resjunk)
			merge(state, own.collation, own.strength);
	}
	result->aggfilter = (Expr *) fix_alone((Node *) result->aggfilter, state, InvalidOid);
	return (Node *) result;
}

static Node *
fix_subscript(SubscriptingRef *node, CollateState *state)
{
	SubscriptingRef *result = copyObject(node);
	ListCell   *lc;

	foreach(lc, result->refupperindexpr)
		if (lfirst(lc))
			lfirst(lc) = fix_alone(lfirst(lc), state, exprCollation(lfirst(lc)));
	foreach(lc, result->reflowerindexpr)
		if (lfirst(lc))
			lfirst(lc) = fix_alone(lfirst(lc), state, exprCollation(lfirst(lc)));
	result->refexpr = (Expr *) fix((Node *) result->refexpr, state);
	return (Node *) result;
}

static Node *
fix_row_compare(RowCompareExpr *node, CollateState *parent)
{
	RowCompareExpr *result = copyObject(node);
	ListCell   *left;
	ListCell   *right;
	ListCell   *wanted;

	forthree(left, result->largs, right, result->rargs, wanted, result->inputcollids)
	{
		CollateState pair = {InvalidOid, STRENGTH_NONE, false, parent->immutable};

		lfirst(left) = fix(lfirst(left), &pair);
		lfirst(right) = fix(lfirst(right), &pair);
		/* rare enough to leave to the driver when COLLATE would be needed */
		parent->failed |= pair.failed || resolved(&pair) != lfirst_oid(wanted);
	}
	return (Node *) result;
}

/* Make the node's own functions see the collation that they see now. */
static void
fix_input(Node *node, CollateState *state)
{
	Oid			wanted = exprInputCollation(node);
	List	   *args;

	switch (nodeTag(node))
	{
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
			args = ((OpExpr *) node)->args;
			break;
		case T_FuncExpr:
			args = ((FuncExpr *) node)->args;
			break;
		case T_ScalarArrayOpExpr:
			args = ((ScalarArrayOpExpr *) node)->args;
			break;
		case T_MinMaxExpr:
			args = ((MinMaxExpr *) node)->args;
			break;
		case T_Aggref:
			args = ((Aggref *) node)->args;
			break;
		case T_WindowFunc:
			args = ((WindowFunc *) node)->args;
			break;
		default:
			return;				/* calls nothing that knows collations */
	}
	if (resolved(state) == wanted)
		return;
	if (!OidIsValid(wanted) || state->strength == STRENGTH_EXPLICIT ||
		!wrap_first_argument(args, wanted))
	{
		state->failed = true;
		return;
	}
	state->collation = wanted;
	state->strength = STRENGTH_EXPLICIT;
}

static bool
wrap_first_argument(List *args, Oid collation)
{
	ListCell   *lc;

	foreach(lc, args)
	{
		Node	   *arg = lfirst(lc);
		Node	   *expr = IsA(arg, TargetEntry) ? (Node *) ((TargetEntry *) arg)->expr : arg;

		if (!OidIsValid(get_typcollation(exprType(expr))))
			continue;
		if (IsA(arg, TargetEntry))
			((TargetEntry *) arg)->expr = (Expr *) wrap(expr, collation);
		else
			lfirst(lc) = wrap(expr, collation);
		return true;
	}
	return false;
}

static void
merge(CollateState *parent, Oid collation, CollateStrength strength)
{
	if (strength > parent->strength)
	{
		parent->collation = collation;
		parent->strength = strength;
	}
	else if (strength == parent->strength && collation != parent->collation)
	{
		if (strength == STRENGTH_EXPLICIT)
			parent->failed = true;
		else if (strength == STRENGTH_IMPLICIT)
		{
			/* a non-default implicit collation beats the default */
			if (parent->collation == DEFAULT_COLLATION_OID)
				parent->collation = collation;
			else if (collation != DEFAULT_COLLATION_OID)
				parent->strength = STRENGTH_CONFLICT;
		}
	}
}

static Oid
resolved(const CollateState *state)
{
	return state->strength == STRENGTH_CONFLICT ? InvalidOid : state->collation;
}

static Node *
wrap(Node *node, Oid collation)
{
	CollateExpr *result = makeNode(CollateExpr);

	result->arg = (Expr *) node;
	result->collOid = collation;
	result->location = -1;
	return (Node *) result;
}
