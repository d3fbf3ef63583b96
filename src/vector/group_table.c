/*-------------------------------------------------------------------------
 * group_table.c
 *	  Groups of rows by the values of key columns, numbered as they come.
 *
 * A value is kept as one word of 64 bits: integers and decimals as they are,
 * short strings with their length in the highest byte, everything else as the
 * address of a copy.  Words of the first two kinds are equal just when the
 * values are; so most rows find their group by comparing words.  The words of
 * a group lie together, as do hash and number in the index, which is open
 * addressing with linear probing.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "utils/datum.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/pg_locale.h"

#include "base/decimal.h"
#include "base/hash_mix.h"
#include "vector/group_table.h"

#define FIRST_SLOTS		1024
#define SHORT_BYTES		7
#define LONG_MARK		0xFF	/* highest byte of the word of a longer string */

typedef enum KeyForm
{
	KEY_WORD,					/* equal words are equal values, and no others */
	KEY_STRING,					/* text, varchar under a deterministic collation */
	KEY_OTHER					/* by the type's own functions */
} KeyForm;

typedef struct Key
{
	VecType		type;
	KeyForm		form;
	FmgrInfo	hash;			/* KEY_OTHER */
	FmgrInfo	equal;			/* KEY_OTHER */
} Key;

typedef struct Slot
{
	uint32		hash;
	uint32		group;			/* number + 1; 0: free */
} Slot;

struct GroupTable
{
	MemoryContext context;
	MemoryContext values;		/* copies of what is kept by address */
	int			nkeys;
	int			ncolumns;
	Key		   *keys;
	int			nnulls;			/* words of null bits, after the words of the keys */
	int			stride;			/* words of a group */
	bool		closed;			/* no more groups are made */
	uint32		ngroups;
	uint32		capacity;
	uint64	   *words;			/* of all groups */
	Slot	   *slots;
	uint32		nslots;			/* a power of two */

	/* the batch at hand, by row, and groups given as columns */
	uint64	   *row_words;
	uint32	   *row_hashes;
	Vec		  **columns;
	bool	  **column_nulls;
};

static KeyForm key_form(const VecType *type);
static void read_rows(GroupTable *table, Vec *const *columns, const uint16 *sel, int n);
static void read_column(GroupTable *table, int column, const Vec *vec, const uint16 *sel, int n);
static uint64 string_word(Datum value);
static uint32 hash_of(GroupTable *table, int column, uint64 word);
static bool same_keys(GroupTable *table, const uint64 *a, const uint64 *b);
static uint32 add_group(GroupTable *table, const uint64 *words);
static uint64 keep_value(GroupTable *table, const Key *key, uint64 word);
static void grow_slots(GroupTable *table);
static void become_other(GroupTable *table, int column);
static uint32 hash_group(GroupTable *table, const uint64 *words);

static inline int
column_place(const GroupTable *table, int column)
{
	return column < table->nkeys ? column : column + table->nnulls;
}

static inline bool
is_null(const GroupTable *table, const uint64 *words, int column)
{
	return (words[table->nkeys + column / 64] >> (column % 64)) & 1;
}

static inline bool
is_long(uint64 word)
{
	return (word >> 56) == LONG_MARK;
}

static inline struct varlena *
long_string(uint64 word)
{
	return (struct varlena *) (uintptr_t) (word & ~((uint64) LONG_MARK << 56));
}

GroupTable *
group_table_create(int nkeys, int ncolumns, const VecType *types, const Oid *equal_operators,
				   MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "barks groups", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	GroupTable *table = palloc0(sizeof(GroupTable));

	table->context = context;
	table->values = AllocSetContextCreate(context, "barks group values", ALLOCSET_DEFAULT_SIZES);
	table->nkeys = nkeys;
	table->ncolumns = ncolumns;
	table->nnulls = (ncolumns + 63) / 64;
	table->stride = ncolumns + table->nnulls;
	table->keys = palloc0(sizeof(Key) * Max(ncolumns, 1));
	table->columns = palloc(sizeof(Vec *) * Max(ncolumns, 1));
	table->column_nulls = palloc(sizeof(bool *) * Max(ncolumns, 1));
	for (int i = 0; i < ncolumns; i++)
	{
		Key		   *key = &table->keys[i];
		RegProcedure left;
		RegProcedure right;

		key->type = types[i];
		key->form = key_form(&types[i]);
		table->columns[i] = vec_create(types[i].kind, VEC_MAX_ROWS);
		table->column_nulls[i] = palloc(sizeof(bool) * VEC_MAX_ROWS);
		if (i >= nkeys)
			continue;
		fmgr_info(get_opcode(equal_operators[i]), &key->equal);
		if (!get_op_hash_functions(equal_operators[i], &left, &right))
			elog(ERROR, "operator %u has no hash function", equal_operators[i]);
		fmgr_info(left, &key->hash);
	}
	table->nslots = FIRST_SLOTS;
	table->slots = palloc0(sizeof(Slot) * table->nslots);
	table->capacity = FIRST_SLOTS / 2;
	table->words = palloc(sizeof(uint64) * table->stride * table->capacity);
	table->row_words = palloc(sizeof(uint64) * table->stride * VEC_MAX_ROWS);
	table->row_hashes = palloc(sizeof(uint32) * VEC_MAX_ROWS);
	MemoryContextSwitchTo(old);
	return table;
}

