/*-------------------------------------------------------------------------
 * sort_key.h
 *	  Columns that rows are sorted by: words that compare as the values do.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_SORT_KEY_H
#define BARKS_VECTOR_SORT_KEY_H

#include "utils/sortsupport.h"

#include "vector/vec.h"

/* What the words of values tell. */
typedef enum SortForm
{
	SORT_NOTHING,				/* there are none */
	SORT_INT32,					/* from here on, equal words are of equal values */
	SORT_INT64,
	SORT_FLOAT64,
	SORT_FLOAT32,
	SORT_BOOL,
	SORT_OID,
	SORT_STRING,				/* eight bytes; further ones follow unless a zero is among them */
	SORT_PADDED,				/* the same of strings whose blanks at the end do not count */
	SORT_ABBREVIATED,			/* PostgreSQL's abbreviated keys */
	SORT_NUMERIC				/* these of numerics, which are turned around */
} SortForm;

typedef struct SortKey
{
	int			column;
	VecType		type;
	bool		natural;		/* the type's own order */
	bool		descending;
	bool		nulls_first;
	bool		bytewise;		/* strings compare as bytes */
	SortSupportData compare;	/* of Datums */
	SortSupportData abbreviate; /* its abbrev_converter is NULL: there are no such keys */
} SortKey;

/* Can values of this expression be sorted by this operator here? */
extern bool sort_key_supported(Node *expr, Oid operator);
/* What it allocates is in the current context. */
extern void sort_key_init(SortKey *key, int column, const VecType *type, Oid operator, Oid collation,
						  bool nulls_first);
extern SortForm sort_key_form(const SortKey *key, const Vec *vec);

static inline bool
sort_form_is_exact(SortForm form)
{
	return form >= SORT_INT32 && form <= SORT_OID;
}

/* Words of values that are not null: of n rows of a vector, of a depth of strings. */
extern void sort_key_words(SortKey *key, SortForm form, const Vec *vec, const uint32 *rows, int64 n, int depth,
						   uint64 *words, Size stride);
/* That of one row. */
extern uint64 sort_key_word(SortKey *key, SortForm form, const Vec *vec, uint32 row);
/* How two rows of vectors compare, NULLs included. */
extern int	sort_key_compare(SortKey *key, SortForm form, const Vec *a, uint32 arow, const Vec *b, uint32 brow);

#endif							/* BARKS_VECTOR_SORT_KEY_H */
