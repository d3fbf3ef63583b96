/*-------------------------------------------------------------------------
 * collation.h
 *	  Which collations order strings by their bytes.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_VECTOR_COLLATION_H
#define BARKS_VECTOR_COLLATION_H

/* Does text compare under it as memcmp() says? */
extern bool vec_collation_is_bytewise(Oid collation);

#endif							/* BARKS_VECTOR_COLLATION_H */
