/*-------------------------------------------------------------------------
 * adapt.c
 *	  What the sizes of its inputs may change about the tasks of a stage.
 *
 * All answers come from the shape of the stage's query, so nothing has to be
 * said about it when the query is built.  Whatever is not known to be right
 * is left out.
 */
#include "postgres.h"

#include "nodes/bitmapset.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"

#include "planner/planner.h"

/* The question asked about a query's inputs. */
typedef enum Question
{
	IS_NEEDED,					/* without its rows there is no row */
	IS_DIVISIBLE				/* the rows of a union are the union of the rows */
} Question;

typedef struct References
{
	int			leaf;
	int			count;
} References;

typedef struct FilterSearch
{
	const StagePlan *stage;
	List	   *pairs;			/* of FilterPair */
} FilterSearch;

static Bitmapset *leaves_of_query(const Query *query, Question question, bool partial);
static bool query_allows(const Query *query, Question question, bool partial);
static bool filter_pairs_walker(Node *node, FilterSearch *search);
static void filter_pairs_of_query(const Query *query, FilterSearch *search);
static bool may_filter(const FilterSearch *search, int filtered, int by);
static const LeafPlan *partitioned_leaf(const StagePlan *stage, int index);
static Bitmapset *reached_by_query(const Query *query);
static Bitmapset *reached_by_item(const Query *query, Node *item);
static List *exists_queries(Node *quals);
static bool is_union_all(Node *operations);
static bool has_whole_aggregate(Node *node, void *context);
static Bitmapset *leaves_of_item(const Query *query, Node *item, Question question);
static Bitmapset *leaves_of_quals(Node *quals);
static int	leaf_number(const RangeTblEntry *rte);
static bool count_references(Node *node, References *references);

Bitmapset *
planner_needed_leaves(const StagePlan *stage)
{
	if (stage->query == NULL || stage->needs_gate)
		return NULL;
	return leaves_of_query(stage->query, IS_NEEDED, stage->partial_aggregate);
}

Bitmapset *
planner_divisible_leaves(const StagePlan *stage)
{
	Bitmapset  *leaves;
	Bitmapset  *result = NULL;

	if (stage->query == NULL || stage->needs_gate || stage->indeterminate ||
		stage->task_order || stage->exchange == EXCHANGE_KEEP)
		return NULL;
	leaves = leaves_of_query(stage->query, IS_DIVISIBLE, stage->partial_aggregate);
	/* one that is read in two places meets itself */
	for (int leaf = -1; (leaf = bms_next_member(leaves, leaf)) >= 0;)
		if (planner_leaf_references(stage, leaf) == 1)
			result = bms_add_member(result, leaf);
	return result;
}

int
planner_leaf_references(const StagePlan *stage, int leaf)
{
	References	references = {leaf, 0};

	(void) query_tree_walker(stage->query, count_references, &references,
							 QTW_EXAMINE_RTES_BEFORE);
	return references.count;
}

/*
 * Leaves of one group are joined by the keys that they are partitioned by, all
 * of them; what a query does with the rows of one key does not depend on those
 * of another.  So where every row of a FROM list has a row of one such leaf in
 * it, rows of the others whose key that leaf does not have come to nothing.
 */
List *
planner_filter_pairs(const StagePlan *stage)
{
	FilterSearch search = {stage, NIL};

	if (stage->query && !stage->needs_gate)
		(void) filter_pairs_walker((Node *) stage->query, &search);
	return search.pairs;
}

Bitmapset *
planner_reached_leaves(const Query *query)
{
	return reached_by_query(query);
}

static bool
filter_pairs_walker(Node *node, FilterSearch *search)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		filter_pairs_of_query((Query *) node, search);
		return query_tree_walker((Query *) node, filter_pairs_walker, search, 0);
	}
	return expression_tree_walker(node, filter_pairs_walker, search);
}

