/*-------------------------------------------------------------------------
 * plan.c
 *	  Stages as ExtensibleNodes: copy, compare, print and read.
 *
 * Each function touches every field of its struct, in the struct's order, in
 * the manner of PostgreSQL's copyfuncs.c, equalfuncs.c, outfuncs.c and
 * readfuncs.c.  A field added to plan.h is added to all four.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/readfuncs.h"
#include "parser/parse_func.h"

#include "job/plan.h"

/* The four callbacks of a node type find their struct in "from"/"to" etc. */
#define COPY_SCALAR(field)	(to->field = from->field)
#define COPY_NODE(field)	(to->field = copyObject(from->field))

#define EQUAL_SCALAR(field) \
	do { if (a->field != b->field) return false; } while (0)
#define EQUAL_NODE(field) \
	do { if (!equal(a->field, b->field)) return false; } while (0)

#define OUT_INT(field) \
	appendStringInfo(str, " :" CppAsString(field) " %d", (int) from->field)
#define OUT_INT64(field) \
	appendStringInfo(str, " :" CppAsString(field) " " INT64_FORMAT, from->field)
#define OUT_OID(field) \
	appendStringInfo(str, " :" CppAsString(field) " %u", from->field)
#define OUT_FLOAT(field) \
	appendStringInfo(str, " :" CppAsString(field) " %.17g", from->field)
#define OUT_BOOL(field) \
	appendStringInfo(str, " :" CppAsString(field) " %s", from->field ? "true" : "false")
#define OUT_NODE(field) \
	(appendStringInfoString(str, " :" CppAsString(field) " "), outNode(str, from->field))

#define READ_INT(field)		(to->field = atoi(read_value()))
#define READ_ENUM(field, type) (to->field = (type) atoi(read_value()))
#define READ_INT64(field)	(to->field = strtoi64(read_value(), NULL, 10))
#define READ_OID(field)		(to->field = atooid(read_value()))
#define READ_FLOAT(field)	(to->field = atof(read_value()))
#define READ_BOOL(field)	(to->field = *read_value() == 't')
#define READ_NODE(field)	(skip_label(), to->field = nodeRead(NULL, 0))

static void skip_label(void);
static const char *read_value(void);

ExtensibleNode *
make_barks_node(Size size, const char *name)
{
	ExtensibleNode *node = (ExtensibleNode *) newNode(size, T_ExtensibleNode);

	node->extnodename = name;
	return node;
}

LeafPlan *
make_leaf_plan(void)
{
	return makeBarksNode(LeafPlan);
}

MergeKey *
make_merge_key(void)
{
	return makeBarksNode(MergeKey);
}

StagePlan *
make_stage_plan(void)
{
	StagePlan  *stage = makeBarksNode(StagePlan);

	stage->limit = -1;
	return stage;
}

BarksPlan *
make_barks_plan(void)
{
	return makeBarksNode(BarksPlan);
}

BarksPlan *
barks_plan_of(CustomScan *scan)
{
	ExtensibleNode *node;

	if (scan->custom_private == NIL)
		elog(ERROR, "custom scan without a plan of barks");
	node = linitial(scan->custom_private);
	if (!IsA(node, ExtensibleNode) ||
		strcmp(node->extnodename, BARKS_NODE_NAME(BarksPlan)) != 0)
		elog(ERROR, "unexpected node in a custom scan of barks");
	return (BarksPlan *) node;
}

/* ---------------- LeafPlan ---------------- */

static void
leaf_plan_copy(ExtensibleNode *newnode, const ExtensibleNode *oldnode)
{
	LeafPlan   *to = (LeafPlan *) newnode;
	const LeafPlan *from = (const LeafPlan *) oldnode;

	COPY_SCALAR(index);
	COPY_SCALAR(stage);
	COPY_SCALAR(relid);
	COPY_NODE(attnums);
	COPY_NODE(types);
	COPY_NODE(typmods);
	COPY_NODE(collations);
	COPY_NODE(sample);
	COPY_SCALAR(broadcast);
	COPY_SCALAR(parts);
	COPY_SCALAR(nparts);
	COPY_SCALAR(in_turn);
	COPY_SCALAR(group);
}

