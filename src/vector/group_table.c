/*-------------------------------------------------------------------------
 * group_table.c
 *	  Groups of rows by the values of key columns, numbered as they come.
 *
 * A value is kept as one word of 64 bits: integers and decimals as they are,
 * short strings with their length in the highest byte, everything else as the
 * address of a copy.  Words of the first two kinds are equal just when the
 * values are; so most rows find their group by comparing words.
 *
 * All that a group has lies together, as a record in a chunk of records: words of
 * the keys, their null bits, words and null bits of other columns, the owner's
 * bytes.  The index has hash and number side by side, and is open addressing
 * with linear probing.  A batch's rows are looked up in passes, so that the
 * memory of many is fetched at once.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "base/decimal.h"
#include "base/hash_mix.h"
#include "vector/group_table.h"

#define FIRST_SLOTS		1024
#define SHORT_BYTES		7
#define LONG_MARK		0xFF	/* highest byte of the word of a longer string */

/* Groups of a chunk. */
#define CHUNK_BITS		8
#define CHUNK_GROUPS	(1 << CHUNK_BITS)

/* An index of more slots is not in the processor's cache. */
#define CACHED_SLOTS	(32 * 1024)

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
	MemoryContext other_values; /* of runs: empty, takes those of the group that stays */
	int			nkeys;
	int			ncolumns;
	Key		   *keys;
	bool		plain;			/* all keys are words */
	int			key_words;		/* of the keys and their null bits: all that rows have */
	int			words;			/* of a record */
	Size		record;			/* bytes, the owner's too */
	bool		closed;			/* no more groups are made */
	uint32		ngroups;
	uint32		capacity;		/* of the chunks at hand */
	uint32		max_chunks;
	char	  **chunks;
	Slot	   *slots;
	uint32		nslots;			/* a power of two; 0: groups are runs */

	/* the batch at hand, by row, and groups given as columns */
	uint64	   *row_words;
	uint32	   *row_hashes;
	uint16	   *new_rows;
	Vec		  **columns;
	bool	  **column_nulls;
};

static GroupTable *create(int nkeys, int ncolumns, const VecType *types, const Oid *equal_operators,
						  Size bytes, bool hashed, MemoryContext parent);
static KeyForm key_form(const VecType *type);
static void read_rows(GroupTable *table, Vec *const *columns, const uint16 *sel, int n);
static void hash_rows(GroupTable *table, const uint16 *sel, int n);
static void read_column(GroupTable *table, int column, const Vec *vec, const uint16 *sel, int n,
						uint64 *words, int stride);
static uint64 string_word(Datum value);
static uint64 hash_of(Key *key, uint64 word);
static uint32 hash_group(GroupTable *table, const uint64 *words);
static bool same_keys(GroupTable *table, const uint64 *a, const uint64 *b);
static uint32 look_up(GroupTable *table, const uint64 *words, uint32 hash, bool *is_new);
static uint32 add_group(GroupTable *table, const uint64 *words);
static void carry_values(GroupTable *table, Vec *const *columns, const uint16 *rows, uint32 first);
static uint64 keep_value(GroupTable *table, const Key *key, uint64 word);
static void grow_slots(GroupTable *table);
static void become_other(GroupTable *table, int column);

static inline uint64 *
record_of(const GroupTable *table, uint32 group)
{
	return (uint64 *) (table->chunks[group >> CHUNK_BITS] + (group & (CHUNK_GROUPS - 1)) * table->record);
}

static inline uint64 *
row_words(const GroupTable *table, int row)
{
	return table->row_words + (Size) row * table->key_words;
}

/* Where a column's word is in a record. */
static inline int
column_place(const GroupTable *table, int column)
{
	return column < table->nkeys ? column : table->key_words + column - table->nkeys;
}

/* Where the word with a column's null bit is. */
static inline int
null_place(const GroupTable *table, int column)
{
	return column < table->nkeys ? table->nkeys + column / 64 :
		table->key_words + table->ncolumns - table->nkeys + (column - table->nkeys) / 64;
}

static inline int
null_bit(const GroupTable *table, int column)
{
	return (column < table->nkeys ? column : column - table->nkeys) % 64;
}

