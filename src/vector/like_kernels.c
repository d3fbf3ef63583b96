/*-------------------------------------------------------------------------
 * like_kernels.c
 *	  Kernels of LIKE, NOT LIKE, ILIKE and NOT ILIKE with a constant pattern.
 *
 * A pattern is compiled for a batch: its parts between the % signs must be found
 * in the string one after another, the first at its start, the last at its end.
 * As a part stands for a fixed number of characters, taking each where it comes
 * first is right.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "mb/pg_wchar.h"
#include "utils/fmgroids.h"

#include "vector/text_kernels.h"

typedef struct Part
{
	const char *data;
	const bool *any;			/* by byte: _, which stands for any character */
	int			len;
	int			nany;
} Part;

typedef struct Pattern
{
	int			nparts;
	Part	   *parts;
	bool		fold;			/* case of ASCII letters does not count */
} Pattern;

static inline char
fold_byte(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte;
}

/* ---------------- compiling ---------------- */

/* False: PostgreSQL has to look at it. */
static bool
compile_pattern(Pattern *pattern, const Vec *arg, bool fold)
{
	Datum		value = VEC_DATUMS(arg)[0];
	const char *data;
	int			len;
	char	   *bytes;
	bool	   *any;
	Part	   *part;

	if (!arg->constant || !text_is_plain(value) ||
		(pg_database_encoding_max_length() > 1 && GetDatabaseEncoding() != PG_UTF8))
		return false;
	data = VARDATA_ANY(DatumGetPointer(value));
	len = VARSIZE_ANY_EXHDR(DatumGetPointer(value));
	bytes = palloc(len + 1);
	any = palloc0(len + 1);
	pattern->fold = fold;
	pattern->nparts = 1;
	part = pattern->parts = palloc0(sizeof(Part) * (len + 1));
	part->data = bytes;
	part->any = any;
	for (int i = 0; i < len; i++)
	{
		if (data[i] == '%')
		{
			bytes += part->len;
			any += part->len;
			part = &pattern->parts[pattern->nparts++];
			part->data = bytes;
			part->any = any;
			continue;
		}
		any[part->len] = data[i] == '_';
		part->nany += data[i] == '_';
		if (data[i] == '\\' && ++i == len)
			return false;		/* an error, for strings that match until there */
		bytes[part->len++] = fold ? fold_byte(data[i]) : data[i];
	}
	return true;
}

/* ---------------- matching ---------------- */

/* The end of what a part matches at a place; NULL: it does not. */
static const char *
match_at(const Pattern *pattern, const Part *part, const char *string, const char *end)
{
	bool		bytes_only = pg_database_encoding_max_length() == 1;

	if (part->nany == 0 && !pattern->fold)
		return end - string >= part->len && memcmp(string, part->data, part->len) == 0 ?
			string + part->len : NULL;
	for (int i = 0; i < part->len; i++)
	{
		if (string == end)
			return NULL;
		if (part->any[i])
		{
			for (string++; !bytes_only && string < end && !text_begins_character(*string); string++)
				;
			continue;
		}
		if ((pattern->fold ? fold_byte(*string) : *string) != part->data[i])
			return NULL;
		string++;
	}
	return string;
}

/* Bytes in bytes; places where the first and the last are right are tried. */
static const char *
find_bytes(const char *string, const char *end, const char *bytes, int len)
{
#ifdef __SSE2__
	const __m128i first = _mm_set1_epi8(bytes[0]);
	const __m128i last = _mm_set1_epi8(bytes[len - 1]);

	for (; end - string >= len + 15; string += 16)
	{
		__m128i		at_first = _mm_cmpeq_epi8(first, _mm_loadu_si128((const __m128i *) string));
		__m128i		at_last = _mm_cmpeq_epi8(last, _mm_loadu_si128((const __m128i *) (string + len - 1)));
		int			found = _mm_movemask_epi8(_mm_and_si128(at_first, at_last));

		for (; found != 0; found &= found - 1)
		{
			const char *place = string + __builtin_ctz(found);

			if (memcmp(place, bytes, len) == 0)
				return place;
		}
	}
#endif
	for (; end - string >= len; string++)
	{
		string = memchr(string, bytes[0], end - string - len + 1);
		if (string == NULL)
			return NULL;
		if (memcmp(string, bytes, len) == 0)
			return string;
	}
	return NULL;
}