static void
filter_pairs_of_query(const Query *query, FilterSearch *search)
{
	Bitmapset  *needed = leaves_of_item(query, (Node *) query->jointree, IS_NEEDED);
	Bitmapset  *reached = reached_by_item(query, (Node *) query->jointree);

	for (int by = -1; (by = bms_next_member(needed, by)) >= 0;)
		for (int filtered = -1; (filtered = bms_next_member(reached, filtered)) >= 0;)
			if (may_filter(search, filtered, by))
			{
				FilterPair *pair = palloc(sizeof(FilterPair));

				pair->filtered = partitioned_leaf(search->stage, filtered);
				pair->by = partitioned_leaf(search->stage, by);
				search->pairs = lappend(search->pairs, pair);
			}
}

static bool
may_filter(const FilterSearch *search, int filtered, int by)
{
	const LeafPlan *a = partitioned_leaf(search->stage, filtered);
	const LeafPlan *b = partitioned_leaf(search->stage, by);

	return filtered != by && a != NULL && b != NULL && a->group == b->group;
}

/* NULL: not a leaf of which each task reads a share of a stage's output. */
static const LeafPlan *
partitioned_leaf(const StagePlan *stage, int index)
{
	ListCell   *lc;

	foreach(lc, stage->leaves)
	{
		const LeafPlan *leaf = lfirst(lc);

		if (leaf->index == index)
			return leaf->stage > 0 && !leaf->broadcast ? leaf : NULL;
	}
	return NULL;
}

/* Leaves whose rows reach the query's own in no other way than key by key. */
static Bitmapset *
reached_by_query(const Query *query)
{
	Bitmapset  *leaves = NULL;
	ListCell   *lc;

	if (query->limitCount || query->limitOffset || query->hasWindowFuncs ||
		query->groupingSets || (query->hasAggs && query->groupClause == NIL))
		return NULL;
	if (query->setOperations == NULL)
		return reached_by_item(query, (Node *) query->jointree);
	if (is_union_all(query->setOperations))
		foreach(lc, query->rtable)
			if (((RangeTblEntry *) lfirst(lc))->rtekind == RTE_SUBQUERY)
				leaves = bms_join(leaves, reached_by_query(((RangeTblEntry *) lfirst(lc))->subquery));
	return leaves;
}

static bool
is_union_all(Node *operations)
{
	SetOperationStmt *operation = (SetOperationStmt *) operations;

	return !IsA(operations, SetOperationStmt) ||
		(operation->op == SETOP_UNION && operation->all &&
		 is_union_all(operation->larg) && is_union_all(operation->rarg));
}

static Bitmapset *
reached_by_item(const Query *query, Node *item)
{
	Bitmapset  *leaves = NULL;
	ListCell   *lc;

	if (IsA(item, FromExpr))
	{
		foreach(lc, ((FromExpr *) item)->fromlist)
			leaves = bms_join(leaves, reached_by_item(query, lfirst(lc)));
		foreach(lc, exists_queries(((FromExpr *) item)->quals))
			leaves = bms_join(leaves, reached_by_query(lfirst(lc)));
	}
	else if (IsA(item, JoinExpr) && ((JoinExpr *) item)->jointype != JOIN_FULL)
		leaves = bms_join(reached_by_item(query, ((JoinExpr *) item)->larg),
						  reached_by_item(query, ((JoinExpr *) item)->rarg));
	else if (IsA(item, RangeTblRef))
	{
		RangeTblEntry *rte = rt_fetch(((RangeTblRef *) item)->rtindex, query->rtable);

		if (rte->rtekind == RTE_SUBQUERY)
			leaves = reached_by_query(rte->subquery);
		else if (leaf_number(rte) > 0)
			leaves = bms_make_singleton(leaf_number(rte));
	}
	return leaves;
}

