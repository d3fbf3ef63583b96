/*-------------------------------------------------------------------------
 * spread.c
 *	  Elements with the number of their partition, for what works by partition.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "rdd/spread.h"

char *
rdd_spread(RddQuery *query, const RddStep *step, const char *expressions)
{
	const char *from = rdd_from(query, step, 0);
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "(SELECT %s, s.\"#p\"", expressions);
	for (int i = 1; i <= rdd_order_of(query, step, 0); i++)
		appendStringInfo(&buf, ", s.\"#%d\"", i);
	appendStringInfo(&buf, " FROM %s AS s)", from);
	return buf.data;
}

char *
rdd_line_of(const char *alias, const RddShape *shape)
{
	StringInfoData buf;
	ListCell   *lc;

	if (rdd_shape_is_leaf(shape))
		return psprintf("COALESCE(%s.x::pg_catalog.text, '')", alias);
	initStringInfo(&buf);
	appendStringInfoString(&buf, "barks.rdd_row_text(");
	foreach(lc, rdd_shape_columns(shape))
		appendStringInfo(&buf, "%s%s.%s", foreach_current_index(lc) > 0 ? ", " : "", alias,
						 quote_identifier(((RddLeaf *) lfirst(lc))->path));
	appendStringInfoChar(&buf, ')');
	return buf.data;
}
