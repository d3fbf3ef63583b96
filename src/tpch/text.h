/*-------------------------------------------------------------------------
 * text.h
 *	  Words, and sentences made of them, for columns of text.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TPCH_TEXT_H
#define BARKS_TPCH_TEXT_H

#include "tpch/random.h"

#define TPCH_NATIONS	25
#define TPCH_REGIONS	5
#define TPCH_COLORS		92

extern const char *const tpch_regions[TPCH_REGIONS];
extern const char *const tpch_nations[TPCH_NATIONS];
extern const int tpch_nation_region[TPCH_NATIONS];
extern const char *const tpch_colors[TPCH_COLORS];
extern const char *const tpch_type_first[6];
extern const char *const tpch_type_second[5];
extern const char *const tpch_type_third[5];
extern const char *const tpch_container_first[5];
extern const char *const tpch_container_second[8];
extern const char *const tpch_segments[5];
extern const char *const tpch_priorities[5];
extern const char *const tpch_instructions[4];
extern const char *const tpch_modes[7];

/* Text that comments are cut out of: the same in every process. */
typedef struct TextPool TextPool;

extern TextPool *text_pool_create(void);	/* palloc'd as one chunk */
/* A cut of low … high bytes, into buffer, without a zero byte; returns its length. */
extern int	text_pool_cut(const TextPool *pool, TpchRandom *random, int low, int high, char *buffer);

#endif							/* BARKS_TPCH_TEXT_H */
