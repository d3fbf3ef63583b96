/*-------------------------------------------------------------------------
 * result.h
 *	  The elements of a lineage, in the columns that its caller declares.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_RDD_RESULT_H
#define BARKS_RDD_RESULT_H

#include "rdd/query.h"

/* The columns alone, in the order of the elements, from the SELECT of the last step; of these types unless NIL. */
extern char *rdd_result(const RddQuery *query, const char *select, List *types);
/* Raises an error unless the elements have columns of these types. */
extern void rdd_check_columns(const Rdd *rdd, List *types);
/* What columns of elements are called elsewhere: fields of rows without the variable. */
extern List *rdd_column_names(const RddShape *shape);
/* Columns and their types, for a message. */
extern char *rdd_columns_text(List *leaves);

#endif							/* BARKS_RDD_RESULT_H */
