/*-------------------------------------------------------------------------
 * arguments.c
 *	  Arguments of an operation, as check() and compile() read them, and what it
 *	  expects of its inputs.
 *
 * An argument is a Const of the type that the SQL function declares; the one that
 * is not as it should be is named by its place in the call.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "rdd/arguments.h"
#include "rdd/lambda.h"
#include "rdd/lambda_text.h"
#include "rdd/query.h"

static Datum not_null_argument(const RddStep *step, int number);
static void expect_operator(const RddStep *step, const RddShape *shape, StrategyNumber strategy, const char *what);

const Const *
rdd_arg(const RddStep *step, int number)
{
	/* values of these types are taken for inputs */
	if (number >= list_length(step->args))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("elements and other arguments of barks.rdd_%s cannot be RDDs", step->name)));
	return list_nth_node(Const, step->args, number);
}

bool
rdd_arg_is_null(const RddStep *step, int number)
{
	return rdd_arg(step, number)->constisnull;
}

const char *
rdd_arg_text(const RddStep *step, int number)
{
	return TextDatumGetCString(not_null_argument(step, number));
}

int
rdd_arg_int(const RddStep *step, int number)
{
	return DatumGetInt32(not_null_argument(step, number));
}

Oid
rdd_arg_function(const RddStep *step, int number)
{
	return DatumGetObjectId(not_null_argument(step, number));
}

static Datum
not_null_argument(const RddStep *step, int number)
{
	if (rdd_arg_is_null(step, number))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument %d of barks.rdd_%s must not be null",
						list_length(step->inputs) + number + 1, step->name)));
	return rdd_arg(step, number)->constvalue;
}

bool
rdd_arg_bool(const RddStep *step, int number, bool if_null)
{
	return rdd_arg_is_null(step, number) ? if_null : DatumGetBool(rdd_arg(step, number)->constvalue);
}

Oid
rdd_arg_type(const RddStep *step, int number)
{
	if (rdd_arg_is_null(step, number))
		return InvalidOid;
	rdd_expect_type(DatumGetObjectId(rdd_arg(step, number)->constvalue));
	return DatumGetObjectId(rdd_arg(step, number)->constvalue);
}

char *
rdd_arg_literal(const RddStep *step, int number)
{
	const Const *value = rdd_arg(step, number);

	return lambda_constant(value->consttype, value->constvalue, value->constisnull);
}

int
rdd_arg_partitions(const RddStep *step, int number, int if_null)
{
	int			n;

	if (rdd_arg_is_null(step, number))
		return if_null;
	n = DatumGetInt32(rdd_arg(step, number)->constvalue);
	if (n < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of partitions must be positive, not %d", n)));
	return n;
}

void
rdd_expect_equality(const RddStep *step, const RddShape *shape)
{
	expect_operator(step, shape, BTEqualStrategyNumber, "compare");
}

void
rdd_expect_order(const RddStep *step, const RddShape *shape)
{
	expect_operator(step, shape, BTLessStrategyNumber, "sort");
}

static void
expect_operator(const RddStep *step, const RddShape *shape, StrategyNumber strategy, const char *what)
{
	ListCell   *lc;

	foreach(lc, rdd_shape_leaves(shape, ""))
	{
		Oid			type = ((RddLeaf *) lfirst(lc))->shape->type;

		if (!rdd_operator(type, strategy))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_FUNCTION),
					 errmsg("barks.rdd_%s cannot %s values of type %s", step->name, what, format_type_be(type))));
	}
}

void
rdd_expect_type(Oid type)
{
	if (!OidIsValid(type) || !SearchSysCacheExists1(TYPEOID, ObjectIdGetDatum(type)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("type with OID %u does not exist", type)));
	if (get_typtype(type) == TYPTYPE_PSEUDO)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("elements of an RDD cannot be of type %s", format_type_be(type))));
}

void
rdd_expect_pair(const RddStep *step, const RddStep *input)
{
	if (!rdd_shape_is_pair(input->shape))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("barks.rdd_%s needs pairs, not elements of type %s", step->name,
						rdd_shape_text(input->shape)),
				 errhint("Make pairs with barks.rdd_map(r, '(key, value)') or barks.rdd_key_by().")));
}

void
rdd_expect_alike(const RddStep *step, const RddStep *a, const RddStep *b)
{
	if (!rdd_shape_equal(a->shape, b->shape))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("barks.rdd_%s needs elements of one type, not %s and %s", step->name,
						rdd_shape_text(a->shape), rdd_shape_text(b->shape))));
}
