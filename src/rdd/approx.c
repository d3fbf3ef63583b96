/*-------------------------------------------------------------------------
 * approx.c
 *	  Counts, sums and means in a given time, from as many partitions as it allows.
 *
 * Groups of partitions are aggregated one after the other, each as large as all
 * before it, so that the last one may be cut off but what was there before stays:
 * of all the work half is lost at most.  When all are done the answer is exact;
 * otherwise it is extrapolated, with the bounds that Spark gives
 * (org.apache.spark.partial: CountEvaluator, MeanEvaluator, SumEvaluator,
 * GroupedCountEvaluator).
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/queryenvironment.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "rdd/calls.h"
#include "rdd/query.h"

PG_FUNCTION_INFO_V1(barks_rdd_approx);

#define NBOUNDS 4				/* mean, confidence, low, high */

/* What was computed so far. */
typedef struct Approx
{
	const char *name;			/* of the operation */
	const char *before;			/* SELECT … FROM, of all partitions */
	const char *after;			/* GROUP BY … */
	RddQuery	query;
	double		confidence;
	int			npartitions;
	int			ndone;			/* partitions */
	bool		grouped;
	double		count;
	double		mean;			/* of numbers */
	double		squares;		/* sum of squared distances to the mean */
	Tuplestorestate *groups;	/* rows of keys and a count, some keys several times */
	TupleDesc	groups_desc;
} Approx;

static volatile sig_atomic_t expired = false;

static void check_call(FunctionCallInfo fcinfo, const Approx *approx, const RddStep *step);
static const RddShape *key_of(const Approx *approx, const RddStep *step);
static void compile_aggregate(Approx *approx, const RddStep *step, const char *elements);
static void start_groups(Approx *approx, const RddStep *step);
static bool run_until(Approx *approx, int next, TimestampTz deadline);
static void run_partitions(Approx *approx, int next);
static void on_timeout(void);
static void add_numbers(Approx *approx, HeapTuple row, TupleDesc desc);
static void give_groups(Approx *approx, ReturnSetInfo *rsinfo);
static void bounds_of_count(const Approx *approx, double count, Datum *bounds);
static void bounds_of_numbers(const Approx *approx, Datum *bounds);
static void set_bounds(Datum *bounds, double mean, double confidence, double low, double high);
static double normal_quantile(double p);
static double student_quantile(double p, double freedom);
static double poisson_quantile(double p, double mean);

/* count_approx(r, timeout, confidence) and its kin */
Datum
barks_rdd_approx(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Approx		approx = {get_func_name(fcinfo->flinfo->fn_oid) + strlen("rdd_")};
	const Rdd  *rdd;
	TimestampTz deadline;
	int			next = 1;

	approx.grouped = strstr(approx.name, "_by_") != NULL;
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument 1 of barks.rdd_%s must not be null", approx.name)));
	rdd = rdd_check_again(rdd_from_datum(PG_GETARG_DATUM(0)));
	check_call(fcinfo, &approx, rdd_last(rdd));
	deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), Min(PG_GETARG_INT64(1), INT_MAX / 2));
	approx.confidence = PG_GETARG_FLOAT8(2);
	approx.npartitions = rdd_last(rdd)->partitions;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	/* what this statement has stored so far is seen too; nothing more is, for that takes time */
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	approx.query.by_partition = true;
	approx.query.named = true;
	approx.query.purpose = approx.name;
	compile_aggregate(&approx, rdd_last(rdd), rdd_compile(rdd, NIL, &approx.query));
	if (approx.grouped)
		start_groups(&approx, rdd_last(rdd));
	while (approx.ndone < approx.npartitions && run_until(&approx, next, deadline))
	{
		approx.ndone = next;
		next = Min(next, approx.npartitions / 2) * 2;
		if (next <= approx.ndone)
			next = approx.npartitions;
	}
	if (approx.grouped)
		give_groups(&approx, rsinfo);
	else
	{
		Datum		bounds[NBOUNDS];
		bool		nulls[NBOUNDS] = {false};

		if (strcmp(approx.name, "count_approx") == 0)
			bounds_of_count(&approx, approx.count, bounds);
		else
			bounds_of_numbers(&approx, bounds);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, bounds, nulls);
	}
	PopActiveSnapshot();
	SPI_finish();
	return (Datum) 0;
}

