/*-------------------------------------------------------------------------
 * partitioner.c
 *	  Which partition of a stage's output a row goes to.
 *
 * Partitioning is a function of the rows and their order, so that a task that
 * runs again writes the same partitions.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/pg_list.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/sortsupport.h"
#include "utils/typcache.h"

#include "base/decimal.h"
#include "batch/batch.h"
#include "batch/row_hash.h"
#include "job/plan.h"
#include "shuffle/partitioner.h"

struct Partitioner
{
	ExchangeKind kind;
	int			npartitions;
	int			next;			/* of rows dealt out */
	bool		spread_nulls;
	bool		keep_nulls;
	const KeyFilter *filter;	/* of the keys that are wanted, or NULL: all are */
	KeyFilter  *found;			/* NULL: nobody asked */

	int			nkeys;
	int		   *columns;		/* of the keys, from 0 */
	Oid		   *types;			/* of the keys, no domains */
	Vec		  **vectors;		/* of the keys */
	Datum	   *values;			/* of a row's keys */
	bool	   *nulls;
	RowHash    *hash;

	/* range: partition i has the rows up to bound i, the last one the rest */
	SortSupport sort_keys;
	int			nbounds;
	Datum	   *bounds;			/* nbounds × nkeys */
	bool	   *bound_nulls;
	/* of one key whose type has the order of integers in vectors */
	int			direction;		/* 1 ascending, -1 descending; 0: it is another order */
	int64	   *integers;		/* the bounds; NULL: not asked for yet */
	VecKind		integers_kind;	/* in vectors of this kind */
	int			integers_scale;
	bool		integers_known; /* all bounds are such integers */
};

static void prepare_hash(Partitioner *partitioner, const ShuffleOutput *output, TupleDesc desc);
static void prepare_range(Partitioner *partitioner, const ShuffleOutput *output, TupleDesc desc,
						  MemoryContext context);
static void read_bounds(Partitioner *partitioner, StringInfo wire, TupleDesc key_desc,
						MemoryContext context);
static void set_keys(Partitioner *partitioner, int nkeys);
static int	check_column(int column, TupleDesc desc);
static int	hash_partition(Partitioner *partitioner, const Datum *values, const bool *nulls);
static int	hashed_partition(Partitioner *partitioner, uint64 hash, bool any_null);
static bool wants_null(const Partitioner *partitioner);
static void hash_partitions(Partitioner *partitioner, Vec *const *columns, const uint16 *rows, int n,
							int32 *partitions);
static void range_partitions(Partitioner *partitioner, Vec *const *columns, const uint16 *rows, int n,
							 int32 *partitions);
static int	find_direction(Oid type, Oid sortop);
static bool know_integers(Partitioner *partitioner, const Vec *vec);
static int64 key_integer(const Vec *vec, int row);
static int	integer_partition(const Partitioner *partitioner, int64 value);
static int	range_partition(Partitioner *partitioner, const Datum *values, const bool *nulls);
static int	compare_to_bound(Partitioner *partitioner, const Datum *values,
							 const bool *nulls, int bound);
static int	deal(Partitioner *partitioner);

Partitioner *
partitioner_create(const ShuffleOutput *output, TupleDesc desc, int32 start,
				   MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	Partitioner *partitioner = palloc0(sizeof(Partitioner));

	partitioner->kind = output->kind;
	partitioner->npartitions = output->npartitions;
	partitioner->spread_nulls = output->spread_nulls;
	partitioner->keep_nulls = output->keep_nulls;
	partitioner->next = start % output->npartitions;
	switch (partitioner->kind)
	{
		case EXCHANGE_HASH:
		case EXCHANGE_KEYS:
			prepare_hash(partitioner, output, desc);
			break;
		case EXCHANGE_RANGE:
			prepare_range(partitioner, output, desc, context);
			break;
		case EXCHANGE_ROUND_ROBIN:
			break;
		case EXCHANGE_BROADCAST:
		case EXCHANGE_SINGLE:
		case EXCHANGE_KEEP:
			if (output->npartitions != 1)
				elog(ERROR, "exchange of kind %d with %d partitions", output->kind,
					 output->npartitions);
			if (output->filter_stage > 0 || output->key_bytes > 0)
				prepare_hash(partitioner, output, desc);
			break;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_PROTOCOL_VIOLATION),
					 errmsg("invalid kind of exchange in task: %d", output->kind)));
	}
	if (output->key_bytes != 0)
	{
		if (partitioner->hash == NULL || output->key_bytes < KEY_FILTER_MIN_BYTES ||
			output->key_bytes > KEY_FILTER_MAX_BYTES ||
			(output->key_bytes & (output->key_bytes - 1)) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_PROTOCOL_VIOLATION),
					 errmsg("invalid size of a filter of keys in task: %d", output->key_bytes)));
		partitioner->found = key_filter_create(output->key_bytes, context);
	}
	MemoryContextSwitchTo(old);
	return partitioner;
}

