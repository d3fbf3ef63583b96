/*-------------------------------------------------------------------------
 * sort_key.c
 *	  Columns that rows are sorted by: words that compare as the values do.
 *
 * A word is 64 bits, unsigned, and already turned around for descending order.
 * The words of numbers tell all; those of strings are eight bytes of them;
 * other values have PostgreSQL's abbreviated keys where these compare as
 * integers.  Where words do not tell, PostgreSQL's comparison does.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/nbtree.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "port/pg_bswap.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "vector/collation.h"
#include "vector/sort_key.h"

#define SIGN_BIT	(UINT64CONST(1) << 63)

static bool is_natural(const VecType *type, Oid operator);

/* Is this the order of the type's own operator class? */
static bool
is_natural(const VecType *type, Oid operator)
{
	Oid			family;
	Oid			input;
	int16		strategy;

	return get_ordering_op_properties(operator, &family, &input, &strategy) &&
		lookup_type_cache(type->typid, TYPECACHE_BTREE_OPFAMILY)->btree_opf == family;
}

bool
sort_key_supported(Node *expr, Oid operator)
{
	VecType		type;
	Oid			family;
	Oid			input;
	int16		strategy;

	vec_type_init(&type, exprType(expr), exprTypmod(expr), InvalidOid);
	/* others compare Datums */
	return get_ordering_op_properties(operator, &family, &input, &strategy) &&
		(type.kind == VEC_DATUM || is_natural(&type, operator));
}

void
sort_key_init(SortKey *key, int column, const VecType *type, Oid operator, Oid collation, bool nulls_first)
{
	Oid			family;
	Oid			input;
	int16		strategy;

	memset(key, 0, sizeof(*key));
	key->column = column;
	key->type = *type;
	if (!get_ordering_op_properties(operator, &family, &input, &strategy))
		elog(ERROR, "operator %u is not a valid ordering operator", operator);
	key->natural = is_natural(type, operator);
	key->descending = strategy == BTGreaterStrategyNumber;
	key->nulls_first = nulls_first;
	key->bytewise = vec_collation_is_bytewise(collation);

	key->compare.ssup_cxt = CurrentMemoryContext;
	key->compare.ssup_collation = collation;
	key->compare.ssup_nulls_first = nulls_first;
	key->abbreviate = key->compare;
	key->abbreviate.abbreviate = true;
	PrepareSortSupportFromOrderingOp(operator, &key->compare);
	PrepareSortSupportFromOrderingOp(operator, &key->abbreviate);
	if (key->abbreviate.abbrev_converter && key->abbreviate.comparator != ssup_datum_unsigned_cmp &&
		type->typid != NUMERICOID)
		key->abbreviate.abbrev_converter = NULL;
}

/* How words are made of a vector's values. */
SortForm
sort_key_form(const SortKey *key, const Vec *vec)
{
	switch (vec->kind)
	{
		case VEC_BOOL:
			return SORT_BOOL;
		case VEC_INT32:
			return SORT_INT32;
		case VEC_INT64:
		case VEC_DECIMAL:
			return SORT_INT64;
		case VEC_FLOAT64:
			return SORT_FLOAT64;
		case VEC_DATUM:
			break;
	}
	if (key->natural)
		switch (key->type.typid)
		{
			case TEXTOID:
			case VARCHAROID:
				if (key->bytewise)
					return SORT_STRING;
				break;
			case BPCHAROID:
				if (key->bytewise)
					return SORT_PADDED;
				break;
			case FLOAT4OID:
				return SORT_FLOAT32;
			case OIDOID:
				return SORT_OID;
			case NUMERICOID:
				return key->abbreviate.abbrev_converter ? SORT_NUMERIC : SORT_NOTHING;
			default:
				break;
		}
	return key->abbreviate.abbrev_converter ? SORT_ABBREVIATED : SORT_NOTHING;
}

/* ---------------- words ---------------- */

static inline uint64
float_word(float8 value)
{
	uint64		bits;

	if (isnan(value))
		return ~UINT64CONST(0);
	value += 0.0;				/* -0 is 0 */
	memcpy(&bits, &value, sizeof(bits));
	return bits & SIGN_BIT ? ~bits : bits | SIGN_BIT;
}

