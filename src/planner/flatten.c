/*-------------------------------------------------------------------------
 * flatten.c
 *	  Long chains of sub-selects become one query.
 *
 * PostgreSQL pulls up a sub-select after it has copied it, with all sub-selects in it:
 * n of them within each other, as RDDs of many maps and filters have them, cost n²
 * copies, in time and memory.  Where each has but the next one in FROM they can be put
 * together from the innermost on, and an expression that is used once need not be
 * copied.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteManip.h"

#include "planner/flatten.h"

/* Shorter chains are left to PostgreSQL. */
#define MIN_CHAIN	16

/* Columns of the query below are replaced by what they are. */
typedef struct ReplaceContext
{
	List	   *targets;		/* target list of that */
	bool	   *used;			/* of each column: its expression is in use already */
} ReplaceContext;

static bool flatten_walker(Node *node, void *context);
static void flatten_chain(Query *query);
static List *chain_of(Query *query);
static Query *single_input(const Query *query);
static bool is_simple(const Query *query);
static bool is_odd_walker(Node *node, void *context);
static void merge(Query *query, const Query *below);
static Node *replace_mutator(Node *node, ReplaceContext *context);

void
flatten_chains(Query *query)
{
	(void) flatten_walker((Node *) query, NULL);
}

static bool
flatten_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		flatten_chain((Query *) node);
		return query_tree_walker((Query *) node, flatten_walker, context, 0);
	}
	return expression_tree_walker(node, flatten_walker, context);
}

static void
flatten_chain(Query *query)
{
	List	   *chain = chain_of(query);
	int			length = list_length(chain);
	Query	   *last;

	if (length < MIN_CHAIN)
		return;
	last = llast(chain);
	for (int i = length - 2; i >= 0; i--)
		merge(list_nth(chain, i), list_nth(chain, i + 1));
	/* what it reads comes up as many levels */
	query->rtable = last->rtable;
	IncrementVarSublevelsUp_rtable(query->rtable, 1 - length, 1);
}

/* The query, and sub-selects of which each is all that the one before it reads. */
static List *
chain_of(Query *query)
{
	List	   *chain = list_make1(query);

	if (query->hasSubLinks || query->groupingSets != NIL || query->setOperations || query->rowMarks != NIL)
		return chain;
	for (Query *below; (below = single_input(query)); query = below)
	{
		CHECK_FOR_INTERRUPTS();
		if (!is_simple(below) || is_odd_walker((Node *) query->targetList, NULL) ||
			is_odd_walker(query->jointree->quals, NULL) || is_odd_walker(query->havingQual, NULL) ||
			is_odd_walker((Node *) below->targetList, NULL) || is_odd_walker((Node *) below->jointree, NULL))
			break;
		chain = lappend(chain, below);
	}
	return chain;
}

/* The only thing in its FROM, if it is a sub-select; or NULL. */
static Query *
single_input(const Query *query)
{
	RangeTblEntry *rte;

	if (list_length(query->rtable) != 1 || list_length(query->jointree->fromlist) != 1 ||
		!IsA(linitial(query->jointree->fromlist), RangeTblRef))
		return NULL;
	rte = linitial_node(RangeTblEntry, query->rtable);
	return rte->rtekind == RTE_SUBQUERY && !rte->lateral && !rte->security_barrier &&
		rte->securityQuals == NIL && rte->requiredPerms == 0 ? rte->subquery : NULL;
}

/* Would PostgreSQL pull it up, whatever its columns are used for? */
static bool
is_simple(const Query *query)
{
	return query->commandType == CMD_SELECT && !query->hasAggs && !query->hasWindowFuncs &&
		!query->hasTargetSRFs && !query->hasSubLinks && !query->hasModifyingCTE && !query->hasForUpdate &&
		query->cteList == NIL && query->groupClause == NIL && query->groupingSets == NIL && !query->havingQual &&
		query->windowClause == NIL && query->distinctClause == NIL && query->sortClause == NIL &&
		!query->limitOffset && !query->limitCount && query->rowMarks == NIL && !query->setOperations &&
		query->jointree->fromlist != NIL && !contain_volatile_functions((Node *) query->targetList);
}

/* Whole rows, and columns of queries around it. */
static bool
is_odd_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
		return ((Var *) node)->varlevelsup > 0 || ((Var *) node)->varattno <= 0;
	return IsA(node, SubLink) || IsA(node, GroupingFunc) || expression_tree_walker(node, is_odd_walker, context);
}

/* Of the query's own range table nothing is left to be used. */
static void
merge(Query *query, const Query *below)
{
	ReplaceContext context = {below->targetList, palloc0(list_length(below->targetList) * sizeof(bool))};
	List	   *quals = make_ands_implicit((Expr *) below->jointree->quals);

	query->targetList = (List *) replace_mutator((Node *) query->targetList, &context);
	query->havingQual = replace_mutator(query->havingQual, &context);
	if (query->jointree->quals)
		quals = lappend(quals, replace_mutator(query->jointree->quals, &context));
	query->jointree = makeFromExpr(below->jointree->fromlist,
								   list_length(quals) > 1 ? (Node *) makeBoolExpr(AND_EXPR, quals, -1)
								   : quals != NIL ? linitial(quals) : NULL);
	query->hasRowSecurity |= below->hasRowSecurity;
	pfree(context.used);
}

static Node *
replace_mutator(Node *node, ReplaceContext *context)
{
	Expr	   *expr;
	int			number;

	if (node == NULL)
		return NULL;
	if (!IsA(node, Var))
		return expression_tree_mutator(node, replace_mutator, context);
	number = ((Var *) node)->varattno - 1;
	expr = list_nth_node(TargetEntry, context->targets, number)->expr;
	if (context->used[number])
		return copyObject((Node *) expr);
	context->used[number] = true;
	return (Node *) expr;
}
