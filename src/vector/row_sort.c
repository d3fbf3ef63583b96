/*-------------------------------------------------------------------------
 * row_sort.c
 *	  The order of the rows of a row store.
 *
 * Row numbers are sorted by the words of the first key.  Rows of one word are then
 * sorted in the same way by what comes next: further bytes of a string, or the
 * next key.  Where a word tells nothing more, or few rows are left, rows are
 * compared as such.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "vector/row_sort.h"

/* So few rows are compared as they are. */
#define FEW_ROWS		16
/* From so many on, words are sorted byte by byte. */
#define MANY_ROWS		2048
/* Bytes of strings that are looked at as words. */
#define MAX_DEPTH		256

typedef struct Entry
{
	uint64		word;
	uint32		row;
} Entry;

typedef struct RowSort
{
	int			nkeys;
	SortKey    *keys;
	Vec		   *columns;		/* of the keys, by row number */
	SortForm   *forms;
	int			first;			/* of the keys that are compared */
} RowSort;

/* Rows that are sorted, and room for as many entries, twice. */
typedef struct Part
{
	uint32	   *rows;
	Entry	   *entries;
	Entry	   *others;
	int64		n;
} Part;

static int	compare_rows(const uint32 *a, const uint32 *b, RowSort *sort);
static void sort_part(RowSort *sort, Part part, int k, int depth);
static Part part_of(const Part *part, int64 from, int64 n);
static Part without_nulls(RowSort *sort, Part part, int k);
static int64 run_end(const Part *part, int64 from);
static void sort_runs(RowSort *sort, Part part, int k, int depth);
static bool look_further(const RowSort *sort, uint64 word, int *k, int *depth);
static void sort_by_words(Part *part);

#define ST_SORT sort_entries
#define ST_ELEMENT_TYPE Entry
#define ST_COMPARE(a, b) ((a)->word < (b)->word ? -1 : (a)->word > (b)->word)
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_compared
#define ST_ELEMENT_TYPE uint32
#define ST_COMPARE_ARG_TYPE RowSort
#define ST_COMPARE(a, b, arg) compare_rows(a, b, arg)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

uint32 *
row_sort(const RowStore *store, int nkeys, SortKey *keys)
{
	RowSort		sort = {.nkeys = nkeys, .keys = keys};
	Size		n = row_store_count(store);
	Part		part = {.n = n};

	sort.columns = palloc(sizeof(Vec) * nkeys);
	sort.forms = palloc(sizeof(SortForm) * nkeys);
	for (int k = 0; k < nkeys; k++)
	{
		row_store_column(store, keys[k].column, &sort.columns[k]);
		sort.forms[k] = sort_key_form(&keys[k], &sort.columns[k]);
	}
	part.rows = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(uint32) * Max(n, 1));
	part.entries = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Entry) * Max(n, 1));
	part.others = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Entry) * Max(n, 1));
	for (Size i = 0; i < n; i++)
		part.rows[i] = i;
	sort_part(&sort, part, 0, 0);
	pfree(part.entries);
	pfree(part.others);
	pfree(sort.columns);
	pfree(sort.forms);
	return part.rows;
}

static int
compare_rows(const uint32 *a, const uint32 *b, RowSort *sort)
{
	for (int k = sort->first; k < sort->nkeys; k++)
	{
		int			order = sort_key_compare(&sort->keys[k], sort->forms[k], &sort->columns[k], *a,
											 &sort->columns[k], *b);

		if (order != 0)
			return order;
	}
	return 0;
}

/*
 * Sort rows that are equal in the keys before k, and in that many bytes of k if it
 * is a string.
 */
static void
sort_part(RowSort *sort, Part part, int k, int depth)
{
	check_stack_depth();
	while (part.n > 1 && k < sort->nkeys)
	{
		SortForm	form = sort->forms[k];
		int64		to;

		CHECK_FOR_INTERRUPTS();
		if (depth == 0 && sort->columns[k].nulls)
			part = without_nulls(sort, part, k);
		if (part.n <= FEW_ROWS || form == SORT_NOTHING || depth > MAX_DEPTH)
		{
			sort->first = k;
			sort_compared(part.rows, part.n, sort);
			return;
		}
		sort_key_words(&sort->keys[k], form, &sort->columns[k], part.rows, part.n, depth,
					   &part.entries->word, sizeof(Entry));
		for (int64 i = 0; i < part.n; i++)
			part.entries[i].row = part.rows[i];
		sort_by_words(&part);
		for (int64 i = 0; i < part.n; i++)
			part.rows[i] = part.entries[i].row;
		if (k == sort->nkeys - 1 && sort_form_is_exact(form))
			return;
		to = run_end(&part, 0);
		if (to < part.n)
		{
			sort_runs(sort, part, k, depth);
			return;
		}
		if (!look_further(sort, part.entries[0].word, &k, &depth))
			return;
	}
}