static bool
leaf_plan_equal(const ExtensibleNode *anode, const ExtensibleNode *bnode)
{
	const LeafPlan *a = (const LeafPlan *) anode;
	const LeafPlan *b = (const LeafPlan *) bnode;

	EQUAL_SCALAR(index);
	EQUAL_SCALAR(stage);
	EQUAL_SCALAR(relid);
	EQUAL_NODE(attnums);
	EQUAL_NODE(types);
	EQUAL_NODE(typmods);
	EQUAL_NODE(collations);
	EQUAL_NODE(sample);
	EQUAL_SCALAR(broadcast);
	EQUAL_SCALAR(parts);
	EQUAL_SCALAR(nparts);
	EQUAL_SCALAR(in_turn);
	EQUAL_SCALAR(group);
	return true;
}

static void
leaf_plan_out(StringInfo str, const ExtensibleNode *node)
{
	const LeafPlan *from = (const LeafPlan *) node;

	OUT_INT(index);
	OUT_INT(stage);
	OUT_OID(relid);
	OUT_NODE(attnums);
	OUT_NODE(types);
	OUT_NODE(typmods);
	OUT_NODE(collations);
	OUT_NODE(sample);
	OUT_BOOL(broadcast);
	OUT_BOOL(parts);
	OUT_INT(nparts);
	OUT_BOOL(in_turn);
	OUT_INT(group);
}

static void
leaf_plan_read(ExtensibleNode *node)
{
	LeafPlan   *to = (LeafPlan *) node;

	READ_INT(index);
	READ_INT(stage);
	READ_OID(relid);
	READ_NODE(attnums);
	READ_NODE(types);
	READ_NODE(typmods);
	READ_NODE(collations);
	READ_NODE(sample);
	READ_BOOL(broadcast);
	READ_BOOL(parts);
	READ_INT(nparts);
	READ_BOOL(in_turn);
	READ_INT(group);
}

/* ---------------- MergeKey ---------------- */

static void
merge_key_copy(ExtensibleNode *newnode, const ExtensibleNode *oldnode)
{
	MergeKey   *to = (MergeKey *) newnode;
	const MergeKey *from = (const MergeKey *) oldnode;

	COPY_SCALAR(resno);
	COPY_SCALAR(sortop);
	COPY_SCALAR(collation);
	COPY_SCALAR(nulls_first);
}

static bool
merge_key_equal(const ExtensibleNode *anode, const ExtensibleNode *bnode)
{
	const MergeKey *a = (const MergeKey *) anode;
	const MergeKey *b = (const MergeKey *) bnode;

	EQUAL_SCALAR(resno);
	EQUAL_SCALAR(sortop);
	EQUAL_SCALAR(collation);
	EQUAL_SCALAR(nulls_first);
	return true;
}

static void
merge_key_out(StringInfo str, const ExtensibleNode *node)
{
	const MergeKey *from = (const MergeKey *) node;

	OUT_INT(resno);
	OUT_OID(sortop);
	OUT_OID(collation);
	OUT_BOOL(nulls_first);
}

static void
merge_key_read(ExtensibleNode *node)
{
	MergeKey   *to = (MergeKey *) node;

	READ_INT(resno);
	READ_OID(sortop);
	READ_OID(collation);
	READ_BOOL(nulls_first);
}

/* ---------------- StagePlan ---------------- */

static void
stage_plan_copy(ExtensibleNode *newnode, const ExtensibleNode *oldnode)
{
	StagePlan  *to = (StagePlan *) newnode;
	const StagePlan *from = (const StagePlan *) oldnode;

	COPY_SCALAR(id);
	COPY_SCALAR(distribution);
	COPY_NODE(query);
	COPY_NODE(leaves);
	COPY_NODE(merge_keys);
	COPY_SCALAR(partial_aggregate);
	COPY_SCALAR(needs_gate);
	COPY_SCALAR(limit);
	COPY_NODE(prune);
	COPY_SCALAR(exchange);
	COPY_SCALAR(npartitions);
	COPY_NODE(hash_columns);
	COPY_SCALAR(align_relid);
	COPY_SCALAR(spread_nulls);
	COPY_SCALAR(keep_nulls);
	COPY_SCALAR(as_asked);
	COPY_SCALAR(filter);
	COPY_NODE(range_keys);
	COPY_SCALAR(task_order);
	COPY_SCALAR(indeterminate);
	COPY_SCALAR(may_be_unneeded);
	COPY_NODE(driver_plan);
	COPY_NODE(distinct);
	COPY_NODE(operations);
	COPY_SCALAR(rows);
	COPY_SCALAR(width);
}

