/*-------------------------------------------------------------------------
 * arena.h
 *	  Copies of values by reference, side by side, that are given up together.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_ARENA_H
#define BARKS_VECTOR_ARENA_H

/* Its chunks belong to the context; when that is reset, the arena is to be made again. */
typedef struct VecArena
{
	MemoryContext context;
	char	   *next;			/* free bytes */
	Size		left;
	Size		chunk;			/* size of the last chunk */
} VecArena;

extern void vec_arena_init(VecArena *arena, MemoryContext context);
/* A copy of a value by reference of this typlen; one that is expanded becomes flat. */
extern Datum vec_arena_copy(VecArena *arena, Datum value, int16 typlen);

#endif							/* BARKS_VECTOR_ARENA_H */
