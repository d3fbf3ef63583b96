/*-------------------------------------------------------------------------
 * decorrelate.c
 *	  Correlated aggregates as joins, before PostgreSQL plans the query.
 *
 *	  … WHERE x < (SELECT 0.2 * avg(q) FROM l WHERE l.k = p.k AND l.d > 5)
 *
 * would run the subquery for each row of p.  It becomes
 *
 *	  … LEFT JOIN (SELECT l.k AS k, avg(q) AS a FROM l WHERE l.d > 5 GROUP BY l.k) s
 *	    ON s.k = p.k  WHERE x < 0.2 * s.a
 *
 * A row of p meets one group at most, so rows neither vanish nor multiply.  It
 * meets none when the subquery's input would be empty; aggregates that are then
 * NULL are NULL by the outer join, count is put right by COALESCE, and others
 * are not touched.  What the subquery computes from its aggregates is computed
 * above the join, for the rows that ask.  The groups are made for all, so nothing
 * in them may fail: where it might, the subquery stays (see cannot_fail.c).
 *
 * Equality by the subquery's WHERE must be the equality that groups, or one
 * outer row could meet two groups.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_oper.h"
#include "rewrite/rewriteManip.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/listed.h"
#include "planner/cannot_fail.h"
#include "planner/decorrelate.h"
#include "table/layout.h"

/* Aggregates that are NULL over no rows. */
static const char *const null_when_empty[] = {
	"array_agg", "avg", "bit_and", "bit_or", "bit_xor", "bool_and", "bool_or", "corr",
	"covar_pop", "covar_samp", "every", "json_agg", "json_object_agg", "jsonb_agg",
	"jsonb_object_agg", "max", "min", "range_agg", "range_intersect_agg", "regr_avgx",
	"regr_avgy", "regr_intercept", "regr_r2", "regr_slope", "regr_sxx", "regr_sxy", "regr_syy",
	"stddev", "stddev_pop", "stddev_samp", "string_agg", "sum", "var_pop", "var_samp",
	"variance", "xmlagg",
};

/* The whole of what is rewritten. */
typedef struct Decorrelation
{
	bool		local_too;		/* subqueries of local tables alone become joins too */
	bool		changed;
} Decorrelation;

/* The query whose expressions are rewritten. */
typedef struct OuterQuery
{
	Query	   *query;
	Decorrelation *all;
	bool		grouped;		/* only what aggregates read is of the query's rows */
	bool		in_aggregate;
	List	   *joined;			/* of JoinedGroups: subqueries that are joins now */
} OuterQuery;

typedef struct JoinedGroups
{
	Query	   *groups;
	Node	   *on;
	Index		rtindex;
} JoinedGroups;

/* Replacing a subquery's result by what comes out of the join. */
typedef struct ResultContext
{
	Index		rtindex;
	List	   *aggrefs;
} ResultContext;

static bool query_walker(Node *node, Decorrelation *all);
static void rewrite_query(Query *query, Decorrelation *all);
static void add_joins(OuterQuery *outer);
static Node *sublink_mutator(Node *node, OuterQuery *outer);
static Node *rewrite_sublink(SubLink *link, OuterQuery *outer);
static bool is_one_aggregate_row(const Query *query);
static bool reads_distributed(Query *query);
static bool distributed_walker(Node *node, void *context);
static Node *join_groups(Query *sub, OuterQuery *outer);
static void add_key(Query *groups, OpExpr *clause, int number, Index rtindex);
static bool split_quals(Query *sub, List **pairs);
static bool pair_is_usable(OpExpr *clause, Node **inner, Node **other);
static bool equality_groups(Oid opno, Oid collation, Node *inner);
static List *collect_aggrefs(Node *result);
static bool aggref_walker(Node *node, List **aggrefs);
static bool value_when_empty(const Aggref *aggref, bool *is_zero);
static Node *result_mutator(Node *node, ResultContext *context);

bool
decorrelate(Query *query, bool local_too)
{
	Decorrelation all = {local_too};

	(void) query_walker((Node *) query, &all);
	return all.changed;
}

/* Innermost queries first. */
static bool
query_walker(Node *node, Decorrelation *all)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		check_stack_depth();
		query_tree_walker((Query *) node, query_walker, all, 0);
		rewrite_query((Query *) node, all);
		return false;
	}
	return expression_tree_walker(node, query_walker, all);
}