static bool
stage_plan_equal(const ExtensibleNode *anode, const ExtensibleNode *bnode)
{
	const StagePlan *a = (const StagePlan *) anode;
	const StagePlan *b = (const StagePlan *) bnode;

	EQUAL_SCALAR(id);
	EQUAL_SCALAR(distribution);
	EQUAL_NODE(query);
	EQUAL_NODE(leaves);
	EQUAL_NODE(merge_keys);
	EQUAL_SCALAR(partial_aggregate);
	EQUAL_SCALAR(needs_gate);
	EQUAL_SCALAR(limit);
	EQUAL_NODE(prune);
	EQUAL_SCALAR(exchange);
	EQUAL_SCALAR(npartitions);
	EQUAL_NODE(hash_columns);
	EQUAL_SCALAR(align_relid);
	EQUAL_SCALAR(spread_nulls);
	EQUAL_SCALAR(keep_nulls);
	EQUAL_SCALAR(as_asked);
	EQUAL_SCALAR(filter);
	EQUAL_NODE(range_keys);
	EQUAL_SCALAR(task_order);
	EQUAL_SCALAR(indeterminate);
	EQUAL_SCALAR(may_be_unneeded);
	EQUAL_SCALAR(driver_plan);
	EQUAL_NODE(distinct);
	EQUAL_NODE(operations);
	EQUAL_SCALAR(rows);
	EQUAL_SCALAR(width);
	return true;
}

static void
stage_plan_out(StringInfo str, const ExtensibleNode *node)
{
	const StagePlan *from = (const StagePlan *) node;

	OUT_INT(id);
	OUT_INT(distribution);
	OUT_NODE(query);
	OUT_NODE(leaves);
	OUT_NODE(merge_keys);
	OUT_BOOL(partial_aggregate);
	OUT_BOOL(needs_gate);
	OUT_INT64(limit);
	OUT_NODE(prune);
	OUT_INT(exchange);
	OUT_INT(npartitions);
	OUT_NODE(hash_columns);
	OUT_OID(align_relid);
	OUT_BOOL(spread_nulls);
	OUT_BOOL(keep_nulls);
	OUT_BOOL(as_asked);
	OUT_INT(filter);
	OUT_NODE(range_keys);
	OUT_BOOL(task_order);
	OUT_BOOL(indeterminate);
	OUT_BOOL(may_be_unneeded);
	OUT_NODE(driver_plan);
	OUT_NODE(distinct);
	OUT_NODE(operations);
	OUT_FLOAT(rows);
	OUT_INT(width);
}

static void
stage_plan_read(ExtensibleNode *node)
{
	StagePlan  *to = (StagePlan *) node;

	READ_INT(id);
	READ_ENUM(distribution, StageDistribution);
	READ_NODE(query);
	READ_NODE(leaves);
	READ_NODE(merge_keys);
	READ_BOOL(partial_aggregate);
	READ_BOOL(needs_gate);
	READ_INT64(limit);
	READ_NODE(prune);
	READ_ENUM(exchange, ExchangeKind);
	READ_INT(npartitions);
	READ_NODE(hash_columns);
	READ_OID(align_relid);
	READ_BOOL(spread_nulls);
	READ_BOOL(keep_nulls);
	READ_BOOL(as_asked);
	READ_INT(filter);
	READ_NODE(range_keys);
	READ_BOOL(task_order);
	READ_BOOL(indeterminate);
	READ_BOOL(may_be_unneeded);
	READ_NODE(driver_plan);
	READ_NODE(distinct);
	READ_NODE(operations);
	READ_FLOAT(rows);
	READ_INT(width);
}

/* ---------------- BarksPlan ---------------- */