static void
check_call(FunctionCallInfo fcinfo, const Approx *approx, const RddStep *step)
{
	const RddShape *key = step->shape;

	if (PG_ARGISNULL(1) || PG_GETARG_INT64(1) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the timeout must not be null or negative")));
	if (PG_ARGISNULL(2) || !(PG_GETARG_FLOAT8(2) >= 0 && PG_GETARG_FLOAT8(2) <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("confidence must be between 0 and 1")));
	if (strcmp(approx->name, "sum_approx") == 0 || strcmp(approx->name, "mean_approx") == 0)
		rdd_expect_numbers(approx->name, step);
	if (!approx->grouped)
		return;
	if (strcmp(approx->name, "count_by_key_approx") == 0)
	{
		if (!rdd_shape_is_pair(key))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("barks.rdd_%s needs pairs, not elements of type %s", approx->name,
							rdd_shape_text(key))));
		key = rdd_shape_key(key);
	}
	if (!OidIsValid(key->type) || key->type != get_fn_expr_argtype(fcinfo->flinfo, 3))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("keys of type %s do not fit the type that is asked for", rdd_shape_text(key))));
}

static const RddShape *
key_of(const Approx *approx, const RddStep *step)
{
	return strcmp(approx->name, "count_by_key_approx") == 0 ? rdd_shape_key(step->shape) : step->shape;
}

static void
compile_aggregate(Approx *approx, const RddStep *step, const char *elements)
{
	const char *what = "pg_catalog.count(*)::pg_catalog.float8";

	approx->after = "";
	if (approx->grouped)
	{
		what = psprintf("%s AS k, pg_catalog.count(*)::pg_catalog.float8 AS n", rdd_value_of(key_of(approx, step),
									 strcmp(approx->name, "count_by_key_approx") == 0 ? "k" : "x"));
		approx->after = " GROUP BY 1";
	}
	else if (strcmp(approx->name, "count_approx") != 0)
		what = "pg_catalog.count(s.x)::pg_catalog.float8, pg_catalog.avg(s.x::pg_catalog.float8), "
			"pg_catalog.var_pop(s.x::pg_catalog.float8)";
	approx->before = psprintf("SELECT %s FROM (%s) AS s", what, elements);
}

/* Counts of keys are kept outside the subtransactions. */
static void
start_groups(Approx *approx, const RddStep *step)
{
	const RddShape *key = key_of(approx, step);

	approx->groups_desc = CreateTemplateTupleDesc(2);
	TupleDescInitEntry(approx->groups_desc, 1, "k", key->type, key->typmod, 0);
	TupleDescInitEntryCollation(approx->groups_desc, 1, key->collation);
	TupleDescInitEntry(approx->groups_desc, 2, "n", FLOAT8OID, -1, 0);
	approx->groups = tuplestore_begin_heap(false, false, work_mem);
}

/*
 * Partitions from those done to before the next.  False when the time is up first:
 * then they have left nothing.
 */
