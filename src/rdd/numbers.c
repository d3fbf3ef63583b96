/*-------------------------------------------------------------------------
 * numbers.c
 *	  barks.rdd_numbers: the numbers of a part of a range, one by one.
 *
 * Part p of n has those at the positions from p * count / n to before (p + 1) * count / n,
 * as Spark slices a range.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"

PG_FUNCTION_INFO_V1(barks_rdd_numbers);
PG_FUNCTION_INFO_V1(barks_rdd_numbers_support);

/* What barks.rdd_slices() is taken to give. */
#define PARTS_ESTIMATE 16

static int64 position_of(int64 count, int part, int parts);

/* (first, by, count, part, parts) */
Datum
barks_rdd_numbers(PG_FUNCTION_ARGS)
{
	FuncCallContext *context;
	int64	   *next;

	if (SRF_IS_FIRSTCALL())
	{
		int64		count = PG_GETARG_INT64(2);
		int			part = PG_GETARG_INT32(3);
		int			parts = PG_GETARG_INT32(4);

		if (count < 0 || part < 0 || part >= parts)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("invalid part of a range")));
		context = SRF_FIRSTCALL_INIT();
		next = MemoryContextAlloc(context->multi_call_memory_ctx, sizeof(int64));
		*next = position_of(count, part, parts);
		context->max_calls = position_of(count, part + 1, parts) - *next;
		context->user_fctx = next;
	}
	context = SRF_PERCALL_SETUP();
	next = context->user_fctx;
	if (context->call_cntr >= context->max_calls)
		SRF_RETURN_DONE(context);
	/* the range's numbers are in their type, so this is too */
	SRF_RETURN_NEXT(context, Int64GetDatum((int64) ((uint64) PG_GETARG_INT64(0) + (uint64) PG_GETARG_INT64(1) * (uint64) (*next)++)));
}

static int64
position_of(int64 count, int part, int parts)
{
	int64		share = count / parts;
	int64		rest = count % parts;

	return share * part + rest * part / parts;
}

/* The rows of one part, that all parts have as many as there are. */
Datum
barks_rdd_numbers_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);
	SupportRequestRows *rows;
	Node	   *count;

	if (!IsA(request, SupportRequestRows) || !IsA(((SupportRequestRows *) request)->node, FuncExpr))
		PG_RETURN_POINTER(NULL);
	rows = (SupportRequestRows *) request;
	count = estimate_expression_value(rows->root, lthird(((FuncExpr *) rows->node)->args));
	if (!IsA(count, Const) || ((Const *) count)->constisnull)
		PG_RETURN_POINTER(NULL);
	rows->rows = clamp_row_est((double) DatumGetInt64(((Const *) count)->constvalue) / PARTS_ESTIMATE);
	PG_RETURN_POINTER(rows);
}
