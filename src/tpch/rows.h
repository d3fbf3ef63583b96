/*-------------------------------------------------------------------------
 * rows.h
 *	  The rows of the TPC-H tables, each computed from its number.
 *
 * A unit is what has one distribution key: an order's lineitems, a part's four
 * suppliers, else one row.  Any unit can be made without the others, and is the
 * same wherever it is made.
 *-------------------------------------------------------------------------
 */
#ifndef BARKS_TPCH_ROWS_H
#define BARKS_TPCH_ROWS_H

#include "utils/numeric.h"

#define TPCH_TABLES			8
#define TPCH_MAX_COLUMNS	16

typedef enum TpchTableId
{
	TPCH_REGION,
	TPCH_NATION,
	TPCH_SUPPLIER,
	TPCH_CUSTOMER,
	TPCH_PART,
	TPCH_PARTSUPP,
	TPCH_ORDERS,
	TPCH_LINEITEM
} TpchTableId;

/* Numbers of rows at a scale factor. */
typedef struct TpchScale
{
	int64		suppliers;
	int64		parts;
	int64		customers;
	int64		clerks;
	int64		orders;
} TpchScale;

/* ERROR unless the factor is greater than 0 and not beyond reason. */
extern TpchScale tpch_scale(Numeric factor);

typedef struct TpchRows TpchRows;

/* In a context under the current one, which tpch_rows_end deletes. */
extern TpchRows *tpch_rows_begin(TpchTableId table, const TpchScale *scale);
extern int64 tpch_rows_units(const TpchRows *rows);
/* Distribution key of the rows of a unit, 0 … units - 1. */
extern int64 tpch_rows_key(const TpchRows *rows, int64 unit);
/* Go to a unit; returns its number of rows. */
extern int	tpch_rows_start(TpchRows *rows, int64 unit);
/* Columns of that row of the unit, none of them null, valid until the next call. */
extern const Datum *tpch_rows_make(TpchRows *rows, int row);
extern void tpch_rows_end(TpchRows *rows);

#endif							/* BARKS_TPCH_ROWS_H */