static void
rewrite_query(Query *query, Decorrelation *all)
{
	OuterQuery	outer = {query, all};

	if (query->commandType != CMD_SELECT || !query->hasSubLinks || query->rowMarks != NIL ||
		query->setOperations != NULL || query->jointree == NULL ||
		query->jointree->fromlist == NIL)
		return;
	query->jointree->quals = sublink_mutator(query->jointree->quals, &outer);
	outer.grouped = query->hasAggs || query->groupClause != NIL || query->groupingSets != NIL;
	query->targetList = (List *) sublink_mutator((Node *) query->targetList, &outer);
	if (outer.joined != NIL)
	{
		add_joins(&outer);
		all->changed = true;
	}
}

/* FROM (what was there) LEFT JOIN groups ON … for each subquery. */
static void
add_joins(OuterQuery *outer)
{
	Query	   *query = outer->query;
	Node	   *tree;
	ListCell   *lc;

	tree = list_length(query->jointree->fromlist) == 1 ? linitial(query->jointree->fromlist) :
		(Node *) makeFromExpr(query->jointree->fromlist, NULL);
	foreach(lc, outer->joined)
	{
		JoinedGroups *joined = lfirst(lc);
		JoinExpr   *join = makeNode(JoinExpr);
		RangeTblRef *ref = makeNode(RangeTblRef);

		ref->rtindex = joined->rtindex;
		join->jointype = JOIN_LEFT;
		join->larg = tree;
		join->rarg = (Node *) ref;
		join->quals = joined->on;
		tree = (Node *) join;
	}
	query->jointree->fromlist = list_make1(tree);
}

static Node *
sublink_mutator(Node *node, OuterQuery *outer)
{
	if (node == NULL || IsA(node, Query))
		return node;
	if (IsA(node, SubLink) && (!outer->grouped || outer->in_aggregate))
	{
		Node	   *result = rewrite_sublink((SubLink *) node, outer);

		if (result)
			return result;
	}
	if (IsA(node, Aggref) && ((Aggref *) node)->agglevelsup == 0)
	{
		bool		saved = outer->in_aggregate;

		outer->in_aggregate = true;
		node = expression_tree_mutator(node, sublink_mutator, outer);
		outer->in_aggregate = saved;
		return node;
	}
	return expression_tree_mutator(node, sublink_mutator, outer);
}

/* What takes the place of the SubLink, or NULL when it stays. */
static Node *
rewrite_sublink(SubLink *link, OuterQuery *outer)
{
	Query	   *sub = (Query *) link->subselect;
	Node	   *value;
	OpExpr	   *test;

	if (!is_one_aggregate_row(sub) || !contain_vars_of_level((Node *) sub, 1) ||
		!(outer->all->local_too || reads_distributed(sub)))
		return NULL;
	switch (link->subLinkType)
	{
		case EXPR_SUBLINK:
			return join_groups(sub, outer);
		case ANY_SUBLINK:
		case ALL_SUBLINK:
			/* of one row, both are the comparison with that row */
			test = (OpExpr *) link->testexpr;
			if (test == NULL || !IsA(test, OpExpr) || list_length(test->args) != 2 ||
				!IsA(lsecond(test->args), Param))
				return NULL;
			value = join_groups(sub, outer);
			if (value == NULL)
				return NULL;
			test = copyObject(test);
			lsecond(test->args) = value;
			linitial(test->args) = sublink_mutator(linitial(test->args), outer);
			return (Node *) test;
		default:
			return NULL;
	}
}

/* SELECT something of aggregates FROM … WHERE …, and no more. */
static bool
is_one_aggregate_row(const Query *query)
{
	return query->commandType == CMD_SELECT && query->hasAggs && query->groupClause == NIL &&
		query->groupingSets == NIL && query->havingQual == NULL &&
		query->setOperations == NULL && query->distinctClause == NIL &&
		query->limitCount == NULL && query->limitOffset == NULL && query->rowMarks == NIL &&
		query->cteList == NIL && !query->hasTargetSRFs && !query->hasWindowFuncs &&
		!query->hasModifyingCTE &&
		list_length(query->targetList) == 1 && query->jointree->fromlist != NIL &&
		!contain_volatile_functions((Node *) query);
}