void
partitioner_set_filter(Partitioner *partitioner, const KeyFilter *filter)
{
	if (partitioner->hash == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("an exchange without keys cannot have a filter")));
	partitioner->filter = filter;
}

const KeyFilter *
partitioner_keys(const Partitioner *partitioner)
{
	return partitioner->found;
}

int
partitioner_partition(Partitioner *partitioner, const Datum *values, const bool *nulls)
{
	if (partitioner->npartitions == 1 && partitioner->filter == NULL && partitioner->found == NULL)
		return 0;
	switch (partitioner->kind)
	{
		case EXCHANGE_HASH:
		case EXCHANGE_SINGLE:
		case EXCHANGE_KEYS:
			return hash_partition(partitioner, values, nulls);
		case EXCHANGE_RANGE:
			for (int i = 0; i < partitioner->nkeys; i++)
			{
				partitioner->values[i] = values[partitioner->columns[i]];
				partitioner->nulls[i] = nulls[partitioner->columns[i]];
			}
			return range_partition(partitioner, partitioner->values, partitioner->nulls);
		default:
			return deal(partitioner);
	}
}

void
partitioner_partition_vectors(Partitioner *partitioner, Vec *const *columns, const uint16 *rows, int n,
							  int32 *partitions)
{
	if (partitioner->npartitions == 1 && partitioner->filter == NULL && partitioner->found == NULL)
	{
		memset(partitions, 0, sizeof(int32) * n);
		return;
	}
	switch (partitioner->kind)
	{
		case EXCHANGE_HASH:
		case EXCHANGE_SINGLE:
		case EXCHANGE_KEYS:
			hash_partitions(partitioner, columns, rows, n, partitions);
			break;
		case EXCHANGE_RANGE:
			range_partitions(partitioner, columns, rows, n, partitions);
			break;
		default:
			for (int i = 0; i < n; i++)
				partitions[i] = deal(partitioner);
			break;
	}
}

/* ---------------- preparing ---------------- */

static void
prepare_hash(Partitioner *partitioner, const ShuffleOutput *output, TupleDesc desc)
{
	int			nkeys = list_length(output->hash_columns);
	Oid		   *types = palloc(sizeof(Oid) * nkeys);
	Oid		   *collations = palloc(sizeof(Oid) * nkeys);

	set_keys(partitioner, nkeys);
	for (int i = 0; i < nkeys; i++)
	{
		int			column = check_column(list_nth_int(output->hash_columns, i), desc);

		partitioner->columns[i] = column;
		partitioner->types[i] = getBaseType(TupleDescAttr(desc, column)->atttypid);
		types[i] = TupleDescAttr(desc, column)->atttypid;
		collations[i] = TupleDescAttr(desc, column)->attcollation;
	}
	partitioner->hash = row_hash_create(nkeys, types, collations, CurrentMemoryContext);
}

static void
prepare_range(Partitioner *partitioner, const ShuffleOutput *output, TupleDesc desc,
			  MemoryContext context)
{
	int			nkeys = list_length(output->range_keys);
	TupleDesc	key_desc = CreateTemplateTupleDesc(nkeys);

	set_keys(partitioner, nkeys);
	partitioner->sort_keys = palloc0(sizeof(SortSupportData) * nkeys);
	for (int i = 0; i < nkeys; i++)
	{
		const RangeKey *key = list_nth(output->range_keys, i);
		int			column = check_column(key->column, desc);
		SortSupport sort_key = &partitioner->sort_keys[i];

		partitioner->columns[i] = column;
		partitioner->types[i] = getBaseType(TupleDescAttr(desc, column)->atttypid);
		TupleDescCopyEntry(key_desc, i + 1, desc, column + 1);
		sort_key->ssup_cxt = context;
		sort_key->ssup_collation = key->collation;
		sort_key->ssup_nulls_first = key->nulls_first;
		sort_key->ssup_attno = column + 1;
		PrepareSortSupportFromOrderingOp(key->sortop, sort_key);
		if (nkeys == 1)
			partitioner->direction = find_direction(TupleDescAttr(desc, column)->atttypid, key->sortop);
	}
	/* one partition needs none */
	if (output->range_bounds)
		read_bounds(partitioner, output->range_bounds, key_desc, context);
	else if (output->npartitions > 1)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("missing bounds of a range exchange")));
}