void
group_table_find(GroupTable *table, Vec *const *columns, const uint16 *sel, int n, uint32 *groups)
{
	read_rows(table, columns, sel, n);
	VEC_FOR_EACH(row, sel, n,
				 const uint64 *words = table->row_words + (Size) row * table->stride;
				 uint32		hash = table->row_hashes[row];
				 uint32		place = hash & (table->nslots - 1);

				 for (;;)
				 {
					 Slot	   *slot = &table->slots[place];

					 if (slot->group == 0 && table->closed)
					 {
						 groups[row] = GROUP_NONE;
						 break;
					 }
					 if (slot->group == 0)
					 {
						 slot->hash = hash;
						 slot->group = add_group(table, words) + 1;
						 groups[row] = slot->group - 1;
						 if (table->ngroups > table->nslots / 2)
							 grow_slots(table);
						 break;
					 }
					 if (slot->hash == hash &&
						 same_keys(table, table->words + (Size) (slot->group - 1) * table->stride, words))
					 {
						 groups[row] = slot->group - 1;
						 break;
					 }
					 place = (place + 1) & (table->nslots - 1);
				 });
}

void
group_table_close(GroupTable *table)
{
	table->closed = true;
}

bool
group_table_is_closed(const GroupTable *table)
{
	return table->closed;
}

void
group_table_hash(GroupTable *table, Vec *const *columns, const uint16 *sel, int n)
{
	read_rows(table, columns, sel, n);
}

const uint32 *
group_table_hashes(const GroupTable *table)
{
	return table->row_hashes;
}

uint32
group_table_count(const GroupTable *table)
{
	return table->ngroups;
}

/* ---------------- rows to words ---------------- */

static KeyForm
key_form(const VecType *type)
{
	if (type->kind == VEC_BOOL || type->kind == VEC_INT32 || type->kind == VEC_INT64 ||
		type->kind == VEC_DECIMAL)
		return KEY_WORD;
	if ((type->typid == TEXTOID || type->typid == VARCHAROID ||
		 /* values of char(n) all have their blanks */
		 (type->typid == BPCHAROID && type->typmod >= (int32) VARHDRSZ)) &&
		OidIsValid(type->collation) && get_collation_isdeterministic(type->collation))
		return KEY_STRING;
	return KEY_OTHER;
}

static void
read_rows(GroupTable *table, Vec *const *columns, const uint16 *sel, int n)
{
	VEC_FOR_EACH(row, sel, n,
				 for (int i = 0; i < table->nnulls; i++)
				 table->row_words[(Size) row * table->stride + table->nkeys + i] = 0);
	for (int column = 0; column < table->ncolumns; column++)
		read_column(table, column, columns[column], sel, n);
	if (table->nkeys == 1 && table->keys[0].form == KEY_WORD)
		VEC_FOR_EACH(row, sel, n,
					 table->row_hashes[row] =
					 (uint32) hash_mix(table->row_words[(Size) row * table->stride]));
	else
		VEC_FOR_EACH(row, sel, n,
					 table->row_hashes[row] =
					 hash_group(table, table->row_words + (Size) row * table->stride));
}

