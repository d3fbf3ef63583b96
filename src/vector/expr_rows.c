/*-------------------------------------------------------------------------
 * expr_rows.c
 *	  Steps whose expression PostgreSQL evaluates, row by row.
 *
 * It sees a slot of which the columns are the batch's.  Subqueries run in
 * there as everywhere else.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "vector/expr_step.h"

static Node *slot_vars(Node *node, VecExpr *step);
static void name_arguments(SubPlanState *state);
static Node *named_vars(Node *node, void *context);
static Vec *eval_by_rows(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n);
static void set_case_value(VecExpr *expr, ExprContext *econtext, int row);

bool
vec_expr_is_explained(const VecExprContext *context)
{
	const EState *estate = context->parent->state;

	return context->by_rows && (estate->es_instrument || (estate->es_top_eflags & EXEC_FLAG_EXPLAIN_ONLY));
}

void
vec_expr_tell_by_rows(VecExprContext *context, const char *what, const char *reason)
{
	if (vec_expr_is_explained(context))
		*context->by_rows = list_append_unique(*context->by_rows, makeString(psprintf("%s: %s", what, reason)));
}

/* What EXPLAIN calls it. */
static const char *
name_of(Expr *expr)
{
	switch (nodeTag(expr))
	{
		case T_SubPlan:
		case T_AlternativeSubPlan:
			return "SubPlan";
		case T_ArrayExpr:
			return "ARRAY";
		case T_RowExpr:
			return "ROW";
		case T_RowCompareExpr:
			return "comparison of rows";
		case T_SubscriptingRef:
			return "subscript";
		case T_FieldSelect:
		case T_FieldStore:
			return "field";
		case T_CoerceViaIO:
		case T_ArrayCoerceExpr:
		case T_ConvertRowtypeExpr:
		case T_CoerceToDomain:
			return "cast";
		default:
			return "expression";
	}
}

VecExpr *
expr_compile_by_rows(VecExprContext *context, Expr *expr)
{
	vec_expr_tell_by_rows(context, name_of(expr), "evaluated by PostgreSQL");
	return expr_compile_fallback(context, expr);
}

VecExpr *
expr_compile_fallback(VecExprContext *context, Expr *expr)
{
	VecExpr    *step = expr_step_new(context, (Node *) expr, eval_by_rows);
	TupleDesc	desc = CreateTemplateTupleDesc(context->ncolumns);
	int			nsubplans = list_length(context->parent->subPlan);
	ListCell   *lc;

	for (int i = 0; i < context->ncolumns; i++)
		TupleDescInitEntry(desc, i + 1, NULL, context->types[i].declared, context->types[i].typmod, 0);
	step->enclosing = context->enclosing;
	step->slot = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	step->state = ExecInitExpr((Expr *) slot_vars((Node *) expr, step), context->parent);
	for_each_from(lc, context->parent->subPlan, nsubplans)
		name_arguments(lfirst(lc));
	return step;
}

typedef struct NamedVars
{
	List	   *rtable;
	int			param;
} NamedVars;

/*
 * EXPLAIN finds in the SubPlan what its parameters stand for, and cannot name
 * columns of the slot.  Only EXPLAIN reads the arguments there from now on.
 */
static void
name_arguments(SubPlanState *state)
{
	SubPlan    *shown = copyObject(state->subplan);
	NamedVars	named = {state->planstate->state->es_range_table, 0};
	ListCell   *arg;
	ListCell   *param;

	forboth(arg, shown->args, param, shown->parParam)
	{
		named.param = lfirst_int(param);
		lfirst(arg) = named_vars(lfirst(arg), &named);
	}
	state->subplan = shown;
}

/* With columns of tables where they are known, else with the parameter's number. */
static Node *
named_vars(Node *node, void *context)
{
	NamedVars  *named = context;
	Param	   *param;

	if (node == NULL)
		return NULL;
	if (!IsA(node, Var) || ((Var *) node)->varno != OUTER_VAR)
		return expression_tree_mutator(node, named_vars, context);
	if (((Var *) node)->varnosyn > 0 && ((Var *) node)->varnosyn <= list_length(named->rtable) &&
		rt_fetch(((Var *) node)->varnosyn, named->rtable)->rtekind == RTE_RELATION)
	{
		Var		   *var = copyObject((Var *) node);

		var->varno = var->varnosyn;
		var->varattno = var->varattnosyn;
		return (Node *) var;
	}
	param = makeNode(Param);
	param->paramkind = PARAM_EXEC;
	param->paramid = named->param;
	param->paramtype = exprType(node);
	param->paramtypmod = exprTypmod(node);
	param->paramcollid = exprCollation(node);
	return (Node *) param;
}

/* Number Vars by the slot's columns. */
static Node *
slot_vars(Node *node, VecExpr *step)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		Var		   *var = copyObject((Var *) node);
		int			column = step->context->column_of(step->context, var);
		int			i;

		for (i = 0; i < step->nused && step->used[i] != column; i++)
			;
		if (i == step->nused)
		{
			step->used = step->used ? repalloc(step->used, sizeof(int) * (i + 1)) : palloc(sizeof(int));
			step->used[step->nused++] = column;
		}
		var->varno = OUTER_VAR;
		var->varattno = column + 1;
		return (Node *) var;
	}
	return expression_tree_mutator(node, slot_vars, step);
}

static Vec *
eval_by_rows(VecExpr *expr, VecBatch *batch, const uint16 *sel, int n)
{
	ExprContext *econtext = expr->context->parent->ps_ExprContext;
	TupleTableSlot *slot = expr->slot;
	TupleTableSlot *outer = econtext->ecxt_outertuple;
	MemoryContext old;

	expr_begin_result(expr);
	if (expr_give_up(expr->context))
		return expr->result;
	old = MemoryContextSwitchTo(expr->context->batch_memory);
	if (expr->type.typid == NUMERICOID)
		expr->result->kind = VEC_DATUM;
	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, sizeof(bool) * slot->tts_tupleDescriptor->natts);
	ExecStoreVirtualTuple(slot);
	econtext->ecxt_outertuple = slot;
	for (int i = 0; i < expr->nused; i++)
		(void) vec_batch_column(batch, expr->used[i]);
	VEC_FOR_EACH(row, sel, n,
				 {
					 Datum		value;
					 bool		isnull;

					 for (int i = 0; i < expr->nused; i++)
					 {
						 int			column = expr->used[i];

						 slot->tts_values[column] = vec_get_datum(batch->columns[column],
																  &expr->context->types[column], row,
																  &slot->tts_isnull[column]);
					 }
					 if (expr->enclosing)
						 set_case_value(expr, econtext, row);
					 value = ExecEvalExpr(expr->state, econtext, &isnull);
					 if (!isnull && !expr->type.typbyval)
						 value = datumCopy(value, false, expr->type.typlen);
					 expr_put_datum(expr, row, value, isnull);
				 });
	econtext->ecxt_outertuple = outer;
	MemoryContextSwitchTo(old);
	return expr->result;
}

/* What CaseTestExprs stand for whose CASE is not part of the expression. */
static void
set_case_value(VecExpr *expr, ExprContext *econtext, int row)
{
	VecExpr    *enclosing = expr->enclosing;

	econtext->caseValue_datum = vec_get_datum(enclosing->case_value, &enclosing->args[0]->type, row,
											  &econtext->caseValue_isNull);
}
