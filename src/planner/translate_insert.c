/*-------------------------------------------------------------------------
 * translate_insert.c
 *	  INSERT of a query: let the nodes store its rows by themselves.
 *
 * ModifyTable stays where it is, over the scan that gathers the query's rows.
 * If the query runs on the nodes wholly and the table asks nothing of the driver
 * for each row, the scan has an insert besides: a stage that the driver may run
 * instead of the last one, partitioned as the table is.  Then the nodes fetch
 * their partitions, and ModifyTable is given no row.
 *
 * What the table demands of its rows, the stage demands of what it makes, before
 * anything is stored; when a row does not meet it, the driver gathers all the
 * same, and ModifyTable comes to the error by itself.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/tupdesc.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_func.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "planner/planner.h"
#include "planner/shippable.h"
#include "planner/translate.h"
#include "table/layout.h"

static bool nodes_may_insert(const PlanContext *context, const ModifyTable *modify, Relation rel);
static bool wants_rows_only(const ModifyTable *modify, Relation rel);
static bool is_on_nodes(Relation rel);
static StagePlan *make_insert(PlanContext *context, Ir *source, Relation rel);
static bool columns_fit(const Ir *source, Relation rel);
static List *conditions(Ir *ir, const IrScope *scope, Relation rel, bool *failed);
static Expr *check_condition(Ir *ir, const IrScope *scope, Relation rel, const char *expression);
static Expr *must_hold(List *conditions);
static bool place_rows(StagePlan *stage, Relation rel, const int *columns);
static void null_dropped_columns(Plan *input, Relation rel);

Ir *
translate_modify(PlanContext *context, ModifyTable *modify)
{
	Plan	   *input = modify->plan.lefttree;
	RangeTblEntry *rte = rt_fetch(linitial_int(modify->resultRelations), context->stmt->rtable);
	Relation	rel;
	bool		wants_nodes = context->wants_nodes;
	bool		may_insert;
	StagePlan  *insert = NULL;
	Ir		   *source;

	if (modify->operation != CMD_INSERT)
	{
		modify->plan.lefttree = translate_and_seal(context, input);
		return NULL;
	}
	rel = relation_open(rte->relid, NoLock);	/* locked by the planner */
	may_insert = nodes_may_insert(context, modify, rel);
	context->wants_nodes = may_insert;
	source = translate_plan(context, input);
	context->wants_nodes = wants_nodes;
	if (source)
	{
		if (may_insert)
			insert = make_insert(context, source, rel);
		modify->plan.lefttree = ir_seal(context, source, input);
		if (insert)
			barks_plan_of((CustomScan *) modify->plan.lefttree)->insert = insert;
	}
	null_dropped_columns(modify->plan.lefttree, rel);
	relation_close(rel, NoLock);
	return NULL;
}

/* Is it for the nodes to store the rows, if they make them? */
static bool
nodes_may_insert(const PlanContext *context, const ModifyTable *modify, Relation rel)
{
	const Plan *input = modify->plan.lefttree;

	return planner_exchanges && planner_insert_rows >= 0 &&
		input->plan_rows >= planner_insert_rows &&
		context->stmt->planTree == (Plan *) modify && !context->stmt->hasModifyingCTE &&
		!context->rows_in_order &&
		wants_rows_only(modify, rel) && is_on_nodes(rel);
}

/* Nobody but the table itself wants to know of each row. */
static bool
wants_rows_only(const ModifyTable *modify, Relation rel)
{
	const TriggerDesc *triggers = rel->trigdesc;

	if (!modify->canSetTag || list_length(modify->resultRelations) != 1 ||
		modify->rootRelation != 0 || modify->returningLists != NIL ||
		modify->withCheckOptionLists != NIL || modify->onConflictAction != ONCONFLICT_NONE)
		return false;
	if (triggers && (triggers->trig_insert_before_row || triggers->trig_insert_after_row ||
					 triggers->trig_insert_instead_row || triggers->trig_insert_new_table))
		return false;
	return !rel->rd_rel->relispartition &&
		!(RelationGetDescr(rel)->constr && RelationGetDescr(rel)->constr->has_generated_stored);
}

/* All of the table, none of it on this server. */
static bool
is_on_nodes(Relation rel)
{
	const TableLayout *layout;

	if (rel->rd_rel->relkind != RELKIND_RELATION || !table_is_distributed(RelationGetRelid(rel)))
		return false;
	layout = table_layout(rel);
	for (int i = 0; i < layout->nnodes; i++)
		if (!OidIsValid(layout->nodes[i]))
			return false;
	return layout->created;
}

