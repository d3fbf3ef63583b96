/*-------------------------------------------------------------------------
 * shippable.c
 *	  May this expression be evaluated on a node, with the same result?
 *
 * Whatever is not known to give the same value on every node as on the driver
 * stays on the driver: volatile functions, functions that read catalogs or
 * node-local ids (reg* types, OIDs of enums), users' functions of
 * which nodes can have no copy (shipped.c), types without a name, nodes that ruleutils cannot print exactly.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/pg_cast.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "job/plan.h"
#include "job/program.h"
#include "planner/shippable.h"
#include "planner/shipped.h"
#include "planner/subplan.h"
#include "table/remote_type.h"

typedef struct ShippableContext
{
	Node	   *root;			/* the whole expression */
	bool		immutable;		/* … in which the driver has nothing to evaluate */
	List	  **functions;
	const char *reason;
	bool		conditional;	/* inside a branch that may not be taken */
	bool		guarded;		/* likewise, and SQL promises so: of CASE or COALESCE */
	bool		takes_rows;		/* a record is welcome here */
	Node	   *in_from;		/* a function in FROM, of which only columns are seen */
	Node	   *call;			/* whose function is looked at */
	bool		in_program;		/* of barks.rdd_combine, as text, of which the driver evaluates nothing */
	bool		of_partition;	/* it is called over the elements of a partition */
	List	  **types;			/* of a function's body: types that nodes must have; NULL: see root */
} ShippableContext;

static const ShippableFacts *facts;

static bool check_walker(Node *node, ShippableContext *context);
static bool is_row(const Node *node);
static bool takes_any_row(const Node *node);
static bool is_row_output(const Node *node);
static bool check_expr(Node *node, ShippableContext *context);
static bool check_row(RowExpr *row, ShippableContext *context);
static bool check_function(Oid funcid, void *context);
static bool check_shipped(Oid funcid, ShippableContext *context);
static void add_called(const ShippedFunction *function, ShippableContext *context);
static const char *lacking_type(Oid type, ShippableContext *context);
static bool check_partition_call(FuncExpr *node, ShippableContext *context);
static bool check_children(Node *node, ShippableContext *context);
static bool check_guarded(Node *node, ShippableContext *context);
static bool check_branches(Node *node, ShippableContext *context);
static bool check_node(Node *node, ShippableContext *context);
static bool check_kind(Node *node, ShippableContext *context);
static bool check_const(Const *value, ShippableContext *context);
static bool check_param(Param *param, ShippableContext *context);
static bool check_aggref(Aggref *aggref, ShippableContext *context);
static bool combines_states(const Node *node);
static bool check_program(Aggref *aggref, ShippableContext *context);
static bool check_operators(Node *node, ShippableContext *context);
static bool check_operator(Oid opno, ShippableContext *context);
static bool check_cast(Node *from, Node *to, ShippableContext *context);
static bool check_object(Oid class_id, Oid object_id, const char *kind, const char *name,
						 ShippableContext *context);
static bool column_types_walker(Node *node, List **types);
static bool check_sort_clauses(List *clauses, ShippableContext *context);
static bool is_default_equality(Oid opno);
static bool no_columns_walker(Node *node, void *context);
static bool is_bound(const Param *param);
static bool stable_call(Node *node);
static bool is_extension_member(Oid class_id, Oid object_id);
static bool fail(ShippableContext *context, const char *reason);

const char *
shippable_reason(Node *expr, List **functions)
{
	ShippableContext context = {.root = expr, .functions = functions, .takes_rows = true};

	context.immutable = !contain_mutable_functions(expr);
	check_walker(expr, &context);
	return context.reason;
}

const char *
shippable_function_in_from(Node *call, List **functions)
{
	ShippableContext context = {.root = call, .functions = functions, .in_from = call};

	check_walker(call, &context);
	return context.reason;
}

bool
shippable_collation(Oid collation)
{
	return collation < FirstNormalObjectId ||
		(facts && list_member_oid(facts->collations, collation));
}

const ShippableFacts *
shippable_set_facts(const ShippableFacts *new_facts)
{
	const ShippableFacts *before = facts;

	facts = new_facts;
	return before;
}

bool
shippable_operator(Oid opno)
{
	ShippableContext context = {NULL};

	return !check_operator(opno, &context);
}

