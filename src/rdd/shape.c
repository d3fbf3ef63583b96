/*-------------------------------------------------------------------------
 * shape.c
 *	  What the elements of an RDD look like.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/value.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "rdd/shape.h"

static RddShape *make_row(Oid type, List *names, List *fields);
static RddShape *shape_of_row(RowExpr *row, List *not_null);
static RddShape *shape_of_record(Node *expr);
static void add_leaves(const RddShape *shape, const char *path, List **leaves);
static void append_text(StringInfo buf, const RddShape *shape);

RddShape *
rdd_shape_leaf(Oid type, int32 typmod, Oid collation)
{
	RddShape   *shape = palloc0(sizeof(RddShape));

	shape->type = type == UNKNOWNOID ? TEXTOID : type;
	shape->typmod = type == UNKNOWNOID ? -1 : typmod;
	shape->collation = type == UNKNOWNOID ? get_typcollation(TEXTOID) : collation;
	return shape;
}

static RddShape *
make_row(Oid type, List *names, List *fields)
{
	RddShape   *shape = palloc0(sizeof(RddShape));

	shape->type = type;
	shape->typmod = -1;
	shape->names = names;
	shape->fields = fields;
	return shape;
}

RddShape *
rdd_shape_pair(const RddShape *key, const RddShape *value)
{
	return make_row(InvalidOid, list_make2("k", "v"), list_make2((void *) key, (void *) value));
}

RddShape *
rdd_shape_tuple(List *fields)
{
	List	   *names = NIL;

	for (int i = 1; i <= list_length(fields); i++)
		names = lappend(names, psprintf("_%d", i));
	return make_row(InvalidOid, names, fields);
}

static bool
is_row_type(Oid type)
{
	return get_typtype(type) == TYPTYPE_COMPOSITE;
}

/* Rows of a composite type, or a domain over one, are columns, anything else a leaf.  */
RddShape *
rdd_shape_of_type(Oid type)
{
	TupleDesc	desc;
	List	   *names = NIL;
	List	   *fields = NIL;

	if (is_row_type(getBaseType(type)))
		type = getBaseType(type);
	else
		return rdd_shape_leaf(type, -1, get_typcollation(type));
	desc = lookup_rowtype_tupdesc_copy(type, -1);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(desc, i);
		if (attr->attisdropped)
			continue;
		names = lappend(names, pstrdup(NameStr(attr->attname)));
		fields = lappend(fields, rdd_shape_leaf(attr->atttypid, attr->atttypmod, attr->attcollation));
	}
	if (fields == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("type %s has no columns to make elements of", format_type_be(type))));
	return make_row(type, names, fields);
}

/* (a, b) is a pair, a longer row a tuple, everything else what its type says. */
RddShape *
rdd_shape_of_expr(Node *expr, List *not_null)
{
	Oid			type = exprType(expr);
	RddShape   *leaf;

	if (IsA(expr, RowExpr) && type == RECORDOID)
		return shape_of_row((RowExpr *) expr, not_null);
	if (is_row_type(getBaseType(type)))
		return rdd_shape_of_type(type);
	if (type == RECORDOID && IsA(expr, FuncExpr) && get_expr_result_tupdesc(expr, true))
		return shape_of_record(expr);
	if (type == RECORDOID || type == RECORDARRAYOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("cannot tell the columns of a row of type %s", format_type_be(type)),
				 errhint("Write the row itself, as (a, b), or cast it to a composite type.")));
	if (get_typtype(type) == TYPTYPE_PSEUDO && type != UNKNOWNOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("elements of an RDD cannot be of type %s", format_type_be(type))));
	leaf = rdd_shape_leaf(type, exprTypmod(expr), exprCollation(expr));
	leaf->not_null = list_member_ptr(not_null, expr) || (IsA(expr, Const) && !((Const *) expr)->constisnull);
	return leaf;
}

