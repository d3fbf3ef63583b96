/*-------------------------------------------------------------------------
 * text_kernels.c
 *	  Kernels of strings: comparisons, parts, lengths, case.
 *
 * Strings that are compressed or stored elsewhere are left to PostgreSQL, and so are
 * characters of several bytes in encodings other than UTF-8.  The strings that
 * a kernel makes are in one piece of memory.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/fmgroids.h"

#include "vector/text_kernels.h"

/* More bytes than this are left to PostgreSQL, string by string. */
#define MAX_BYTES	(64 * 1024 * 1024)

typedef struct Bytes
{
	const char *data;
	int			len;
} Bytes;

/* A string's bytes; of one that is not plain it fails. */
static inline Bytes
bytes_of(Datum value, bool *failed)
{
	Bytes		bytes = {"", 0};

	if (text_is_plain(value))
	{
		bytes.data = VARDATA_ANY(DatumGetPointer(value));
		bytes.len = VARSIZE_ANY_EXHDR(DatumGetPointer(value));
	}
	else
		*failed = true;
	return bytes;
}

static inline Bytes
blank_bytes_of(Datum value, bool *failed)
{
	Bytes		bytes = bytes_of(value, failed);

	bytes.len = text_blank_length(bytes.data, bytes.len);
	return bytes;
}

/* ---------------- comparisons ---------------- */

