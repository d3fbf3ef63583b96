/*-------------------------------------------------------------------------
 * result.c
 *	  The elements of a lineage, in the columns that its caller declares.
 *
 * A column for each leaf of an element, or for each of its fields, where those that
 * are rows have a named type.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "rdd/result.h"

static void append_cast(StringInfo buf, List *leaves, List *types);
static void append_plain(StringInfo buf, const RddShape *shape);
static void append_packed(StringInfo buf, const RddShape *shape);
static bool fits_leaves(List *leaves, List *types);
static bool fits_fields(const RddShape *shape, List *types);

char *
rdd_result(const RddQuery *query, const char *select, List *types)
{
	const RddStep *last = rdd_last(query->rdd);
	int			number = list_length(query->rdd->steps) - 1;
	List	   *leaves = rdd_shape_columns(last->shape);
	bool		packed = types != NIL && !fits_leaves(leaves, types);
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, "SELECT ");
	if (packed)
		append_packed(&buf, last->shape);
	else if (types != NIL)
		append_cast(&buf, leaves, types);
	else if (query->plain_names)
		append_plain(&buf, last->shape);
	else
		appendStringInfoString(&buf, rdd_columns("s", leaves, leaves));
	if (query->by_partition)
		appendStringInfoString(&buf, ", s.\"#p\"");
	for (int i = 1; query->keep_order && i <= query->order[number]; i++)
		appendStringInfo(&buf, ", s.\"#%d\"", i);
	appendStringInfo(&buf, " FROM (%s) AS s", select);
	if (query->keep_order || query->order[number] == 0)
		return buf.data;
	appendStringInfo(&buf, " ORDER BY %s%s", query->by_partition && query->in_order ? "s.\"#p\", " : "",
					 rdd_order_columns(query, last, -1));
	return buf.data;
}

/* The leaves, as columns of these types. */
static void
append_cast(StringInfo buf, List *leaves, List *types)
{
	int			number = 0;
	ListCell   *lc;

	foreach(lc, types)
	{
		const char *path;

		appendStringInfoString(buf, foreach_current_index(lc) > 0 ? ", " : "");
		if (!OidIsValid(lfirst_oid(lc)))
		{
			/* a dropped column */
			appendStringInfoString(buf, "NULL::pg_catalog.int4");
			continue;
		}
		path = quote_identifier(((RddLeaf *) list_nth(leaves, number++))->path);
		appendStringInfo(buf, "s.%s::%s AS %s", path, rdd_type_name(lfirst_oid(lc), -1), path);
	}
}

static void
append_plain(StringInfo buf, const RddShape *shape)
{
	ListCell   *lcl;
	ListCell   *lcn;

	forboth(lcl, rdd_shape_columns(shape), lcn, rdd_column_names(shape))
		appendStringInfo(buf, "%ss.%s AS %s", foreach_current_index(lcl) > 0 ? ", " : "",
						 quote_identifier(((RddLeaf *) lfirst(lcl))->path), quote_identifier(lfirst(lcn)));
}

/* Each field of the elements as one column, rows of a named type as values of it. */
static void
append_packed(StringInfo buf, const RddShape *shape)
{
	bool		is_pair = rdd_shape_is_pair(shape);
	List	   *fields = OidIsValid(shape->type) ? list_make1((void *) shape) : shape->fields;
	ListCell   *lc;

	foreach(lc, fields)
	{
		const RddShape *field = lfirst(lc);
		const char *path = "x";

		if (is_pair)
			path = foreach_current_index(lc) == 0 ? "k" : "v";
		else if (field != shape)
			path = rdd_shape_path("x", list_nth(shape->names, foreach_current_index(lc)));
		appendStringInfoString(buf, foreach_current_index(lc) > 0 ? ", " : "");
		appendStringInfo(buf, "%s AS %s", rdd_value_of(field, path), quote_identifier(path));
	}
}

/* A column for each leaf. */
static bool
fits_leaves(List *leaves, List *types)
{
	ListCell   *lct;
	ListCell   *lcl = list_head(leaves);

	foreach(lct, types)
	{
		if (!OidIsValid(lfirst_oid(lct)))
			continue;
		if (!lcl || ((RddLeaf *) lfirst(lcl))->shape->type != lfirst_oid(lct))
			return false;
		lcl = lnext(leaves, lcl);
	}
	return lcl == NULL;
}

/* A column for each field, or one for a row of a named type. */
static bool
fits_fields(const RddShape *shape, List *types)
{
	ListCell   *lct;
	ListCell   *lcf;

	if (OidIsValid(shape->type))
		return list_length(types) == 1 && linitial_oid(types) == shape->type;
	if (list_length(types) != list_length(shape->fields))
		return false;
	forboth(lct, types, lcf, shape->fields)
	{
		if (!OidIsValid(lfirst_oid(lct)) || ((RddShape *) lfirst(lcf))->type != lfirst_oid(lct))
			return false;
	}
	return true;
}

List *
rdd_column_names(const RddShape *shape)
{
	List	   *names = NIL;
	bool		is_row = !rdd_shape_is_leaf(shape) && !rdd_shape_is_pair(shape);
	ListCell   *lc;

	foreach(lc, rdd_shape_columns(shape))
		names = lappend(names, (char *) ((RddLeaf *) lfirst(lc))->path + (is_row ? strlen("x.") : 0));
	return names;
}

/* Elements have the columns that the caller declares. */
void
rdd_check_columns(const Rdd *rdd, List *types)
{
	const RddShape *shape = rdd_last(rdd)->shape;
	List	   *leaves = rdd_shape_columns(shape);

	if (!fits_leaves(leaves, types) && !fits_fields(shape, types))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("elements of type %s do not fit the columns that are asked for",
						rdd_shape_text(shape)),
				 errdetail("Their columns are: %s.", rdd_columns_text(leaves))));
}

char *
rdd_columns_text(List *leaves)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, leaves)
	{
		RddLeaf    *leaf = lfirst(lc);

		appendStringInfo(&buf, "%s%s %s", buf.len > 0 ? ", " : "", leaf->path,
						 format_type_be(leaf->shape->type));
	}
	return buf.data;
}