/* NULL when the nodes cannot do it. */
static StagePlan *
make_insert(PlanContext *context, Ir *source, Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);
	IrScope		scope;
	Ir		   *ir;
	int		   *columns = palloc0(sizeof(int) * desc->natts);
	List	   *checks;
	bool		failed = false;
	StagePlan  *stage;

	if (!ir_on_nodes(source) || source->leaves == NIL || source->partial_aggregate ||
		source->limit >= 0 || source->ordered || !columns_fit(source, rel))
		return NULL;
	/* the order of a plan that has use for one, which no one asked for */
	source->order = NIL;
	ir = ir_over(source, &scope);
	checks = conditions(ir, &scope, rel, &failed);
	if (failed)
		return NULL;
	if (checks != NIL)
		ir->query->jointree->quals = (Node *) must_hold(checks);
	for (int i = 0; i < desc->natts; i++)
	{
		Expr	   *display = list_nth(source->display, i);

		if (TupleDescAttr(desc, i)->attisdropped)
			continue;
		columns[i] = ir_add_column(ir, (Expr *) makeVar(scope.inputs[0].rtindex, i + 1,
														exprType((Node *) display),
														exprTypmod((Node *) display),
														exprCollation((Node *) display), 0),
								   display);
	}
	/* what gathers has the same leaves, and they are numbered anew for each */
	ir->query = copyObject(ir->query);
	ir->leaves = copyObject(ir->leaves);
	stage = exchange_make_stage(ir);
	if (!place_rows(stage, rel, columns))
		return NULL;
	/* whoever has the table check its rows may call what the checks call */
	source->functions = ir->functions;
	stage->align_relid = RelationGetRelid(rel);
	stage->rows = source->rows;
	stage->width = source->width;
	/* whatever goes wrong, the driver comes to it when it gathers */
	stage->may_be_unneeded = true;
	return stage;
}

/* Rows of these types are what the shards take, and can be moved. */
static bool
columns_fit(const Ir *source, Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);

	if (list_length(source->display) < desc->natts)
		return false;
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		Oid			type = exprType(list_nth(source->display, i));

		if (!att->attisdropped && (type != att->atttypid || shippable_row_type(type)))
			return false;
	}
	/* a table without columns has rows, too, but an exchange has columns */
	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			return true;
	return false;
}

/* What must be true of each row; failed when nodes cannot tell. */
static List *
conditions(Ir *ir, const IrScope *scope, Relation rel, bool *failed)
{
	TupleDesc	desc = RelationGetDescr(rel);
	List	   *result = NIL;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		NullTest   *test;

		if (!att->attnotnull || att->attisdropped)
			continue;
		test = makeNode(NullTest);
		test->arg = (Expr *) makeVar(scope->inputs[0].rtindex, i + 1, att->atttypid,
									 att->atttypmod, att->attcollation, 0);
		test->nulltesttype = IS_NOT_NULL;
		test->location = -1;
		result = lappend(result, test);
	}
	for (int i = 0; desc->constr && i < desc->constr->num_check; i++)
	{
		Expr	   *condition = check_condition(ir, scope, rel, desc->constr->check[i].ccbin);

		if (condition == NULL)
		{
			*failed = true;
			return NIL;
		}
		result = lappend(result, condition);
	}
	return result;
}

/* A check is met unless it is false. */
static Expr *
check_condition(Ir *ir, const IrScope *scope, Relation rel, const char *expression)
{
	Node	   *check = (Node *) expression_planner(stringToNode(expression));
	IrScope		of_table = *scope;
	BooleanTest *test;
	const char *reason;
	List	   *vars = pull_var_clause(check, 0);
	ListCell   *lc;

	if (contain_volatile_functions(check))
		return NULL;
	foreach(lc, vars)
	{
		Var		   *var = lfirst_node(Var, lc);

		/* the table's own collations decide */
		if (var->varattno <= 0 ||
			exprCollation(list_nth(scope->inputs[0].ir->display, var->varattno - 1)) != var->varcollid)
			return NULL;
	}
	of_table.inputs[0].varno = 1;
	test = makeNode(BooleanTest);
	test->arg = expr_for_query(check, &of_table, ir, &reason);
	test->booltesttype = IS_NOT_FALSE;
	test->location = -1;
	return test->arg ? (Expr *) test : NULL;
}

static Expr *
must_hold(List *conditions)
{
	Oid			type = BOOLOID;
	Oid			function = LookupFuncName(list_make2(makeString("barks"), makeString("row_holds")),
										  1, &type, false);

	return (Expr *) makeFuncExpr(function, BOOLOID, list_make1(make_ands_explicit(conditions)),
								 InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);
}

/* As the table deals out its rows; columns: of the stage, by attribute.  False: it cannot. */
static bool
place_rows(StagePlan *stage, Relation rel, const int *columns)
{
	const TableLayout *layout = table_layout(rel);

	switch (layout->kind)
	{
		case LAYOUT_BROADCAST:
			stage->exchange = EXCHANGE_BROADCAST;
			stage->npartitions = 1;
			return true;
		case LAYOUT_ROUND_ROBIN:
			stage->exchange = EXCHANGE_ROUND_ROBIN;
			return true;
		case LAYOUT_HASH:
			break;
	}
	stage->exchange = EXCHANGE_HASH;
	for (int i = 0; i < layout->nkeys; i++)
	{
		TargetEntry *tle = list_nth(stage->query->targetList, columns[layout->keys[i] - 1] - 1);

		if (exchange_key_reason(exprType((Node *) tle->expr), exprCollation((Node *) tle->expr)))
			return false;
		stage->hash_columns = lappend_int(stage->hash_columns, tle->resno);
	}
	return true;
}

/* INSERT must see in its input's target list that dropped columns are given no value. */
static void
null_dropped_columns(Plan *input, Relation rel)
{
	if (!IsA(input, CustomScan) || ((CustomScan *) input)->methods != barks_scan_methods)
		return;
	for (int i = 0; i < RelationGetNumberOfAttributes(rel); i++)
		if (TupleDescAttr(RelationGetDescr(rel), i)->attisdropped)
			list_nth_node(TargetEntry, input->targetlist, i)->expr = (Expr *)
				makeNullConst(INT4OID, -1, InvalidOid);
}