/*
 * A stable call over constants and parameters has one value for the whole
 * statement, so the driver can compute it once and print the value.
 */
bool
shippable_evaluated_on_driver(Node *expr)
{
	if (IsA(expr, SQLValueFunction))
		return true;
	return stable_call(expr) && !no_columns_walker(expr, NULL);
}

/* True ends the walk: context->reason is set. */
static bool
check_walker(Node *node, ShippableContext *context)
{
	bool		takes_rows = context->takes_rows;
	bool		failed;

	if (node == NULL)
		return false;
	if (IsA(node, List) || IsA(node, TargetEntry))
		return expression_tree_walker(node, check_walker, context);
	if (!takes_rows && is_row(node))
		return fail(context, "a row in an expression");
	context->takes_rows = takes_any_row(node);
	failed = check_expr(node, context);
	context->takes_rows = takes_rows;
	return failed;
}

static bool
is_row(const Node *node)
{
	return (IsA(node, Var) || IsA(node, RowExpr) || IsA(node, Const)) &&
		exprType(node) == RECORDOID;
}

/* What it does with a row needs neither names nor types of the columns. */
static bool
takes_any_row(const Node *node)
{
	return IsA(node, NullTest) || is_row_output(node) ||
		(IsA(node, Aggref) && ((Aggref *) node)->aggfnoid == F_COUNT_ANY &&
		 ((Aggref *) node)->aggdistinct == NIL && ((Aggref *) node)->aggorder == NIL);
}

/* ROW(…)::text: how columns are written depends on settings that tasks have. */
static bool
is_row_output(const Node *node)
{
	return IsA(node, CoerceViaIO) && ((CoerceViaIO *) node)->resulttype == TEXTOID &&
		exprType((Node *) ((CoerceViaIO *) node)->arg) == RECORDOID;
}

static bool
check_expr(Node *node, ShippableContext *context)
{
	if (IsA(node, FuncExpr) && ((FuncExpr *) node)->funcid == barks_combine_state_oid())
		return ((FuncExpr *) node)->location != COMBINE_STATE_LOCATION &&
			fail(context, "a call of barks.combine_state");
	if (IsA(node, SortGroupClause) || IsA(node, Query))
		return false;			/* of an Aggref, or a SubLink: already looked at */
	if (shipped_partition_function(node))
		return check_partition_call((FuncExpr *) node, context);
	if (check_node(node, context))
		return true;
	if (!context->immutable && shippable_evaluated_on_driver(node))
	{
		if (context->in_program)
			return fail(context, "a stable call in what combines values");
		/* evaluated before any row is seen: must not fail where PostgreSQL would not get there */
		if (context->conditional && !IsA(node, SQLValueFunction) &&
			!(IsA(node, FuncExpr) && ((FuncExpr *) node)->args == NIL))
			return fail(context, "a stable call in a conditional expression");
		return false;
	}
	context->call = node;
	if (!is_row_output(node) &&
		(check_operators(node, context) || check_functions_in_node(node, check_function, context)))
		return true;
	if (combines_states(node))
		return false;
	if (IsA(node, CaseExpr) || IsA(node, CoalesceExpr))
		return check_guarded(node, context);
	if (IsA(node, BoolExpr))
		return check_branches(node, context);
	return check_children(node, context);
}

/* barks.rdd_call_partition(f, …): f itself is called, wherever that is. */
static bool
check_partition_call(FuncExpr *node, ShippableContext *context)
{
	Oid			function = ((Const *) linitial(node->args))->constvalue;
	bool		failed;

	if (!shipped_is_users(function))
		return fail(context, psprintf("function %s is not shipped to nodes", get_func_name(function)));
	context->call = shipped_partition_function((Node *) node);
	context->of_partition = true;
	failed = check_shipped(function, context);
	context->of_partition = false;
	if (failed)
		return true;
	if (context->functions)
		*context->functions = list_append_unique_oid(list_append_unique_oid(*context->functions, node->funcid), function);
	return check_children((Node *) list_copy_tail(node->args, 1), context);
}

static bool
check_children(Node *node, ShippableContext *context)
{
	if (IsA(node, ArrayCoerceExpr))
	{
		ArrayCoerceExpr *coerce = (ArrayCoerceExpr *) node;

		/* what the element expression calls counts, but only simple ones print exactly */
		if (check_walker((Node *) coerce->elemexpr, context))
			return true;
		return check_walker((Node *) coerce->arg, context);
	}
	return expression_tree_walker(node, check_walker, context);
}