static void
read_column(GroupTable *table, int column, const Vec *vec, const uint16 *sel, int n)
{
	Key		   *key = &table->keys[column];
	int			stride = table->stride;
	uint64	   *words = table->row_words + column_place(table, column);
	int			mask = vec->constant ? 0 : ~0;

	if (key->form == KEY_WORD && key->type.kind == VEC_DECIMAL &&
		(vec->kind != VEC_DECIMAL || vec->scale != key->type.scale))
		become_other(table, column);
	if (key->form == KEY_WORD && vec->kind == VEC_BOOL)
		VEC_FOR_EACH(row, sel, n, words[row * stride] = VEC_BOOLS(vec)[row & mask]);
	else if (key->form == KEY_WORD && vec->kind == VEC_INT32)
		VEC_FOR_EACH(row, sel, n, words[row * stride] = (int64) VEC_INT32S(vec)[row & mask]);
	else if (key->form == KEY_WORD)
		VEC_FOR_EACH(row, sel, n, words[row * stride] = VEC_INT64S(vec)[row & mask]);
	else
		VEC_FOR_EACH(row, sel, n,
					 bool		isnull;
					 Datum		value = vec_get_datum(vec, &key->type, row, &isnull);

					 words[row * stride] = isnull ? 0 : key->form == KEY_STRING ? string_word(value) : value);
	if (vec->nulls)
		VEC_FOR_EACH(row, sel, n,
					 if (vec->nulls[row & mask])
					 {
						 words[row * stride] = 0;
						 table->row_words[row * stride + table->nkeys + column / 64] |=
							 UINT64CONST(1) << (column % 64);
					 });
}

static uint64
string_word(Datum value)
{
	struct varlena *string = PG_DETOAST_DATUM_PACKED(value);
	int			len = VARSIZE_ANY_EXHDR(string);
	uint64		word = 0;

	if (len > SHORT_BYTES)
		return (uint64) (uintptr_t) string | ((uint64) LONG_MARK << 56);
	memcpy(&word, VARDATA_ANY(string), len);
#ifdef WORDS_BIGENDIAN
	word >>= 8;
#endif
	return word | ((uint64) len << 56);
}

static uint32
hash_group(GroupTable *table, const uint64 *words)
{
	uint64		hash = 0;

	for (int i = 0; i < table->nkeys; i++)
		hash = hash_mix(hash * 31 + hash_of(table, i, words[i]) + is_null(table, words, i));
	return (uint32) hash;
}

static uint32
hash_of(GroupTable *table, int column, uint64 word)
{
	Key		   *key = &table->keys[column];

	if (key->form == KEY_OTHER)
		return word == 0 && !key->type.typbyval ? 0 :
			DatumGetUInt32(FunctionCall1Coll(&key->hash, key->type.collation, word));
	if (key->form == KEY_STRING && is_long(word))
		return hash_bytes((unsigned char *) VARDATA_ANY(long_string(word)),
						  VARSIZE_ANY_EXHDR(long_string(word)));
	return (uint32) (word ^ (word >> 32));
}

static bool
same_keys(GroupTable *table, const uint64 *a, const uint64 *b)
{
	for (int i = 0; i < table->nkeys; i++)
	{
		Key		   *key = &table->keys[i];

		if (a[i] == b[i] && is_null(table, a, i) == is_null(table, b, i))
			continue;
		if (key->form == KEY_WORD || is_null(table, a, i) || is_null(table, b, i))
			return false;
		if (key->form == KEY_STRING)
		{
			struct varlena *x;
			struct varlena *y;

			if (!is_long(a[i]) || !is_long(b[i]))
				return false;
			x = long_string(a[i]);
			y = long_string(b[i]);
			if (VARSIZE_ANY_EXHDR(x) != VARSIZE_ANY_EXHDR(y) ||
				memcmp(VARDATA_ANY(x), VARDATA_ANY(y), VARSIZE_ANY_EXHDR(x)) != 0)
				return false;
		}
		else if (!DatumGetBool(FunctionCall2Coll(&key->equal, key->type.collation, a[i], b[i])))
			return false;
	}
	return true;
}

/* ---------------- groups ---------------- */

static uint32
add_group(GroupTable *table, const uint64 *words)
{
	uint64	   *own;

	if (table->ngroups == table->capacity)
	{
		table->capacity *= 2;
		table->words = repalloc_huge(table->words, sizeof(uint64) * table->stride * table->capacity);
	}
	own = table->words + (Size) table->ngroups * table->stride;
	memcpy(own, words, sizeof(uint64) * table->stride);
	for (int i = 0; i < table->ncolumns; i++)
		if (!is_null(table, words, i))
			own[column_place(table, i)] = keep_value(table, &table->keys[i], own[column_place(table, i)]);
	return table->ngroups++;
}