static Part
part_of(const Part *part, int64 from, int64 n)
{
	return (Part) {part->rows + from, part->entries + from, part->others + from, n};
}

/* NULLs go to their end, and are sorted by the next keys; what is left is returned. */
static Part
without_nulls(RowSort *sort, Part part, int k)
{
	const bool *nulls = sort->columns[k].nulls;
	bool		nulls_first = sort->keys[k].nulls_first;
	uint32	   *null_rows = (uint32 *) part.others;
	int64		nnulls = 0;
	int64		nrows = 0;

	for (int64 i = 0; i < part.n; i++)
		if (nulls[part.rows[i]])
			null_rows[nnulls++] = part.rows[i];
		else
			part.rows[nrows++] = part.rows[i];
	if (nnulls == 0)
		return part;
	if (nulls_first)
		memmove(part.rows + nnulls, part.rows, sizeof(uint32) * nrows);
	memcpy(part.rows + (nulls_first ? 0 : nrows), null_rows, sizeof(uint32) * nnulls);
	sort_part(sort, part_of(&part, nulls_first ? 0 : nrows, nnulls), k + 1, 0);
	return part_of(&part, nulls_first ? nnulls : 0, nrows);
}

static int64
run_end(const Part *part, int64 from)
{
	int64		to = from + 1;

	while (to < part->n && part->entries[to].word == part->entries[from].word)
		to++;
	return to;
}

/* What sorts a run needs nothing but the entries of that run. */
static void
sort_runs(RowSort *sort, Part part, int k, int depth)
{
	int64		from = 0;

	while (from < part.n)
	{
		int64		to = run_end(&part, from);

		if (to - from > 1)
		{
			int			next_k = k;
			int			next_depth = depth;
			Part		run = part_of(&part, from, to - from);

			if (look_further(sort, part.entries[from].word, &next_k, &next_depth))
				sort_part(sort, run, next_k, next_depth);
		}
		from = to;
	}
}

/*
 * Where to look at values that have this word in common; false: nowhere, they are
 * equal.
 */
static bool
look_further(const RowSort *sort, uint64 word, int *k, int *depth)
{
	SortForm	form = sort->forms[*k];
	bool		bytes = form == SORT_STRING || form == SORT_PADDED;

	if (sort->keys[*k].descending)
		word = ~word;
	if (sort_form_is_exact(form) || (bytes && (word & 0xFF) == 0))
	{
		(*k)++;
		*depth = 0;
		return *k < sort->nkeys;
	}
	*depth = bytes ? *depth + sizeof(word) : MAX_DEPTH + 1;
	return true;
}

/* ---------------- words ---------------- */

/* Byte by byte from the last one, those left out that all words have in common. */
static void
sort_by_words(Part *part)
{
	uint64		differ = 0;
	Entry	   *from = part->entries;
	Entry	   *to = part->others;

	if (part->n < MANY_ROWS)
	{
		sort_entries(part->entries, part->n);
		return;
	}
	for (int64 i = 1; i < part->n; i++)
		differ |= from[i].word ^ from[0].word;
	for (int shift = 0; shift < 64; shift += 8)
	{
		int64		at[256] = {0};
		int64		sum = 0;
		Entry	   *swap;

		if (((differ >> shift) & 0xFF) == 0)
			continue;
		CHECK_FOR_INTERRUPTS();
		for (int64 i = 0; i < part->n; i++)
			at[(from[i].word >> shift) & 0xFF]++;
		for (int i = 0; i < 256; i++)
		{
			int64		count = at[i];

			at[i] = sum;
			sum += count;
		}
		for (int64 i = 0; i < part->n; i++)
			to[at[(from[i].word >> shift) & 0xFF]++] = from[i];
		swap = from;
		from = to;
		to = swap;
	}
	part->entries = from;
	part->others = to;
}
