/*-------------------------------------------------------------------------
 * text_kernels.h
 *	  The bytes of strings in vectors.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_TEXT_KERNELS_H
#define BARKS_VECTOR_TEXT_KERNELS_H

#include "vector/kernels.h"

/* Is a value a short or plain varlena, whose bytes can be looked at? */
static inline bool
text_is_plain(Datum value)
{
	struct varlena *text = (struct varlena *) DatumGetPointer(value);

	return !VARATT_IS_EXTERNAL(text) && !VARATT_IS_COMPRESSED(text);
}

/* Blanks at the end of a bpchar do not count. */
static inline int
text_blank_length(const char *data, int len)
{
	while (len > 0 && data[len - 1] == ' ')
		len--;
	return len;
}

/* In UTF-8: is a byte the first of a character? */
static inline bool
text_begins_character(char byte)
{
	return (byte & 0xC0) != 0x80;
}

#endif							/* BARKS_VECTOR_TEXT_KERNELS_H */