/* A copy of what a word points to. */
static uint64
keep_value(GroupTable *table, const Key *key, uint64 word)
{
	MemoryContext old;

	if (key->form == KEY_WORD || (key->form == KEY_OTHER && key->type.typbyval) ||
		(key->form == KEY_STRING && !is_long(word)))
		return word;
	old = MemoryContextSwitchTo(table->values);
	if (key->form == KEY_STRING)
		word = (uint64) (uintptr_t) DatumGetPointer(datumCopy(PointerGetDatum(long_string(word)), false, -1)) |
			((uint64) LONG_MARK << 56);
	else
		word = datumCopy(word, false, key->type.typlen);
	MemoryContextSwitchTo(old);
	return word;
}

static void
put_slot(GroupTable *table, uint32 hash, uint32 group)
{
	uint32		place = hash & (table->nslots - 1);

	while (table->slots[place].group != 0)
		place = (place + 1) & (table->nslots - 1);
	table->slots[place].hash = hash;
	table->slots[place].group = group + 1;
}

static void
grow_slots(GroupTable *table)
{
	Slot	   *old = table->slots;
	uint32		nold = table->nslots;

	table->nslots *= 2;
	table->slots = MemoryContextAllocExtended(table->context, sizeof(Slot) * (Size) table->nslots,
											  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (uint32 i = 0; i < nold; i++)
		if (old[i].group != 0)
			put_slot(table, old[i].hash, old[i].group - 1);
	pfree(old);
}

/*
 * Decimals came that are not of their type's scale, or numerics that are no decimals:
 * the column is kept as numerics from now on.
 */
static void
become_other(GroupTable *table, int column)
{
	Key		   *key = &table->keys[column];
	MemoryContext old = MemoryContextSwitchTo(table->values);

	key->form = KEY_OTHER;
	for (uint32 group = 0; group < table->ngroups; group++)
	{
		uint64	   *words = table->words + (Size) group * table->stride;

		if (!is_null(table, words, column))
			words[column_place(table, column)] =
				decimal_datum(words[column_place(table, column)], key->type.scale);
	}
	MemoryContextSwitchTo(old);
	if (column >= table->nkeys)
		return;
	memset(table->slots, 0, sizeof(Slot) * (Size) table->nslots);
	for (uint32 group = 0; group < table->ngroups; group++)
		put_slot(table, hash_group(table, table->words + (Size) group * table->stride), group);
}

/* ---------------- words to columns ---------------- */

static Datum
string_of_word(uint64 word)
{
	int			len = word >> 56;
	struct varlena *string;

	if (is_long(word))
		return PointerGetDatum(long_string(word));
	string = palloc(VARHDRSZ_SHORT + len);
	SET_VARSIZE_SHORT(string, VARHDRSZ_SHORT + len);
#ifdef WORDS_BIGENDIAN
	word <<= 8;
#endif
	memcpy(VARDATA_SHORT(string), &word, len);
	return PointerGetDatum(string);
}

void
group_table_columns(GroupTable *table, uint32 first, int n, Vec **columns)
{
	for (int column = 0; column < table->ncolumns; column++)
	{
		Key		   *key = &table->keys[column];
		Vec		   *vec = columns[column] = table->columns[column];
		bool		any_null = false;

		vec->kind = key->form == KEY_OTHER && key->type.kind == VEC_DECIMAL ? VEC_DATUM : key->type.kind;
		vec->scale = key->type.scale;
		for (int i = 0; i < n; i++)
		{
			uint64	   *words = table->words + (Size) (first + i) * table->stride;
			uint64		word = words[column_place(table, column)];

			table->column_nulls[column][i] = is_null(table, words, column);
			any_null |= table->column_nulls[column][i];
			if (table->column_nulls[column][i])
				continue;
			if (key->form == KEY_STRING)
				VEC_DATUMS(vec)[i] = string_of_word(word);
			else if (vec->kind == VEC_BOOL)
				VEC_BOOLS(vec)[i] = word != 0;
			else if (vec->kind == VEC_INT32)
				VEC_INT32S(vec)[i] = (int32) word;
			else
				VEC_INT64S(vec)[i] = word;
		}
		vec->nulls = any_null ? table->column_nulls[column] : NULL;
	}
}