static RddShape *
shape_of_row(RowExpr *row, List *not_null)
{
	List	   *fields = NIL;
	ListCell   *lc;

	if (row->args == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("elements of an RDD cannot be empty rows")));
	foreach(lc, row->args)
		fields = lappend(fields, rdd_shape_of_expr(lfirst(lc), not_null));
	return list_length(fields) == 2 ? rdd_shape_pair(linitial(fields), lsecond(fields))
		: rdd_shape_tuple(fields);
}

/* Of a function with several OUT parameters. */
static RddShape *
shape_of_record(Node *expr)
{
	TupleDesc	desc = get_expr_result_tupdesc(expr, false);
	List	   *fields = NIL;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(desc, i);

		fields = lappend(fields, rdd_shape_leaf(attr->atttypid, attr->atttypmod, attr->attcollation));
	}
	return list_length(fields) == 2 ? rdd_shape_pair(linitial(fields), lsecond(fields))
		: rdd_shape_tuple(fields);
}

/* Of an array that is written out; NULL where its rows are not alike. */
RddShape *
rdd_shape_of_rows(ArrayExpr *array)
{
	RddShape   *shape = NULL;
	ListCell   *lc;

	foreach(lc, array->elements)
	{
		RddShape   *row;

		if (!IsA(lfirst(lc), RowExpr))
			return NULL;
		row = shape_of_row(lfirst(lc), NIL);
		if (shape && !rdd_shape_equal(shape, row))
			return NULL;
		shape = shape ? rdd_shape_either(shape, row) : row;
	}
	return shape;
}

bool
rdd_shape_is_leaf(const RddShape *shape)
{
	return shape->fields == NIL;
}

bool
rdd_shape_is_pair(const RddShape *shape)
{
	return !OidIsValid(shape->type) && list_length(shape->fields) == 2;
}

const RddShape *
rdd_shape_key(const RddShape *shape)
{
	Assert(rdd_shape_is_pair(shape));
	return linitial(shape->fields);
}

const RddShape *
rdd_shape_value(const RddShape *shape)
{
	Assert(rdd_shape_is_pair(shape));
	return lsecond(shape->fields);
}

/* Alike but for lengths and collations of their columns. */
bool
rdd_shape_equal(const RddShape *a, const RddShape *b)
{
	ListCell   *lca;
	ListCell   *lcb;

	if (a->type != b->type || list_length(a->fields) != list_length(b->fields))
		return false;
	forboth(lca, a->fields, lcb, b->fields)
	{
		if (!rdd_shape_equal(lfirst(lca), lfirst(lcb)))
			return false;
	}
	return true;
}

int
rdd_shape_width(const RddShape *shape)
{
	int			width = 0;
	ListCell   *lc;

	if (rdd_shape_is_leaf(shape))
		return 1;
	foreach(lc, shape->fields)
		width += rdd_shape_width(lfirst(lc));
	return width;
}

List *
rdd_shape_columns(const RddShape *shape)
{
	if (!rdd_shape_is_pair(shape))
		return rdd_shape_leaves(shape, "x");
	return list_concat(rdd_shape_leaves(rdd_shape_key(shape), "k"),
					   rdd_shape_leaves(rdd_shape_value(shape), "v"));
}

List *
rdd_shape_leaves(const RddShape *shape, const char *variable)
{
	List	   *leaves = NIL;

	add_leaves(shape, variable, &leaves);
	return leaves;
}

static void
add_leaves(const RddShape *shape, const char *path, List **leaves)
{
	ListCell   *lcn;
	ListCell   *lcf;

	check_stack_depth();
	if (rdd_shape_is_leaf(shape))
	{
		RddLeaf    *leaf = palloc(sizeof(RddLeaf));

		leaf->path = path;
		leaf->shape = shape;
		*leaves = lappend(*leaves, leaf);
		return;
	}
	forboth(lcn, shape->names, lcf, shape->fields)
		add_leaves(lfirst(lcf), rdd_shape_path(path, lfirst(lcn)), leaves);
}

