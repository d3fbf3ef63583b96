/*-------------------------------------------------------------------------
 * spread.c
 *	  Elements with the number of their partition, for what works by partition.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "cluster/node.h"
#include "rdd/spread.h"

int
rdd_spread_partitions(const RddStep *step)
{
	int			slots = 0;
	List	   *nodes = node_list();
	ListCell   *lc;

	if (step->partitions > 0)
		return step->partitions;
	foreach(lc, nodes)
		slots += Max(1, node_slots(lfirst_oid(lc)));
	return nodes == NIL ? Max(1, node_slots(InvalidOid)) : slots;
}

char *
rdd_spread(RddQuery *query, const RddStep *step, const char *expressions, int n)
{
	bool		in_order = query->in_order;
	const char *from;
	int			order;
	StringInfoData buf;

	query->in_order = true;
	from = rdd_from(query, step, 0);
	query->in_order = in_order;
	order = rdd_order_of(query, step, 0);
	initStringInfo(&buf);
	appendStringInfo(&buf, "(SELECT %s, ", expressions);
	if (n == 1)
		appendStringInfoString(&buf, "0");
	else if (order > 0)
	{
		appendStringInfo(&buf, "pg_catalog.ntile(%d) OVER (ORDER BY ", n);
		for (int i = 1; i <= order; i++)
			appendStringInfo(&buf, "%ss.\"#%d\"", i > 1 ? ", " : "", i);
		appendStringInfoString(&buf, ") - 1");
	}
	else
		appendStringInfo(&buf, "pg_catalog.mod(pg_catalog.mod(pg_catalog.hashtextextended(%s, 0), %d) + %d, %d)::pg_catalog.int4",
						 rdd_line_of("s", rdd_input(query, step, 0)->shape), n, n, n);
	appendStringInfo(&buf, " AS \"#p\"%s FROM %s AS s)", rdd_keep_order(query, step, 0), from);
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