/* Of CASE and COALESCE only what comes first is sure to be evaluated. */
static bool
check_guarded(Node *node, ShippableContext *context)
{
	bool		saved = context->guarded;
	List	   *branches = NIL;
	bool		failed;
	ListCell   *lc;

	if (IsA(node, CaseExpr))
	{
		CaseExpr   *expr = (CaseExpr *) node;

		failed = check_walker((Node *) expr->arg, context) ||
			check_walker((Node *) linitial_node(CaseWhen, expr->args)->expr, context);
		foreach(lc, expr->args)
		{
			CaseWhen   *when = lfirst_node(CaseWhen, lc);

			if (foreach_current_index(lc) > 0)
				branches = lappend(branches, when->expr);
			branches = lappend(branches, when->result);
		}
		branches = lappend(branches, expr->defresult);
	}
	else
	{
		failed = check_walker(linitial(((CoalesceExpr *) node)->args), context);
		branches = list_copy_tail(((CoalesceExpr *) node)->args, 1);
	}
	context->guarded = true;
	if (branches != NIL)		/* COALESCE may have one argument */
		failed = failed || check_branches((Node *) branches, context);
	context->guarded = saved;
	return failed;
}

static bool
check_branches(Node *node, ShippableContext *context)
{
	bool		saved = context->conditional;
	bool		failed;

	if (node == NULL)
		return false;			/* COALESCE may have but one argument left */
	context->conditional = true;
	failed = check_children(node, context);
	context->conditional = saved;
	return failed;
}

/* Is the node of a kind that prints exactly, with types and collations that nodes have? */
static bool
check_node(Node *node, ShippableContext *context)
{
	const char *reason;

	if (check_kind(node, context))
		return true;
	/* an argument of type "any" prints as a bare literal */
	if ((IsA(node, Const) && ((Const *) node)->consttype == UNKNOWNOID) || IsA(node, CaseWhen) || is_row(node) ||
		(node == context->in_from && exprType(node) == RECORDOID))
		return false;
	/* relabelled OIDs stay numbers; only writing them out would look for names */
	if (!IsA(node, Var) && !IsA(node, Const) && !IsA(node, RelabelType) &&
		shippable_names_an_object(exprType(node)))
		return fail(context, psprintf("a value of type %s, which names an object of this server",
									  format_type_be(exprType(node))));
	reason = shippable_column(exprType(node), IsA(node, Var) ? InvalidOid : exprCollation(node));
	if (reason == NULL && !shippable_collation(exprInputCollation(node)) && !IsA(node, Var))
		reason = psprintf("collation \"%s\" is not known to nodes",
						  get_collation_name(exprInputCollation(node)));
	if (reason == NULL && !IsA(node, Var))
		reason = lacking_type(exprType(node), context);
	return reason ? fail(context, reason) : false;
}

static bool
check_kind(Node *node, ShippableContext *context)
{
	switch (nodeTag(node))
	{
		case T_Const:
			return check_const((Const *) node, context);
		case T_Param:
			return check_param((Param *) node, context);
		case T_Var:
		case T_FuncExpr:
		case T_OpExpr:
		case T_ScalarArrayOpExpr:
		case T_BoolExpr:
		case T_RelabelType:
		case T_CoerceViaIO:
		case T_CaseExpr:
		case T_CaseWhen:
		case T_CaseTestExpr:
		case T_ArrayExpr:
		case T_RowCompareExpr:
		case T_CoalesceExpr:
		case T_MinMaxExpr:
		case T_SQLValueFunction:
		case T_BooleanTest:
		case T_CollateExpr:
		case T_FieldSelect:
		case T_GroupingFunc:
		case T_WindowFunc:
		case T_NullTest:		/* of a row, too, both kinds of which have their own syntax */
			return false;
		case T_RowExpr:
			return check_row((RowExpr *) node, context);
		case T_DistinctExpr:
		case T_NullIfExpr:
			if (!is_default_equality(((OpExpr *) node)->opno))
				return fail(context, "an equality operator of another schema");
			return false;
		case T_SubscriptingRef:
			if (((SubscriptingRef *) node)->refassgnexpr)
				return fail(context, "an assignment to an element");
			return false;
		case T_ArrayCoerceExpr:
			if (IsA(((ArrayCoerceExpr *) node)->elemexpr, FuncExpr) &&
				list_length(((FuncExpr *) ((ArrayCoerceExpr *) node)->elemexpr)->args) > 1)
				return fail(context, "an array cast with a length");
			return false;
		case T_Aggref:
			return check_aggref((Aggref *) node, context);
		case T_SubLink:
			if (context->guarded && ((SubLink *) node)->subLinkId == SUBLINK_MAY_FAIL_EARLY)
				return fail(context, "a subquery in a conditional expression");
			return false;
		case T_SubPlan:
		case T_AlternativeSubPlan:
			return fail(context, "a subquery in an expression");
		default:
			return fail(context, "an expression that has no exact SQL form");
	}
}

