/*-------------------------------------------------------------------------
 * arena.c
 *	  Copies of values by reference, side by side, that are given up together.
 *
 * A palloc for each value would cost more time and memory than most values are
 * worth.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/datum.h"
#include "utils/memutils.h"

#include "vector/arena.h"

#define FIRST_CHUNK		1024
#define LAST_CHUNK		(256 * 1024)

static char *room(VecArena *arena, Size size, bool aligned);

void
vec_arena_init(VecArena *arena, MemoryContext context)
{
	memset(arena, 0, sizeof(*arena));
	arena->context = context;
}

Datum
vec_arena_copy(VecArena *arena, Datum value, int16 typlen)
{
	char	   *from = DatumGetPointer(value);
	Size		size;
	char	   *to;

	if (typlen == -1 && VARATT_IS_EXTERNAL_EXPANDED(from))
	{
		MemoryContext old = MemoryContextSwitchTo(arena->context);

		value = datumCopy(value, false, typlen);
		MemoryContextSwitchTo(old);
		return value;
	}
	size = typlen > 0 ? typlen : typlen == -1 ? VARSIZE_ANY(from) : strlen(from) + 1;
	/* short varlenas and C strings may lie anywhere */
	to = room(arena, size, typlen > 0 || (typlen == -1 && !VARATT_IS_1B(from)));
	memcpy(to, from, size);
	return PointerGetDatum(to);
}

static char *
room(VecArena *arena, Size size, bool aligned)
{
	char	   *at;
	Size		skip = aligned ? MAXALIGN(arena->next) - (uintptr_t) arena->next : 0;

	if (size + skip > arena->left)
	{
		if (size > LAST_CHUNK / 8)
			return MemoryContextAlloc(arena->context, size);
		arena->chunk = Min(Max(arena->chunk * 2, FIRST_CHUNK), LAST_CHUNK);
		arena->left = Max(arena->chunk, size);
		arena->next = MemoryContextAlloc(arena->context, arena->left);
		skip = 0;
	}
	at = arena->next + skip;
	arena->next = at + size;
	arena->left -= size + skip;
	return at;
}
