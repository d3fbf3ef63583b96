/*-------------------------------------------------------------------------
 * key_equality.c
 *	  What the clauses of a join set equal, seen as keys to partition rows by.
 *
 * l.k = r.k is one, of rows without NULLs.  Three forms say that two keys are equal or
 * both NULL: NOT (l.k IS DISTINCT FROM r.k), which PostgreSQL cannot hash by, and what is
 * written instead of it to have that:
 *
 *		COALESCE(l.k, c) = COALESCE(r.k, c) AND (l.k IS NULL) = (r.k IS NULL)
 *		ARRAY[l.k] = ARRAY[r.k]
 *
 * The clauses themselves stay what they are.  Only what follows from them counts here: of
 * the first form, whatever c is, rows where one key alone is NULL do not match, and rows
 * without NULLs only when the keys are equal.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_operator.h"
#include "nodes/bitmapset.h"
#include "nodes/nodeFuncs.h"
#include "utils/typcache.h"

#include "planner/key_equality.h"

static KeyEquality *equality_of(Node *clause);
static KeyEquality *of_operator(const OpExpr *clause, bool null_safe);
static KeyEquality *of_arrays(const OpExpr *clause);
static Node *only_element(Node *expr);
static bool add_null_tests(KeyEquality *equality, List *clauses, Bitmapset **used);
static Node *first_of_coalesce(Node *expr);
static bool tests_nulls_of(Node *clause, Node *left, Node *right);
static Node *tested_for_null(Node *expr);
static Node *without_relabelling(Node *expr);

List *
key_equalities(List *clauses)
{
	List	   *result = NIL;
	Bitmapset  *used = NULL;
	ListCell   *lc;

	foreach(lc, clauses)
	{
		KeyEquality *equality = equality_of(lfirst(lc));

		if (equality == NULL)
			continue;
		equality->place = foreach_current_index(lc);
		if (!equality->null_safe)
			equality->null_safe = add_null_tests(equality, clauses, &used);
		result = lappend(result, equality);
	}
	foreach(lc, result)
		if (bms_is_member(((KeyEquality *) lfirst(lc))->place, used))
			result = foreach_delete_current(result, lc);
	return result;
}

static KeyEquality *
equality_of(Node *clause)
{
	const BoolExpr *not = (const BoolExpr *) clause;
	KeyEquality *equality;

	if (IsA(clause, BoolExpr) && not->boolop == NOT_EXPR &&
		IsA(linitial(not->args), DistinctExpr))
		return of_operator(linitial(not->args), true);
	if (!IsA(clause, OpExpr))
		return NULL;
	equality = of_arrays((OpExpr *) clause);
	return equality ? equality : of_operator((OpExpr *) clause, false);
}

static KeyEquality *
of_operator(const OpExpr *clause, bool null_safe)
{
	KeyEquality *equality;

	if (list_length(clause->args) != 2)
		return NULL;
	equality = palloc0(sizeof(KeyEquality));
	equality->left = linitial(clause->args);
	equality->right = lsecond(clause->args);
	equality->opno = clause->opno;
	equality->collation = clause->inputcollid;
	equality->null_safe = null_safe;
	return equality;
}

/* Arrays of one element each are equal when these are, or are NULL. */
static KeyEquality *
of_arrays(const OpExpr *clause)
{
	KeyEquality *equality;
	Node	   *left;
	Node	   *right;

	if (clause->opno != ARRAY_EQ_OP)
		return NULL;
	left = only_element(linitial(clause->args));
	right = only_element(lsecond(clause->args));
	if (left == NULL || right == NULL || exprType(left) != exprType(right))
		return NULL;
	equality = of_operator(clause, true);
	equality->left = left;
	equality->right = right;
	equality->opno = lookup_type_cache(exprType(left), TYPECACHE_EQ_OPR)->eq_opr;
	return equality;
}

static Node *
only_element(Node *expr)
{
	const ArrayExpr *array = (const ArrayExpr *) expr;

	return IsA(expr, ArrayExpr) && !array->multidims && list_length(array->elements) == 1 ?
		linitial(array->elements) : NULL;
}

/* Is it of what replaces NULLs, and another clause says that NULLs meet NULLs alone? */
static bool
add_null_tests(KeyEquality *equality, List *clauses, Bitmapset **used)
{
	Node	   *left = first_of_coalesce(equality->left);
	Node	   *right = first_of_coalesce(equality->right);
	ListCell   *lc;

	if (left == NULL || right == NULL)
		return false;
	foreach(lc, clauses)
		if (tests_nulls_of(lfirst(lc), left, right))
		{
			*used = bms_add_member(*used, foreach_current_index(lc));
			equality->left = left;
			equality->right = right;
			return true;
		}
	return false;
}

static Node *
first_of_coalesce(Node *expr)
{
	expr = without_relabelling(expr);
	return IsA(expr, CoalesceExpr) ? linitial(((CoalesceExpr *) expr)->args) : NULL;
}

/* (left IS NULL) = (right IS NULL), either way round */
static bool
tests_nulls_of(Node *clause, Node *left, Node *right)
{
	const OpExpr *same = (const OpExpr *) clause;
	Node	   *a;
	Node	   *b;

	if (!IsA(clause, OpExpr) || same->opno != BooleanEqualOperator)
		return false;
	a = tested_for_null(linitial(same->args));
	b = tested_for_null(lsecond(same->args));
	if (a == NULL || b == NULL)
		return false;
	left = without_relabelling(left);
	right = without_relabelling(right);
	return (equal(a, left) && equal(b, right)) || (equal(a, right) && equal(b, left));
}

static Node *
tested_for_null(Node *expr)
{
	const NullTest *test = (const NullTest *) expr;

	/* a row of NULLs is not NULL */
	return IsA(expr, NullTest) && test->nulltesttype == IS_NULL && !test->argisrow ?
		without_relabelling((Node *) test->arg) : NULL;
}

static Node *
without_relabelling(Node *expr)
{
	while (IsA(expr, RelabelType))
		expr = (Node *) ((RelabelType *) expr)->arg;
	return expr;
}