/* A local table may have an index by which single lookups are faster than a join. */
static bool
reads_distributed(Query *query)
{
	return distributed_walker((Node *) query, NULL);
}

static bool
distributed_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		ListCell   *lc;

		foreach(lc, ((Query *) node)->rtable)
		{
			RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

			if (rte->rtekind == RTE_CTE ||
				(rte->rtekind == RTE_RELATION && table_is_distributed(rte->relid)))
				return true;
		}
		return query_tree_walker((Query *) node, distributed_walker, NULL, 0);
	}
	return expression_tree_walker(node, distributed_walker, context);
}

/* Make the subquery a join with its groups; the expression of its result, or NULL. */
static Node *
join_groups(Query *sub, OuterQuery *outer)
{
	Query	   *groups = copyObject(sub);
	Node	   *result = copyObject((Node *) linitial_node(TargetEntry, groups->targetList)->expr);
	RangeTblEntry *rte = makeNode(RangeTblEntry);
	JoinedGroups *joined = palloc0(sizeof(JoinedGroups));
	ResultContext context;
	List	   *names = NIL;
	List	   *pairs = NIL;
	List	   *on = NIL;
	ListCell   *lc;

	if (checkExprHasSubLink(result) || !split_quals(groups, &pairs))
		return NULL;
	context.aggrefs = collect_aggrefs(result);
	if (context.aggrefs == NIL)
		return NULL;
	groups->targetList = NIL;
	foreach(lc, context.aggrefs)
		groups->targetList = lappend(groups->targetList,
									 makeTargetEntry(copyObject(lfirst(lc)),
													 foreach_current_index(lc) + 1,
													 psprintf("a%d", foreach_current_index(lc) + 1),
													 false));
	joined->rtindex = list_length(outer->query->rtable) + 1;
	foreach(lc, pairs)
	{
		OpExpr	   *clause = copyObject(lfirst_node(OpExpr, lc));

		add_key(groups, clause, foreach_current_index(lc) + 1, joined->rtindex);
		on = lappend(on, clause);
	}
	/* all of it was in the pairs and in what is computed above the join */
	if (contain_vars_of_level((Node *) groups, 1) || !query_cannot_fail(groups))
		return NULL;

	foreach(lc, groups->targetList)
		names = lappend(names, makeString(pstrdup(lfirst_node(TargetEntry, lc)->resname)));
	rte->rtekind = RTE_SUBQUERY;
	rte->subquery = groups;
	rte->alias = makeAlias("groups", NIL);
	rte->eref = makeAlias("groups", names);
	outer->query->rtable = lappend(outer->query->rtable, rte);
	joined->groups = groups;
	joined->on = (Node *) make_ands_explicit(on);
	outer->joined = lappend(outer->joined, joined);

	context.rtindex = joined->rtindex;
	IncrementVarSublevelsUp(result, -1, 1);
	return result_mutator(result, &context);
}

/* Group by the clause's inner side, which becomes a column of the groups. */
static void
add_key(Query *groups, OpExpr *clause, int number, Index rtindex)
{
	SortGroupClause *group = makeNode(SortGroupClause);
	TargetEntry *key;
	Node	   *inner;
	Node	   *other;
	Var		   *var;

	(void) pair_is_usable(clause, &inner, &other);
	key = makeTargetEntry((Expr *) inner, list_length(groups->targetList) + 1, psprintf("k%d", number), false);
	key->ressortgroupref = number;
	groups->targetList = lappend(groups->targetList, key);
	group->tleSortGroupRef = key->ressortgroupref;
	get_sort_group_operators(exprType(inner), false, true, false,
							 &group->sortop, &group->eqop, NULL, &group->hashable);
	groups->groupClause = lappend(groups->groupClause, group);

	var = makeVar(rtindex, key->resno, exprType(inner), exprTypmod(inner), exprCollation(inner), 0);
	other = copyObject(other);
	IncrementVarSublevelsUp(other, -1, 1);
	clause->args = linitial(clause->args) == inner ? list_make2(var, other) :
		list_make2(other, var);
}