/* What would be too long for a name in SQL ends in a hash of the whole. */
char *
rdd_shape_path(const char *path, const char *name)
{
	char	   *whole = psprintf("%s.%s", path, name);
	int			length = strlen(whole);
	uint64		hash;

	if (length < NAMEDATALEN)
		return whole;
	hash = DatumGetUInt64(hash_any_extended((unsigned char *) whole, length, 0));
	length = pg_mbcliplen(whole, length, NAMEDATALEN - 1 - 17);
	return psprintf("%.*s#%016llx", length, whole, (unsigned long long) hash);
}

char *
rdd_shape_text(const RddShape *shape)
{
	StringInfoData buf;

	initStringInfo(&buf);
	append_text(&buf, shape);
	return buf.data;
}

static void
append_text(StringInfo buf, const RddShape *shape)
{
	ListCell   *lc;

	if (OidIsValid(shape->type))
	{
		appendStringInfoString(buf, format_type_be(shape->type));
		return;
	}
	appendStringInfoChar(buf, '(');
	foreach(lc, shape->fields)
	{
		if (foreach_current_index(lc) > 0)
			appendStringInfoString(buf, ", ");
		append_text(buf, lfirst(lc));
	}
	appendStringInfoChar(buf, ')');
}

char *
rdd_type_name(Oid type, int32 typmod)
{
	return format_type_extended(type, typmod, FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);
}

RddShape *
rdd_shape_nullable(const RddShape *shape)
{
	RddShape   *copy = palloc(sizeof(RddShape));
	ListCell   *lc;

	*copy = *shape;
	copy->not_null = false;
	copy->fields = NIL;
	foreach(lc, shape->fields)
		copy->fields = lappend(copy->fields, rdd_shape_nullable(lfirst(lc)));
	return copy;
}

RddShape *
rdd_shape_without_lengths(const RddShape *shape)
{
	RddShape   *copy = rdd_shape_nullable(shape);
	ListCell   *lc;

	copy->typmod = -1;
	foreach(lc, copy->fields)
		lfirst(lc) = rdd_shape_without_lengths(lfirst(lc));
	return copy;
}

RddShape *
rdd_shape_either(const RddShape *a, const RddShape *b)
{
	RddShape   *copy = palloc(sizeof(RddShape));
	ListCell   *lca;
	ListCell   *lcb;

	*copy = *a;
	copy->not_null = a->not_null && b->not_null;
	if (a->typmod != b->typmod)
		copy->typmod = -1;
	copy->fields = NIL;
	forboth(lca, a->fields, lcb, b->fields)
		copy->fields = lappend(copy->fields, rdd_shape_either(lfirst(lca), lfirst(lcb)));
	return copy;
}

/* A leaf is a list of OIDs, a row a list of its type, then names and shapes in turn. */
List *
rdd_shape_to_list(const RddShape *shape)
{
	List	   *list;
	ListCell   *lcn;
	ListCell   *lcf;

	if (rdd_shape_is_leaf(shape))
		return list_make3_oid(shape->type, (Oid) shape->typmod, shape->collation);
	list = list_make1(list_make1_oid(shape->type));
	forboth(lcn, shape->names, lcf, shape->fields)
	{
		list = lappend(list, makeString(lfirst(lcn)));
		list = lappend(list, rdd_shape_to_list(lfirst(lcf)));
	}
	return list;
}

RddShape *
rdd_shape_from_list(List *list)
{
	List	   *names = NIL;
	List	   *fields = NIL;

	if (IsA(list, OidList))
		return rdd_shape_leaf(linitial_oid(list), (int32) lsecond_oid(list), lthird_oid(list));
	for (int i = 1; i < list_length(list); i += 2)
	{
		names = lappend(names, strVal(list_nth(list, i)));
		fields = lappend(fields, rdd_shape_from_list(list_nth(list, i + 1)));
	}
	return make_row(linitial_oid(linitial(list)), names, fields);
}