static bool
check_const(Const *value, ShippableContext *context)
{
	Oid			type = value->consttype;

	if (type == UNKNOWNOID)
		return false;
	if (value->constisnull && !shippable_names_an_object(type))
		return false;			/* whatever its type, NULL is read as NULL */
	if (type == REGCONFIGOID && !value->constisnull &&
		DatumGetObjectId(value->constvalue) < FirstNormalObjectId)
		return false;
	if (!shippable_constant_type(type))
		return fail(context, psprintf("a constant of type %s", format_type_be(type)));
	return false;
}

static bool
check_param(Param *param, ShippableContext *context)
{
	if (param->paramkind == PARAM_EXEC && param->paramid < 0)
		return false;			/* the gate */
	if (param->paramkind == PARAM_SUBLINK || is_bound(param))
		return false;			/* a column after all */
	if (param->paramkind != PARAM_EXEC && param->paramkind != PARAM_EXTERN)
		return fail(context, "a parameter of an unknown kind");
	/* its query may fail, and so may a node that folds what it stands in */
	if (param->paramkind == PARAM_EXEC && context->guarded)
		return fail(context, "a subquery in a conditional expression");
	if (!shippable_constant_type(param->paramtype))
		return fail(context, psprintf("a parameter of type %s", format_type_be(param->paramtype)));
	return false;
}

/* NULL, or why nodes may not have the type, but for those of columns in the expression. */
static const char *
lacking_type(Oid type, ShippableContext *context)
{
	List	   *known = NIL;

	if (type < FirstNormalObjectId)
		return NULL;
	if (context->types)
	{
		*context->types = list_append_unique_oid(*context->types, type);
		return NULL;
	}
	(void) column_types_walker(context->root, &known);
	return remote_type_lacking(type, known);
}

/* Columns that go out as text within the row, and come back the same. */
static bool
check_row(RowExpr *row, ShippableContext *context)
{
	ListCell   *lc;

	if (facts == NULL || !facts->whole_rows)
		return fail(context, "a whole row");
	if (row->row_typeid != RECORDOID)
		return fail(context, "an expression that has no exact SQL form");
	foreach(lc, row->args)
	{
		Oid			type = exprType(lfirst(lc));

		if (!shippable_constant_type(type) || getBaseType(type) != type)
			return fail(context, psprintf("a row with a column of type %s",
										  format_type_be(type)));
	}
	return false;
}

static bool
check_aggref(Aggref *aggref, ShippableContext *context)
{
	if (aggref->aggsplit != AGGSPLIT_SIMPLE || aggref->agglevelsup != 0)
		return fail(context, "an aggregate of another query level");
	return check_sort_clauses(aggref->aggorder, context) ||
		check_sort_clauses(aggref->aggdistinct, context) ||
		(program_is_called(aggref) && check_program(aggref, context));
}

/* Its arguments were looked at when the states were made; now they are but types (agg_phases.c). */
static bool
combines_states(const Node *node)
{
	const Node *filter = IsA(node, Aggref) ? (const Node *) ((const Aggref *) node)->aggfilter : NULL;

	return filter && IsA(filter, FuncExpr) && ((const FuncExpr *) filter)->funcid == barks_combine_state_oid() &&
		((const FuncExpr *) filter)->location == COMBINE_STATE_LOCATION;
}