/* Queries of EXISTS among conditions that must all hold. */
static List *
exists_queries(Node *quals)
{
	List	   *queries = NIL;
	ListCell   *lc;

	if (quals == NULL)
		return NIL;
	if (IsA(quals, BoolExpr) && ((BoolExpr *) quals)->boolop == AND_EXPR)
		quals = (Node *) ((BoolExpr *) quals)->args;
	if (IsA(quals, List))
		foreach(lc, (List *) quals)
			queries = list_concat(queries, exists_queries(lfirst(lc)));
	else if (IsA(quals, SubLink) && ((SubLink *) quals)->subLinkType == EXISTS_SUBLINK)
		return list_make1(((SubLink *) quals)->subselect);
	return queries;
}

/* partial: the query's aggregates are states that are combined later. */
static Bitmapset *
leaves_of_query(const Query *query, Question question, bool partial)
{
	return query_allows(query, question, partial) ?
		leaves_of_item(query, (Node *) query->jointree, question) : NULL;
}

static bool
query_allows(const Query *query, Question question, bool partial)
{
	if (query->setOperations || query->groupingSets || query->havingQual)
		return false;
	if (question == IS_NEEDED)
		return partial || !query->hasAggs || query->groupClause != NIL;
	return (partial ? !has_whole_aggregate((Node *) query->targetList, NULL) :
			!query->hasAggs && query->groupClause == NIL) &&
		!query->hasWindowFuncs && query->distinctClause == NIL &&
		query->limitCount == NULL && query->limitOffset == NULL;
}

/* One of distinct or ordered values: it needs all rows of its group with equal values together. */
static bool
has_whole_aggregate(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Aggref) &&
		(((Aggref *) node)->aggdistinct != NIL || ((Aggref *) node)->aggorder != NIL))
		return true;
	return expression_tree_walker(node, has_whole_aggregate, context);
}

static Bitmapset *
leaves_of_item(const Query *query, Node *item, Question question)
{
	Bitmapset  *leaves = NULL;
	ListCell   *lc;

	if (IsA(item, FromExpr))
	{
		foreach(lc, ((FromExpr *) item)->fromlist)
			leaves = bms_join(leaves, leaves_of_item(query, lfirst(lc), question));
		if (question == IS_NEEDED)
			leaves = bms_join(leaves, leaves_of_quals(((FromExpr *) item)->quals));
	}
	else if (IsA(item, JoinExpr))
	{
		JoinExpr   *join = (JoinExpr *) item;

		if (join->jointype == JOIN_INNER || join->jointype == JOIN_LEFT)
			leaves = leaves_of_item(query, join->larg, question);
		if (join->jointype == JOIN_INNER || join->jointype == JOIN_RIGHT)
			leaves = bms_join(leaves, leaves_of_item(query, join->rarg, question));
		if (join->jointype == JOIN_INNER && question == IS_NEEDED)
			leaves = bms_join(leaves, leaves_of_quals(join->quals));
	}
	else if (IsA(item, RangeTblRef))
	{
		RangeTblEntry *rte = rt_fetch(((RangeTblRef *) item)->rtindex, query->rtable);

		if (rte->rtekind == RTE_SUBQUERY)
			leaves = leaves_of_query(rte->subquery, question, false);
		else if (leaf_number(rte) > 0)
			leaves = bms_make_singleton(leaf_number(rte));
	}
	return leaves;
}

static Bitmapset *
leaves_of_quals(Node *quals)
{
	Bitmapset  *leaves = NULL;
	ListCell   *lc;

	foreach(lc, exists_queries(quals))
		leaves = bms_join(leaves, leaves_of_query(lfirst(lc), IS_NEEDED, false));
	return leaves;
}

/* The N of barks_in_N; 0: it is something else. */
static int
leaf_number(const RangeTblEntry *rte)
{
	int			number = 0;

	if (rte->rtekind != RTE_CTE || sscanf(rte->ctename, "barks_in_%d", &number) != 1)
		return 0;
	return number;
}

static bool
count_references(Node *node, References *references)
{
	if (node == NULL)
		return false;
	if (IsA(node, RangeTblEntry))
	{
		references->count += leaf_number((RangeTblEntry *) node) == references->leaf;
		return false;
	}
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, count_references, references,
								 QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, count_references, references);
}