static inline bool
same_bytes(Bytes a, Bytes b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static inline int
compare_bytes(Bytes a, Bytes b)
{
	int			order = memcmp(a.data, b.data, Min(a.len, b.len));

	return order != 0 ? order : a.len - b.len;
}

static inline bool
starts_with_bytes(Bytes a, Bytes b)
{
	return a.len >= b.len && memcmp(a.data, b.data, b.len) == 0;
}

#define DEFINE_TEXT_COMPARISON(name, BYTES, test) \
	VEC_DEFINE_COMPARISON(name, Datum, VEC_DATUMS, Datum, VEC_DATUMS, \
						  test(BYTES(a, &failed), BYTES(b, &failed)))
#define BYTES_BEFORE(a, b)	compare_bytes(a, b) < 0
#define BYTES_UP_TO(a, b)	compare_bytes(a, b) <= 0
#define BYTES_AFTER(a, b)	compare_bytes(a, b) > 0
#define BYTES_FROM(a, b)	compare_bytes(a, b) >= 0

DEFINE_TEXT_COMPARISON(text_lt, bytes_of, BYTES_BEFORE)
DEFINE_TEXT_COMPARISON(text_le, bytes_of, BYTES_UP_TO)
DEFINE_TEXT_COMPARISON(text_gt, bytes_of, BYTES_AFTER)
DEFINE_TEXT_COMPARISON(text_ge, bytes_of, BYTES_FROM)
DEFINE_TEXT_COMPARISON(bpchar_lt, blank_bytes_of, BYTES_BEFORE)
DEFINE_TEXT_COMPARISON(bpchar_le, blank_bytes_of, BYTES_UP_TO)
DEFINE_TEXT_COMPARISON(bpchar_gt, blank_bytes_of, BYTES_AFTER)
DEFINE_TEXT_COMPARISON(bpchar_ge, blank_bytes_of, BYTES_FROM)
DEFINE_TEXT_COMPARISON(starts_with, bytes_of, starts_with_bytes)

/* A string that is compared with many others, most of which differ early. */
static inline bool
is_same(Bytes string, Bytes with)
{
	return string.len == with.len && (with.len == 0 || string.data[0] == with.data[0]) &&
		memcmp(string.data, with.data, with.len) == 0;
}

/* The same without blanks at the end; with has none. */
static inline bool
is_same_blank(Bytes string, Bytes with)
{
	if (string.len < with.len || (with.len > 0 && string.data[0] != with.data[0]) ||
		memcmp(string.data, with.data, with.len) != 0)
		return false;
	for (int i = with.len; i < string.len; i++)
		if (string.data[i] != ' ')
			return false;
	return true;
}

#define DEFINE_TEXT_EQUALITY(name, BYTES, same, wanted) \
DEFINE_TEXT_COMPARISON(name##_any, BYTES, wanted == same_bytes) \
static int \
name##_select(const Vec *const *args, const uint16 *sel, int n, uint16 *out) \
{ \
	const Datum *strings = VEC_DATUMS(args[0]); \
	bool		failed = false; \
	int			k = 0; \
	Bytes		with; \
	if (args[0]->constant || !args[1]->constant) \
		return name##_any_select(args, sel, n, out); \
	with = BYTES(VEC_DATUMS(args[1])[0], &failed); \
	VEC_FOR_EACH(row, sel, n, \
				 bool		found = same(bytes_of(strings[row], &failed), with) == wanted; \
				 out[k] = row; \
				 k += found); \
	return failed ? -1 : k; \
}

DEFINE_TEXT_EQUALITY(text_eq, bytes_of, is_same, true)
DEFINE_TEXT_EQUALITY(text_ne, bytes_of, is_same, false)
DEFINE_TEXT_EQUALITY(bpchar_eq, blank_bytes_of, is_same_blank, true)
DEFINE_TEXT_EQUALITY(bpchar_ne, blank_bytes_of, is_same_blank, false)

/* ---------------- characters ---------------- */

/* Are characters bytes, or UTF-8? */
static inline bool
knows_characters(void)
{
	return pg_database_encoding_max_length() == 1 || GetDatabaseEncoding() == PG_UTF8;
}

static inline int
count_characters(Bytes string)
{
	int			count = 0;

	if (pg_database_encoding_max_length() == 1)
		return string.len;
	for (int i = 0; i < string.len; i++)
		count += text_begins_character(string.data[i]);
	return count;
}

#define DEFINE_LENGTH(name, BYTES) \
VEC_DEFINE_KERNEL_1(count_##name, Datum, VEC_DATUMS, int32, VEC_INT32S, \
					values[row] = count_characters(BYTES(a, &failed))) \
static bool \
name(const Vec *const *args, Vec *out, const uint16 *sel, int n) \
{ \
	return knows_characters() && count_##name(args, out, sel, n); \
}

DEFINE_LENGTH(text_length, bytes_of)
DEFINE_LENGTH(bpchar_length, blank_bytes_of)
VEC_DEFINE_KERNEL_1(text_bytes, Datum, VEC_DATUMS, int32, VEC_INT32S, values[row] = bytes_of(a, &failed).len)

/* The place behind so many characters. */
static inline const char *
skip_characters(const char *data, const char *end, int64 count)
{
	if (pg_database_encoding_max_length() == 1)
		return count < end - data ? data + count : end;
	while (count > 0 && data < end)
	{
		for (data++; data < end && !text_begins_character(*data); data++)
			;
		count--;
	}
	return data;
}

/* ---------------- strings that are made ---------------- */

/* Memory for the strings of n rows with so many bytes in all; NULL: that is too much. */
static char *
begin_strings(Vec *out, int64 bytes, int n)
{
	bytes += (int64) n * (VARHDRSZ + MAXIMUM_ALIGNOF);
	out->kind = VEC_DATUM;
	return bytes > MAX_BYTES ? NULL : palloc(bytes);
}

/* The next string begins at *place; the bytes that it has are for the caller to write. */
static inline char *
add_string(Vec *out, int row, char **place, int len)
{
	char	   *string;

	if (len + VARHDRSZ_SHORT <= VARATT_SHORT_MAX)
	{
		string = *place;
		SET_VARSIZE_SHORT(string, len + VARHDRSZ_SHORT);
		*place = string + VARHDRSZ_SHORT + len;
	}
	else
	{
		string = (char *) INTALIGN(*place);
		SET_VARSIZE(string, len + VARHDRSZ);
		*place = string + VARHDRSZ + len;
	}
	VEC_DATUMS(out)[row] = PointerGetDatum(string);
	return VARDATA_ANY(string);
}

static bool
text_concat(const Vec *const *args, Vec *out, const uint16 *sel, int n)
{
	bool		failed = false;
	int64		bytes = 0;
	char	   *place;

	VEC_FOR_OPERANDS(Datum, VEC_DATUMS, Datum, VEC_DATUMS,
					 bytes += bytes_of(a, &failed).len + bytes_of(b, &failed).len);
	if (failed || (place = begin_strings(out, bytes, n)) == NULL)
		return false;
	VEC_FOR_OPERANDS(Datum, VEC_DATUMS, Datum, VEC_DATUMS,
					 Bytes		first = bytes_of(a, &failed);
					 Bytes		second = bytes_of(b, &failed);
					 char	   *data = add_string(out, row, &place, first.len + second.len);

					 memcpy(data, first.data, first.len);
					 memcpy(data + first.len, second.data, second.len));
	return true;
}

/* substring(args[0], from, count), where has_count; as text_substring() has it. */
static bool
make_substrings(const Vec *const *args, bool has_count, Vec *out, const uint16 *sel, int n)
{
	const Vec  *strings = args[0];
	bool		failed = false;
	int64		bytes = 0;
	char	   *place;

	if (!knows_characters())
		return false;
	VEC_FOR_EACH(row, sel, n, bytes += bytes_of(VEC_DATUMS(strings)[VEC_ROW(strings, row)], &failed).len);
	if (failed || (place = begin_strings(out, bytes, n)) == NULL)
		return false;
	VEC_FOR_EACH(row, sel, n,
				 Bytes		string = bytes_of(VEC_DATUMS(strings)[VEC_ROW(strings, row)], &failed);
				 const char *end = string.data + string.len;
				 int32		from = VEC_INT32S(args[1])[VEC_ROW(args[1], row)];
				 int32		first = Max(from, 1);
				 int64		count = PG_INT64_MAX;
				 const char *begin;
				 int			len;

				 if (has_count)
				 {
					 int32		wanted = VEC_INT32S(args[2])[VEC_ROW(args[2], row)];

					 failed |= wanted < 0;	/* an error */
					 count = Max((int64) from + wanted - first, 0);
				 }
				 begin = skip_characters(string.data, end, first - 1);
				 len = skip_characters(begin, end, count) - begin;
				 memcpy(add_string(out, row, &place, len), begin, len));
	return !failed;
}

static bool
substring_from_for(const Vec *const *args, Vec *out, const uint16 *sel, int n)
{
	return make_substrings(args, true, out, sel, n);
}

static bool
substring_from(const Vec *const *args, Vec *out, const uint16 *sel, int n)
{
	return make_substrings(args, false, out, sel, n);
}

/* Each byte by itself, or the string without the blanks at its end. */
#define DEFINE_COPY(name, BYTES, byte) \
static bool \
name(const Vec *const *args, Vec *out, const uint16 *sel, int n) \
{ \
	const Vec  *strings = args[0]; \
	bool		failed = false; \
	int64		bytes = 0; \
	char	   *place; \
	VEC_FOR_EACH(row, sel, n, bytes += BYTES(VEC_DATUMS(strings)[VEC_ROW(strings, row)], &failed).len); \
	if (failed || (place = begin_strings(out, bytes, n)) == NULL) \
		return false; \
	VEC_FOR_EACH(row, sel, n, \
				 Bytes		string = BYTES(VEC_DATUMS(strings)[VEC_ROW(strings, row)], &failed); \
				 char	   *data = add_string(out, row, &place, string.len); \
				 for (int i = 0; i < string.len; i++) \
				 { \
					 unsigned char c = string.data[i]; \
					 data[i] = (byte); \
				 }); \
	return true; \
}

DEFINE_COPY(upper_c, bytes_of, c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c)
DEFINE_COPY(lower_c, bytes_of, c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c)
DEFINE_COPY(text_of_bpchar, blank_bytes_of, c)

/* ---------------- which function has which kernel ---------------- */

#define TEXT_COMPARISON(function, kernel, need)	{function, kernel, kernel##_select, true, need}

const VecFunction vec_text_functions[] = {
	{F_TEXTEQ, text_eq_any, text_eq_select, true, VEC_DETERMINISTIC},
	{F_TEXTNE, text_ne_any, text_ne_select, true, VEC_DETERMINISTIC},
	TEXT_COMPARISON(F_TEXT_LT, text_lt, VEC_C_COLLATE),
	TEXT_COMPARISON(F_TEXT_LE, text_le, VEC_C_COLLATE),
	TEXT_COMPARISON(F_TEXT_GT, text_gt, VEC_C_COLLATE),
	TEXT_COMPARISON(F_TEXT_GE, text_ge, VEC_C_COLLATE),
	{F_BPCHAREQ, bpchar_eq_any, bpchar_eq_select, true, VEC_DETERMINISTIC},
	{F_BPCHARNE, bpchar_ne_any, bpchar_ne_select, true, VEC_DETERMINISTIC},
	TEXT_COMPARISON(F_BPCHARLT, bpchar_lt, VEC_C_COLLATE),
	TEXT_COMPARISON(F_BPCHARLE, bpchar_le, VEC_C_COLLATE),
	TEXT_COMPARISON(F_BPCHARGT, bpchar_gt, VEC_C_COLLATE),
	TEXT_COMPARISON(F_BPCHARGE, bpchar_ge, VEC_C_COLLATE),
	TEXT_COMPARISON(F_STARTS_WITH, starts_with, VEC_DETERMINISTIC),

	{F_TEXTCAT, text_concat},
	{F_SUBSTRING_TEXT_INT4_INT4, substring_from_for},
	{F_SUBSTR_TEXT_INT4_INT4, substring_from_for},
	{F_SUBSTRING_TEXT_INT4, substring_from},
	{F_SUBSTR_TEXT_INT4, substring_from},
	{F_TEXT_BPCHAR, text_of_bpchar},
	{F_UPPER_TEXT, upper_c, .need = VEC_C_CTYPE},
	{F_LOWER_TEXT, lower_c, .need = VEC_C_CTYPE},
	{F_LENGTH_TEXT, text_length},
	{F_TEXTLEN, text_length},
	{F_CHAR_LENGTH_TEXT, text_length},
	{F_CHARACTER_LENGTH_TEXT, text_length},
	{F_LENGTH_BPCHAR, bpchar_length},
	{F_CHAR_LENGTH_BPCHAR, bpchar_length},
	{F_CHARACTER_LENGTH_BPCHAR, bpchar_length},
	{F_OCTET_LENGTH_TEXT, text_bytes},
	{InvalidOid}
};
