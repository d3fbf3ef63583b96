/*-------------------------------------------------------------------------
 * sort_ranges.c
 *	  Rows in files by ranges of what they are sorted by first.
 *
 * Words of the first key order its values, though different values may have one word.
 * So a range ends with a word, and its files hold no value that comes before one of
 * the range before.
 */
#include "postgres.h"

#include "vector/sort_ranges.h"

#define MAX_RANGES	VEC_SPILL_PARTS

struct SortRanges
{
	SortKey    *key;
	SortForm	form;
	int			nbounds;
	uint64		bounds[MAX_RANGES - 1]; /* last words of the ranges, but for the last range */
	VecSpill   *spill;
	uint32		numbers[VEC_MAX_ROWS];	/* of ranges, as a hash has them, by row */
};

SortRanges *
sort_ranges_create(SortKey *key, const RowStore *store, const uint32 *order, int ncolumns, const VecType *types)
{
	SortRanges *ranges = palloc(sizeof(SortRanges));
	uint32		count = row_store_count(store);
	Vec			column;
	uint64		greatest = 0;

	row_store_column(store, key->column, &column);
	ranges->key = key;
	ranges->form = sort_key_form(key, &column);
	ranges->nbounds = 0;
	while (count > 0 && VEC_IS_NULL(&column, order[count - 1]))
		count--;
	if (count > 0)
		greatest = sort_key_word(key, ranges->form, &column, order[count - 1]);
	for (int i = 1; i < MAX_RANGES && count > 0; i++)
	{
		uint32		row = order[(uint64) count * i / MAX_RANGES];
		uint64		word = VEC_IS_NULL(&column, row) ? 0 : sort_key_word(key, ranges->form, &column, row);

		/* something must be behind the last bound, lest all rows are in one range again */
		if (word < greatest && (ranges->nbounds == 0 || word > ranges->bounds[ranges->nbounds - 1]) &&
			!VEC_IS_NULL(&column, row))
			ranges->bounds[ranges->nbounds++] = word;
	}
	if (ranges->nbounds == 0)
	{
		pfree(ranges);
		return NULL;
	}
	ranges->spill = vec_spill_create(ncolumns, types, 0);
	return ranges;
}

static int
range_of(const SortRanges *ranges, uint64 word)
{
	int			low = 0;
	int			high = ranges->nbounds;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (word <= ranges->bounds[middle])
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

bool
sort_ranges_put(SortRanges *ranges, VecBatch *batch)
{
	SortKey    *key = ranges->key;
	Vec		   *vec = vec_batch_column(batch, key->column);
	int			of_nulls = key->nulls_first ? 0 : ranges->nbounds;

	/* numerics among decimals, or the other way round */
	if (sort_key_form(key, vec) != ranges->form)
		return false;
	VEC_FOR_EACH(row, batch->sel, batch->nsel,
				 ranges->numbers[row] = VEC_SPILL_HASH(VEC_IS_NULL(vec, row) ? of_nulls :
													   range_of(ranges, sort_key_word(key, ranges->form, vec, row))));
	vec_batch_load(batch);
	vec_spill_write(ranges->spill, batch->columns, batch->sel, batch->nsel, ranges->numbers);
	return true;
}

List *
sort_ranges_finish(SortRanges *ranges)
{
	List	   *parts = vec_spill_finish(ranges->spill, NIL);

	pfree(ranges);
	return parts;
}