/* What barks.rdd_combine evaluates is text to the rest of the planner. */
static bool
check_program(Aggref *aggref, ShippableContext *context)
{
	const Const *program = program_of_call(aggref);
	ShippableContext inner = *context;
	List	   *types = NIL;
	ListCell   *lc;

	if (program == NULL)
		return fail(context, "a program that is no constant");
	inner.in_program = true;
	inner.immutable = false;
	if (combines_states((Node *) aggref))
		inner.types = &types;	/* nodes had them for the states */
	inner.conditional = inner.guarded = inner.takes_rows = false;
	foreach(lc, shipped_program(program))
	{
		Query	   *query = lfirst(lc);

		if (query == NULL)
			continue;
		if (check_walker((Node *) query->targetList, &inner))
			return fail(context, inner.reason);
		/* the columns' types */
		if (query->rtable != NIL &&
			check_walker((Node *) linitial_node(RangeTblEntry, query->rtable)->subquery->targetList, &inner))
			return fail(context, inner.reason);
	}
	return false;
}

/* Operators and casts print as such, not as the function that they call. */
static bool
check_operators(Node *node, ShippableContext *context)
{
	ListCell   *lc;

	switch (nodeTag(node))
	{
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
			return check_operator(((OpExpr *) node)->opno, context);
		case T_ScalarArrayOpExpr:
			return check_operator(((ScalarArrayOpExpr *) node)->opno, context);
		case T_RowCompareExpr:
			foreach(lc, ((RowCompareExpr *) node)->opnos)
				if (check_operator(lfirst_oid(lc), context))
					return true;
			return false;
		case T_FuncExpr:
			if (((FuncExpr *) node)->funcformat != COERCE_EXPLICIT_CAST &&
				((FuncExpr *) node)->funcformat != COERCE_IMPLICIT_CAST)
				return false;
			return check_cast(linitial(((FuncExpr *) node)->args), node, context);
		case T_RelabelType:
			return check_cast((Node *) ((RelabelType *) node)->arg, node, context);
		case T_CoerceViaIO:
			return check_cast((Node *) ((CoerceViaIO *) node)->arg, node, context);
		case T_ArrayCoerceExpr:
			return check_cast((Node *) ((ArrayCoerceExpr *) node)->arg, node, context);
		default:
			return false;
	}
}

static bool
check_operator(Oid opno, ShippableContext *context)
{
	return check_object(OperatorRelationId, opno, "operator", get_opname(opno), context) ||
		check_function(get_opcode(opno), context);
}

static bool
check_cast(Node *from, Node *to, ShippableContext *context)
{
	Oid			types[2] = {getBaseType(exprType(from)), getBaseType(exprType(to))};

	if (OidIsValid(get_element_type(types[0])) && OidIsValid(get_element_type(types[1])))
		for (int i = 0; i < 2; i++)
			types[i] = getBaseType(get_element_type(types[i]));
	return check_object(CastRelationId, get_cast_oid(types[0], types[1], true), "the cast to",
						format_type_be(types[1]), context);
}

/* Of what is not built in, nodes have the members of extensions, if they have those. */
static bool
check_object(Oid class_id, Oid object_id, const char *kind, const char *name, ShippableContext *context)
{
	const char *lacking;

	if (object_id < FirstNormalObjectId)
		return false;
	if (!is_extension_member(class_id, object_id))
		return fail(context, psprintf("%s %s is not shipped to nodes", kind, name));
	lacking = remote_extension_lacking(class_id, object_id);
	return lacking ? fail(context, psprintf("%s %s: %s", kind, name, lacking)) : false;
}

static bool
check_sort_clauses(List *clauses, ShippableContext *context)
{
	ListCell   *lc;

	foreach(lc, clauses)
	{
		SortGroupClause *clause = lfirst_node(SortGroupClause, lc);

		if ((OidIsValid(clause->sortop) && check_operator(clause->sortop, context)) ||
			check_operator(clause->eqop, context))
			return true;
	}
	return false;
}

/* check_functions_in_node callback: true when nodes must not call it. */
static bool
check_function(Oid funcid, void *arg)
{
	ShippableContext *context = arg;
	const char *reason = NULL;

	if (funcid >= FirstNormalObjectId && func_volatile(funcid) == PROVOLATILE_VOLATILE &&
		funcid == barks_acc_add_to_oid())
		return false;			/* tasks do it for the driver */
	if (funcid >= FirstNormalObjectId && shipped_is_users(funcid))
	{
		if (check_shipped(funcid, context))
			return true;
	}
	else if (funcid >= FirstNormalObjectId)
		reason = context->call && IsA(context->call, Aggref) && program_is_called((Aggref *) context->call) ?
			NULL : shippable_extension_reason(funcid);
	else if (!shippable_runs_anywhere(funcid))
		reason = shippable_builtin_reason(funcid);
	if (reason)
		return fail(context, reason);
	if (context->functions)
		*context->functions = list_append_unique_oid(*context->functions, funcid);
	return false;
}