static int
find_direction(Oid type, Oid sortop)
{
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_LT_OPR | TYPECACHE_GT_OPR);

	return sortop == entry->lt_opr ? 1 : sortop == entry->gt_opr ? -1 : 0;
}

/* The bounds may be fewer than npartitions - 1: the last partitions stay empty. */
static void
read_bounds(Partitioner *partitioner, StringInfo wire, TupleDesc key_desc, MemoryContext context)
{
	BatchSchema *schema = batch_schema_create(key_desc, context);
	Batch	   *batch = batch_decode(schema, wire->data, wire->len, context);
	int			level = batch_text_settings_begin(schema);
	int			nkeys = partitioner->nkeys;

	partitioner->nbounds = batch_rows(batch);
	if (partitioner->nbounds >= partitioner->npartitions)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("too many bounds of a range exchange")));
	partitioner->bounds = palloc(sizeof(Datum) * Max(1, partitioner->nbounds) * nkeys);
	partitioner->bound_nulls = palloc(sizeof(bool) * Max(1, partitioner->nbounds) * nkeys);
	for (int i = 0; i < partitioner->nbounds; i++)
		batch_get_row(batch, i, partitioner->bounds + i * nkeys,
					  partitioner->bound_nulls + i * nkeys);
	batch_text_settings_end(level);
}

static void
set_keys(Partitioner *partitioner, int nkeys)
{
	if (nkeys == 0)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("missing keys of an exchange")));
	partitioner->nkeys = nkeys;
	partitioner->columns = palloc(sizeof(int) * nkeys);
	partitioner->types = palloc(sizeof(Oid) * nkeys);
	partitioner->vectors = palloc(sizeof(Vec *) * nkeys);
	partitioner->values = palloc(sizeof(Datum) * nkeys);
	partitioner->nulls = palloc(sizeof(bool) * nkeys);
}

static int
check_column(int column, TupleDesc desc)
{
	if (column < 1 || column > desc->natts)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("invalid key column of an exchange: %d", column)));
	return column - 1;
}

/* ---------------- rows ---------------- */

static int
hash_partition(Partitioner *partitioner, const Datum *values, const bool *nulls)
{
	bool		any_null = false;

	for (int i = 0; i < partitioner->nkeys; i++)
	{
		int			column = partitioner->columns[i];

		partitioner->values[i] = values[column];
		partitioner->nulls[i] = nulls[column];
		any_null |= nulls[column];
	}
	if (any_null && !wants_null(partitioner))
		return -1;
	return hashed_partition(partitioner, row_hash(partitioner->hash, partitioner->values, partitioner->nulls),
							any_null);
}

/* A filter knows no NULL; where none is equal to another, nobody wants them. */
static bool
wants_null(const Partitioner *partitioner)
{
	return partitioner->kind != EXCHANGE_KEYS && (partitioner->filter == NULL || partitioner->keep_nulls);
}

static int
hashed_partition(Partitioner *partitioner, uint64 hash, bool any_null)
{
	if (any_null && partitioner->spread_nulls)
		return deal(partitioner);
	if (partitioner->filter && !any_null && !key_filter_has(partitioner->filter, hash))
		return -1;
	if (partitioner->found && !any_null)
		key_filter_add(partitioner->found, hash);
	return partitioner->kind == EXCHANGE_KEYS ? -1 :
		row_hash_partition(hash, partitioner->npartitions);
}

static void
hash_partitions(Partitioner *partitioner, Vec *const *columns, const uint16 *rows, int n,
				int32 *partitions)
{
	uint64		hashes[VEC_MAX_ROWS];
	bool		null_rows[VEC_MAX_ROWS] = {0};
	bool		has_nulls = false;

	for (int i = 0; i < partitioner->nkeys; i++)
	{
		Vec		   *vec = partitioner->vectors[i] = columns[partitioner->columns[i]];

		if (vec->nulls == NULL)
			continue;
		has_nulls = true;
		for (int j = 0; j < n; j++)
			null_rows[j] |= vec->nulls[VEC_ROW(vec, rows ? rows[j] : j)];
	}
	row_hash_vectors(partitioner->hash, partitioner->vectors, rows, n, hashes);
	if (!has_nulls && partitioner->filter == NULL && partitioner->found == NULL &&
		partitioner->kind != EXCHANGE_KEYS)
	{
		for (int i = 0; i < n; i++)
			partitions[i] = row_hash_partition(hashes[i], partitioner->npartitions);
		return;
	}
	for (int i = 0; i < n; i++)
		partitions[i] = null_rows[i] && !wants_null(partitioner) ? -1 :
			hashed_partition(partitioner, hashes[i], null_rows[i]);
}