/* Take the equalities of inner and outer expressions out of WHERE. */
static bool
split_quals(Query *sub, List **pairs)
{
	List	   *quals = make_ands_implicit((Expr *) canonicalize_qual((Expr *) sub->jointree->quals,
																	   false));
	List	   *rest = NIL;
	ListCell   *lc;

	foreach(lc, quals)
	{
		Node	   *inner;
		Node	   *other;

		if (IsA(lfirst(lc), OpExpr) && pair_is_usable(lfirst(lc), &inner, &other))
			*pairs = lappend(*pairs, lfirst(lc));
		else
			rest = lappend(rest, lfirst(lc));
	}
	sub->jointree->quals = rest == NIL ? NULL : (Node *) make_ands_explicit(rest);
	return *pairs != NIL;
}

static bool
pair_is_usable(OpExpr *clause, Node **inner, Node **other)
{
	if (list_length(clause->args) != 2)
		return false;
	for (int i = 0; i < 2; i++)
	{
		*inner = list_nth(clause->args, i);
		*other = list_nth(clause->args, 1 - i);
		if (contain_vars_of_level(*inner, 0) && !contain_vars_of_level(*inner, 1) &&
			contain_vars_of_level(*other, 1) && !contain_vars_of_level(*other, 0) &&
			!checkExprHasSubLink((Node *) clause) &&
			equality_groups(clause->opno, clause->inputcollid, *inner))
			return true;
	}
	return false;
}

/* Is equality by this operator the one by which such values are grouped? */
static bool
equality_groups(Oid opno, Oid collation, Node *inner)
{
	Oid			eqop;
	ListCell   *lc;

	if (OidIsValid(collation) && collation != exprCollation(inner) &&
		(!get_collation_isdeterministic(collation) ||
		 !get_collation_isdeterministic(exprCollation(inner))))
		return false;
	get_sort_group_operators(exprType(inner), false, false, false, NULL, &eqop, NULL, NULL);
	if (!OidIsValid(eqop))
		return false;
	foreach(lc, get_mergejoin_opfamilies(opno))
		if (list_member_oid(get_mergejoin_opfamilies(eqop), lfirst_oid(lc)))
			return true;
	return opno == eqop;
}

/* The aggregates of the subquery's result, or NIL when one of them is of another kind. */
static List *
collect_aggrefs(Node *result)
{
	List	   *aggrefs = NIL;

	return aggref_walker(result, &aggrefs) ? NIL : aggrefs;
}

static bool
aggref_walker(Node *node, List **aggrefs)
{
	if (node == NULL)
		return false;
	if (IsA(node, Aggref))
	{
		bool		is_zero;

		if (((Aggref *) node)->agglevelsup != 0 || !value_when_empty((Aggref *) node, &is_zero))
			return true;
		*aggrefs = list_append_unique(*aggrefs, node);
		return false;
	}
	if (IsA(node, GroupingFunc))
		return true;
	return expression_tree_walker(node, aggref_walker, aggrefs);
}

/* NULL or 0, and false when that is not known. */
static bool
value_when_empty(const Aggref *aggref, bool *is_zero)
{
	char	   *name = get_func_name(aggref->aggfnoid);

	if (aggref->aggkind != AGGKIND_NORMAL || aggref->aggfnoid >= FirstNormalObjectId)
		return false;
	*is_zero = strcmp(name, "count") == 0 || strcmp(name, "regr_count") == 0;
	return *is_zero || LISTED(name, null_when_empty);
}

static Node *
result_mutator(Node *node, ResultContext *context)
{
	ListCell   *lc;

	if (node == NULL)
		return NULL;
	if (!IsA(node, Aggref))
		return expression_tree_mutator(node, result_mutator, context);
	foreach(lc, context->aggrefs)
	{
		Var		   *var;
		bool		is_zero;
		CoalesceExpr *coalesce;

		if (!equal(lfirst(lc), node))
			continue;
		var = makeVar(context->rtindex, foreach_current_index(lc) + 1, exprType(node),
					  exprTypmod(node), exprCollation(node), 0);
		if (!value_when_empty((Aggref *) node, &is_zero) || !is_zero)
			return (Node *) var;
		coalesce = makeNode(CoalesceExpr);
		coalesce->coalescetype = INT8OID;
		coalesce->args = list_make2(var, makeConst(INT8OID, -1, InvalidOid, sizeof(int64),
												   Int64GetDatum(0), false, FLOAT8PASSBYVAL));
		coalesce->location = -1;
		return (Node *) coalesce;
	}
	elog(ERROR, "aggregate of a subquery is lost");
}
