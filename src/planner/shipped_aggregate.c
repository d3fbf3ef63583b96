/*-------------------------------------------------------------------------
 * shipped_aggregate.c
 *	  Users' aggregates that nodes get by definition.
 *
 * A copy is made of copies of the support functions.  How a moving window could take
 * rows back is left out: windows then begin anew, which gives the same.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_proc.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "planner/shippable.h"
#include "planner/shipped_body.h"

static const char *describe(ShippedFunction *it, HeapTuple tuple, Form_pg_aggregate form, StringInfo buf);
static void append_support(StringInfo buf, ShippedFunction *it, const char *what, Oid function,
						   const char **reason);
static void append_modify(StringInfo buf, char modify);

const char *
shipped_describe_aggregate(ShippedFunction *it, StringInfo buf)
{
	HeapTuple	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(it->function));
	const char *reason;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for aggregate %u", it->function);
	reason = describe(it, tuple, (Form_pg_aggregate) GETSTRUCT(tuple), buf);
	ReleaseSysCache(tuple);
	return reason;
}

/* What follows the arguments. */
static const char *
describe(ShippedFunction *it, HeapTuple tuple, Form_pg_aggregate form, StringInfo buf)
{
	const char *reason = NULL;
	bool		isnull;
	Datum		value;

	if (form->aggkind != AGGKIND_NORMAL)
		return "it is an ordered-set aggregate";
	appendStringInfo(buf, " (STYPE = %s",
					 format_type_extended(form->aggtranstype, -1, FORMAT_TYPE_FORCE_QUALIFY));
	shipped_add_types(it, list_make1_oid(form->aggtranstype));
	append_support(buf, it, "SFUNC", form->aggtransfn, &reason);
	append_support(buf, it, "FINALFUNC", form->aggfinalfn, &reason);
	append_support(buf, it, "COMBINEFUNC", form->aggcombinefn, &reason);
	append_support(buf, it, "SERIALFUNC", form->aggserialfn, &reason);
	append_support(buf, it, "DESERIALFUNC", form->aggdeserialfn, &reason);
	if (OidIsValid(form->aggfinalfn))
	{
		append_modify(buf, form->aggfinalmodify);
		if (form->aggfinalextra)
			appendStringInfoString(buf, ", FINALFUNC_EXTRA");
	}
	appendStringInfo(buf, ", SSPACE = %d", form->aggtransspace);
	value = SysCacheGetAttr(AGGFNOID, tuple, Anum_pg_aggregate_agginitval, &isnull);
	if (!isnull)
		appendStringInfo(buf, ", INITCOND = %s", quote_literal_cstr(TextDatumGetCString(value)));
	appendStringInfoChar(buf, ')');
	return reason;
}

static void
append_support(StringInfo buf, ShippedFunction *it, const char *what, Oid function,
			   const char **reason)
{
	const ShippedFunction *copy;

	if (!OidIsValid(function) || *reason)
		return;
	appendStringInfo(buf, ", %s = ", what);
	if (shipped_is_users(function))
	{
		copy = shipped_called(it, function, NULL, reason);
		if (copy && shipped_is_polymorphic(function))
			*reason = psprintf("it calls function %s: it is polymorphic", get_func_name(function));
		if (copy)
			appendStringInfo(buf, "%s.%s", shipped_schema(), quote_identifier(copy->name));
		return;
	}
	*reason = function < FirstNormalObjectId ? shippable_builtin_reason(function) :
		shippable_extension_reason(function);
	appendStringInfoString(buf, quote_qualified_identifier(get_namespace_name(get_func_namespace(function)),
														   get_func_name(function)));
}

static void
append_modify(StringInfo buf, char modify)
{
	appendStringInfo(buf, ", FINALFUNC_MODIFY = %s", modify == AGGMODIFY_READ_ONLY ? "READ_ONLY" :
					 modify == AGGMODIFY_SHAREABLE ? "SHAREABLE" : "READ_WRITE");
}