static bool
run_until(Approx *approx, int next, TimestampTz deadline)
{
	static TimeoutId timeout = MAX_TIMEOUTS;
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool done = false;

	if (GetCurrentTimestamp() >= deadline)
		return false;
	if (timeout == MAX_TIMEOUTS)
		timeout = RegisterTimeout(USER_TIMEOUT, on_timeout);
	expired = false;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		enable_timeout_at(timeout, deadline);
		run_partitions(approx, next);
		disable_timeout(timeout, false);
		ReleaseCurrentSubTransaction();
		done = true;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		disable_timeout(timeout, false);
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		if (!expired || error->sqlerrcode != ERRCODE_QUERY_CANCELED)
			ReThrowError(error);
		FreeErrorData(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	/* it may have come too late to stop anything */
	if (expired && done)
		QueryCancelPending = false;
	return done;
}

static void
on_timeout(void)
{
	expired = true;
	InterruptPending = true;
	QueryCancelPending = true;
	SetLatch(MyLatch);
}

/* All are read under one snapshot. */
static void
run_partitions(Approx *approx, int next)
{
	const char *sql = psprintf("%s WHERE s.\"#p\" >= %d AND s.\"#p\" < %d%s", approx->before, approx->ndone, next,
							   approx->after);
	SPIPlanPtr	plan = rdd_prepare(sql, &approx->query);

	if (SPI_execute_plan(plan, NULL, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not execute the query of an RDD");
	/* all of them, or none */
	HOLD_INTERRUPTS();
	if (!approx->grouped)
		add_numbers(approx, SPI_tuptable->vals[0], SPI_tuptable->tupdesc);
	for (uint64 i = 0; approx->grouped && i < SPI_processed; i++)
		tuplestore_puttuple(approx->groups, SPI_tuptable->vals[i]);
	RESUME_INTERRUPTS();
	SPI_freetuptable(SPI_tuptable);
	SPI_freeplan(plan);
}

/* T. Chan, G. Golub, R. LeVeque: "Updating formulae and a pairwise algorithm for computing sample variances" (1979). */
static void
add_numbers(Approx *approx, HeapTuple row, TupleDesc desc)
{
	bool		isnull;
	double		count = DatumGetFloat8(SPI_getbinval(row, desc, 1, &isnull));
	double		distance;

	if (desc->natts > 1 && count > 0)
	{
		distance = DatumGetFloat8(SPI_getbinval(row, desc, 2, &isnull)) - approx->mean;
		approx->squares += DatumGetFloat8(SPI_getbinval(row, desc, 3, &isnull)) * count +
			distance * distance * approx->count * count / (approx->count + count);
		approx->mean += distance * count / (approx->count + count);
	}
	approx->count += count;
}

/* The counts of each key together. */
static void
give_groups(Approx *approx, ReturnSetInfo *rsinfo)
{
	EphemeralNamedRelation relation = palloc0(sizeof(EphemeralNamedRelationData));
	Datum		values[1 + NBOUNDS];
	bool		nulls[1 + NBOUNDS] = {false};

	relation->md.name = "barks_counts";
	relation->md.tupdesc = approx->groups_desc;
	relation->md.enrtype = ENR_NAMED_TUPLESTORE;
	relation->md.enrtuples = tuplestore_tuple_count(approx->groups);
	relation->reldata = approx->groups;
	if (SPI_register_relation(relation) != SPI_OK_REL_REGISTER ||
		SPI_execute("SELECT k, pg_catalog.sum(n) FROM barks_counts GROUP BY k", true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not add counts of keys");
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		double		count = DatumGetFloat8(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2, &isnull));

		values[0] = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &nulls[0]);
		bounds_of_count(approx, count, values + 1);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	tuplestore_end(approx->groups);
}

static void
set_bounds(Datum *bounds, double mean, double confidence, double low, double high)
{
	bounds[0] = Float8GetDatum(mean);
	bounds[1] = Float8GetDatum(confidence);
	bounds[2] = Float8GetDatum(low);
	bounds[3] = Float8GetDatum(high);
}

/* What partitions still have is a Poisson variable of the mean that the others tell. */
static void
bounds_of_count(const Approx *approx, double count, Datum *bounds)
{
	double		share = (double) approx->ndone / Max(approx->npartitions, 1);
	double		rest = count * (1 - share) / share;

	if (approx->ndone == approx->npartitions)
		set_bounds(bounds, count, 1, count, count);
	else if (count == 0)
		set_bounds(bounds, 0, 0, 0, get_float8_infinity());
	else
		set_bounds(bounds, count + rest, approx->confidence,
				   count + poisson_quantile((1 - approx->confidence) / 2, rest),
				   count + poisson_quantile((1 + approx->confidence) / 2, rest));
}

static void
bounds_of_numbers(const Approx *approx, Datum *bounds)
{
	bool		of_sum = strcmp(approx->name, "sum_approx") == 0;
	double		share = (double) approx->ndone / Max(approx->npartitions, 1);
	double		n = approx->count;
	double		infinity = get_float8_infinity();
	double		result = of_sum ? approx->mean * n : n > 0 ? approx->mean : get_float8_nan();
	double		variance = n > 1 ? approx->squares / (n - 1) / n : 0;
	double		factor;

	if (approx->ndone == approx->npartitions)
	{
		set_bounds(bounds, result, 1, result, result);
		return;
	}
	if (n == 0)
	{
		set_bounds(bounds, 0, 0, -infinity, infinity);
		return;
	}
	if (of_sum)
	{
		double		all = (n + 1 - share) / share;
		double		all_variance = (n + 1) * (1 - share) / (share * share);

		result = approx->mean * all;
		variance = approx->mean * approx->mean * all_variance + all * all * variance + variance * all_variance;
	}
	if (n == 1)
	{
		set_bounds(bounds, result, approx->confidence, -infinity, infinity);
		return;
	}
	factor = n > 100 ? normal_quantile((1 + approx->confidence) / 2)
		: student_quantile((1 + approx->confidence) / 2, n - 1);
	set_bounds(bounds, result, approx->confidence, result - factor * sqrt(variance), result + factor * sqrt(variance));
}

static double
normal_quantile(double p)
{
	double		low = -40;
	double		high = 40;

	if (p <= 0 || p >= 1)
		return p <= 0 ? -get_float8_infinity() : get_float8_infinity();
	for (int i = 0; i < 100; i++)
	{
		double		middle = (low + high) / 2;

		if (0.5 * erfc(-middle / M_SQRT2) < p)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

/* G. W. Hill, "Algorithm 396: Student's t-quantiles", CACM 13 (1970); for p from 0.5 on. */
static double
student_quantile(double p, double n)
{
	double		tails = 2 * (1 - p);
	double		a = 1 / (n - 0.5);
	double		b = 48 / (a * a);
	double		c = ((20700 * a / b - 98) * a - 16) * a + 96.36;
	double		d = ((94.5 / (b + c) - 3) / b + 1) * sqrt(a * M_PI / 2) * n;
	double		x = d * tails;
	double		y = pow(x, 2 / n);

	if (tails <= 0)
		return get_float8_infinity();
	if (n <= 1)
		return cos(tails * M_PI / 2) / sin(tails * M_PI / 2);
	if (n <= 2)
		return sqrt(2 / (tails * (2 - tails)) - 2);
	if (y > 0.05 + a)
	{
		x = normal_quantile(tails / 2);
		y = x * x;
		if (n < 5)
			c += 0.3 * (n - 4.5) * (x + 0.6);
		c += (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b;
		y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x;
		y = expm1(a * y * y);
	}
	else
		y = ((1 / (((n + 6) / (n * y) - 0.089 * d - 0.822) * (n + 2) * 3) + 0.5 / (n + 4)) * y - 1) *
			(n + 1) / (n + 2) + 1 / y;
	return sqrt(n * y);
}

/* Summed up; of large means by the expansion of Cornish and Fisher. */
static double
poisson_quantile(double p, double mean)
{
	double		term = exp(-mean);
	double		sum = term;
	double		k = 0;

	if (p >= 1)
		return get_float8_infinity();
	if (mean > 500)
	{
		double		z = normal_quantile(p);

		return p <= 0 ? 0 : Max(rint(mean + sqrt(mean) * z + (z * z - 1) / 6), 0);
	}
	while (sum < p && k < mean + 1000)
	{
		k++;
		term *= mean / k;
		sum += term;
	}
	return k;
}