static void
range_partitions(Partitioner *partitioner, Vec *const *columns, const uint16 *rows, int n,
				 int32 *partitions)
{
	const Vec  *first = columns[partitioner->columns[0]];
	bool		integers = know_integers(partitioner, first);

	for (int i = 0; i < n; i++)
	{
		int			row = rows ? rows[i] : i;

		if (integers && !VEC_IS_NULL(first, row))
		{
			partitions[i] = integer_partition(partitioner, key_integer(first, VEC_ROW(first, row)));
			continue;
		}
		for (int j = 0; j < partitioner->nkeys; j++)
			partitioner->values[j] = vec_datum(columns[partitioner->columns[j]], partitioner->types[j],
											   row, &partitioner->nulls[j]);
		partitions[i] = range_partition(partitioner, partitioner->values, partitioner->nulls);
		for (int j = 0; j < partitioner->nkeys; j++)
			if (columns[partitioner->columns[j]]->kind == VEC_DECIMAL && !partitioner->nulls[j])
				pfree(DatumGetPointer(partitioner->values[j]));
	}
}

/* Are the bounds integers as those of the vector are? */
static bool
know_integers(Partitioner *partitioner, const Vec *vec)
{
	if (partitioner->direction == 0 ||
		(vec->kind != VEC_INT32 && vec->kind != VEC_INT64 && vec->kind != VEC_DECIMAL))
		return false;
	if (partitioner->integers && partitioner->integers_kind == vec->kind &&
		(vec->kind != VEC_DECIMAL || partitioner->integers_scale == vec->scale))
		return partitioner->integers_known;
	if (partitioner->integers == NULL)
		partitioner->integers = MemoryContextAlloc(GetMemoryChunkContext(partitioner),
												   sizeof(int64) * Max(1, partitioner->nbounds));
	partitioner->integers_kind = vec->kind;
	partitioner->integers_scale = vec->scale;
	partitioner->integers_known = true;
	for (int i = 0; i < partitioner->nbounds && partitioner->integers_known; i++)
	{
		Datum		bound = partitioner->bounds[i];
		int64	   *integer = &partitioner->integers[i];

		if (partitioner->bound_nulls[i])
			partitioner->integers_known = false;
		else if (vec->kind == VEC_DECIMAL)
			partitioner->integers_known =
				decimal_from_numeric(VARDATA_ANY(DatumGetPointer(bound)),
									 VARSIZE_ANY_EXHDR(DatumGetPointer(bound)), vec->scale, integer);
		else if (vec->kind == VEC_INT64)
			*integer = DatumGetInt64(bound);
		else
			*integer = partitioner->types[0] == INT2OID ? DatumGetInt16(bound) : DatumGetInt32(bound);
	}
	return partitioner->integers_known;
}

static int64
key_integer(const Vec *vec, int row)
{
	return vec->kind == VEC_INT32 ? VEC_INT32S(vec)[row] : VEC_INT64S(vec)[row];
}

static int
integer_partition(const Partitioner *partitioner, int64 value)
{
	int			low = 0;
	int			high = partitioner->nbounds;

	while (low < high)
	{
		int			middle = (low + high) / 2;
		int64		bound = partitioner->integers[middle];

		if (partitioner->direction > 0 ? value > bound : value < bound)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The first bound that a row with these keys is not above. */
static int
range_partition(Partitioner *partitioner, const Datum *values, const bool *nulls)
{
	int			low = 0;
	int			high = partitioner->nbounds;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (compare_to_bound(partitioner, values, nulls, middle) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int
compare_to_bound(Partitioner *partitioner, const Datum *values, const bool *nulls, int bound)
{
	for (int i = 0; i < partitioner->nkeys; i++)
	{
		int			at = bound * partitioner->nkeys + i;
		int			result = ApplySortComparator(values[i], nulls[i],
												 partitioner->bounds[at],
												 partitioner->bound_nulls[at],
												 &partitioner->sort_keys[i]);

		if (result != 0)
			return result;
	}
	return 0;
}

static int
deal(Partitioner *partitioner)
{
	int			partition = partitioner->next;

	partitioner->next = partition + 1 == partitioner->npartitions ? 0 : partition + 1;
	return partition;
}