/* Eight bytes of a string from depth on, padded with zeros, which no string holds. */
static inline uint64
string_word(Datum value, int depth, bool padded)
{
	struct varlena *string = (struct varlena *) DatumGetPointer(value);
	struct varlena *plain = string;
	const char *data;
	int			len;
	uint64		word = 0;

	if (VARATT_IS_EXTERNAL(string) || VARATT_IS_COMPRESSED(string))
		plain = pg_detoast_datum_packed(string);
	data = VARDATA_ANY(plain);
	len = VARSIZE_ANY_EXHDR(plain);
	if (padded)
		while (len > 0 && data[len - 1] == ' ')
			len--;
	len -= depth;
	if (len > 0)
		memcpy(&word, data + depth, Min(len, (int) sizeof(word)));
	if (plain != string)
		pfree(plain);
	return pg_ntoh64(word);
}

static pg_attribute_always_inline uint64
make_word(SortKey *key, SortForm form, const Vec *vec, uint32 row, int depth)
{
	uint64		word = 0;

	switch (form)
	{
		case SORT_INT32:
			word = (uint64) (int64) VEC_INT32S(vec)[row] ^ SIGN_BIT;
			break;
		case SORT_INT64:
			word = (uint64) VEC_INT64S(vec)[row] ^ SIGN_BIT;
			break;
		case SORT_FLOAT64:
			word = float_word(VEC_FLOAT64S(vec)[row]);
			break;
		case SORT_FLOAT32:
			word = float_word(DatumGetFloat4(VEC_DATUMS(vec)[row]));
			break;
		case SORT_BOOL:
			word = VEC_BOOLS(vec)[row];
			break;
		case SORT_OID:
			word = DatumGetObjectId(VEC_DATUMS(vec)[row]);
			break;
		case SORT_STRING:
		case SORT_PADDED:
			word = string_word(VEC_DATUMS(vec)[row], depth, form == SORT_PADDED);
			break;
		case SORT_ABBREVIATED:
			word = key->abbreviate.abbrev_converter(VEC_DATUMS(vec)[row], &key->abbreviate);
			break;
		case SORT_NUMERIC:
			word = ~((uint64) key->abbreviate.abbrev_converter(VEC_DATUMS(vec)[row], &key->abbreviate) ^ SIGN_BIT);
			break;
		case SORT_NOTHING:
			break;
	}
	return key->descending ? ~word : word;
}

#define WORDS_OF(form) \
	case form: \
		for (int64 i = 0; i < n; i++) \
			*(uint64 *) ((char *) words + i * stride) = make_word(key, form, vec, rows[i], depth); \
		break

void
sort_key_words(SortKey *key, SortForm form, const Vec *vec, const uint32 *rows, int64 n, int depth, uint64 *words,
			   Size stride)
{
	switch (form)
	{
			WORDS_OF(SORT_NOTHING);
			WORDS_OF(SORT_INT32);
			WORDS_OF(SORT_INT64);
			WORDS_OF(SORT_FLOAT64);
			WORDS_OF(SORT_FLOAT32);
			WORDS_OF(SORT_BOOL);
			WORDS_OF(SORT_OID);
			WORDS_OF(SORT_STRING);
			WORDS_OF(SORT_PADDED);
			WORDS_OF(SORT_ABBREVIATED);
			WORDS_OF(SORT_NUMERIC);
	}
}

uint64
sort_key_word(SortKey *key, SortForm form, const Vec *vec, uint32 row)
{
	return make_word(key, form, vec, VEC_ROW(vec, row), 0);
}

/* Both vectors must be of the form. */
int
sort_key_compare(SortKey *key, SortForm form, const Vec *a, uint32 arow, const Vec *b, uint32 brow)
{
	bool		anull = VEC_IS_NULL(a, arow);
	bool		bnull = VEC_IS_NULL(b, brow);

	if (anull || bnull)
		return anull && bnull ? 0 : anull == key->nulls_first ? -1 : 1;
	if (sort_form_is_exact(form))
	{
		uint64		x = sort_key_word(key, form, a, arow);
		uint64		y = sort_key_word(key, form, b, brow);

		return x < y ? -1 : x > y;
	}
	return ApplySortComparator(VEC_DATUMS(a)[VEC_ROW(a, arow)], false, VEC_DATUMS(b)[VEC_ROW(b, brow)], false,
							   &key->compare);
}