static void
barks_plan_copy(ExtensibleNode *newnode, const ExtensibleNode *oldnode)
{
	BarksPlan  *to = (BarksPlan *) newnode;
	const BarksPlan *from = (const BarksPlan *) oldnode;

	COPY_NODE(stages);
	COPY_NODE(insert);
	COPY_NODE(tail);
	COPY_NODE(functions);
	COPY_NODE(statement_relids);
	COPY_NODE(action);
	COPY_NODE(operations_left);
}

/* PostgreSQL has no equal() for plan nodes, so neither have plans with a tail. */
static bool
barks_plan_equal(const ExtensibleNode *anode, const ExtensibleNode *bnode)
{
	const BarksPlan *a = (const BarksPlan *) anode;
	const BarksPlan *b = (const BarksPlan *) bnode;

	EQUAL_NODE(stages);
	EQUAL_NODE(insert);
	EQUAL_SCALAR(tail);
	EQUAL_NODE(functions);
	EQUAL_NODE(statement_relids);
	EQUAL_NODE(action);
	EQUAL_NODE(operations_left);
	return true;
}

static void
barks_plan_out(StringInfo str, const ExtensibleNode *node)
{
	const BarksPlan *from = (const BarksPlan *) node;

	OUT_NODE(stages);
	OUT_NODE(insert);
	OUT_NODE(tail);
	OUT_NODE(functions);
	OUT_NODE(statement_relids);
	OUT_NODE(action);
	OUT_NODE(operations_left);
}

static void
barks_plan_read(ExtensibleNode *node)
{
	BarksPlan  *to = (BarksPlan *) node;

	READ_NODE(stages);
	READ_NODE(insert);
	READ_NODE(tail);
	READ_NODE(functions);
	READ_NODE(statement_relids);
	READ_NODE(action);
	READ_NODE(operations_left);
}

/* ---------------- reading ---------------- */

static void
skip_label(void)
{
	int			length;

	(void) pg_strtok(&length);
}

/* The next field's value; it is not terminated, but a delimiter follows. */
static const char *
read_value(void)
{
	int			length;
	const char *value;

	skip_label();
	value = pg_strtok(&length);
	if (value == NULL)
		elog(ERROR, "incomplete node of barks");
	return value;
}

Oid
barks_combine_state_oid(void)
{
	Oid			any = ANYOID;

	return LookupFuncName(list_make2(makeString("barks"), makeString("combine_state")), 1, &any,
						  true);
}

Oid
barks_parts_oid(const char *name)
{
	Oid			types[] = {INT4OID, BOOLOID};

	return LookupFuncName(list_make2(makeString("barks"), makeString((char *) name)), 2, types, true);
}

Oid
barks_rdd_computes_oid(void)
{
	Oid			names = TEXTARRAYOID;

	return LookupFuncName(list_make2(makeString("barks"), makeString("rdd_computes")), 1, &names, true);
}

Oid
barks_join_hint_oid(void)
{
	Oid			types[] = {TEXTOID, ANYOID, ANYOID};

	return LookupFuncName(list_make2(makeString("barks"), makeString("join_hint")), 3, types, true);
}

Oid
barks_acc_add_to_oid(void)
{
	Oid			types[] = {TEXTOID, TEXTOID, ANYELEMENTOID};

	return LookupFuncName(list_make2(makeString("barks"), makeString("acc_add_to")), 3, types, true);
}

Oid
barks_call_partition_oid(void)
{
	Oid			types[] = {REGPROCEDUREOID, BOOLOID, INT4ARRAYOID, TEXTARRAYOID, INT4OID, INT4OID, INT8OID, ANYOID};

	return LookupFuncName(list_make2(makeString("barks"), makeString("rdd_call_partition")), lengthof(types), types, true);
}

void
job_plan_init(void)
{
#define NODE_METHODS(type, prefix) \
	{BARKS_NODE_NAME(type), sizeof(type), \
	 prefix##_copy, prefix##_equal, prefix##_out, prefix##_read}
	static const ExtensibleNodeMethods methods[] = {
		NODE_METHODS(LeafPlan, leaf_plan),
		NODE_METHODS(MergeKey, merge_key),
		NODE_METHODS(StagePlan, stage_plan),
		NODE_METHODS(BarksPlan, barks_plan)
	};

	for (int i = 0; i < lengthof(methods); i++)
		RegisterExtensibleNodeMethods(&methods[i]);
}
