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

	return psprintf("(SELECT %s%s FROM %s AS s)", expressions, rdd_keep_order(query, step, 0), from);
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