static inline bool
is_null(const GroupTable *table, const uint64 *words, int column)
{
	return (words[null_place(table, column)] >> null_bit(table, column)) & 1;
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
group_table_create(int nkeys, int ncolumns, const VecType *types, const Oid *equal_operators, Size bytes,
				   MemoryContext parent)
{
	return create(nkeys, ncolumns, types, equal_operators, bytes, true, parent);
}

GroupTable *
group_runs_create(int nkeys, int ncolumns, const VecType *types, const Oid *equal_operators, Size bytes,
				  MemoryContext parent)
{
	return create(nkeys, ncolumns, types, equal_operators, bytes, false, parent);
}

static void
init_key(Key *key, const VecType *type, Oid equal_operator, bool hashed)
{
	RegProcedure left;
	RegProcedure right;

	fmgr_info(get_opcode(equal_operator), &key->equal);
	if (!hashed)
		return;
	if (!get_op_hash_functions(equal_operator, &left, &right))
		elog(ERROR, "operator %u has no hash function", equal_operator);
	fmgr_info(left, &key->hash);
}

static GroupTable *
create(int nkeys, int ncolumns, const VecType *types, const Oid *equal_operators, Size bytes, bool hashed,
	   MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "barks groups", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	GroupTable *table = palloc0(sizeof(GroupTable));

	table->context = context;
	table->values = AllocSetContextCreate(context, "barks group values", ALLOCSET_DEFAULT_SIZES);
	table->nkeys = nkeys;
	table->ncolumns = ncolumns;
	table->key_words = nkeys + (nkeys + 63) / 64;
	table->words = table->key_words + (ncolumns - nkeys) + (ncolumns - nkeys + 63) / 64;
	table->record = sizeof(uint64) * table->words + MAXALIGN(bytes);
	table->keys = palloc0(sizeof(Key) * Max(ncolumns, 1));
	table->plain = true;
	table->columns = palloc(sizeof(Vec *) * Max(ncolumns, 1));
	table->column_nulls = palloc(sizeof(bool *) * Max(ncolumns, 1));
	for (int i = 0; i < ncolumns; i++)
	{
		Key		   *key = &table->keys[i];

		key->type = types[i];
		key->form = key_form(&types[i]);
		table->columns[i] = vec_create(types[i].kind, VEC_MAX_ROWS);
		table->column_nulls[i] = palloc(sizeof(bool) * VEC_MAX_ROWS);
		if (i >= nkeys)
			continue;
		table->plain &= key->form == KEY_WORD;
		init_key(key, &types[i], equal_operators[i], hashed);
	}
	if (hashed)
	{
		table->nslots = FIRST_SLOTS;
		table->slots = palloc0(sizeof(Slot) * table->nslots);
	}
	else
		table->other_values = AllocSetContextCreate(context, "barks group values", ALLOCSET_DEFAULT_SIZES);
	table->max_chunks = 8;
	table->chunks = palloc(sizeof(char *) * table->max_chunks);
	table->row_words = palloc(sizeof(uint64) * Max(table->key_words, 1) * VEC_MAX_ROWS);
	table->row_hashes = palloc(sizeof(uint32) * VEC_MAX_ROWS);
	table->new_rows = palloc(sizeof(uint16) * VEC_MAX_ROWS);
	MemoryContextSwitchTo(old);
	return table;
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
	hash_rows(table, sel, n);
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

char *
group_table_bytes(const GroupTable *table, uint32 group)
{
	return (char *) (record_of(table, group) + table->words);
}

bool
group_table_has_integers(const GroupTable *table, int column)
{
	const Key  *key = &table->keys[column];

	return key->form == KEY_WORD && (key->type.kind == VEC_INT32 || key->type.kind == VEC_INT64);
}

int64
group_table_integer(const GroupTable *table, uint32 group, int column)
{
	return record_of(table, group)[column];
}

/* ---------------- rows to words ---------------- */

static KeyForm
key_form(const VecType *type)
{
	if (type->kind == VEC_BOOL || type->kind == VEC_INT32 || type->kind == VEC_INT64 ||
		type->kind == VEC_DECIMAL || type->typid == OIDOID || type->typid == CHAROID)
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
	for (int i = table->nkeys; i < table->key_words; i++)
		VEC_FOR_EACH(row, sel, n, row_words(table, row)[i] = 0);
	for (int column = 0; column < table->nkeys; column++)
		read_column(table, column, columns[column], sel, n, table->row_words, table->key_words);
}

static void
hash_rows(GroupTable *table, const uint16 *sel, int n)
{
	if (table->nkeys == 1 && table->plain)
		VEC_FOR_EACH(row, sel, n,
					 table->row_hashes[row] =
					 (uint32) hash_mix(row_words(table, row)[0] + row_words(table, row)[1]));
	else
		VEC_FOR_EACH(row, sel, n, table->row_hashes[row] = hash_group(table, row_words(table, row)));
}

/*
 * A column's words, and null bits, for rows of sel: those of row r in words[r * stride].
 * The null bits are zeros before.
 */
static void
read_column(GroupTable *table, int column, const Vec *vec, const uint16 *sel, int n, uint64 *words, int stride)
{
	Key		   *key = &table->keys[column];
	int			mask = vec->constant ? 0 : ~0;
	bool		carried = column >= table->nkeys;
	uint64	   *to = carried ? words : words + column;

	if (key->form == KEY_WORD && key->type.kind == VEC_DECIMAL &&
		(vec->kind != VEC_DECIMAL || vec->scale != key->type.scale))
		become_other(table, column);
	if (key->form == KEY_WORD && vec->kind == VEC_BOOL)
		VEC_FOR_EACH(row, sel, n, to[row * stride] = VEC_BOOLS(vec)[row & mask]);
	else if (key->form == KEY_WORD && vec->kind == VEC_INT32)
		VEC_FOR_EACH(row, sel, n, to[row * stride] = (int64) VEC_INT32S(vec)[row & mask]);
	else if (key->form == KEY_WORD)
		VEC_FOR_EACH(row, sel, n, to[row * stride] = VEC_INT64S(vec)[row & mask]);
	else if (key->form == KEY_STRING && vec->nulls == NULL)
		VEC_FOR_EACH(row, sel, n, to[row * stride] = string_word(VEC_DATUMS(vec)[row & mask]));
	else
		VEC_FOR_EACH(row, sel, n,
					 bool		isnull;
					 Datum		value = vec_get_datum(vec, &key->type, row, &isnull);

					 to[row * stride] = isnull ? 0 : key->form == KEY_STRING ? string_word(value) : value);
	if (vec->nulls)
	{
		int			place = carried ? 1 : null_place(table, column);
		uint64		bit = UINT64CONST(1) << null_bit(table, column);

		VEC_FOR_EACH(row, sel, n,
					 if (vec->nulls[row & mask])
					 {
						 to[row * stride] = 0;
						 words[row * stride + place] |= bit;
					 });
	}
}

static uint64
string_word(Datum value)
{
	struct varlena *string = (struct varlena *) DatumGetPointer(value);
	int			len;
	const unsigned char *data;
	uint64		word;

	if (VARATT_IS_COMPRESSED(string) || VARATT_IS_EXTERNAL(string))
		string = PG_DETOAST_DATUM_PACKED(value);
	len = VARSIZE_ANY_EXHDR(string);
	data = (const unsigned char *) VARDATA_ANY(string);
	word = (uint64) len << 56;
	if (len > SHORT_BYTES)
		return (uint64) (uintptr_t) string | ((uint64) LONG_MARK << 56);
	for (int i = 0; i < len; i++)
		word |= (uint64) data[i] << (8 * i);
	return word;
}

static uint32
hash_group(GroupTable *table, const uint64 *words)
{
	uint64		hash = 0;

	for (int i = 0; i < table->nkeys; i++)
	{
		Key		   *key = &table->keys[i];
		uint64		word = words[i];

		if (key->form == KEY_OTHER || (key->form == KEY_STRING && is_long(word)))
			word = hash_of(key, word);
		hash = hash_mix(hash * 31 + word + is_null(table, words, i));
	}
	return (uint32) hash;
}

/*
 * The value of a numeric at a scale, if it is one; equal values give the same, whatever
 * their display scales.
 */
static bool
scaled_value(Datum datum, int scale, int64 *value)
{
	struct varlena *numeric = PG_DETOAST_DATUM_PACKED(datum);
	int			own = decimal_display_scale(VARDATA_ANY(numeric));

	if (own < 0 || own > DECIMAL_MAX_POWER ||
		!decimal_from_numeric(VARDATA_ANY(numeric), VARSIZE_ANY_EXHDR(numeric), own, value))
		return false;
	if (own <= scale)
		return !__builtin_mul_overflow(*value, decimal_powers[scale - own], value);
	if (*value % decimal_powers[own - scale] != 0)
		return false;
	*value /= decimal_powers[own - scale];
	return true;
}

/* Of a string of more than seven bytes, eight at a time; the last eight may overlap. */
static uint64
hash_long(const char *data, int len)
{
	uint64		hash = len;
	uint64		word;

	for (int i = 0; i + (int) sizeof(word) < len; i += sizeof(word))
	{
		memcpy(&word, data + i, sizeof(word));
		hash = hash_mix(hash ^ word);
	}
	memcpy(&word, data + len - sizeof(word), sizeof(word));
	return hash_mix(hash ^ word);
}

/*
 * Rows have been put aside by their hashes when a column of decimals becomes one of
 * numerics: so equal values hash as they did.
 */
static uint64
hash_of(Key *key, uint64 word)
{
	int64		value;

	if (key->form == KEY_STRING)
		return hash_long(VARDATA_ANY(long_string(word)), VARSIZE_ANY_EXHDR(long_string(word)));
	if (word == 0 && !key->type.typbyval)
		return 0;				/* null */
	if (key->type.kind == VEC_DECIMAL)
	{
		if (scaled_value(word, key->type.scale, &value))
			return value;
		if (numeric_is_nan(DatumGetNumeric(word)))
			return VEC_DECIMAL_NAN;
	}
	return DatumGetUInt32(FunctionCall1Coll(&key->hash, key->type.collation, word));
}

static inline bool
same_words(const GroupTable *table, const uint64 *a, const uint64 *b)
{
	for (int i = 0; i < table->key_words; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

static bool
same_keys(GroupTable *table, const uint64 *a, const uint64 *b)
{
	if (same_words(table, a, b))
		return true;
	if (table->plain)
		return false;
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

/* ---------------- groups by hash ---------------- */

/*
 * First all rows' places in the index are fetched, then the records of the groups
 * there that have the same hash, and then keys are compared.  Rows that do not find
 * their group so look it up one by one.
 */
void
group_table_find(GroupTable *table, Vec *const *columns, const uint16 *sel, int n, uint32 *groups,
				 char **bytes)
{
	uint32		before = table->ngroups;
	bool		far = table->nslots > CACHED_SLOTS;

	group_table_hash(table, columns, sel, n);
	if (far)
		VEC_FOR_EACH(row, sel, n,
					 __builtin_prefetch(&table->slots[table->row_hashes[row] & (table->nslots - 1)]));
	VEC_FOR_EACH(row, sel, n,
				 uint32		hash = table->row_hashes[row];
				 uint32		place = hash & (table->nslots - 1);

				 while (table->slots[place].group != 0 && table->slots[place].hash != hash)
					 place = (place + 1) & (table->nslots - 1);
				 groups[row] = table->slots[place].group;
				 if (far && groups[row] != 0)
				 __builtin_prefetch(record_of(table, groups[row] - 1)));
	VEC_FOR_EACH(row, sel, n,
				 const uint64 *words = row_words(table, row);
				 bool		is_new = false;

				 if (groups[row] != 0 && same_words(table, record_of(table, groups[row] - 1), words))
					 groups[row]--;
				 else
					 groups[row] = look_up(table, words, table->row_hashes[row], &is_new);
				 if (is_new)
				 table->new_rows[groups[row] - before] = row;
				 if (bytes && groups[row] != GROUP_NONE)
				 bytes[row] = (char *) (record_of(table, groups[row]) + table->words));
	if (table->ncolumns > table->nkeys && table->ngroups > before)
		carry_values(table, columns, table->new_rows, before);
}

static uint32
look_up(GroupTable *table, const uint64 *words, uint32 hash, bool *is_new)
{
	for (uint32 place = hash;; place++)
	{
		Slot	   *slot = &table->slots[place & (table->nslots - 1)];
		uint32		group = slot->group - 1;

		if (slot->group == 0 && table->closed)
			return GROUP_NONE;
		if (slot->group == 0)
		{
			group = add_group(table, words);
			slot->hash = hash;
			slot->group = group + 1;
			*is_new = true;
			if (table->ngroups > table->nslots / 2)
				grow_slots(table);
			return group;
		}
		if (slot->hash == hash && same_keys(table, record_of(table, group), words))
			return group;
	}
}

static uint32
add_group(GroupTable *table, const uint64 *words)
{
	uint64	   *own;

	if (table->ngroups == table->capacity)
	{
		uint32		chunk = table->capacity >> CHUNK_BITS;

		if (table->ngroups >= GROUP_NONE - CHUNK_GROUPS)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("too many groups to keep in memory")));
		if (chunk == table->max_chunks)
		{
			table->max_chunks *= 2;
			table->chunks = repalloc_huge(table->chunks, sizeof(char *) * (Size) table->max_chunks);
		}
		table->chunks[chunk] = MemoryContextAllocHuge(table->context, table->record * CHUNK_GROUPS);
		table->capacity += CHUNK_GROUPS;
	}
	own = record_of(table, table->ngroups);
	memset(own, 0, table->record);
	memcpy(own, words, sizeof(uint64) * table->key_words);
	if (!table->plain)
		for (int i = 0; i < table->nkeys; i++)
			if (!is_null(table, words, i))
				own[i] = keep_value(table, &table->keys[i], own[i]);
	return table->ngroups++;
}

/* Columns beside the keys, for the groups from first on; rows are these groups' first ones. */
static void
carry_values(GroupTable *table, Vec *const *columns, const uint16 *rows, uint32 first)
{
	int			n = table->ngroups - first;
	uint64	   *words = palloc(sizeof(uint64) * 2 * VEC_MAX_ROWS);

	for (int column = table->nkeys; column < table->ncolumns; column++)
	{
		Key		   *key = &table->keys[column];

		for (int i = 0; i < n; i++)
			words[2 * rows[i] + 1] = 0;
		read_column(table, column, columns[column], rows, n, words, 2);
		for (int i = 0; i < n; i++)
		{
			uint64	   *own = record_of(table, first + i);
			const uint64 *word = &words[2 * rows[i]];

			/* null_place() and its bit, as read_column() left it */
			own[null_place(table, column)] |= word[1];
			own[column_place(table, column)] = word[1] ? 0 : keep_value(table, key, word[0]);
		}
	}
	pfree(words);
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
	if (column < table->nkeys)
		table->plain = false;
	for (uint32 group = 0; group < table->ngroups; group++)
	{
		uint64	   *words = record_of(table, group);

		if (!is_null(table, words, column))
			words[column_place(table, column)] =
				decimal_datum(words[column_place(table, column)], key->type.scale);
	}
	MemoryContextSwitchTo(old);
	if (column >= table->nkeys || table->nslots == 0)
		return;
	memset(table->slots, 0, sizeof(Slot) * (Size) table->nslots);
	for (uint32 group = 0; group < table->ngroups; group++)
		put_slot(table, hash_group(table, record_of(table, group)), group);
}

/* ---------------- groups that are runs ---------------- */

int
group_runs_find(GroupTable *runs, Vec *const *columns, const uint16 *sel, int n, uint16 *starts)
{
	int			nstarts = 0;
	const uint64 *before = NULL;

	read_rows(runs, columns, sel, n);
	for (int i = 0; i < n; i++)
	{
		const uint64 *words = row_words(runs, sel ? sel[i] : i);

		if (before == NULL || !same_keys(runs, before, words))
			starts[nstarts++] = i;
		before = words;
	}
	return nstarts;
}

bool
group_runs_continue(GroupTable *runs, int row)
{
	return runs->ngroups > 0 && same_keys(runs, record_of(runs, runs->ngroups - 1), row_words(runs, row));
}

uint32
group_runs_add(GroupTable *runs, Vec *const *columns, const uint16 *rows, int n)
{
	uint32		first = runs->ngroups;

	for (int i = 0; i < n; i++)
		add_group(runs, row_words(runs, rows[i]));
	if (n > 0 && runs->ncolumns > runs->nkeys)
		carry_values(runs, columns, rows, first);
	return first;
}

void
group_runs_keep_last(GroupTable *runs)
{
	MemoryContext values = runs->values;
	uint64	   *own;

	if (runs->ngroups <= 1)
		return;
	own = record_of(runs, 0);
	memcpy(own, record_of(runs, runs->ngroups - 1), runs->record);
	runs->ngroups = 1;
	runs->values = runs->other_values;
	runs->other_values = values;
	for (int i = 0; i < runs->ncolumns; i++)
		if (!is_null(runs, own, i))
			own[column_place(runs, i)] = keep_value(runs, &runs->keys[i], own[column_place(runs, i)]);
	MemoryContextReset(values);
}

void
group_runs_forget(GroupTable *runs)
{
	runs->ngroups = 0;
	MemoryContextReset(runs->values);
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
	for (int i = 0; i < len; i++)
		VARDATA_SHORT(string)[i] = (char) (word >> (8 * i));
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
			uint64	   *words = record_of(table, first + i);
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