/* The end of the first match of a part in a string; NULL: there is none. */
static const char *
find_part(const Pattern *pattern, const Part *part, const char *string, const char *end)
{
	if (part->len == 0)
		return string;
	if (part->nany == 0 && !pattern->fold)
	{
		const char *place = find_bytes(string, end, part->data, part->len);

		return place ? place + part->len : NULL;
	}
	for (; string < end; string++)
	{
		const char *matched;

		if (pg_database_encoding_max_length() > 1 && !text_begins_character(*string))
			continue;
		matched = match_at(pattern, part, string, end);
		if (matched)
			return matched;
	}
	return NULL;
}

/* Where a part would begin to reach the end; NULL: the string is too short. */
static const char *
last_place(const Part *part, const char *string, const char *end)
{
	const char *place = end - (part->len - part->nany);

	if (place < string)
		return NULL;
	if (part->nany == 0)
		return place;
	/* its characters, from the end */
	place = end;
	for (int i = part->len - 1; i >= 0; i--)
	{
		if (place == string)
			return NULL;
		place--;
		while (part->any[i] && pg_database_encoding_max_length() > 1 && place > string && !text_begins_character(*place))
			place--;
	}
	return place;
}

static bool
matches(const Pattern *pattern, const char *string, const char *end)
{
	const Part *last = &pattern->parts[pattern->nparts - 1];
	const char *place;

	string = match_at(pattern, &pattern->parts[0], string, end);
	if (string == NULL || pattern->nparts == 1)
		return string == end;
	for (int i = 1; i < pattern->nparts - 1; i++)
	{
		string = find_part(pattern, &pattern->parts[i], string, end);
		if (string == NULL)
			return false;
	}
	place = last_place(last, string, end);
	return place && match_at(pattern, last, place, end) == end;
}

/* ---------------- kernels ---------------- */

/* Is a string that is plain, as found, like the pattern? */
static inline bool
is_like(const Pattern *pattern, Datum value, bool *failed)
{
	const char *data = VARDATA_ANY(DatumGetPointer(value));

	if (text_is_plain(value))
		return matches(pattern, data, data + VARSIZE_ANY_EXHDR(DatumGetPointer(value)));
	*failed = true;
	return false;
}

#define DEFINE_LIKE(name, fold, wanted) \
static bool \
name(const Vec *const *args, Vec *out, const uint16 *sel, int n) \
{ \
	const Vec  *strings = args[0]; \
	Pattern		pattern; \
	bool		failed = !compile_pattern(&pattern, args[1], fold); \
	if (!failed) \
		VEC_FOR_EACH(row, sel, n, \
					 Datum		value = VEC_DATUMS(strings)[VEC_ROW(strings, row)]; \
					 VEC_BOOLS(out)[row] = is_like(&pattern, value, &failed) == wanted); \
	return !failed; \
} \
static int \
name##_select(const Vec *const *args, const uint16 *sel, int n, uint16 *out) \
{ \
	const Vec  *strings = args[0]; \
	Pattern		pattern; \
	bool		failed = !compile_pattern(&pattern, args[1], fold); \
	int			k = 0; \
	if (!failed) \
		VEC_FOR_EACH(row, sel, n, \
					 Datum		value = VEC_DATUMS(strings)[VEC_ROW(strings, row)]; \
					 bool		found = is_like(&pattern, value, &failed) == wanted; \
					 out[k] = row; \
					 k += found); \
	return failed ? -1 : k; \
}

DEFINE_LIKE(like, false, true)
DEFINE_LIKE(not_like, false, false)
DEFINE_LIKE(ilike, true, true)
DEFINE_LIKE(not_ilike, true, false)

const VecFunction vec_like_functions[] = {
	{F_TEXTLIKE, like, like_select, .need = VEC_DETERMINISTIC},
	{F_TEXTNLIKE, not_like, not_like_select, .need = VEC_DETERMINISTIC},
	{F_BPCHARLIKE, like, like_select, .need = VEC_DETERMINISTIC},
	{F_BPCHARNLIKE, not_like, not_like_select, .need = VEC_DETERMINISTIC},
	{F_LIKE_TEXT_TEXT, like, like_select, .need = VEC_DETERMINISTIC},
	{F_NOTLIKE_TEXT_TEXT, not_like, not_like_select, .need = VEC_DETERMINISTIC},
	{F_TEXTICLIKE, ilike, ilike_select, .need = VEC_C_CTYPE},
	{F_TEXTICNLIKE, not_ilike, not_ilike_select, .need = VEC_C_CTYPE},
	{F_BPCHARICLIKE, ilike, ilike_select, .need = VEC_C_CTYPE},
	{F_BPCHARICNLIKE, not_ilike, not_ilike_select, .need = VEC_C_CTYPE},
	{InvalidOid}
};