/* Of a user's function nodes get a copy. */
static bool
check_shipped(Oid funcid, ShippableContext *context)
{
	char	   *name = get_func_name(funcid);
	const ShippedFunction *function;
	ListCell   *lc;

	if (func_volatile(funcid) == PROVOLATILE_VOLATILE && !context->of_partition)
		return fail(context, psprintf("function %s is volatile", name));
	if (!shipped_enabled || context->call == NULL ||
		funcid != shipped_called_function(context->call))
		return check_object(ProcedureRelationId, funcid, "function", name, context);
	function = shipped_function(context->call);
	if (function->reason)
		return fail(context, psprintf("function %s: %s", name, function->reason));
	if (shipped_is_new(function) && (facts == NULL || !facts->sees_new_functions))
		return fail(context, psprintf("function %s was made by this transaction", name));
	foreach(lc, function->types)
	{
		const char *reason = lacking_type(lfirst_oid(lc), context);

		if (reason)
			return fail(context, psprintf("function %s: %s", name, reason));
	}
	add_called(function, context);
	return false;
}

/* Who may not call them all must not have the query run. */
static void
add_called(const ShippedFunction *function, ShippableContext *context)
{
	ListCell   *lc;

	/* what an aggregate calls its owner must have a right to */
	if (function->aggregate)
		return;
	foreach(lc, function->calls)
	{
		const ShippedFunction *called = lfirst(lc);

		if (context->functions)
			*context->functions = list_append_unique_oid(*context->functions, called->function);
		add_called(called, context);
	}
}

const char *
shippable_node_reason(Node *node, bool in_from, List **types)
{
	ShippableContext context = {.types = types, .in_from = in_from ? node : NULL};

	if (!check_node(node, &context))
		(void) check_operators(node, &context);
	return context.reason;
}

/* IS DISTINCT FROM and NULLIF do not print their operator: it must be "=". */
static bool
is_default_equality(Oid opno)
{
	char	   *name = get_opname(opno);

	return opno < FirstNormalObjectId && name && strcmp(name, "=") == 0;
}

/* True when the expression reads a column (or anything else that varies by row). */
static bool
no_columns_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var) || IsA(node, Aggref) || IsA(node, WindowFunc) || IsA(node, SubPlan) ||
		IsA(node, SubLink) ||
		IsA(node, CaseTestExpr) || IsA(node, GroupingFunc))
		return true;
	if (IsA(node, Param) && (((Param *) node)->paramid < 0 || is_bound((Param *) node) ||
							 ((Param *) node)->paramkind == PARAM_SUBLINK))
		return true;			/* the gate, or a column of a subquery or an outer row */
	return expression_tree_walker(node, no_columns_walker, context);
}

static bool
is_bound(const Param *param)
{
	return param->paramkind == PARAM_EXEC && subplan_param_is_bound(param->paramid);
}

/* Types that columns in the expression are made of: shards have them. */
static bool
column_types_walker(Node *node, List **types)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
		*types = remote_types_of(*types, ((Var *) node)->vartype);
	return expression_tree_walker(node, column_types_walker, types);
}

/* A call that is itself stable, and calls nothing volatile below. */
static bool
stable_call(Node *node)
{
	switch (nodeTag(node))
	{
		case T_FuncExpr:
			if (((FuncExpr *) node)->funcretset)
				return false;
			break;
		case T_OpExpr:
		case T_ScalarArrayOpExpr:
		case T_CoerceViaIO:
			break;
		default:
			return false;
	}
	/* a call that is not immutable, but all below it may be anything but volatile */
	return contain_mutable_functions(node) && !contain_volatile_functions(node) &&
		shippable_constant_type(exprType(node));
}

static bool
is_extension_member(Oid class_id, Oid object_id)
{
	return OidIsValid(getExtensionOfObject(class_id, object_id));
}

static bool
fail(ShippableContext *context, const char *reason)
{
	context->reason = reason;
	return true;
}
