/*-------------------------------------------------------------------------
 * compat.h
 *	  Every difference between PostgreSQL versions, in one place.
 *
 * barks supports PostgreSQL 15 today.  Code elsewhere never tests
 * PG_VERSION_NUM; when a newer version renames or changes something, give
 * it one spelling here.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_BASE_COMPAT_H
#define BARKS_BASE_COMPAT_H

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 160000
#error "barks supports PostgreSQL 15"
#endif

#include "utils/rel.h"

/* The file number that names a relation's current storage. */
#define RelationFileNumber(rel) ((rel)->rd_node.relNode)

#endif							/* BARKS_BASE_COMPAT_H */
